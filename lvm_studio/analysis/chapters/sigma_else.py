"""Chapters 6 and 7: what makes σ(z) win, what β is not, and a case whose answer is known."""

from __future__ import annotations

import numpy as np

from lvm_studio.analysis.chapters.sigma_results import BETA, Results
from lvm_studio.analysis.pages.page import Cell, PageTable, Section
from lvm_studio.analysis.sigma.ppca import DRAWS, REPETITIONS, LinearRun
from lvm_studio.analysis.sigma.study import Group, difference


def winning_section(results: Results) -> Section:
    """What makes sigma(z) win over one learned sigma, variant by variant."""
    default = results.learned["local"]
    one = results.learned["global"]
    rows = [_variant("as recommended: start 1, pace 0.1", default, one)]
    rows += [_variant(name, found, one) for name, found in results.variants.items()]
    table = PageTable(
        "σ(z) with other starts and paces",
        ("σ(z)", "ELBO", "± over seeds", "above global σ", "in standard errors", "first epoch"),
        tuple(rows),
        "Start: first σ as a share of the data's spread; pace: how fast log σ(z) follows the "
        "decoder. First epoch: mean ELBO of its batches.",
    )
    return Section(
        "What makes σ(z) win",
        (
            "The noise is σ(z) = level × factor. The level starts at the spread of the data and "
            "anneals as a global σ does; the factor starts at exactly 1 for every z, because the "
            "decoder's last layer starts at zero, and follows ten times slower than the means.",
            "Pace and start alone change how rough the first epochs are more than where training "
            "ends, as long as the last layers start at zero and gradients are clipped. Take all "
            "of that away, with a small start, random last layers and plain Adam, and σ(z) ends "
            "below one global σ: this is the failure that people report.",
        ),
        (),
        (table,),
    )


def _variant(name: str, found: Group, one: Group) -> tuple[str | float, ...]:
    mean, error = difference(found.terms.elbo, one.terms.elbo)
    spread = float(found.terms.elbo.std(ddof=1))
    first = float(found.history[0].elbo.mean())
    return name, float(found.terms.elbo.mean()), spread, mean, mean / error, first


def tempering_section(results: Results) -> Section:
    """beta-VAE beside observation tempering: two different things (7.A)."""
    names = {
        "plain": ("plain bound", 1.0),
        "beta": (f"β-VAE, β = {BETA:g}", 1.0),
        "tempered": (f"observation tempered, β = {BETA:g}", np.sqrt(BETA)),
    }
    rows = []
    for key, (name, widening) in names.items():
        found = results.tempering[key]
        learned_sigma, kl = float(found.terms.sigma.mean()), float(found.terms.kl.mean())
        error = float(found.optimal_sigma.mean())
        rows.append((name, learned_sigma, learned_sigma * float(widening), error, kl))
    table = PageTable(
        "β-VAE and observation tempering are two things (7.A)",
        ("objective", "learned σ", "σ of the law used", "error per coordinate", "KL, nats"),
        tuple(rows),
        "Tempering a Gaussian is σ² → βσ²: learning undoes it, the model in use is that of the "
        "plain bound. β-VAE leaves the normaliser out (Eq. 7.10) and cannot be undone: it is "
        "blurrier and keeps less in z.",
    )
    return Section("β is not a temperature (7.A)", (), (), (table,))


LINEAR_COLUMNS = (
    "linear VAE",
    "closed form",
    "trained with drawn z: exact, above",
    "by Eq. 3.5, above",
    "standard error",
    "settled: exact, above",
    "by Eq. 3.5, above",
    "standard error",
    "σ",
    "σ, closed form",
)
"""Of the table of linear VAEs; in nats a point, but for both σ."""


def linear_section(results: Results) -> Section:
    """A linear VAE beside probabilistic PCA, which is known in closed form."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (f"{name}, seed {seed}", *_linear_row(run))
        for name, runs in results.linear.items()
        for seed, run in enumerate(runs, 1)
    )
    table = PageTable(
        "A linear VAE is probabilistic PCA: log-likelihood of a point above the closed form (nats)",
        LINEAR_COLUMNS,
        rows,
        "500 points in 8 dimensions, 3 latent, other data for each seed. Exact: the likelihood of "
        f"the trained decoder, N(b, WWᵀ + σ²I). By Eq. 3.5: {DRAWS} draws, {REPETITIONS} times.",
    )
    furthest = max(
        abs(run.settled.tight - run.closed.log_likelihood) / run.settled.error
        for runs in results.linear.values()
        for run in runs
    )
    words = (
        "Training with drawn z leaves the decoder itself below the maximum, where the columns of "
        "W still turn towards the axes of q: the estimate is right, the training is short. Each "
        "run is then settled by L-BFGS on the bound in expectation, which six points of z give "
        "exactly, since it is quadratic. The estimate then equals the closed form within its "
        f"Monte-Carlo error, at most {furthest:.1f} standard errors off; that error is tiny, "
        "because q has become the true posterior and all draws weigh alike.",
    )
    return Section("A case whose answer is known", words, (), (table,))


def _linear_row(run: LinearRun) -> tuple[float, ...]:
    top = run.closed.log_likelihood
    drawn, settled = (
        (found.exact - top, found.tight - top, found.error) for found in (run.drawn, run.settled)
    )
    return top, *drawn, *settled, run.settled.sigma, run.closed.sigma
