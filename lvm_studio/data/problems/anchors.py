"""Colour anchors: an image near each point takes the colour of the anchors around (Fig. 9.7)."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from lvm_studio.data.errors import DataError
from lvm_studio.data.problems.batches import PartsBatch, PartsLaw, choices, normal, uniform

COLOURS = ("white", "black", "red", "green", "blue")
RGB = ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
LEVELS = 256


@dataclass(frozen=True)
class ColourAnchors:
    """Images whose every pixel is the mean of the anchors' colours, weighted by nearness.

    An anchor weighs ``intensity / (distance² + softness²)^sharpness`` at a pixel; colour (5)
    and position in [0, 1]² are told (F = 7), the intensity, log-normal around 1, is not. The
    thesis leaves weight and law of the intensity open: these give the look of its figures.
    ``truth`` has ``colour`` (position in `COLOURS`), ``across``, ``down`` and ``intensity``
    [B, K]. ``x`` [B, 3, S, S] is uint8, levels 0 … 255, rows from the top.

    >>> batch = ColourAnchors(side=8).sample(5, torch.Generator().manual_seed(0))
    >>> tuple(batch.x.shape), tuple(batch.labels.shape)
    ((5, 3, 8, 8), (5, 8, 7))
    """

    side: int = 24
    softness: float = 0.05
    sharpness: float = 2.0
    intensity_spread: float = 0.7
    parts: PartsLaw = field(default_factory=lambda: PartsLaw(k_range=(1, 8)))

    def __post_init__(self) -> None:
        if self.side < 2 or min(self.softness, self.sharpness) <= 0 or self.intensity_spread < 0:
            raise DataError(
                "Colour anchors need a side of 2 pixels or more, softness and sharpness above 0, "
                "and a spread of intensities that is not negative."
            )

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the F label features."""
        return (*(f"colour={name}" for name in COLOURS), "across", "down")

    def sample(self, batch: int, generator: torch.Generator) -> PartsBatch:
        """`batch` images; the same generator state gives the same batch."""
        mask = self.parts.mask(batch, generator)
        shape = (batch, mask.shape[1])
        colour = choices(shape, len(COLOURS), generator)
        place = uniform((*shape, 2), generator) * mask[..., None]
        intensity = torch.exp(self.intensity_spread * normal(shape, generator)) * mask
        return PartsBatch(
            x=to_levels(self.whole(colour, place, intensity)),
            labels=self.labels(colour, place) * mask[..., None],
            mask=mask,
            truth={
                "colour": colour * mask.long(),
                "across": place[..., 0],
                "down": place[..., 1],
                "intensity": intensity,
            },
        )

    def labels(self, colour: Tensor, place: Tensor) -> Tensor:
        """Labels [..., 7] of colours [...] and places [..., 2] (across, down)."""
        flags = functional.one_hot(colour.long(), len(COLOURS)).to(place.dtype)
        return torch.cat([flags, place], dim=-1)

    def weights(self, place: Tensor, intensity: Tensor) -> Tensor:
        """What each anchor [..., K] weighs at each pixel [..., K, S, S]."""
        centre = (torch.arange(self.side, device=place.device) + 0.5) / self.side
        across = (centre - place[..., 0, None]).square()[..., None, :]
        down = (centre - place[..., 1, None]).square()[..., :, None]
        near = (across + down + self.softness**2) ** -self.sharpness
        return intensity[..., None, None] * near

    def whole(self, colour: Tensor, place: Tensor, intensity: Tensor) -> Tensor:
        """Image [..., 3, S, S] in [0, 1]; anchors of intensity 0 are not there."""
        weights = self.weights(place, intensity)
        rgb = torch.tensor(RGB, device=place.device, dtype=place.dtype)[colour.long()]
        mixed = torch.einsum("...khw,...kc->...chw", weights, rgb)
        return mixed / weights.sum(dim=-3).unsqueeze(-3)


def to_levels(image: Tensor) -> Tensor:
    """Levels 0 … 255 (uint8) of an image in [0, 1]."""
    return (image.clamp(0, 1) * (LEVELS - 1)).round().to(torch.uint8)


def from_levels(levels: Tensor) -> Tensor:
    """Image in [0, 1] of levels 0 … 255."""
    return levels.to(torch.float32) / (LEVELS - 1)
