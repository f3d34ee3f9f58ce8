"""Sums of sines and colour anchors: wholes built part by part, generated beside true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.analysis.judging.parts_anchors import images_right
from lvm_studio.analysis.judging.parts_sines import energy_at, generated, recovery
from lvm_studio.analysis.pages.drawing import INK, OKABE_ITO, draw_panels
from lvm_studio.analysis.pages.page import PageFigure, PageTable, Section
from lvm_studio.data.problems.batches import PartsBatch
from lvm_studio.data.problems.sines import SineSums
from lvm_studio.models.parts_anchors import ColourAnchorsVAE
from lvm_studio.models.parts_sines import SineSumsVAE
from lvm_studio.training.parts_problem import drawn, source_of
from lvm_studio.training.spec import TrainSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

JUDGED = 400
SHOWN_PARTS = 5
DRAWN = 8


def sines_section(module: SineSumsVAE, spec: TrainSpec, seed: int, whose: str) -> Section:
    """Energy at the right frequencies, amplitudes and phases found again, wholes that grow."""
    generator = torch.Generator().manual_seed(seed)
    batch = drawn(source_of(spec), JUDGED, generator)
    own = generated(module, batch, generator)
    share = float(energy_at(own, batch.labels).mean() / energy_at(batch.x, batch.labels).mean())
    found = recovery(module, batch, generator, alike=False)
    rows = (
        ("amplitude", found.amplitude_guess, found.amplitude_prior, found.amplitude_posterior),
        ("phase, rad", found.phase_guess, found.phase_prior, found.phase_posterior),
    )
    table = PageTable(
        "Mean error of each part's own amplitude and phase",
        ("", "by the mean of their law", "drawn from p(w | label)", "drawn from the posterior"),
        rows,
        f"{found.parts:,} parts that share their frequency with no other of their whole.",
    )
    words = (
        f"Generated energy at the frequencies that were asked for is {share:.3f} of that of true "
        f"sums (Eq. 9.15), over {JUDGED} sums.",
        whose,
    )
    return Section("Sums of sines", words, (_growing_sines(module, spec, seed),), (table,))


def _growing_sines(module: SineSumsVAE, spec: TrainSpec, seed: int) -> PageFigure:
    """One part more in each panel (as in Fig. 9.6)."""
    batch = _of_five(spec, seed)
    eps = torch.randn(DRAWN, SHOWN_PARTS, module.spec.latent_w, generator=_generator(seed))
    truth, drawings = [], []
    for parts in range(1, SHOWN_PARTS + 1):
        labels = batch.labels[:1, :parts].expand(DRAWN, -1, -1)
        sum_w = module.draw_parts(labels, eps[:, :parts]).sum(1)
        drawings.append(_mean(module, sum_w, parts))
        truth.append(_whole(spec, batch, parts))
    told = batch.labels[0, :SHOWN_PARTS].argmax(-1) + 1

    def paint(figure: Figure) -> None:
        for axes, parts in zip(
            figure.subplots(1, SHOWN_PARTS, sharey=False), range(SHOWN_PARTS), strict=True
        ):
            axes.plot(drawings[parts].T, color=OKABE_ITO[0], linewidth=0.6, alpha=0.7)
            axes.plot(truth[parts], color=INK, linewidth=1.4)
            axes.set_title("+ " * (parts > 0) + f"{int(told[parts])} a window")
            axes.set_xticks([])

    data = {f"true_{n + 1}": curve for n, curve in enumerate(truth)}
    data |= {f"generated_{n + 1}": curves.T for n, curves in enumerate(drawings)}
    caption = (
        "A whole built part by part: each panel adds the sine whose frequency stands above it. "
        f"Black: one true sum; blue: {DRAWN} generated from the frequencies alone, so that "
        "amplitudes and phases differ."
    )
    return draw_panels("sines-growing", caption, paint, data, size=(10.0, 2.2))


def _whole(spec: TrainSpec, batch: PartsBatch, parts: int) -> NDArray[np.float32]:
    source = source_of(spec)
    assert isinstance(source, SineSums)
    frequency, amplitude, phase = (
        batch.truth[name][:1, :parts] for name in ("frequency", "amplitude", "phase")
    )
    whole = source.whole(frequency, amplitude, phase, torch.ones(1, parts))
    curve: NDArray[np.float32] = whole[0].numpy()
    return curve


def anchors_section(module: ColourAnchorsVAE, spec: TrainSpec, seed: int, whose: str) -> Section:
    """Colour and place of each part by a fixed rule, and an image that grows."""
    generator = torch.Generator().manual_seed(seed)
    batch = drawn(source_of(spec), JUDGED, generator)
    eps = torch.randn(*batch.mask.shape, module.spec.latent_w, generator=generator)
    sum_w = (module.draw_parts(batch.labels, eps) * batch.mask[..., None]).sum(1)
    with torch.no_grad():
        images = _images(module, module.decode(sum_w, batch.size).mean)
    right = images_right(images, batch.labels, batch.mask).float().mean()
    real = images_right(_images(module, batch.x), batch.labels, batch.mask).float().mean()
    words = (
        f"In {100 * right:.1f} % of {JUDGED} generated images every anchor that can be judged has "
        f"its colour at its place; of true images the same rule finds {100 * real:.1f} % right.",
        whose,
    )
    return Section("Colour anchors", words, (_growing_anchors(module, spec, seed),))


def _growing_anchors(module: ColourAnchorsVAE, spec: TrainSpec, seed: int) -> PageFigure:
    """One anchor more in each column (as in Fig. 9.9 and 9.10)."""
    batch = _of_five(spec, seed)
    eps = torch.randn(2, SHOWN_PARTS, module.spec.latent_w, generator=_generator(seed))
    grown = []
    for parts in range(1, SHOWN_PARTS + 1):
        labels = batch.labels[:1, :parts].expand(2, -1, -1)
        curve = _mean(module, module.draw_parts(labels, eps[:, :parts]).sum(1), parts)
        grown.append(_images(module, torch.from_numpy(curve)).permute(0, 2, 3, 1).numpy())

    def paint(figure: Figure) -> None:
        for row, line in enumerate(figure.subplots(2, SHOWN_PARTS)):
            for parts, axes in enumerate(line):
                axes.imshow(grown[parts][row], vmin=0, vmax=1, extent=(0, 1, 1, 0))
                places = batch.labels[0, : parts + 1, -2:]
                for colour, width in ((INK, 2.4), ("white", 1.0)):  # seen on any colour
                    axes.plot(*places.T, "o", mfc="none", mec=colour, mew=width, ms=5)
                axes.set_axis_off()

    data = {f"image_{n + 1}": images.reshape(2, -1).T for n, images in enumerate(grown)}
    caption = (
        "Images from one to five anchors, added from left to right at the circles; two draws of "
        "what is not told (their strength)."
    )
    return draw_panels("anchors-growing", caption, paint, data, size=(9.0, 3.7))


def _of_five(spec: TrainSpec, seed: int) -> PartsBatch:
    five = spec.model_copy(update={"k_min": SHOWN_PARTS, "k_max": SHOWN_PARTS})
    return drawn(source_of(five), 1, _generator(seed))


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
def _mean(module: SineSumsVAE | ColourAnchorsVAE, sum_w: Tensor, parts: int) -> NDArray[np.float32]:
    mean: NDArray[np.float32] = module.decode(
        sum_w, torch.full((len(sum_w),), float(parts))
    ).mean.numpy()
    return mean


def _images(module: ColourAnchorsVAE, flat: Tensor) -> Tensor:
    return flat.reshape(len(flat), 3, module.spec.side, module.spec.side)
