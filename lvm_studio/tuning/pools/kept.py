"""One of a few proposals kept by its weight: a few decodes a curve where a law is not near enough.

Keeping is between drawing (one proposal) and importance resampling (all of them): what is kept has
a law of its own, much nearer to p̂_λ, and its density is known from the weights alone. With
r = p̂_λ / q up to a constant, the one kept of M proposals has density `q E[M r / (r + S)]`, S the
sum of M - 1 others' r: its own weight is `1 / E[M / (r + S)]`, between r (M = 1) and E r (M → ∞).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.weights import Array, log_mean_exp, normalised

_RIVALS = 512
"""Sets of the other proposals that a draw's chance of being kept is a mean over."""
_AT_ONCE = 4096
_LEAST = -690.0
"""Logarithm of the smallest ratio that is told from 0."""


def keep_one(log_weights: Tensor, generator: torch.Generator) -> Tensor:
    """Which of each row's proposals is kept: indices [n] of log-weights [n, proposals].

    >>> keep_one(torch.tensor([[0.0, 90.0], [90.0, 0.0]]), torch.Generator()).tolist()
    [1, 0]
    """
    share = torch.softmax(log_weights, dim=1)
    return torch.multinomial(share, 1, generator=generator).squeeze(1)


def kept_log_weights(single: Array, log_weights: Array, proposals: int, seed: int = 0) -> Array:
    """Log-weights [k] of draws that were kept, from those that they had as single proposals [k].

    Args:
        log_weights: [n] of single proposals, which the rivals are picked from.
        proposals: M, of which one is kept.

    >>> kept_log_weights(np.array([0.3]), np.zeros(4), 1).round(3)
    array([0.3])
    """
    top = float(log_weights.max())
    rng = np.random.default_rng(seed)
    rivals = rng.choice(np.exp(log_weights - top), (_RIVALS, proposals - 1)).sum(axis=1)
    of_all = _chance(log_weights - top, rivals).mean()
    kept: Array = single - np.log(_chance(single - top, rivals) / of_all)
    return kept


def _chance(log_ratio: Array, rivals: Array) -> Array:
    """Of draws [k] with these log r to be kept: E[r / (r + S)] over rivals S [R]."""
    ratio = np.exp(log_ratio.clip(min=_LEAST))
    parts = np.array_split(ratio, 1 + len(ratio) // _AT_ONCE)
    chance: Array = np.concatenate(
        [part * (1.0 / (part[:, None] + rivals)).mean(axis=1) for part in parts]
    )
    return chance


def kept_gap(log_weights: Array, proposals: int, seed: int = 0) -> float:
    """KL(law of what is kept ‖ p̂_λ), nats, from log-weights [n] of single proposals.

    With M = 1 it is the gap of the proposals themselves.

    >>> round(kept_gap(np.array([0.0, np.log(3.0)]), 1), 4)  # log(2 / √3)
    0.1438
    """
    kept = kept_log_weights(log_weights, log_weights, proposals, seed)
    return float(normalised(log_weights - kept) @ (log_mean_exp(log_weights) - kept))


def kept_draws(draws: Draws, lam: float, proposals: int, generator: torch.Generator) -> Draws:
    """One of every M proposals, by its weight at λ, with weights of its own.

    Args:
        draws: [n M] independent ones of a single law; M of them after each other are a set.

    Returns:
        Draws [n] whose log_ratio is log p - log q_kept: all that is told of draws by their weights
        (log Z, ESS, k̂, the gap) holds for them.
    """
    single = lam * draws.f + draws.log_ratio
    kept = keep_one(torch.from_numpy(single).view(-1, proposals), generator)
    row = kept + proposals * torch.arange(len(kept))
    picked = row.numpy()
    log_weights = kept_log_weights(single[picked], single, proposals)
    return Draws(draws.u[row], draws.f[picked], log_weights - lam * draws.f[picked])
