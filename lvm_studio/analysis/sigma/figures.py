"""The figures of chapters 6 and 7, from trained groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.analysis.pages.drawing import OKABE_ITO, draw, draw_panels
from lvm_studio.analysis.pages.page import PageFigure
from lvm_studio.analysis.sigma.hypersphere import radius_map, sufficient_bound, threshold
from lvm_studio.analysis.sigma.study import Group, SphereRadii
from lvm_studio.data.vectors.manifolds import Manifold
from lvm_studio.models.vectors import VectorVAE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Pictured: TypeAlias = Mapping[str, Array]
"""Points [N, 2] of one model, by what they are; see `picture`."""
BLUE, ORANGE, GREEN = OKABE_ITO[:3]
POINTS = 1500
VIEW = ((-0.75, 0.75), (-0.45, 0.45))
PLACES, HEIGHTS = (-0.5, 0.0, 0.5), (-0.3, 0.0, 0.3)
"""Ticks of a small plane: more of them would touch those of the next one."""


def hypersphere_figure(radii: Sequence[SphereRadii]) -> PageFigure:
    """Fig. 6.5: the map of l, its optimum, both thresholds, and decoders really trained."""
    a = np.linspace(0.05, 8.0, 160)
    b = np.linspace(0.0, 8.0, 161)
    maps = [radius_map(found.dim, a, b) for found in radii]

    def paint(figure: Figure) -> None:
        for axes, table, found in zip(figure.subplots(1, len(maps)), maps, radii, strict=True):
            level = np.arcsinh(table.gain)
            axes.contourf(a, b, level, levels=30, cmap="viridis")
            axes.plot(a, table.optimum, color="black", label="argmax of ℓ")
            exact, bound = threshold(found.dim), sufficient_bound(found.dim)
            axes.plot(exact, 0, "o", color="black", clip_on=False, label="exact, √D")
            axes.plot(bound, 0, "|", color="red", ms=14, clip_on=False, label="Theorem 6.1, √(D−1)")
            x = np.sqrt(found.dim) / found.ratio
            seen = x <= a[-1]
            axes.errorbar(
                x[seen], (found.mean * x)[seen], (found.spread * x)[seen], fmt="s", ms=4,
                color=ORANGE, label="trained VAE",
            )  # fmt: skip
            axes.set(title=f"D = {found.dim}", xlabel="R / σ", ylabel="r / σ", ylim=(0, 8))
        figure.axes[0].legend(loc="upper left", facecolor="white", frameon=True, fontsize=7)

    data: dict[str, Array] = {"r_over_sigma": a}
    for table in maps:
        data[f"optimum_D{table.dim}"] = table.optimum
    caption = (
        "Fig. 6.5. ℓ(r) of Eq. 6.5 (asinh of log ℓ(r)/ℓ(0), blue to yellow), its optimum, the "
        "thesis' sufficient bound and the exact threshold; squares: radii of trained decoders "
        "(mean and spread of |f(z)|, z from the prior)."
    )
    return draw_panels("fig-6-5-hypersphere", caption, paint, data, (8.4, 3.8))


def picture(vae: VectorVAE, data: Manifold, seed: int) -> Pictured:
    """Points, their reconstructions f(z), z ~ q, and generated means and samples, z ~ p."""
    generator = torch.Generator().manual_seed(seed)
    x = data.draw(POINTS, np.random.default_rng(seed))
    with torch.no_grad():
        q = vae.posterior(torch.from_numpy(x).float())
        law = vae.decode(torch.randn(POINTS, vae.spec.latent_z, generator=generator))
        noise = torch.randn(POINTS, data.dim, generator=generator)
        found = {
            "reconstruction": vae.decode(q.rsample(generator)).mean,
            "mean": law.mean,
            "sample": law.transport(noise),
        }
    return {"data": x, **{name: value.double().numpy() for name, value in found.items()}}


def manifold_figures(pictures: Mapping[str, Pictured]) -> tuple[PageFigure, PageFigure]:
    """Fig. 6.6 and 6.7: what is reconstructed and what is generated, for sigmas from large on."""
    first = next(iter(pictures.values()))["data"]

    def reconstructed(axes: Axes, seen: Pictured) -> None:
        _dots(axes, seen["data"], BLUE)
        _dots(axes, seen["reconstruction"], ORANGE)

    def generated(axes: Axes, seen: Pictured) -> None:
        _dots(axes, seen["sample"], GREEN)
        _dots(axes, seen["mean"], ORANGE)

    kinds = ("reconstruction", "mean", "sample")
    data = {"data x": first[:, 0], "data y": first[:, 1], **_columns(pictures, kinds)}
    return (
        draw_panels(
            "fig-6-6-reconstruction",
            "Fig. 6.6. Reconstructions f(z), z ~ q(z | x) (orange), of the data (blue) by models "
            "of one fixed σ: too large smooths the manifold away, too small makes it a surface.",
            lambda figure: _planes(figure, pictures, reconstructed),
            data,
            (8.4, 4.6),
        ),
        draw_panels(
            "fig-6-7-generation",
            "Fig. 6.7. The same models generate: means f(z), z ~ p (orange), and samples (green).",
            lambda figure: _planes(figure, pictures, generated),
            data,
            (8.4, 4.6),
        ),
    )


def _planes(
    figure: Figure, pictures: Mapping[str, Pictured], paint: Callable[[Axes, Pictured], None]
) -> None:
    """The data in the first of six small planes, a model painted into each of the others."""
    planes = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    _dots(planes[0], next(iter(pictures.values()))["data"], BLUE)
    planes[0].set_title("the data")
    for axes, (title, seen) in zip(planes[1:], pictures.items(), strict=False):
        paint(axes, seen)
        axes.set_title(title)
    planes[0].set(xlim=VIEW[0], ylim=VIEW[1], xticks=PLACES, yticks=HEIGHTS)


def _columns(pictures: Mapping[str, Pictured], kinds: Sequence[str]) -> dict[str, Array]:
    """Coordinates of the points of these kinds, model by model, as columns of a table."""
    return {
        f"{kind} {title} {axis}": seen[kind][:, place]
        for title, seen in pictures.items()
        for kind in kinds
        for place, axis in enumerate("xy")
    }


def pair_figure(name: str, caption: str, pictures: Mapping[str, Pictured]) -> PageFigure:
    """Fig. 7.1 and 7.2: two models side by side, reconstruction above, generation below."""

    def paint(figure: Figure) -> None:
        grid = figure.subplots(2, len(pictures), sharex=True, sharey=True)
        for column, (title, seen) in zip(grid.T, pictures.items(), strict=True):
            for axes in column:
                _dots(axes, seen["data"], BLUE)
            _dots(column[0], seen["reconstruction"], ORANGE)
            _dots(column[1], seen["sample"], GREEN)
            _dots(column[1], seen["mean"], ORANGE)
            column[0].set_title(title)
        grid[0, 0].set(xlim=VIEW[0], ylim=VIEW[1], ylabel="reconstruction")
        grid[0, 0].set(xticks=PLACES, yticks=HEIGHTS)
        grid[1, 0].set_ylabel("generation")

    data = _columns(pictures, ("data", "reconstruction", "mean", "sample"))
    return draw_panels(name, caption, paint, data, (7.0, 4.8))


def loss_figure(groups: Mapping[str, Group]) -> PageFigure:
    """Fig. 7.3: reconstruction loss, KL and negative ELBO by epoch, first run of each group."""
    curves = {
        title: {
            "reconstruction loss": -found.trajectory("reconstruction")[:, 0],
            "KL": found.trajectory("kl")[:, 0],
            "negative ELBO": -found.trajectory("elbo")[:, 0],
        }
        for title, found in groups.items()
    }

    def paint(figure: Figure) -> None:
        for axes, (title, terms) in zip(
            figure.subplots(1, len(curves), sharey=True), curves.items(), strict=True
        ):
            for (label, values), colour in zip(terms.items(), (ORANGE, BLUE, GREEN), strict=True):
                axes.plot(np.arange(1, len(values) + 1), values, color=colour, label=label)
            axes.set(title=title, xlabel="epoch", ylim=(-6, 8))
        figure.axes[0].set_ylabel("nats")
        figure.axes[0].legend(fontsize=8)

    data = {f"{title}: {label}": v for title, c in curves.items() for label, v in c.items()}
    caption = (
        "Fig. 7.3. The terms of the bound while a model trains (values above 8 nats are cut): a "
        "learned σ takes information in gradually; a σ fixed at the value learned pays for "
        "reconstruction first and hardly moves after a few epochs."
    )
    return draw_panels("fig-7-3-losses", caption, paint, data, (7.4, 3.4))


def sigma_figure(groups: Sequence[Group]) -> PageFigure:
    """Fig. 7.4: sigma by epoch, mean and range over the runs of each group."""
    paths = {found.name: found.trajectory("sigma") for found in groups}

    def paint(axes: Axes) -> None:
        for colour, (name, path) in zip(OKABE_ITO, paths.items(), strict=False):
            epoch = np.arange(1, len(path) + 1)
            axes.plot(epoch, path.mean(1), color=colour, label=name)
            axes.fill_between(epoch, path.min(1), path.max(1), color=colour, alpha=0.2, lw=0)
        axes.set(xlabel="epoch", ylabel="σ", yscale="log")
        _plain_decimals(axes.yaxis, (0.02, 0.05, 0.1, 0.2))
        axes.legend()

    data = {f"{name}, run {r}": p[:, r] for name, p in paths.items() for r in range(p.shape[1])}
    caption = "Fig. 7.4. σ while it is learned: by gradient, and by Eq. 7.3 (mean and range)."
    return draw("fig-7-4-sigma", caption, paint, data)


def bell_figure(
    sweep: Group, fixed: Sequence[Group], learned: Group, ranges: Array, local: Group
) -> PageFigure:
    """Fig. 7.5: the ELBO reached against sigma; ranges [R, 2] of sigma(z) of the local runs."""

    def paint(axes: Axes) -> None:
        axes.plot(sweep.terms.sigma, sweep.terms.elbo, "o", ms=4, color=BLUE, label="fixed σ")
        for found in fixed:
            axes.plot(found.terms.sigma, found.terms.elbo, ".", ms=3, color=BLUE)
        red = OKABE_ITO[1]
        axes.plot(learned.terms.sigma, learned.terms.elbo, "o", ms=4, color=red, label="learned σ")
        for (low, high), elbo in zip(ranges, local.terms.elbo, strict=True):
            axes.plot([low, high], [elbo, elbo], color=GREEN, lw=1)
        axes.plot([], [], color=GREEN, label="σ(z), 1st to 99th percentile")
        axes.set(xscale="log", xlabel="σ", ylabel="ELBO (nats)", ylim=(-1.0, 1.8))
        _plain_decimals(axes.xaxis, (0.01, 0.03, 0.1, 0.3, 1.0))
        axes.legend(loc="lower center")

    data = {
        "fixed sigma": sweep.terms.sigma,
        "fixed elbo": sweep.terms.elbo,
        "learned sigma": learned.terms.sigma,
        "learned elbo": learned.terms.elbo,
        "local low": ranges[:, 0],
        "local high": ranges[:, 1],
        "local elbo": local.terms.elbo,
    }
    caption = "Fig. 7.5. The ELBO reached, against σ; every mark is a run."
    return draw("fig-7-5-bell", caption, paint, data)


def local_sigmas(group: Group, seed: int, draws: int = 4000) -> Array:
    """sigma(z) for z ~ p of every member, sorted, [R, draws]."""
    z = torch.randn(
        draws, group.ensemble.specs[0].latent_z, generator=torch.Generator().manual_seed(seed)
    )
    rows = []
    for index in range(len(group.ensemble.specs)):
        with torch.no_grad():
            stddev = group.ensemble.member(index).decode(z).stddev
        rows.append(np.sort(stddev[:, 0].double().numpy()))
    return np.stack(rows)


def cdf_figure(sigmas: Array, truth: Array) -> PageFigure:
    """Fig. 7.6: cumulative distribution of sigma(z), and that of the data's own noise."""
    share = (np.arange(sigmas.shape[1]) + 1) / sigmas.shape[1]

    def paint(axes: Axes) -> None:
        for row in sigmas[1:]:
            axes.plot(row, share, color=GREEN, lw=0.6, alpha=0.5)
        axes.plot(sigmas[0], share, color=GREEN, label="σ(z), z ~ p(z): one model in bold")
        known = (np.arange(len(truth)) + 1) / len(truth)
        axes.plot(np.sort(truth), known, "--", color="black", lw=1, label="noise of the data")
        axes.set(xscale="log", xlabel="σ", ylabel="share below")
        _plain_decimals(axes.xaxis, (0.01, 0.02, 0.04, 0.08))
        axes.legend()

    every = slice(None, None, 10)
    data = {"share": share[every], "sigma": sigmas[:, every].T}
    caption = "Fig. 7.6. Cumulative distribution of σ(z) over the generative law."
    return draw("fig-7-6-cdf", caption, paint, data)


def _plain_decimals(axis: Axis, ticks: Sequence[float]) -> None:
    """A logarithmic axis with these ticks alone, written as a person writes them."""
    axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_ticks([], minor=True)


def _dots(axes: Axes, points: Array, colour: str) -> None:
    axes.plot(points[:, 0], points[:, 1], ".", ms=1.5, color=colour, rasterized=True)
