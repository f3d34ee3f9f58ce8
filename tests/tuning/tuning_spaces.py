"""Made-up spaces that decode latents to week curves: closed forms, and a street in small."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

T = 336


@dataclass(frozen=True, eq=False)
class PlainCurve:
    """Independent Gaussian noise around a mean [..., T]."""

    mean: Tensor
    stddev: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        return torch.distributions.Normal(self.mean, self.stddev).log_prob(x).sum(-1)

    def transport(self, eps: Tensor) -> Tensor:
        return self.mean + self.stddev * eps


class LinearSpace:
    """Every half-hour is 10 kW plus the first latent: f linear, p̂_λ = N(λ e₁, I)."""

    def __init__(self, dim: int = 6) -> None:
        self.dim = dim
        self.names = tuple(f"u{i}" for i in range(dim))

    def score(self, u: Tensor) -> Tensor:
        return 10.0 + u[..., 0]

    def decode(self, u: Tensor) -> PlainCurve:
        mean = self.score(u)[..., None].expand(*u.shape[:-1], T)
        return PlainCurve(mean, torch.zeros_like(mean))


class QuadraticSpace(LinearSpace):
    """Every half-hour is u₁²: p̂_λ exists only for λ < 1/√2."""

    def score(self, u: Tensor) -> Tensor:
        return u[..., 0] ** 2


class TwoWaySpace(LinearSpace):
    """One half-hour follows u₁, another u₂, far above the rest: f = 10 + max(u₁, u₂)."""

    def decode(self, u: Tensor) -> PlainCurve:
        mean = torch.zeros(*u.shape[:-1], T)
        mean[..., 40:42] = 10.0 + u[..., :2]
        return PlainCurve(mean, torch.zeros_like(mean))


class TanhSpace(LinearSpace):
    """A random tanh decoder with 13 half-hours that can make the peak: p̂_λ has 13 modes.

    Each of them is `10 + w2 · tanh(W1 u)` with weights of its own; modes are told apart by the
    half-hour that peaks.
    """

    ways = 13

    def __init__(self, seed: int = 0, dim: int = 16, hidden: int = 32) -> None:
        super().__init__(dim)
        generator = torch.Generator().manual_seed(seed)
        directions = torch.randn(self.ways, 1, dim, generator=generator)
        directions = directions / directions.norm(dim=-1, keepdim=True)
        spread = torch.randn(self.ways, hidden, dim, generator=generator) / math.sqrt(dim)
        self.inner = 0.4 * (directions + 0.3 * spread)
        self.outer = torch.rand(self.ways, hidden, generator=generator)
        base = torch.randn(4096, dim, generator=generator)
        self.outer = self.outer / (self.scores(base) - 10.0).std(dim=0)[:, None]

    def scores(self, u: Tensor) -> Tensor:
        """The 13 half-hours [..., 13] of u [..., dim]."""
        hidden = torch.einsum("...d,whd->...wh", u, self.inner).tanh()
        return 10.0 + (hidden * self.outer).sum(-1)

    def decode(self, u: Tensor) -> PlainCurve:
        mean = torch.zeros(*u.shape[:-1], T)
        mean[..., : self.ways] = self.scores(u)
        return PlainCurve(mean, torch.zeros_like(mean))


class ToyStreet(nn.Module):
    """Forty households in small: 12 shared latents, four a day, nonlinear day curves, noise.

    Levels are those of 40 London households (some 20 kW, evening peaks near 40, noise 3.3).
    """

    def __init__(self, seed: int = 1, hidden: int = 96, shared: int = 12, per_day: int = 4) -> None:
        super().__init__()
        self.shared = shared
        self.per_day = per_day
        self.dim = shared + 7 * per_day
        self.names = tuple(f"u{i}" for i in range(self.dim))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            inputs = shared + 3 * per_day + 2
            self.net = nn.Sequential(
                nn.Linear(inputs, hidden), nn.SiLU(),
                nn.Linear(hidden, hidden), nn.SiLU(),
                nn.Linear(hidden, 48),
            )  # fmt: skip
            self.skip = nn.Linear(shared + per_day, 48)
        hour = torch.arange(48) / 2
        evening = torch.exp(-((hour - 19) ** 2) / 8)
        morning = torch.exp(-((hour - 8) ** 2) / 4)
        self.register_buffer("profile", 12 + 6 * morning + 16 * evening)
        self.register_buffer("days", torch.arange(7) / 7 * 2 * math.pi)
        self.requires_grad_(False)

    def decode(self, u: Tensor) -> PlainCurve:
        shared, z = u[..., : self.shared], u[..., self.shared :]
        z = z.unflatten(-1, (7, self.per_day))
        level = shared[..., None, :].expand(*z.shape[:-1], self.shared)
        week = torch.stack([self.days.sin(), self.days.cos()], -1).expand(*z.shape[:-1], 2)
        around = torch.cat([z.roll(1, -2), z, z.roll(-1, -2)], -1)
        bend = self.net(torch.cat([level, around, week], -1))
        tilt = self.skip(torch.cat([level, z], -1))
        day = self.profile * nn.functional.softplus(1.4 + 0.5 * tilt + 1.5 * bend) / 1.6
        mean = day.flatten(-2)
        return PlainCurve(mean, torch.full_like(mean, 3.3))


class TwoTimes(LinearSpace):
    """Energy before noon is u₁, after it 0.6 u₁ + 0.8 u₂, a kilowatt each; correlation 0.6."""

    def decode(self, u: Tensor) -> PlainCurve:
        mean = torch.full((*u.shape[:-1], T), 10.0)
        mean[..., 0] += u[..., 0]
        mean[..., -1] += 0.6 * u[..., 0] + 0.8 * u[..., 1]
        return PlainCurve(mean, torch.zeros_like(mean))
