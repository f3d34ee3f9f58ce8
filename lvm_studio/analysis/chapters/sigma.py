"""Chapters 6 and 7 made again: how the noise σ decides what a model sees, and how it is learned."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.chapters.base import Chapter, ChapterProgress, ChapterSpec
from lvm_studio.analysis.pages.page import Page, PageTable, Section
from lvm_studio.analysis.ppca import ClosedForm, LinearRun, linear_data, ppca, train_linear
from lvm_studio.analysis.sigma_figures import (
    bell_figure,
    cdf_figure,
    hypersphere_figure,
    local_sigmas,
    loss_figure,
    manifold_figures,
    pair_figure,
    picture,
    sigma_figure,
)
from lvm_studio.analysis.sigma_study import (
    Group,
    Setting,
    SphereRadii,
    best_sigma,
    difference,
    fixed_sweep,
    learned,
    repeated,
    sphere_radii,
    tempering,
    variants,
)
from lvm_studio.data.manifolds import Sinusoid
from lvm_studio.models.noise.specs import FixedNoiseSpec

Array = NDArray[np.float64]

T = TypeVar("T")

LEAST_SEEDS = 10
"""What is compared is repeated at least this often."""

BETA = 4.0


@dataclass(frozen=True, eq=False)
class Results:
    """All that the page shows."""

    sweep: Group
    best: Group
    at_learned: Group
    learned: Mapping[str, Group]
    variants: Mapping[str, Group]
    tempering: Mapping[str, Group]
    spheres: tuple[SphereRadii, ...]
    linear: tuple[ClosedForm, LinearRun, LinearRun]
    ceiling: float


def setting_of(spec: ChapterSpec) -> Setting:
    """Reduced: 30 sigmas, 10 seeds, 30 epochs; full: 50 sigmas, 20 seeds, 100 epochs."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    seeds = max(LEAST_SEEDS, spec.seeds)
    if spec.reduced:
        return Setting(repetitions=seeds, device=device, seed=spec.seed)
    return Setting(
        sigmas=50,
        repetitions=max(20, seeds),
        variants=5,
        epochs=100,
        sphere_epochs=60,
        sphere_ratios=tuple(float(r) for r in np.linspace(0.1, 1.6, 16)),
        device=device,
        seed=spec.seed,
    )


def chapter(spec: ChapterSpec) -> Chapter:
    """Train everything, then lay out the page."""
    setting = setting_of(spec)
    results = yield from _results(setting)
    return page_of(results, setting)


def _results(setting: Setting) -> Generator[ChapterProgress, None, Results]:
    told = _Told(setting.member_epochs)
    sweep = yield from told.by(fixed_sweep(setting))
    groups = {}
    for name, work in learned(setting).items():
        groups[name] = yield from told.by(work)
    best = FixedNoiseSpec(sigma=best_sigma(sweep))
    same = FixedNoiseSpec(sigma=float(groups["global"].terms.sigma.mean()))
    at_best = yield from told.by(repeated("best fixed σ", best, setting))
    at_learned = yield from told.by(repeated("σ fixed at the learned value", same, setting))
    others = {}
    for name, work in variants(setting).items():
        others[name] = yield from told.by(work)
    tempered = {"plain": groups["global"]}
    for name, work in tempering(setting, BETA).items():
        tempered[name] = yield from told.by(work)
    spheres = []
    for dim in (2, 10):
        found = yield from told.by(sphere_radii(dim, setting))
        spheres.append(found)
    x = linear_data(500, 8, 3, 0.3, setting.seed)
    linear = (
        ppca(x, 3),
        train_linear(x, 3, setting.seed),
        train_linear(x, 3, setting.seed, by_gradient=True),
    )
    data = Sinusoid()
    ceiling = data.log_density(data.draw(4000, np.random.default_rng(1503)), 2048).mean()
    return Results(
        sweep, at_best, at_learned, groups, others, tempered, tuple(spheres), linear, float(ceiling)
    )


class _Told:
    """Sums up the work done, so that progress runs from 0 to the whole."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0

    def by(self, work: Generator[tuple[int, str], None, T]) -> Generator[ChapterProgress, None, T]:
        while True:
            try:
                done, sentence = next(work)
            except StopIteration as end:
                found: T = end.value
                return found
            self._done += done
            yield ChapterProgress(self._done, self._total, sentence)


def page_of(results: Results, setting: Setting) -> Page:
    """The page of these results."""
    return Page(
        "Chapters 6 and 7: the noise of the observation model",
        "A Gaussian VAE sees what its noise σ lets it see. Fixed too large it smooths the data, "
        "too small it stores their noise; learned from a large start it anneals, and a model "
        "that learns its noise, above all one noise for each z, beats every fixed one. "
        f"Compared runs are repeated over {setting.repetitions} seeds.",
        (
            _hypersphere(results),
            _fixed(results, setting),
            _learned(results, setting),
            _dynamics(results),
            _bell(results, setting),
            _winning(results),
            _tempering(results),
            _linear(results),
        ),
    )


def _hypersphere(results: Results) -> Section:
    rows = tuple(
        (f"{found.dim}", *map(float, row), _off(row[2], row[1]))
        for found in results.spheres
        for row in zip(found.ratio, found.theory, found.mean, found.spread, strict=True)
    )
    table = PageTable(
        "Radius learned on the unit sphere, theory and decoders trained with Eq. 3.5 (16 draws)",
        ("D", "σ √D / R", "theory, r / R", "trained, r / R", "its spread", "off by, %"),
        rows,
        "Above σ √D / R = 1 the optimum is 0: nothing is learned. Next to 1 the optimum is so flat "
        "that training has not reached it yet.",
    )
    words = (
        "Theorem 6.1 proves that nothing of a sphere is learned where R/σ ≤ √(D−1); expanding "
        "log ℓ at 0 gives r²/2σ² · (R²/Dσ² − 1), so the exact threshold is R/σ = √D, as the dot "
        "in the thesis' figure has it. The thesis prints the map for D = 2 and 10 with the optimum "
        "at 0 up to √2 and √10.",
    )
    return Section(
        "What a fixed σ sees of a sphere (6.3.1)",
        words,
        (hypersphere_figure(results.spheres),),
        (table,),
    )


def _off(mean: float, theory: float) -> float | None:
    return None if theory == 0 else float(100 * (mean / theory - 1))


def _fixed(results: Results, setting: Setting) -> Section:
    wanted = (0.4, 0.15, 0.06, 0.025, 0.01)
    sigma = results.sweep.terms.sigma
    indices = [int(np.abs(np.log(sigma / s)).argmin()) for s in wanted]
    seen = {
        f"σ = {sigma[i]:.3f}": picture(
            results.sweep.ensemble.member(i), results.sweep.ensemble.data, setting.seed
        )
        for i in indices
    }
    words = (
        "One curve in the plane, its curvature and noise vary along it; 10,000 fresh points an "
        "epoch, ten latent coordinates, residual networks. The thesis gives the curve's look, not "
        "its formula: ours has noise between 0.01 and 0.08 and length 1.6, sizes its figures show, "
        "so orderings are compared, not digits.",
    )
    return Section("One curve, five noises (6.3.2)", words, manifold_figures(seen))


def _learned(results: Results, setting: Setting) -> Section:
    seen = {
        f"{title}": picture(
            results.learned[key].ensemble.member(0), results.learned[key].ensemble.data, 0
        )
        for title, key in (("global σ", "global"), ("local σ(z)", "local"))
    }
    figure = pair_figure(
        "fig-7-1-learned",
        "Fig. 7.1. σ learned for all (left) and for each z (right): data blue, means orange, "
        "samples green.",
        seen,
    )
    return Section(
        "Learning the noise (7.1)",
        (
            "Thesis: 1.62 ± 0.08 nats with σ(z), 1.26 ± 0.09 with one learned σ. The mean "
            f"log-density of the data itself, which no bound can pass, is {results.ceiling:.3f} "
            "here.",
        ),
        (figure,),
        (orderings(results), _compared(results)),
    )


def orderings(results: Results) -> PageTable:
    """Differences of mean ELBO that the thesis claims, in standard errors."""
    local, one = results.learned["local"], results.learned["global"]
    pairs = (
        ("local σ(z) − learned global σ", local, one, 0.36),
        ("learned global σ − best fixed σ", one, results.best, None),
        ("best fixed σ − fixed at the learned value", results.best, results.at_learned, None),
        ("learned global σ − fixed at the learned value", one, results.at_learned, None),
    )
    rows = []
    for name, a, b, printed in pairs:
        mean, error = difference(a.terms.elbo, b.terms.elbo)
        rows.append((name, mean, error, mean / error, printed))
    return PageTable(
        "Differences of the ELBO reached (nats)",
        ("difference", "mean", "standard error", "in standard errors", "thesis"),
        tuple(rows),
        "The thesis prints no number for the others: learned above the best fixed, and that above "
        "fixed at the learned value, are read off its Fig. 7.5.",
    )


def _compared(results: Results) -> PageTable:
    groups = (*results.learned.values(), results.best, results.at_learned)
    printed = {"local σ(z)": "1.62 ± 0.08", "global σ by gradient": "1.26 ± 0.09"}
    sigmas = {"global σ by gradient": "0.043", "best fixed σ": "≈ 0.1"}
    rows = tuple(
        (
            g.name,
            float(g.terms.elbo.mean()),
            float(g.terms.elbo.std(ddof=1)),
            float(g.terms.kl.mean()),
            float(g.terms.sigma.mean()),
            float(g.terms.sigma.std(ddof=1)),
            printed.get(g.name),
            sigmas.get(g.name),
        )
        for g in groups
    )
    columns = ("noise", "ELBO", "± over seeds", "KL", "σ", "± over seeds", "thesis, ELBO", "σ")
    return PageTable("What each noise reaches (nats)", columns, rows)


def _dynamics(results: Results) -> Section:
    one, kept = results.learned["global"], results.at_learned
    seen = {
        title: picture(found.ensemble.member(0), found.ensemble.data, 1)
        for title, found in (("learned σ", one), ("σ fixed at the learned value", kept))
    }
    pair = pair_figure(
        "fig-7-2-fixed-at-learned",
        "Fig. 7.2. The same final σ, learned (left) and fixed from the start (right).",
        seen,
    )
    losses = loss_figure({"learned σ": one, "σ fixed there": kept})
    trio = [results.learned[key] for key in ("global", "batch", "epoch")]
    return Section(
        "Learning σ is an annealing (7.3)",
        (
            "The gradient's σ and Eq. 7.3 are the same thing seen twice. For one and the same "
            "trained model both must agree; over separate runs they agree on average.",
        ),
        (pair, losses, sigma_figure(trio)),
        (sigma_table(results),),
    )


def sigma_table(results: Results) -> PageTable:
    """Learned sigma against Eq. 7.3 on fresh points, by kind of learning."""
    reference = results.learned["global"].optimal_sigma
    rows = []
    for key in ("global", "batch", "epoch"):
        found = results.learned[key]
        last = found.trajectory("sigma")[-1]
        gap = 100 * (last / found.optimal_sigma - 1)
        runs = 100 * (found.optimal_sigma.mean() / reference.mean() - 1)
        rows.append(
            (
                found.name,
                float(last.mean()),
                float(found.optimal_sigma.mean()),
                float(gap.mean()),
                float(np.abs(gap).max()),
                float(runs),
            )
        )
    columns = (
        "σ learned",
        "at the end",
        "Eq. 7.3 of the same model",
        "gap, %",
        "largest gap, %",
        "Eq. 7.3 against the gradient's runs, %",
    )
    return PageTable("σ by gradient and σ by Eq. 7.3", columns, tuple(rows))


def _bell(results: Results, setting: Setting) -> Section:
    local = results.learned["local"]
    sigmas = local_sigmas(local, setting.seed)
    ranges = np.quantile(sigmas, (0.01, 0.99), axis=1).T
    bell = bell_figure(
        results.sweep,
        (results.best, results.at_learned),
        results.learned["global"],
        ranges,
        local,
    )
    truth = Sinusoid().noise((np.arange(2000) + 0.5) / 2000)
    low, high = ranges.mean(0)
    best, one = (g.terms.sigma.mean() for g in (results.best, results.learned["global"]))
    side = "below it, as in the thesis" if one < best else "above it, unlike in the thesis"
    return Section(
        "The bell curve, and how σ(z) spreads",
        (
            f"Best fixed σ here {best:.3f} (thesis about 0.1); learned σ {one:.4f} (thesis 0.043), "
            f"{side}. σ(z) spans {low:.3f} to {high:.3f} (thesis: most of 0.01 to 0.08).",
        ),
        (bell, cdf_figure(sigmas, truth)),
    )


def _winning(results: Results) -> Section:
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


def _tempering(results: Results) -> Section:
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


def _linear(results: Results) -> Section:
    closed, optimal, gradient = results.linear
    rows = (
        ("closed form", closed.log_likelihood, None, closed.sigma),
        ("VAE, σ by Eq. 7.3", optimal.tight, optimal.error, optimal.sigma),
        ("VAE, σ by gradient", gradient.tight, gradient.error, gradient.sigma),
    )
    table = PageTable(
        "A linear VAE is probabilistic PCA",
        ("model", "log-likelihood of a point", "Monte-Carlo error", "σ"),
        rows,
        "500 points in 8 dimensions, 3 latent; estimates by Eq. 3.5 with 64 draws.",
    )
    return Section("A case whose answer is known", (), (), (table,))
