"""What the street service answers: frozen values that panels draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.fan import Fan
from lvm_studio.storage.street_state import StreetState

if TYPE_CHECKING:
    from lvm_studio.analysis.attribution import Attribution
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.tree import Tree
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.studio.street.street_weeks import StreetWeeks
    from lvm_studio.tuning.certificate import Certificate
    from lvm_studio.tuning.criteria.difficulty import Difficulty
    from lvm_studio.tuning.extremes import OneInN

LAM_MAX = 5.0
"""End of the λ slider, in standard deviations of the criterion under the base law."""

Method: TypeAlias = Literal[
    "pool", "settled", "climb", "pair", "kept", "flow", "smc", "rejection", "langevin"
]
Goal: TypeAlias = Literal["kl", "one_in_n", "expectation", "quantile"]
Picture: TypeAlias = Literal["theory", "difficulty", "measured"]


@dataclass(frozen=True, eq=False)
class StreetRequest:
    """One state of the page with what it is computed from; crosses to the compute thread."""

    state: StreetState
    households: HouseholdSet
    model: TrainedModel


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model that can be used, the stored tree it came from, and where it computes."""

    tree: Tree
    model: TrainedModel
    device: str


@dataclass(frozen=True, eq=False)
class FanAnswer:
    """The fan of the model's own law (λ = 0) for one state of the page.

    Attributes:
        state: the StreetState this answers (compare with session.state if in doubt).
        fan: analysis.fan.Fan, powers in kW of the whole composition: times [T] (UTC), mean [T],
            p10 [T], p90 [T], curves [n, T], measured [T] or None, energy_kwh, peak_kw
            (each .mean .p10 .p90), peak_time. Row i of curves comes from the same noise for
            any composition.
        households: K, with multiplicity.
        seconds: how long it took.
    """

    state: StreetState
    fan: Fan
    households: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Front:
    """The (E f, KL) front: one point a λ, all arrays [L], λ rising from 0 to the last valid one.

    Attributes:
        lam: per standard deviation of the criterion.
        expectation: E f under the tuned law, in the criterion's unit.
        kl: KL(tuned ‖ base), nats.
        valid: whether the point can be trusted (ESS ≥ 100 and k̂ < 0.7).
        error: standard error of `expectation`, in its unit.
        base_valid: whether base weeks alone, reweighted, could be trusted there.
    """

    lam: NDArray[np.float64]
    expectation: NDArray[np.float64]
    kl: NDArray[np.float64]
    valid: NDArray[np.bool_]
    error: NDArray[np.float64]
    base_valid: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PairFigures:
    """Two criteria under the law at one vector λ.

    Attributes:
        criteria, units: of each; lam: per standard deviation of each criterion.
        base, expectation: E f in each unit, under the base law and the tuned one.
        correlation: of both under the base law; valid: whether `expectation` can be trusted.
    """

    criteria: tuple[str, str]
    units: tuple[str, str]
    lam: tuple[float, float]
    base: tuple[float, float]
    expectation: tuple[float, float]
    correlation: float
    valid: bool


@dataclass(frozen=True, eq=False)
class PairSurface:
    """What two criteria can be raised to, and what that costs: D directions of λ, L levels of KL.

    Attributes:
        state: the StreetState this answers; criteria, units: of each.
        base: [2], E f of the base law; expectation: [D, L, 2], in each unit.
        kl: [D, L] nats; lam: [D, L, 2] vector λ; valid: [D, L].
        correlation: of both under the base law.
    """

    state: StreetState
    criteria: tuple[str, str]
    units: tuple[str, str]
    base: NDArray[np.float64]
    kl: NDArray[np.float64]
    lam: NDArray[np.float64]
    expectation: NDArray[np.float64]
    valid: NDArray[np.bool_]
    correlation: float


@dataclass(frozen=True, eq=False)
class ApartAnswer:
    """What the tuned law costs in each part of the latents, in nats (Eq. 10.17).

    Attributes:
        state: the StreetState this answers.
        w: KL of Σw; z: of z given Σw; doubt: each may be off by so much, their sum is exact.
    """

    state: StreetState
    w: float
    z: float
    doubt: float = 0.0


@dataclass(frozen=True, eq=False)
class TunedAnswer:
    """The tuned law at the page's λ, and the front it moves along.

    Attributes:
        state: the StreetState this answers.
        method: "pool" (base samples reweighted), "climb" (samples of several λ, reweighted),
            "flow" (flow samples with weights), or "kept" (of two criteria: one of `proposals`).
        lam: λ, per standard deviation of the criterion.
        kl: KL(tuned ‖ base), nats; one_in_n: e^KL ("1 week in N").
        expectation, base_expectation: E f tuned and base, in `unit`.
        unit: of the criterion ("kW", "kWh").
        criterion: name in tuning.CRITERIA.
        ess, khat: effective sample size of the weights and their Pareto k̂.
        log_z: log E e^{λf}, f normalised.
        certificate: how near the draws are to the tuned law, and what speaks against them.
        valid: ESS ≥ 100 and k̂ < 0.7; draw it grey otherwise.
        samples: how many samples stand behind it.
        sentence: which of the methods is on screen and how far to trust it.
        fan: Fan of the tuned law, weights resampled away: rows of curves count equally; at
            λ = 0 it is the base fan.
        weights: [n] importance weights of the fan's curves, mean one; all one where the curves
            have been resampled by them.
        front: Front.
        refining: whether a better answer for the same state is being computed.
        pair: both criteria at the vector λ; None where one is tuned alone.
        proposals: of so many one is kept by its weight, in every row and in what is certified.
    """

    state: StreetState
    method: Method
    lam: float
    kl: float
    one_in_n: float
    expectation: float
    base_expectation: float
    unit: str
    criterion: str
    ess: float
    khat: float
    log_z: float
    certificate: Certificate
    valid: bool
    samples: int
    sentence: str
    fan: Fan
    weights: NDArray[np.float64]
    front: Front
    refining: bool
    pair: PairFigures | None = None
    proposals: int = 1


@dataclass(frozen=True, eq=False)
class PartsAnswer:
    """Who makes the peak of one state of the page.

    Attributes:
        state: the StreetState this answers.
        tuned: the parts of every household under the law at the page's λ; base: at λ = 0.
        weeks: what a household can be taken out of; None where that leaves nothing.
    """

    state: StreetState
    tuned: Attribution
    base: Attribution
    weeks: StreetWeeks | None = None


@dataclass(frozen=True, eq=False)
class LevelsAnswer:
    """f of single weeks, noise and all, under the base law and the tuned one.

    “1 in N” names three figures: the level that one base week in N exceeds (`quantile`), the
    mean of those weeks (`beyond`), and the mean of the tuned law at KL = log N (`tuned_mean`).

    Attributes:
        state: the StreetState this answers; unit: of f.
        one_in_n: N.
        edges: [B + 1] of the histograms; base, tuned: [B] shares of the weeks.
        base_mean, tuned_mean: of f.
        quantile, beyond: None where too few weeks lie so far out (or N is below 2).
        error: standard error of `beyond`.
    """

    state: StreetState
    unit: str
    one_in_n: float
    edges: NDArray[np.float64]
    base: NDArray[np.float64]
    tuned: NDArray[np.float64]
    base_mean: float
    tuned_mean: float
    quantile: float | None
    beyond: float | None
    error: float


@dataclass(frozen=True, eq=False)
class TheoryCurve:
    """One figure along λ: value [L], and its 95 % band [2, L], the lower edge first."""

    value: NDArray[np.float64]
    band: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TheoryAnswer:
    """What the laws p̂_λ of one street and criterion are at every λ (Eq. 10.6-10.9, 10.22, 10.51).

    Attributes:
        state: the StreetState this answers; unit: of f.
        lam: [L], from 0 to one side.
        expectation: E f in the unit; kl: in nats; variance: Var f in the unit squared.
        by_base: [L], whether base draws say it; known: [L], whether anything does.
        beyond: whose draws speak where the base law's cannot; '' while there are none.
    """

    state: StreetState
    unit: str
    lam: NDArray[np.float64]
    expectation: TheoryCurve
    kl: TheoryCurve
    variance: TheoryCurve
    by_base: NDArray[np.bool_]
    known: NDArray[np.bool_]
    beyond: str


@dataclass(frozen=True, eq=False)
class DifficultyAnswer:
    """How steep the criterion is over the base law of one street, and what that means."""

    state: StreetState
    difficulty: Difficulty


@dataclass(frozen=True, eq=False)
class MeasuredAnswer:
    """The three figures of "1 in N" of real sums of as many households, with their bands.

    Attributes:
        state: the StreetState this answers; unit: of f; one_in_n: N.
        figures: None where the data do not allow them; why: what is in the way, a sentence.
        criterion: text of what is tuned; sums: how many stand behind the figures; wants_more:
            whether many more of them are needed, and may be formed elsewhere; cancelled: whether
            somebody would not wait for these.
    """

    state: StreetState
    unit: str
    one_in_n: float
    figures: OneInN | None
    why: str
    criterion: str = ""
    sums: int = 0
    wants_more: bool = False
    cancelled: bool = False
