"""Are the parts of an image where they were put? A fixed rule for colour anchors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from lvm_studio.data.problems.anchors import RGB

NEAR = 0.15
"""Anchors of two colours nearer than this hide one another, and neither is judged."""


def parts_right(images: Tensor, labels: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Which parts have their colour at their place, and which can be judged, both [B, K].

    The rule: the mean of the 3 x 3 pixels around an anchor's place is nearer, in RGB, to the
    anchor's own colour than to the four others. Anchors with one of another colour nearer than
    `NEAR` are not judged: even in a true image the stronger one hides them.

    Args:
        images: [B, 3, S, S] in [0, 1].
        labels: [B, K, 7]: five colour flags, across, down.
        mask: [B, K].
    """
    side = images.shape[-1]
    smooth = avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    cell = (labels[..., -2:] * side).long().clamp(0, side - 1)
    at = (cell[..., 1] * side + cell[..., 0])[:, None].expand(-1, 3, -1)
    seen = smooth.flatten(2).gather(2, at).transpose(1, 2)
    palette = torch.tensor(RGB, dtype=images.dtype, device=images.device)
    nearest = torch.cdist(seen, palette.expand(len(seen), -1, -1)).argmin(-1)
    colour = labels[..., :-2].argmax(-1)
    return (nearest == colour) & mask.bool(), mask.bool() & ~_hidden(labels, colour, mask)


def _hidden(labels: Tensor, colour: Tensor, mask: Tensor) -> Tensor:
    """Anchors with another colour too near to them, [B, K]."""
    place = labels[..., -2:]
    near = torch.cdist(place, place) < NEAR
    other = colour[:, :, None] != colour[:, None, :]
    return (near & other & mask.bool()[:, None, :]).any(-1)


def images_right(images: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Whether all parts of an image that can be judged are right, [B]; see `parts_right`."""
    right, judged = parts_right(images, labels, mask)
    return (right | ~judged).all(-1)
