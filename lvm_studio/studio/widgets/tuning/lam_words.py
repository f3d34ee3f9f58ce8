"""Words of the λ strip: what each control means, and what an answer says in one line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lvm_studio.studio.numerals import percent, with_decimals
from lvm_studio.studio.widgets.tuning.criteria_help import help_of

if TYPE_CHECKING:
    from lvm_studio.studio.street.answers import PairFigures, TunedAnswer

LAM_HELP = (
    "λ, per standard deviation of the criterion: the week is drawn from p(x) e^{λ f(x)} / Z\n"
    "(Eq. 10.5). 0 is the model's own law, below it are the quiet weeks.\n"
    "Arrow keys move by 0.05, page keys by 0.5, Home to 0.\n"
    "The slider ends where the answers do: at 1 week in 1,800 (KL 7.5 nats), or sooner where no\n"
    "weighted sample can be trusted. A larger λ can be typed; its answer is grey. The scale\n"
    "changes only while λ is 0."
)
KL_HELP = "KL(tuned ‖ base) in nats: how far the tuned law is from the model's own. Type one."
ODDS_HELP = "The same as a frequency: N = e^KL, so “1 week in 1,000” is KL = 6.91."
EF_HELP = (
    "E f, the mean of the criterion: under the model's own law → under the tuned law (grey where\n"
    "too few draws stand behind it). Type the level to reach."
)
QUANTILE_HELP = (
    "A quantile of f: the share of the tuned weeks that lie above a level. Type the level, and\n"
    "λ is solved for it (f in the mean over the observation noise, as it is tuned)."
)
CORRECTED_HELP = (
    "Resample the flow's curves, and the fresh ones of two criteria, by their importance weights\n"
    "λf + log p − log q, so that they count equally under the tuned law. Off: the curves as they\n"
    "were drawn; their weights go with them in an export. Draws of all other methods are always\n"
    "corrected."
)
METHODS = (
    (
        "auto",
        "Best draws",
        "Whichever of the others is valid and worth most; the flow goes first. Of two criteria "
        "weeks that are drawn afresh where λ rests.",
    ),
    ("pool", "Base weeks", "Weeks of the base law, reweighted by e^{λf}: good for small λ only."),
    ("settled", "Gaussians", "Weeks of the Gaussians nearest to the tuned laws, reweighted."),
    ("climb", "Mixtures", "Weeks of Gaussian mixtures fitted on the way to λ, reweighted."),
    ("smc", "Reference", "Weeks of tempered SMC, all its rungs counted together."),
    ("flow", "Flow", "Weeks of the normalising flow, with their exact weights."),
    (
        "rejection",
        "Best 1 in N",
        "Top-k rejection: the best of the base weeks, as many as KL leaves. Another law.",
    ),
    (
        "langevin",
        "Langevin",
        "Plain Langevin chains of some seconds: their steps bias them, and they tell no log Z.",
    ),
)
METHOD_HELP = (
    "Whose draws stand behind the tuned law. A method that is not ready yet, or not believed\n"
    "here, gives way to the best there is; the line below says which is on screen."
)
HELD_HELP = (
    "What stays when the street, the week, the weather or the criterion change. What was set last\n"
    "is held: λ after a move of the slider, else the KL, the frequency or the level that was\n"
    "typed, and λ is solved for it again (Algorithms 10.1 and 10.2)."
)
BACKGROUND_HELP = (
    "What makes later answers better while the page rests: the Gaussians nearest to the tuned\n"
    "laws, mixtures fitted on the way up λ, and a normalising flow, conditioned on λ, that then\n"
    "proposes the tuned curves; importance weights correct what they have not learned. SMC\n"
    "samples the same laws without any of them, to compare. Of two criteria no flow is fitted:\n"
    "mixtures climb in all directions of λ, and propose wherever it rests."
)


def figures_text(answer: TunedAnswer) -> str:
    """One line: E f base → tuned, KL, odds, ESS and k̂."""
    about = help_of(answer.criterion)
    change = (
        pair_text(answer.pair)
        if answer.pair is not None
        else f"E {about.symbol}  {with_decimals(answer.base_expectation, 1)} → "
        f"{with_decimals(answer.expectation, 1)} {answer.unit}"
    )
    khat = with_decimals(answer.khat, 2)
    odds = f"1 week in {answer.one_in_n:,.0f}" if answer.one_in_n < 1e9 else "beyond 1 in 10⁹"
    return (
        f"{change}   ·   KL {abs(answer.kl):.2f} nats, {odds}   ·   "
        f"ESS {answer.ess:,.0f} of {answer.samples:,}   ·   k̂ {khat}"
    )


def pair_text(figures: PairFigures) -> str:
    """Both of two criteria, base → tuned.

    >>> from lvm_studio.studio.street.answers import PairFigures
    >>> names = ("peak", "flexibility")
    >>> pair_text(PairFigures(names, ("kW", "kWh"), (1.0, 0.5), (31.0, 600.0), (33.1, 640.0), 0.5,
    ...                       True))
    'E peak 31.0 → 33.1 kW   ·   E flexibility 600.0 → 640.0 kWh'
    """
    each = zip(figures.criteria, figures.base, figures.expectation, figures.units, strict=True)
    return "   ·   ".join(
        f"E {help_of(name).symbol} "
        f"{with_decimals(base, 1)} → {with_decimals(tuned, 1)} {unit}".rstrip()
        for name, base, tuned, unit in each
    )


def base_text(answer: TunedAnswer | None) -> str:
    """What stands before the field of E f: the criterion, and its mean in the base law."""
    if answer is None:
        return "E f"
    return f"E {help_of(answer.criterion).symbol}  {with_decimals(answer.base_expectation, 1)} →"


def held_text(goal: str, lam: float, target: float, share: float, unit: str) -> str:
    """What stays when the street changes; share: of the weeks below a quantile.

    >>> held_text("quantile", 1.0, 61.5, 0.9, "kW")
    'held: 10 % of the weeks above 61.5 kW'
    """
    held = {
        "lam": f"λ = {lam:.2f}",
        "kl": f"KL = {target:,.2f} nats",
        "one_in_n": f"1 week in {target:,.0f} (KL = {math.log(max(target, 1.0)):.2f} nats)",
        "expectation": f"E f = {target:,.1f} {unit}",
        "quantile": f"{percent(1.0 - share)} of the weeks above {target:,.1f} {unit}",
    }
    return f"held: {held[goal]}".replace("-", "−")
