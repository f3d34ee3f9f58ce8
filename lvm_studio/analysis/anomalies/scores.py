"""How unusual a vector is, by type: a coordinate out of its law, or a latent out of its prior."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.models.draws import ZDraws
from lvm_studio.models.gaussians import HALF_LOG_2PI
from lvm_studio.models.vectors import VectorVAE

BATCH = 256


@dataclass(frozen=True, eq=False)
class TypedScores:
    """Scores of N vectors of D coordinates under a model with Z latent ones.

    Args:
        off: how far each coordinate is from its expected value, in its standard deviations, [N, D];
            signed.
        unusual: nats by which each latent coordinate leaves its prior, [N, Z].
        expected: mean of x under the model given what it infers from x, [N, D].
        stddev: the standard deviation that goes with it, [N, D].

    >>> scores = TypedScores(np.array([[0.5, -4.0]]), np.ones((1, 3)), np.zeros((1, 2)),
    ...                      np.ones((1, 2)))
    >>> scores.a, scores.guilty_coordinate, scores.b
    (array([4.]), array([1]), array([3.]))
    """

    off: NDArray[np.float64]
    unusual: NDArray[np.float64]
    expected: NDArray[np.float64]
    stddev: NDArray[np.float64]

    @property
    def a(self) -> NDArray[np.float64]:
        """Type A: the coordinate furthest off, [N] (Eq. 8.3)."""
        return np.asarray(np.abs(self.off).max(axis=1))

    @property
    def b(self) -> NDArray[np.float64]:
        """Type B: KL(q(z | x, k) || p(z)), [N], nats."""
        return np.asarray(self.unusual.sum(axis=1))

    @property
    def guilty_coordinate(self) -> NDArray[np.int64]:
        """Which coordinate makes the score of type A, [N]."""
        return np.asarray(np.abs(self.off).argmax(axis=1))

    @property
    def guilty_dimension(self) -> NDArray[np.int64]:
        """Which latent coordinate adds most to the score of type B, [N]."""
        return np.asarray(self.unusual.argmax(axis=1))


@torch.no_grad()
def typed_scores(model: VectorVAE, vectors: VectorSet) -> TypedScores:
    """Scores at the posterior mean of z: no randomness, one pass (8.4.1)."""
    parts = [_at_the_mean(model, x, k) for x, k in _batches(vectors)]
    return _joined(parts)


@torch.no_grad()
def weighted_scores(
    model: VectorVAE, vectors: VectorSet, samples: int, generator: torch.Generator
) -> TypedScores:
    """Scores under the exact posterior, from `samples` importance-weighted draws of q.

    A then uses mean and variance of the weighted mixture of laws; B is KL(p(z | x, k) || p(z))
    = E log p(x | z, k) - log p(x | k), shared out over the latent coordinates in proportion to
    what q says of them. It is never below 0; with one draw it is 0 and says nothing.
    """
    parts = []
    for x, k in _batches(vectors):
        eps, jitter = model.fresh_noise(x, samples, generator)
        parts.append(_under_weights(x, model.draws(x, eps, jitter, k)))
    return _joined(parts)


def _at_the_mean(model: VectorVAE, x: torch.Tensor, k: torch.Tensor) -> TypedScores:
    q = model.posterior(x, k)
    law = model.decode(q.mean, k)
    return _scores(x, law.mean, law.stddev, q.kl())


def _under_weights(x: torch.Tensor, draws: ZDraws) -> TypedScores:
    likelihood = draws.law.log_prob(x)
    log_prior = (-0.5 * draws.z**2 - HALF_LOG_2PI).sum(-1)
    log_weight = likelihood + log_prior - draws.q.log_prob(draws.z).sum(-1)
    weight = log_weight.softmax(dim=0)
    evidence = log_weight.logsumexp(dim=0) - np.log(len(log_weight))
    kl = ((weight * likelihood).sum(0) - evidence).clamp(min=0.0)
    share = draws.q.kl().clamp(min=0.0) + torch.finfo(kl.dtype).eps
    unusual = kl[:, None] * share / share.sum(-1, keepdim=True)
    mean = (weight[..., None] * draws.law.mean).sum(0)
    square = draws.law.stddev**2 + (draws.law.mean - mean) ** 2
    return _scores(x, mean, (weight[..., None] * square).sum(0).sqrt(), unusual)


def _scores(
    x: torch.Tensor, mean: torch.Tensor, stddev: torch.Tensor, unusual: torch.Tensor
) -> TypedScores:
    stddev = stddev.expand_as(x)
    tensors = ((x - mean) / stddev, unusual, mean, stddev)
    return TypedScores(*(tensor.double().numpy() for tensor in tensors))


def _batches(vectors: VectorSet) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    k = vectors.x[:, :0] if vectors.k is None else vectors.k
    for start in range(0, len(vectors), BATCH):
        rows = slice(start, start + BATCH)
        yield torch.from_numpy(vectors.x[rows]), torch.from_numpy(k[rows])


def _joined(parts: list[TypedScores]) -> TypedScores:
    names = ("off", "unusual", "expected", "stddev")
    return TypedScores(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
