"""Judging a latent space: held-out reconstructions, posterior against prior, a tighter bound."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.analysis.judging.records import WeekRecords, draw_cases
from lvm_studio.analysis.latent.space import K_RANGE, LatentCloud, sizes_of
from lvm_studio.analysis.latent.vector_cloud import vector_space
from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.vectors.sets import HELD_OUT, VectorSet
from lvm_studio.models.noise.laws import Law
from lvm_studio.models.street import Encoded, base_space
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.vector_problem import HELDOUT_SEED, HELDOUT_SHARE

Array = NDArray[np.float64]

WIDENING = 1.1
"""A proposal a little wider than q keeps the importance weights bounded where q is too narrow."""
AT_ONCE = 128


class Decodes(Protocol):
    """A standard normal space that decodes and encodes: a street, a VAE, a VAE of vectors."""

    def decode(self, u: Tensor) -> Law:
        """Laws [N, D] for u [N, dim]."""
        ...

    def encode(self, x: Tensor) -> Encoded:
        """Posteriors of x [N, D]."""
        ...


@dataclass(frozen=True, eq=False)
class HeldOut:
    """One held-out observation x [D] and its space."""

    title: str
    x: Array
    space: Decodes


@dataclass(frozen=True, eq=False)
class Example:
    """x [D] beside the mean and standard deviation [D] of what is decoded from its posterior mean.

    `elbo` and `tight` are the one-draw and the many-draw bound of log p(x), in nats, both with
    the draws of the widened posterior (see `WIDENING`), which leaves `elbo` a little below the
    ELBO of the posterior itself; `ess_share` says how much of the draws the weights leave.
    """

    title: str
    x: Array
    mean: Array
    std: Array
    elbo: float
    tight: float
    ess_share: float

    @property
    def residual(self) -> Array:
        """x less its reconstruction, [D]."""
        return self.x - self.mean

    @property
    def covered(self) -> float:
        """Share of the coordinates within ±1.28 standard deviations: 80 % if the noise is right."""
        return float((np.abs(self.residual) < 1.2816 * self.std).mean())


@dataclass(frozen=True, eq=False)
class PriorCheck:
    """The aggregated posterior against N(0, 1), dimension by dimension [dim].

    mean and variance should be 0 and 1; `ks` is the Kolmogorov-Smirnov distance (0: the same law).
    """

    mean: Array
    variance: Array
    ks: Array


def prior_check(cloud: LatentCloud, seed: int = 0) -> PriorCheck:
    """One draw of every posterior of the cloud, held against the prior."""
    from scipy.special import ndtr

    noise = np.random.default_rng(seed).standard_normal(cloud.u.shape)
    drawn = np.sort(cloud.u + cloud.std * noise, axis=0).astype(np.float64)
    share = ndtr(drawn)
    rank = np.arange(1, len(drawn) + 1)[:, None] / len(drawn)
    ks = np.maximum(np.abs(share - rank), np.abs(share - rank + 1 / len(drawn))).max(axis=0)
    return PriorCheck(drawn.mean(axis=0), drawn.var(axis=0), ks)


def judged(
    cases: Iterator[HeldOut], samples: int, seed: int
) -> Generator[Example | None, None, None]:
    """An Example for each case, with pauses (None) between slices.

    The bound is Eq. 3.5 in whitened coordinates: weights p(x|u) N(u; 0, I) / r(u) with r a normal
    a little wider than q. Any r bounds log p(x) from below; this one needs no draws of the parts.
    """
    generator = torch.Generator().manual_seed(seed)
    for case in cases:
        x = torch.as_tensor(case.x, dtype=torch.float32)[None]
        with torch.no_grad():
            encoded = case.space.encode(x)
            law = case.space.decode(encoded.mean)
        yield None
        weights = []
        for start in range(0, samples, AT_ONCE):
            count = min(AT_ONCE, samples - start)
            weights.append(_log_weights(case.space, x, encoded, count, generator))
            yield None
        log_w = torch.cat(weights).double()
        tight = float(log_w.logsumexp(0)) - math.log(samples)
        share = torch.softmax(log_w, 0)
        yield Example(
            case.title,
            np.asarray(case.x, dtype=np.float64),
            law.mean[0].double().numpy(),
            law.stddev[0].double().numpy(),
            float(log_w.mean()),
            tight,
            float(1.0 / (share.square().sum() * samples)),
        )


@torch.no_grad()
def _log_weights(
    space: Decodes, x: Tensor, encoded: Encoded, count: int, generator: torch.Generator
) -> Tensor:
    eps = torch.randn(count, encoded.mean.shape[-1], generator=generator)
    std = WIDENING * encoded.std
    u = encoded.mean + std * eps
    log_ratio = (-0.5 * u.square() + 0.5 * eps.square() + std.log()).sum(-1)
    return space.decode(u).log_prob(x.expand(count, -1)) + log_ratio


def heldout_weeks(
    model: TrainedModel, households: HouseholdSet, n: int, seed: int
) -> Iterator[HeldOut]:
    """n sums of training households in held-out weeks, each with the street it is."""
    weeks = households.weeks.indices(households.split.heldout_weeks)
    if len(weeks) == 0:
        raise DataError(f"{households.name} holds no week out; import it with a split.")
    records = WeekRecords.of(households, model.labels, model.week_context)
    turns = np.random.default_rng(seed).permutation(np.resize(weeks, n))
    rows = households.indices(households.split.train_households)
    for case in draw_cases(records, rows, turns, 1, sizes_of(model, K_RANGE), seed):
        ids = tuple((households.household_ids[row], 1) for row in case.households)
        space = base_space(model, households, Composition(ids), records.context[case.week])
        title = f"{households.weeks.ids[case.week][-3:]}, K = {case.k}"
        yield HeldOut(title, case.x, space)


def heldout_vectors(
    vectors: VectorSet, model: TrainedModel, n: int, share: float = HELDOUT_SHARE
) -> Iterator[HeldOut]:
    """The first n vectors of those that training holds out, each told what is known of itself."""
    if HELD_OUT in vectors.labels:
        held = vectors.rows(vectors.labels[HELD_OUT] == "yes")
    else:
        _, held = vectors.split(share, HELDOUT_SEED)
    for row in range(min(n, len(held))):
        labels = [
            str(column[row]) if column.dtype.kind == "U" else f"{name} {column[row]}"
            for name, column in held.labels.items()
            if name != HELD_OUT
        ]
        known = ", ".join(labels)
        k = None if held.k is None else torch.from_numpy(held.k[row])
        title = known or f"vector {row + 1}"
        yield HeldOut(title, held.x[row].astype(np.float64), vector_space(model, k))
