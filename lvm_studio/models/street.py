"""A composed street as one whitened space: the bridge to tuning, maps and the window.

Given the labels, the sum of the parts is Gaussian exactly, so any composition is a standard
normal `u` of one fixed dimension whatever its size: whitened sum of w, then whitened z.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.units import DAYS, WEEK
from lvm_studio.models.compvae import CompVAE
from lvm_studio.models.observation import CurveDistribution
from lvm_studio.models.trained import TrainedModel
from lvm_studio.models.vae import GaussianVAE


class BaseSpace(Protocol):
    """A standard normal space that decodes to curves: `u ~ N(0, I)` gives the base law."""

    @property
    def dim(self) -> int: ...

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def k(self) -> int: ...

    def decode(self, u: Tensor) -> CurveDistribution:
        """Laws of curves [N, 336] in kW for u [N, dim]; differentiable in u."""
        ...

    def encode(self, x: Tensor) -> Encoded:
        """Posteriors over u of measured curves x [N, 336] in kW."""
        ...


@dataclass(frozen=True, eq=False)
class Encoded:
    """Gaussian posteriors over whitened coordinates: mean and std [N, dim]; kl [N, dim] nats."""

    mean: Tensor
    std: Tensor
    kl: Tensor


@dataclass(frozen=True, eq=False)
class Street:
    """A composition in one week under a trained CompVAE.

    Args:
        module: the CompVAE, in evaluation mode.
        household_ids: the P distinct households, in the composition's order.
        counts: [P], how often each is there; their sum is k.
        labels: [P, F].
        m, s: [P, W], mean and standard deviation of each household's w.
        sum_mean, sum_std: [W], of the sum of all w.
        context: [7, C].

    Coordinates u [N, dim]: W for the sum, then 7 x Z for z, day by day.
    """

    module: CompVAE
    household_ids: tuple[str, ...]
    counts: Tensor
    labels: Tensor
    m: Tensor
    s: Tensor
    sum_mean: Tensor
    sum_std: Tensor
    context: Tensor

    @property
    def k(self) -> int:
        """Number of households, with multiplicity."""
        return int(self.counts.sum())

    @property
    def latent_w(self) -> int:
        """W."""
        return self.module.spec.latent_w

    @property
    def latent_z(self) -> int:
        """Z, the coordinates of z in each day."""
        return self.module.spec.latent_z

    @property
    def dim(self) -> int:
        """W + 7 Z, the same for every composition."""
        return self.latent_w + DAYS * self.latent_z

    @property
    def names(self) -> tuple[str, ...]:
        """One name a coordinate: 'w1' …, then 'z1 Mon' …"""
        days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        sums = tuple(f"w{i + 1}" for i in range(self.latent_w))
        return sums + tuple(f"z{i + 1} {day}" for day in days for i in range(self.latent_z))

    def decode(self, u: Tensor) -> CurveDistribution:
        """Laws of curves [N, 336] in kW of the whole street for u [N, dim]."""
        u_w, u_z = u[:, : self.latent_w], u[:, self.latent_w :]
        sum_w = self.sum_mean + self.sum_std * u_w
        # One k for all rows: what depends on it alone (the noise's shape) is then made once.
        k = self.context.new_full((1,), float(self.k))
        context = self.context.expand(len(u), -1, -1)
        mu, sigma = self.module.prior_z(sum_w, k, context)
        z = mu + sigma * self.module.sampled_z(u_z, u_w, k, context)
        return self.module.decode(sum_w, z, k, context)

    def encode(self, x: Tensor) -> Encoded:
        """Posteriors over u of measured sums x [N, 336] in kW of these households.

        The mean of z is taken at the mean of the sum. `kl` is the information the curve holds
        beyond labels and context, by coordinate (the W of the parts are counted together), each
        against the prior that the model was trained with, refitted since or not.
        """
        k = self.context.new_full((len(x),), float(self.k))
        context = self.context.expand(len(x), -1, -1)
        parts = self.labels.repeat_interleave(self.counts.long(), dim=0).expand(len(x), -1, -1)
        mask = parts.new_ones(parts.shape[:2])
        prior = self.module.prior_path(parts, mask, context)
        q_w = self.module.posterior_w(x, parts, mask, prior)
        q_z = self.module.posterior_z(x, q_w.sum_mean(), k, context, prior)
        u_w = (q_w.sum_mean() - self.sum_mean) / self.sum_std
        u_z, std_z = self.module.whitened_z(q_z, u_w, k, context)
        return Encoded(
            mean=torch.cat([u_w, u_z], -1),
            std=torch.cat([q_w.sum_variance().sqrt() / self.sum_std, std_z], -1),
            kl=torch.cat([q_w.kl(prior.m, prior.s), q_z.kl().flatten(1)], -1),
        )

    def sum_w(self, u: Tensor) -> Tensor:
        """The sum of the w, [N, W], at coordinates u [N, dim]."""
        return self.sum_mean + self.sum_std * u[:, : self.latent_w]


@dataclass(frozen=True, eq=False)
class VAESpace:
    """The latent space of a plain VAE as a base space: u is z, or what its refitted prior is of."""

    module: GaussianVAE

    @property
    def k(self) -> int:
        """Number of households in every curve."""
        return self.module.spec.k

    @property
    def dim(self) -> int:
        """Z."""
        return self.module.spec.latent_z

    @property
    def names(self) -> tuple[str, ...]:
        """'z1', 'z2', …"""
        return tuple(f"z{i + 1}" for i in range(self.dim))

    def decode(self, u: Tensor) -> CurveDistribution:
        """Laws of curves [N, 336] in kW for u [N, dim]."""
        return self.module.decode(self.module.sampled_z(u))

    def encode(self, x: Tensor) -> Encoded:
        """Posteriors over u of measured sums x [N, 336] in kW."""
        q = self.module.posterior(x)
        return Encoded(*self.module.whitened_z(q), q.kl())


def compose_street(
    model: TrainedModel,
    households: HouseholdSet,
    composition: Composition,
    context: NDArray[np.float32] | Tensor,
) -> Street:
    """The street of a composition in a week with context [7, C], under a trained CompVAE.

    Raises:
        DataError: the model is no CompVAE, the composition is empty, or a household is unknown.
    """
    if not isinstance(model.module, CompVAE) or model.labels is None:
        raise DataError(f"{model.name} is not a compositional model; choose a CompVAE.")
    if composition.size == 0:
        raise DataError("The composition is empty; add a household first.")
    ids = tuple(household for household, _ in composition.counts)
    rows = [households.index(household) for household in ids]
    labels = _encoded(model.labels, households)[rows]
    counts = torch.tensor([float(count) for _, count in composition.counts])
    with torch.no_grad():
        m, s = model.module.prior_w(labels)
        sum_mean = (counts[:, None] * m).sum(0)
        sum_std = (counts[:, None] * s**2).sum(0).sqrt()
    return Street(
        module=model.module,
        household_ids=ids,
        counts=counts,
        labels=labels,
        m=m,
        s=s,
        sum_mean=sum_mean,
        sum_std=sum_std,
        context=torch.as_tensor(context, dtype=torch.float32),
    )


@lru_cache(maxsize=8)
def _encoded(labels: LabelEncoder, households: HouseholdSet) -> Tensor:
    """Labels [H, F] of a whole set; kept, since they cost more than composing a street."""
    return torch.from_numpy(labels.encode(households))


def base_space(
    model: TrainedModel,
    households: HouseholdSet,
    composition: Composition,
    context: NDArray[np.float32] | Tensor,
) -> BaseSpace:
    """The space of any model: a street for a CompVAE, z itself for a plain VAE."""
    if isinstance(model.module, GaussianVAE):
        return VAESpace(model.module)
    return compose_street(model, households, composition, context)


def base_noise(n: int, dim: int, seed: int, length: int = WEEK) -> tuple[Tensor, Tensor]:
    """Common random numbers: u [n, dim] and noise eps [n, length], both standard normal.

    Row i depends on the seed (and on dim) alone, not on n nor on any composition, so that a
    street that changes bends its curves instead of drawing others.

    >>> short, long = base_noise(2, 5, seed=1)[0], base_noise(9, 5, seed=1)[0]
    >>> bool((short == long[:2]).all())
    True
    """
    streams = np.random.SeedSequence(seed).spawn(2)
    u, eps = (
        np.random.default_rng(stream).standard_normal((n, width), dtype=np.float32)
        for stream, width in zip(streams, (dim, length), strict=True)
    )
    return torch.from_numpy(u), torch.from_numpy(eps)


DRAWN_TOGETHER = 1024
"""Curves decoded at a time: more would only take more memory."""


@torch.no_grad()
def draw_curves(space: BaseSpace, n: int, seed: int) -> NDArray[np.float32]:
    """Curves [n, 336] in kW of the base law, with the common random numbers of `seed`."""
    u, eps = base_noise(n, space.dim, seed)
    parts = zip(torch.split(u, DRAWN_TOGETHER), torch.split(eps, DRAWN_TOGETHER), strict=True)
    curves: NDArray[np.float32] = torch.cat(
        [space.decode(latent).transport(noise) for latent, noise in parts]
    ).numpy()
    return curves
