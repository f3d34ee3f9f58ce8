"""One of a few proposals kept by its weight: a decode more a curve where a flow is not near enough.

Keeping is between drawing (one proposal) and importance resampling (all of them): what is kept has
a law of its own, much nearer to p̂_λ, and how near is known from the weights alone.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.pools.weights import Array

_RIVALS = 512
"""Sets of the other proposals that a draw's chance of being kept is a mean over."""
MOST_PROPOSALS = 16


def keep_one(log_weights: Tensor, generator: torch.Generator) -> Tensor:
    """Which of each row's proposals is kept: indices [n] of log-weights [n, proposals].

    >>> keep_one(torch.tensor([[0.0, 90.0], [90.0, 0.0]]), torch.Generator()).tolist()
    [1, 0]
    """
    share = torch.softmax(log_weights, dim=1)
    return torch.multinomial(share, 1, generator=generator).squeeze(1)


def kept_gap(log_weights: Array, proposals: int, seed: int = 0) -> float:
    """KL(law of what is kept ‖ p̂_λ), nats, from log-weights [n] of single proposals.

    With r = p̂_λ / q and M proposals the kept one has density q E[M r / (r + Σ of M - 1 others)],
    a function of r alone. With M = 1 it is the gap of the proposals themselves.

    >>> round(kept_gap(np.array([0.0, np.log(3.0)]), 1), 4)  # log(2 / √3)
    0.1438
    """
    ratio = np.exp(log_weights - log_weights.max())
    ratio = ratio / ratio.mean()
    rng = np.random.default_rng(seed)
    rivals = rng.choice(ratio, (_RIVALS, proposals - 1)).sum(axis=1)
    drawn = np.array([(proposals * r / (r + rivals)).mean() for r in ratio])
    drawn = drawn / drawn.mean()
    return float((drawn * np.log(drawn / ratio)).mean())


def proposals_within(log_weights: Array, gap: float) -> tuple[int, float]:
    """The fewest proposals (1, 2, 4 … 16) of which one kept is within gap nats; its own gap.

    The cost is told with it: so many decodes a curve. Where no such number is enough, the most.

    >>> weights = np.log(np.random.default_rng(0).lognormal(sigma=0.7, size=4000))
    >>> proposals_within(weights, 0.1)[0], proposals_within(0.0 * weights, 0.1)
    (2, (1, 0.0))
    """
    proposals = 1
    while (found := kept_gap(log_weights, proposals)) > gap and proposals < MOST_PROPOSALS:
        proposals *= 2
    return proposals, found
