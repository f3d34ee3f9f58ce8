"""Chapters 6 and 7: what a fixed σ sees, of a sphere and of one curve; the bell curve."""

from __future__ import annotations

import numpy as np

from lvm_studio.analysis.chapters.sigma_results import Results
from lvm_studio.analysis.pages.page import PageTable, Section
from lvm_studio.analysis.sigma.figures import (
    bell_figure,
    cdf_figure,
    hypersphere_figure,
    local_sigmas,
    manifold_figures,
    picture,
)
from lvm_studio.analysis.sigma.study import SPHERE_DRAWS, SPHERE_START, Setting
from lvm_studio.data.vectors.manifolds import Sinusoid


def hypersphere_section(results: Results) -> Section:
    """What a fixed sigma lets a perfect VAE see of a sphere (Fig. 6.5)."""
    rows = tuple(
        (f"{found.dim}", *map(float, row), _off(row[2], row[1]))
        for found in results.spheres
        for row in zip(found.ratio, found.theory, found.mean, found.spread, strict=True)
    )
    table = PageTable(
        "Radius learned on the unit sphere, theory and decoders trained with Eq. 3.5 "
        f"({SPHERE_DRAWS} draws)",
        ("D", "σ √D / R", "theory, r / R", "trained, r / R", "its spread", "off by, %"),
        rows,
        "Above σ √D / R = 1 the optimum is 0: nothing is learned. Next to 1 a sphere is worth "
        "0.005 nats more than a linear decoder, and training stays with that one; so σ begins at "
        f"{SPHERE_START} of the threshold or below, and is widened to its place after a third.",
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


def fixed_section(results: Results, setting: Setting) -> Section:
    """ELBO over thirty fixed sigmas (Fig. 7.5)."""
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


def bell_section(results: Results, setting: Setting) -> Section:
    """Fixed sigmas beside the learned one: the bell curve and its best."""
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
