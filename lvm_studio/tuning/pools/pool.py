"""A stored sample that answers any λ at once, by weights (Eq. 10.22, 10.51)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.models.street import BaseSpace
from lvm_studio.tuning.composition_parts import common_noise, noise_behind, slice_of
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.criteria.protocol import Criterion
from lvm_studio.tuning.pools.estimates import Moments, TunedEstimate, estimate, moments_at
from lvm_studio.tuning.pools.sums import LARGEST_LAM, CriterionSums
from lvm_studio.tuning.pools.weights import Array

POOL_SIZE = 4096
NOISE_SEED_STEP = 7919
"""Keeps the noise averaged over by f̃ apart from the noise of the curves on screen."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws from a known law q with their criterion: enough to answer any λ.

    Attributes:
        u: [n, dim] latents.
        f: [n] normalised criterion f̃(u).
        log_ratio: [n] log p(u) - log q(u); zeros when q is the base law.
    """

    u: Tensor
    f: Array
    log_ratio: Array

    def estimate(self, lam: float) -> tuple[TunedEstimate, Array]:
        """The tuned law at λ, and the draws' normalised weights [n]."""
        return estimate(lam, self.f, self.log_ratio)

    def moments(self, lam: float) -> Moments:
        """E f, KL, variance and third moment at λ: microseconds, from the sums."""
        if abs(lam) > LARGEST_LAM:
            return moments_at(lam, self.f, self.log_ratio)
        return self.sums.at(lam)

    @cached_property
    def sums(self) -> CriterionSums:
        """All that these draws say of f at any λ; milliseconds, once."""
        return CriterionSums.of(self.f, self.log_ratio)


@dataclass(frozen=True, eq=False)
class Pool:
    """Base draws with their curves: the answer before a flow exists, valid only for small KL.

    An estimate from it is valid as long as ESS ≥ 100 and k̂ < 0.7 (`TunedEstimate.valid`): for
    an f near Gaussian up to KL ≈ ½ log(n/100), e.g. 1.9 nats for 4096 draws.

    Attributes:
        potential: normalised on this very pool.
        draws: u, f, log_ratio (zeros).
        eps: [n, T] the observation noise of each curve.
        curves_kw: [n, T] float32, one curve a draw.
    """

    potential: Potential
    draws: Draws
    eps: Tensor
    curves_kw: NDArray[np.float32]

    @classmethod
    def from_space(
        cls, space: BaseSpace, criterion: Criterion, n: int = POOL_SIZE, seed: int = 0
    ) -> Pool:
        """Decode n base draws and measure f̃ on them; deterministic in (space, n, seed)."""
        *_, pool = cls.growing(space, criterion, n, seed)
        assert pool is not None  # the last one is the pool
        return pool

    @classmethod
    def growing(
        cls, space: BaseSpace, criterion: Criterion, n: int = POOL_SIZE, seed: int = 0
    ) -> Iterator[Pool | None]:
        """The same in slices: None after each chunk decoded, the pool last."""
        u, eps = common_noise(space, n, seed)
        draws, slice_size = criterion.noise_draws, slice_of(space) // 2
        noise = noise_behind(space, eps.shape[-1], draws, seed + NOISE_SEED_STEP)
        raw = Potential(space, criterion, noise)
        natural, curves = [], []
        for part, part_eps in zip(
            torch.split(u, slice_size), torch.split(eps, slice_size), strict=True
        ):
            values, decoded = _decode(raw, part, part_eps)
            natural.append(values)
            curves.append(decoded)
            yield None
        natural_f, curves_kw = torch.cat(natural), torch.cat(curves)
        fresh_f = criterion(curves_kw).double() if len(noise) else natural_f
        potential = raw.normalised_on(natural_f, fresh_f)
        f = ((natural_f - potential.shift) / potential.scale).numpy()
        yield cls(potential, Draws(u, f, np.zeros(n)), eps, curves_kw.numpy())

    def reweight(self, lam: float) -> TunedEstimate:
        """The tuned law at λ by weights e^{λf}."""
        return self.draws.estimate(lam)[0]

    def mirrored(self) -> Pool:
        """The same draws as the pool of -f."""
        draws = Draws(self.draws.u, -self.draws.f, self.draws.log_ratio)
        return Pool(self.potential.mirrored(), draws, self.eps, self.curves_kw)


@dataclass(frozen=True)
class Preparing:
    """A job is decoding its base curves: nothing to say yet, but it may be stopped."""


def prepared_pool(
    space: BaseSpace, criterion: Criterion, n: int, seed: int
) -> Generator[Preparing, None, Pool]:
    """The pool of a job, with a report between its slices."""
    slices = Pool.growing(space, criterion, n, seed)
    while (pool := next(slices)) is None:
        yield Preparing()
    return pool


@torch.no_grad()
def _decode(potential: Potential, u: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    """f in its unit [n], and one curve [n, T] float32 a draw."""
    decoded = potential.space.decode(u)
    return potential.natural_value_of(decoded).double(), decoded.transport(eps).float()
