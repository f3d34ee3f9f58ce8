"""Two criteria as one along any direction of the vector λ: what is decoded once serves them all.

Along d = (cos θ, sin θ) the tilt of a vector λ = t d is that of the one criterion d · f, so that
whatever is known of a single λ holds there. λ itself is told per standard deviation of d · f, as
everywhere: its scale, and the KL it costs, then change little from one direction to another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.models.street import BaseSpace
from lvm_studio.tuning.composition_parts import common_noise, noise_behind, slice_of
from lvm_studio.tuning.criteria.criterion import criterion_named
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.criteria.specs import SumSpec, Term, parse_criterion
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.pools.pool import NOISE_SEED_STEP, POOL_SIZE, Draws, Pool
from lvm_studio.tuning.pools.weights import Array
from lvm_studio.tuning.vector import VectorDraws, VectorPotential

_LEAST_APART = 1e-6
"""Two criteria whose correlation is nearer to 1 or -1 are one: across them nothing varies."""


def direction_at(blend: float) -> Array:
    """The unit vector at so many degrees: 0 is the first criterion alone, 90 the second.

    >>> direction_at(180.0).round(6).tolist()
    [-1.0, 0.0]
    """
    angle = math.radians(blend)
    return np.array([math.cos(angle), math.sin(angle)])


def combined_text(texts: tuple[str, str], weights: tuple[float, float]) -> str:
    """The text of a weighted sum of two criteria.

    Raises:
        TuningError: one of them is of the mean curve, which a sum cannot be in part.

    >>> combined_text(("peak", "flexibility"), (1.0, -0.5))
    '+1.0000*peak-0.5000*flexibility'
    """
    terms = []
    for text, weight in zip(texts, weights, strict=True):
        wanted = parse_criterion(text)
        if wanted.noise == "mean":
            raise TuningError(
                f"{text!r} is of the mean curve and cannot be one of two criteria; leave @mean out."
            )
        spec = wanted.criterion
        parts = spec.terms if isinstance(spec, SumSpec) else (Term(weight=1.0, criterion=spec),)
        terms += [(weight * part.weight, part.criterion.text) for part in parts]
    return "".join(f"{weight:+.4f}*{name}" for weight, name in terms)


@dataclass(frozen=True, eq=False)
class Pair:
    """Base draws of one space with two criteria on the same noise.

    Attributes:
        texts: of the criteria; potentials: normalised on these draws.
        u: [n, dim]; f: [n, 2] normalised; eps, curves_kw: of one curve a draw.
    """

    texts: tuple[str, str]
    potentials: tuple[Potential, Potential]
    u: Tensor
    f: Array
    eps: Tensor
    curves_kw: NDArray[np.float32]

    @classmethod
    def growing(
        cls, space: BaseSpace, texts: tuple[str, str], n: int = POOL_SIZE, seed: int = 0
    ) -> Iterator[Pair | None]:
        """Decode n base draws in slices: None after each, the pair last.

        Raises:
            TuningError: a criterion that is none, or does not vary, or is the other one again.
        """
        combined_text(texts, (1.0, 1.0))  # refuse before anything is decoded
        criteria = tuple(criterion_named(text) for text in texts)
        u, eps = common_noise(space, n, seed)
        draws = max(each.noise_draws for each in criteria)
        noise = noise_behind(space, eps.shape[-1], draws, seed + NOISE_SEED_STEP)
        raw = [Potential(space, each, noise) for each in criteria]
        known: list[Tensor] = []
        curves: list[Tensor] = []
        size = slice_of(space)
        for part, part_eps in zip(torch.split(u, size), torch.split(eps, size), strict=True):
            with torch.no_grad():
                decoded = space.decode(part)
                known.append(torch.stack([each.natural_value_of(decoded) for each in raw], dim=-1))
                curves.append(decoded.transport(part_eps).float())
            yield None
        natural, drawn = torch.cat(known).double(), torch.cat(curves)
        fresh = [each(drawn).double() if draws else None for each in criteria]
        first, second = (
            each.normalised_on(f, f if noisy is None else noisy)
            for each, f, noisy in zip(raw, natural.T, fresh, strict=True)
        )
        shift = np.array([first.shift, second.shift])
        scale = np.array([first.scale, second.scale])
        f = (natural.numpy() - shift) / scale
        pair = cls(texts, (first, second), u, f, eps, drawn.numpy())
        if 1.0 - abs(pair.correlation) < _LEAST_APART:
            raise TuningError(
                f"{texts[0]} and {texts[1]} say the same of every curve; choose another second "
                "criterion."
            )
        yield pair

    @property
    def correlation(self) -> float:
        """Of both criteria under the base law."""
        return float(self.f[:, 0] @ self.f[:, 1]) / (len(self.f) - 1)

    def weights(self, blend: float) -> tuple[float, float]:
        """Of both criteria in their units, so that their sum is along d; as a text holds them."""
        first, second = self.potentials
        size = max(first.scale, second.scale)
        d = direction_at(blend)
        return round(d[0] * size / first.scale, 4), round(d[1] * size / second.scale, 4)

    def unit(self, blend: float) -> Array:
        """What both normalised criteria are multiplied by for the normalised one along d."""
        along, spread = self._scaled(blend)
        return along / spread

    def _scaled(self, blend: float) -> tuple[Array, float]:
        """What both normalised criteria are multiplied by in the sum, and how far that spreads."""
        along = np.array(self.weights(blend)) * [each.scale for each in self.potentials]
        return along, float((self.f @ along).std(ddof=1))

    def vector(self, blend: float, lam: float) -> Array:
        """The vector λ, per standard deviation of each criterion, at λ along a direction."""
        return lam * self.unit(blend)

    def along(self, blend: float) -> Pool:
        """The pool of the one criterion d · f; nothing is decoded."""
        (first, second), weights = self.potentials, self.weights(blend)
        along, spread = self._scaled(blend)
        criterion = criterion_named(combined_text(self.texts, weights))
        potential = Potential(
            first.space,
            criterion,
            first.noise,
            shift=weights[0] * first.shift + weights[1] * second.shift,
            scale=spread,
            bias=weights[0] * first.bias + weights[1] * second.bias,
        )
        draws = Draws(self.u, self.f @ along / spread, np.zeros(len(self.u)))
        return Pool(potential, draws, self.eps, self.curves_kw)

    def seen(self, draws: VectorDraws, blend: float) -> Draws:
        """Draws that know both criteria, as those of d · f."""
        return Draws(draws.u, draws.f @ self.unit(blend), draws.log_ratio)

    @property
    def vectors(self) -> tuple[VectorPotential, VectorDraws]:
        """What climbs in all directions start from."""
        base = VectorDraws(self.u, self.f, np.zeros(len(self.u)))
        return VectorPotential(self.potentials), base
