"""Draws of several known laws, counted together against the mixture of these laws.

The balance heuristic of Veach & Guibas (1995); with Gaussians fitted from stage to stage it is
adaptive multiple importance sampling (Cornuet, Marin, Mira & Robert 2012).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from lvm_studio.tuning.pools.mixtures import Mixture
from lvm_studio.tuning.pools.weights import Array

_CHUNK = 4096


class Counted:
    """Draws u [n, dim] of laws that are added one after the other.

    Only the running total of the laws' densities is kept, not each law's at each draw.

    >>> some = Counted(2)
    >>> some.add(Mixture.standard(2), torch.zeros(3, 2))
    >>> some.add(Mixture.standard(2).widened(2.0), torch.zeros(3, 2))
    >>> some.log_ratio().round(3)  # p over (1 + 1 / 4) / 2 of it
    array([0.47, 0.47, 0.47, 0.47, 0.47, 0.47])
    """

    def __init__(self, dim: int) -> None:
        self.u = torch.empty(0, dim)
        self.laws: list[Mixture] = []
        self.counts: list[int] = []
        self.newest_log_ratio = torch.empty(0, dtype=torch.float64)
        """log p - log q of the newest draws against their own law alone."""
        self._log_total = torch.empty(0, dtype=torch.float64)

    def add(self, law: Mixture, u: Tensor) -> None:
        """Count draws u [n, dim] of one more law with the rest."""
        earlier = torch.full((len(u),), -torch.inf, dtype=torch.float64)
        for each, count in zip(self.laws, self.counts, strict=True):
            earlier = torch.logaddexp(earlier, _log_ratio(each, u) + math.log(count))
        self.u = torch.cat([self.u, u])
        self.laws.append(law)
        self.counts.append(len(u))
        own = _log_ratio(law, self.u)
        self.newest_log_ratio = -own[-len(u) :]
        total = torch.cat([self._log_total, earlier])
        self._log_total = torch.logaddexp(total, own + math.log(len(u)))

    def log_ratio(self) -> Array:
        """log p - log q_mix of all draws, [n]."""
        ratio: Array = (math.log(len(self.u)) - self._log_total).numpy()
        return ratio


def mixture_log_ratio(log_ratios: Tensor, counts: Sequence[int]) -> Array:
    """log q_mix - log p of draws [n] from log q_k - log p [laws, n], q_k drawn counts[k] times."""
    share = torch.tensor(counts, dtype=torch.float64) / sum(counts)
    mixed: Array = torch.logsumexp(log_ratios + share.log()[:, None], dim=0).numpy()
    return mixed


def _log_ratio(law: Mixture, u: Tensor) -> Tensor:
    return torch.cat([law.log_ratio(part) for part in torch.split(u, _CHUNK)]).double()
