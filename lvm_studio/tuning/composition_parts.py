"""Which latents of a street are tuned: Σw, z or both; what is left alone counts as noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from lvm_studio.models.noise.laws import Law
from lvm_studio.models.street import BaseSpace, Encoded, Street, base_noise
from lvm_studio.tuning.composition_noise import NoisySpace
from lvm_studio.tuning.criteria.potential import CHUNK, observation_noise
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.pools.metered import MeteredSpace
from lvm_studio.tuning.specs import Tuned

RESTS = 4
"""Values of the latents left alone that f̃ is a mean over: each costs a decode.

On the shipped street 4 of them with 16 noises each leave f̃ correlated .99 with the mean over 128
(of z; .998 of Σw): it is the number of noises that counts, and those are cheap.
"""


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
    _last: list[tuple[Tensor, Law]] = field(default_factory=list, repr=False)
    """The rest that was decoded last: noises that share it come one after the other."""

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
        return self._law_at(rest).transport(noise)

    def _law_at(self, rest: Tensor) -> Law:
        if not self._last or not torch.equal(self._last[0][0], rest):
            self._last[:] = [(rest, self.law_of(self.u, rest))]
        return self._last[0][1]

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


def common_noise(space: BaseSpace, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Base draws u [n, dim] of any such space, and the noise [n, ...] of each of their curves.

    Row i is row i of the whole space's own base draws, whichever part of it is tuned.
    """
    space = bare(space)
    if isinstance(space, PartSpace):
        u, eps = common_noise(space.whole, n, seed)
        return u[:, space.own], torch.cat([eps, u[:, space.rest]], dim=1)
    if isinstance(space, NoisySpace):
        u, eps = common_noise(space.whole, n, seed)
        return torch.cat([u, eps], dim=1), eps
    with torch.no_grad():
        length = space.decode(torch.zeros(1, space.dim)).mean.shape[-1]
    return base_noise(n, space.dim, seed, length)


def noise_behind(space: BaseSpace, length: int, draws: int, seed: int) -> Tensor:
    """The noises that f̃ is a mean over, in antithetic pairs (see `observation_noise`).

    Where latents are left alone there are twice as many, and RESTS values of these latents.

    Args:
        length: of the noise behind one curve; draws: as the criterion wishes, 0 for none.
    """
    space = bare(space)
    if not isinstance(space, PartSpace) or not draws:
        return observation_noise(length, draws, seed)
    others = len(space.rest)
    noise = observation_noise(length - others, max(2 * draws, 2 * RESTS), seed)
    each = len(noise) // RESTS
    pairs = observation_noise(others, RESTS, seed + 1)
    # Each value of the rest meets as many noises; those that share one come one after the other,
    # so that it is decoded once (`PartLaw`).
    order = torch.arange(len(noise)).view(each, RESTS).T.flatten()
    return torch.cat([noise[order], pairs.repeat_interleave(each, dim=0)], dim=1)


def slice_of(space: BaseSpace) -> int:
    """Latents whose f̃ is worked out before something else may come in between."""
    return CHUNK // RESTS if isinstance(bare(space), PartSpace) else CHUNK


def bare(space: BaseSpace) -> BaseSpace:
    """The space itself, without the meter that may be around it."""
    return bare(space.space) if isinstance(space, MeteredSpace) else space


def whole_coordinates(space: BaseSpace, u: Tensor, eps: Tensor) -> Tensor:
    """Coordinates of the whole street behind curves of u [n, dim] with noise eps [n, ...]."""
    space = bare(space)
    if isinstance(space, PartSpace):
        return space.joined(u, eps[:, eps.shape[1] - len(space.rest) :])
    return u[:, : space.whole.dim] if isinstance(space, NoisySpace) else u
