"""The two recurrent inference models (9.2.1): baselines that show why parts are inferred at once.

Both infer one part after the other, in the order given, so that they are not symmetric in the
parts. They are kept to be compared with the correlated Gaussian, not to be used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from lvm_studio.models.gaussians import FURTHEST_LOG_SCALE, standard_normal
from lvm_studio.models.networks import capped, zeroed

Step = Callable[[int, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
"""(rank, state, sum of w so far) -> (shift, log scale, next state); the first two [B, W]."""


@dataclass(frozen=True, eq=False)
class Path:
    """Parts w and the conditional means and deviations they were drawn with, all [B, K, W]."""

    w: Tensor
    mu: Tensor
    sigma: Tensor


@dataclass(frozen=True, eq=False)
class SequentialGaussian:
    """q({w_i}) = prod_i q(w_i | w_<i), each a Gaussian written relative to N(m_i, s_i^2).

    Nothing of the whole is known in closed form: sums and divergences are those of one path,
    drawn at random or, for `sum_mean`, `sum_variance` and `kl`, the path of the means. Parts
    whose mask is 0 do not exist.

    Args:
        step: the network that infers part i.
        state: [B, H], before the first part.
        m, s: [B, K, W].
        mask: [B, K].
        widening: s as a multiple of what was learned; a wider prior leaves means where they were.
    """

    step: Step
    state: Tensor
    m: Tensor
    s: Tensor
    mask: Tensor
    widening: float = 1.0

    def _path(self, noise: Tensor | None) -> Path:
        state, total = self.state, torch.zeros_like(self.m[:, 0])
        columns = []
        for i in range(self.m.shape[1]):
            present = self.mask[:, i, None]
            shift, log_scale, after = self.step(i, state, total)
            sigma = self.s[:, i] * capped(log_scale, FURTHEST_LOG_SCALE).exp()
            mu = self.m[:, i] + self.s[:, i] / self.widening * shift
            w = mu if noise is None else mu + sigma * noise[:, i]
            columns.append((present * w, mu, sigma))
            total, state = total + present * w, torch.where(present > 0, after, state)
        return Path(*(torch.stack(each, 1) for each in zip(*columns, strict=True)))

    @cached_property
    def _mean_path(self) -> Path:
        return self._path(None)

    def sum_mean(self) -> Tensor:
        """The sum of the parts if each is at its conditional mean, [B, W]."""
        return self._mean_path.w.sum(1)

    def sum_variance(self) -> Tensor:
        """Sum of the conditional variances along the means, [B, W]: a reference, not exact."""
        return (self.mask[..., None] * self._mean_path.sigma**2).sum(1)

    def kl(self, m: Tensor, s: Tensor) -> Tensor:
        """KL to independent parts N(m_i, s_i^2) along the means, [B, W]."""
        return self._kl_of(self._mean_path, m, s).sum(1)

    def draw(
        self, m: Tensor, s: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """The sum of the parts along one path and its KL to N(m_i, s_i^2), both [B, W]."""
        path = self._drawn_path(generator)
        return path.w.sum(1), self._kl_of(path, m, s).sum(1)

    def part_kl(self, m: Tensor, s: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """KL(q(w_i | w_<i), N(m_i, s_i^2)) along one path, [B, K, W]; they add up to the whole."""
        return self._kl_of(self._drawn_path(generator), m, s)

    def _drawn_path(self, generator: torch.Generator | None) -> Path:
        return self._path(standard_normal(self.m.shape, self.m, generator))

    def _kl_of(self, path: Path, m: Tensor, s: Tensor) -> Tensor:
        square = (path.sigma**2 + (path.mu - m) ** 2) / (2.0 * s**2)
        return self.mask[..., None] * (square + (s / path.sigma).log() - 0.5)


class RecurrentInference(nn.Module):
    """q(w_i | x, c, l_i, w_<i) by a recurrent network (Eq. 9.4).

    Its state does not see the values drawn, only what led to them.
    """

    def __init__(self, labels: int, shared: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.cell = nn.GRUCell(labels + shared, hidden)
        self.out = zeroed(nn.Linear(hidden, 2 * latent))

    def posterior(
        self, labels: Tensor, mask: Tensor, seen: Tensor, m: Tensor, s: Tensor, widening: float
    ) -> SequentialGaussian:
        """For labels [B, K, F], mask [B, K], what is seen of the curve [B, S], priors m and s."""

        def step(i: int, state: Tensor, total: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            after = self.cell(torch.cat([labels[:, i], seen], -1), state)
            shift, log_scale = self.out(after).chunk(2, -1)
            return shift, log_scale, after

        first = seen.new_zeros(len(seen), self.cell.hidden_size)
        return SequentialGaussian(step, first, m, s, mask, widening)


class AccumulatorInference(nn.Module):
    """q(w_i | x, c, l_i, sum_{j<i} w_j): the state is the sum of the parts so far (Eq. 9.5)."""

    def __init__(self, labels: int, shared: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.lift = nn.Linear(labels + shared + latent + 1, hidden)
        self.mix = nn.Linear(hidden, hidden)
        self.out = zeroed(nn.Linear(hidden, 2 * latent))

    def posterior(
        self, labels: Tensor, mask: Tensor, seen: Tensor, m: Tensor, s: Tensor, widening: float
    ) -> SequentialGaussian:
        """For labels [B, K, F], mask [B, K], what is seen of the curve [B, S], priors m and s."""
        k = mask.sum(-1, keepdim=True)
        expected = (m * mask[..., None]).cumsum(1)

        def step(i: int, state: Tensor, total: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            before = expected[:, i - 1] if i else torch.zeros_like(total)
            told = torch.cat([labels[:, i], seen, (total - before) / k.sqrt(), i / k], -1)
            h = silu(self.lift(told))
            shift, log_scale = self.out(silu(h + self.mix(h))).chunk(2, -1)
            return shift, log_scale, state

        return SequentialGaussian(step, seen.new_zeros(len(seen), 0), m, s, mask, widening)
