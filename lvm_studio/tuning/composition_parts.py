"""Which latents of a street are tuned: Σw, z or both; what is left alone counts as noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lvm_studio.models.noise.laws import Law
from lvm_studio.models.street import BaseSpace, Encoded, Street
from lvm_studio.tuning.composition_noise import NoisySpace
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.specs import Tuned


@dataclass(frozen=True, eq=False)
class PartSpace:
    """Some of the coordinates of a space; the others stay as they are and count as noise.

    Both are roots of the model in whitened form, so that Eq. 10.17 needs no expectation over
    parents: what is tuned is q(u_own), and u_rest ~ N(0, I) whatever λ is. A curve's noise is
    one longer for each coordinate that is left alone: eps [..., T + rest].

    Args:
        whole: the space; own: [dim], indices of its coordinates that are tuned.
    """

    whole: BaseSpace
    own: Tensor

    @property
    def dim(self) -> int:
        """How many are tuned."""
        return len(self.own)

    @property
    def names(self) -> tuple[str, ...]:
        """Of those that are tuned."""
        return tuple(self.whole.names[index] for index in self.own.tolist())

    @property
    def k(self) -> int:
        """Number of households."""
        return self.whole.k

    @cached_property
    def rest(self) -> Tensor:
        """Indices of the coordinates left alone."""
        tuned = torch.zeros(self.whole.dim, dtype=torch.bool)
        tuned[self.own] = True
        return torch.nonzero(~tuned)[:, 0]

    @cached_property
    def noise_width(self) -> int:
        """Standard normal numbers behind one curve, given what is tuned: T + rest."""
        return self._length + len(self.rest)

    def decode(self, u: Tensor) -> PartLaw:
        """Laws of curves for u [N, dim], the rest at random."""
        return PartLaw(u, self._whole_law, self._length)

    def encode(self, x: Tensor) -> Encoded:
        """Posteriors over the tuned coordinates of measured curves x [N, T]."""
        all_of = self.whole.encode(x)
        return Encoded(all_of.mean[:, self.own], all_of.std[:, self.own], all_of.kl[:, self.own])

    def joined(self, u: Tensor, rest: Tensor) -> Tensor:
        """Coordinates of the whole space, from u [N, dim] and rest [N, others] or [others]."""
        joined = u.new_empty(len(u), self.whole.dim)
        joined[:, self.own] = u
        joined[:, self.rest] = rest
        return joined

    @cached_property
    def _length(self) -> int:
        with torch.no_grad():
            return self.whole.decode(torch.zeros(1, self.whole.dim)).mean.shape[-1]

    def _whole_law(self, u: Tensor, rest: Tensor) -> Law:
        return self.whole.decode(self.joined(u, rest))


@dataclass(frozen=True, eq=False)
class PartLaw:
    """p(x | u_own): curves whose noise holds the latents that are not tuned.

    `mean` and `stddev` are those with these latents at their mean; a density is not available.

    Args:
        u: [N, dim]; law_of: the whole space's law from u and the rest; length: T.
    """

    u: Tensor
    law_of: Callable[[Tensor, Tensor], Law]
    length: int

    @property
    def mean(self) -> Tensor:
        return self._typical.mean

    @property
    def stddev(self) -> Tensor:
        return self._typical.stddev

    def log_prob(self, x: Tensor) -> Tensor:
        raise TuningError(
            "Curves have no density in closed form while some latents are left untuned; "
            "tune both Σw and z for that."
        )

    def transport(self, eps: Tensor) -> Tensor:
        """Curves [N, T] from noise [N, T + rest], or shared by all, [T + rest]."""
        noise, rest = eps[..., : self.length], eps[..., self.length :]
        return self.law_of(self.u, rest).transport(noise)

    @cached_property
    def _typical(self) -> Law:
        return self.law_of(self.u, torch.zeros(()))


def tuned_space(space: BaseSpace, tuned: Tuned) -> BaseSpace:
    """The space to tune: all latents, those of Σw or z alone, or all and the noise.

    Raises:
        TuningError: a part was asked for of a model that has none.
    """
    if tuned == "both":
        return space
    if tuned == "noise too":
        return NoisySpace(space)
    return PartSpace(space, own_coordinates(space, tuned))


def own_coordinates(space: BaseSpace, tuned: Tuned) -> Tensor:
    """Indices of the whitened coordinates of Σw ('w') or z ('z') of a street."""
    if not isinstance(space, Street):
        raise TuningError(
            "This model does not tell households from weeks: tune all of its latents ('both')."
        )
    index = torch.arange(space.dim)
    return index[: space.latent_w] if tuned == "w" else index[space.latent_w :]
