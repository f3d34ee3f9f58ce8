"""Colour anchors: chi of the sum, and pixels as levels of a discretised logistic (9.3.2)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import silu, softplus

from lvm_studio.data.problems.anchors import COLOURS, LEVELS
from lvm_studio.models.networks import ResidualMLP
from lvm_studio.models.noise.laws import DiscretisedLogistic, Grid
from lvm_studio.models.parts import PartsVAE
from lvm_studio.models.parts_inference import chi, new_parts_inference
from lvm_studio.models.specs import AnchorsSpec

WAVES = 6
"""Places are told to the network as sines and cosines of pi, 2 pi … WAVES pi times themselves."""
GRID = 8
"""Points across and down whose nearness is told: as far apart as two parts can still be seen."""
NEAR_PART = 1.5
"""What w_i starts with at a point of the grid where its anchor lies."""
COARSE = 12
"""Cells across and down of the first image that is made from the sum."""
LEAST_SPREAD = 2e-3
"""Spread of a pixel's law that none falls below, as a share of the levels."""
START_GAMMA = 1.0
"""Where learning gamma of chi starts."""
PIXEL_LEVELS = Grid(0.0, 1.0, LEVELS)


class ColourAnchorsVAE(PartsVAE):
    """Images x [B, 3 S S] in [0, 1] from `w~ = chi(sum w)` (Eq. 9.16, 9.17), gamma learned.

    w~ becomes a coarse image of many channels, which convolutions refine to the mean and the
    spread of every pixel. Nothing grows with K: chi and the levels of the pixels are bounded.
    """

    spec: AnchorsSpec

    def __init__(self, spec: AnchorsSpec) -> None:
        super().__init__()
        self.spec = spec
        w, hidden, c = spec.latent_w, spec.hidden, spec.channels
        self.embed = _EMBEDDINGS[spec.places](spec.part_hidden, 2 * w, spec.blocks)
        self.raw_gamma = nn.Parameter(torch.tensor(math.log(math.expm1(START_GAMMA))))
        self.lift = ResidualMLP(w, hidden, COARSE * COARSE * c // 2, blocks=1)
        nn.init.normal_(self.lift.direct.weight, std=w**-0.5)
        self.refine = _Refine(c // 2, c, 6, blocks=spec.blocks)
        self.summary = _ImageSummary(c, hidden)
        self.w_posterior = new_parts_inference(
            spec.inference,
            labels=len(COLOURS) + 2,
            seen=hidden + w + 1,
            hidden=spec.part_hidden,
            latent=w,
            layers=spec.graph_layers,
        )
        self.spread_start = nn.Parameter(torch.tensor(-1.0))

    @property
    def gamma(self) -> Tensor:
        """gamma of chi, above 0."""
        return softplus(self.raw_gamma)

    def sigma(self) -> Tensor:
        """Spread of a pixel where the network adds nothing to it, as a share of the levels."""
        return LEAST_SPREAD + softplus(self.spread_start)

    def decode(self, sum_w: Tensor, k: Tensor) -> DiscretisedLogistic:
        """Law of images [B, 3 S S] of parts that sum to [B, W]; k is not looked at."""
        coarse = self.lift(chi(sum_w, self.gamma))
        image = self.refine(coarse.view(len(sum_w), -1, COARSE, COARSE))
        mean, raw = image.flatten(2).flatten(1).chunk(2, -1)
        spread = LEAST_SPREAD + softplus(raw + self.spread_start)
        return DiscretisedLogistic(mean.sigmoid(), spread, PIXEL_LEVELS)

    def look(self, x: Tensor, expected: Tensor, k: Tensor) -> Tensor:
        """The image beside the expected one, and what was expected, [B, S]."""
        with torch.no_grad():
            predicted = self.decode(expected, k).mean
        side = self.spec.side
        images = torch.cat([x - 0.5, x - predicted], -1).view(len(x), 6, side, side)
        return torch.cat([self.summary(images), expected / k[:, None], k[:, None].log()], -1)


class AnchorEmbedding(nn.Module):
    """Labels [..., 7] (colour flags, across, down) -> [..., outputs]: colours gate places."""

    def __init__(self, hidden: int, outputs: int, blocks: int) -> None:
        super().__init__()
        self.place = nn.Linear(4 * WAVES, hidden)
        self.product = nn.Linear(4 * WAVES, hidden)
        self.colour = nn.Linear(len(COLOURS), hidden)
        self.out = ResidualMLP(hidden, hidden, outputs, blocks=blocks)
        nn.init.normal_(self.out.direct.weight, std=hidden**-0.5)

    def forward(self, labels: Tensor) -> Tensor:
        colour, place = labels[..., :-2], labels[..., -2:]
        turn = math.pi * torch.arange(1, WAVES + 1, device=labels.device) * place[..., None]
        waves = torch.cat([turn.sin(), turn.cos()], -1).flatten(-2)
        both: Tensor = silu(self.place(waves)) * silu(self.product(waves)) * self.colour(colour)
        embedded: Tensor = self.out(both)
        return embedded


class GridEmbedding(nn.Module):
    """Labels [..., 7] -> [..., outputs]: a field of each colour, high where the anchor lies.

    Before training the mean of w_i is that field, point by point, as far as w reaches: a sum of
    parts then keeps what is at one place apart from what is at another, and so does the law of
    a w_i, whose coordinates vary one by one.
    """

    def __init__(self, hidden: int, outputs: int, blocks: int) -> None:
        super().__init__()
        points = (torch.arange(GRID) + 0.5) / GRID
        self.points: Tensor
        self.register_buffer("points", points, persistent=False)
        cells = len(COLOURS) * GRID * GRID
        self.out = ResidualMLP(cells, hidden, outputs, blocks=blocks)
        with torch.no_grad():
            w = min(cells, outputs // 2)
            self.out.direct.weight[:w, :w].copy_(NEAR_PART * torch.eye(w))

    def forward(self, labels: Tensor) -> Tensor:
        colour, place = labels[..., :-2], labels[..., -2:]
        near = (-0.5 * (GRID * (place[..., None] - self.points)).square()).exp()
        across, down = near.unbind(-2)
        field = (
            colour[..., None, None] * (across[..., :, None] * down[..., None, :])[..., None, :, :]
        )
        embedded: Tensor = self.out(field.flatten(-3))
        return embedded


_EMBEDDINGS: dict[str, type[AnchorEmbedding] | type[GridEmbedding]] = {
    "waves": AnchorEmbedding,
    "grid": GridEmbedding,
}


class _Refine(nn.Module):
    """[B, inputs, n, n] -> [B, outputs, 2n, 2n] by convolutions; starts small."""

    def __init__(self, inputs: int, channels: int, outputs: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, channels, 3, padding=1)
        self.widen = nn.ConvTranspose2d(channels, channels, 4, stride=2, padding=1)
        self.blocks = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(blocks)
        )
        self.last = nn.Conv2d(channels, outputs, 3, padding=1)
        nn.init.normal_(self.last.weight, std=0.05)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, image: Tensor) -> Tensor:
        h = self.widen(silu(self.first(image)))
        for block in self.blocks:
            h = h + block(silu(h))
        fine: Tensor = self.last(silu(h))
        return fine


class _ImageSummary(nn.Module):
    """Images [B, 6, 24, 24] -> [B, hidden]."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.halve = nn.Conv2d(6, channels, 4, stride=2, padding=1)
        self.quarter = nn.Conv2d(channels, channels, 4, stride=2, padding=1)
        self.out = nn.Linear(channels * 36, hidden)

    def forward(self, images: Tensor) -> Tensor:
        seen: Tensor = self.out(silu(self.quarter(silu(self.halve(images)))).flatten(1))
        return seen
