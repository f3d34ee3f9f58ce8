"""Many small VAEs trained at once, as one batched network: what makes thirty sigmas affordable.

Every member has its own weights, noise, data and draws; only the shapes are common. What a member
learns is what it would learn alone: Adam works number by number, and gradients are clipped
member by member.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from lvm_studio.data.vectors.manifolds import Manifold
from lvm_studio.models.seeded import seeded
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.trained import build_module
from lvm_studio.models.vectors import VectorVAE
from lvm_studio.training.objectives.bounds import build_bound
from lvm_studio.training.objectives.objective import DrawnObjective
from lvm_studio.training.objectives.specs import ObjectiveSpec
from lvm_studio.training.vector_problem import HELDOUT_SEED, SCALE_POINTS, SCALE_SEED

Stacked = dict[str, Tensor]


@dataclass(frozen=True)
class Schedule:
    """How a member is trained: `epoch` steps of `batch` fresh points make an epoch."""

    epochs: int = 60
    epoch: int = 100
    batch: int = 100
    lr: float = 2e-3
    warmup: int = 50
    betas: tuple[float, float] = (0.5, 0.9)
    clip_norm: float = 10.0

    @property
    def steps(self) -> int:
        """In all."""
        return self.epochs * self.epoch

    def rate(self, step: int) -> float:
        """Linear warm-up, then half a cosine down to zero."""
        rise = min(1.0, (step + 1) / (self.warmup + 1))
        return self.lr * rise * 0.5 * (1.0 + math.cos(math.pi * step / self.steps))


@dataclass(frozen=True, eq=False)
class Terms:
    """Mean ELBO and its terms, and sigma, of each of R members, [R], in nats."""

    elbo: NDArray[np.float64]
    reconstruction: NDArray[np.float64]
    kl: NDArray[np.float64]
    sigma: NDArray[np.float64]


class _Figures(nn.Module):
    """What is maximised [B], reconstruction [B], KL [B] and sigma of one member, as one call."""

    def __init__(self, vae: VectorVAE, spec: ObjectiveSpec) -> None:
        super().__init__()
        self.vae = vae
        self.objective = DrawnObjective(spec, vae)

    def forward(self, x: Tensor, eps: Tensor, jitter: Tensor) -> tuple[Tensor, ...]:
        worth, elbo = self.objective.of_draws(self.vae.draws(x, eps, jitter))
        if self.training:
            self.objective.advance()
        return worth, elbo.reconstruction, elbo.kl_z_total, self.vae.sigma()


class Ensemble:
    """R members, one for each spec; all of the same shape and kind of noise.

    Args:
        specs: R sizes and noises; only numbers inside the noise may differ.
        data: what fresh points are drawn from.
        seeds: R seeds of the first weights.
        schedule: how all are trained.
        objective: what each maximises.
        seed: of data and draws.
        device: where.
        random_start: last layers drawn at random instead of zero, as most code has them: what
            4.2.4 warns of.
    """

    def __init__(
        self,
        specs: Sequence[VectorVAESpec],
        data: Manifold,
        seeds: Sequence[int],
        schedule: Schedule,
        *,
        objective: ObjectiveSpec = ObjectiveSpec(),  # noqa: B008 - frozen
        seed: int = 0,
        device: str = "cpu",
        random_start: bool = False,
    ) -> None:
        self.specs, self.data, self.schedule, self.device = specs, data, schedule, device
        self._random_start = random_start
        self._drawn = np.random.default_rng([seed, 1])
        self._noise = torch.Generator(device).manual_seed(seed)
        members = [self._member(spec, s) for spec, s in zip(specs, seeds, strict=True)]
        self._objective = objective
        self._samples = build_bound(objective.bound).samples
        frames = [_Figures(member, objective) for member in members]
        self._frame = frames[0]
        parameters, buffers = stack_module_state(frames)
        self._parameters = {
            k: v.to(device).detach().requires_grad_() for k, v in parameters.items()
        }
        self._buffers = {k: v.to(device) for k, v in buffers.items()}
        self._call = torch.vmap(self._one)
        self._optimiser = torch.optim.Adam(
            list(self._parameters.values()), lr=schedule.lr, betas=schedule.betas, fused=True
        )
        self.step = 0

    def _member(self, spec: VectorVAESpec, seed: int) -> VectorVAE:
        member = build_module(spec, seed=seed)
        assert isinstance(member, VectorVAE)  # by its spec
        sample = self.data.draw(SCALE_POINTS, np.random.default_rng(SCALE_SEED))
        member.set_scale(torch.from_numpy(sample).float())
        if self._random_start:
            with seeded(seed):
                for network in (member.decoder, member.encoder):
                    nn.init.normal_(network.out.weight, std=spec.hidden**-0.5)
        return member

    def _one(
        self, parameters: Stacked, buffers: Stacked, x: Tensor, eps: Tensor, jitter: Tensor
    ) -> tuple[Tensor, ...]:
        out: tuple[Tensor, ...] = functional_call(
            self._frame, (parameters, buffers), (x, eps, jitter)
        )
        return out

    def _batch(self, count: int, samples: int, rng: np.random.Generator) -> tuple[Tensor, ...]:
        members, z = len(self.specs), self.specs[0].latent_z
        points = self.data.draw(members * count, rng).astype(np.float32)
        x = torch.from_numpy(points).view(members, count, -1).to(self.device)
        eps = torch.randn((members, samples, count, z), generator=self._noise, device=self.device)
        return x, eps, torch.randn(x.shape, generator=self._noise, device=self.device)

    def put_sigma(self, sigma: NDArray[np.float64]) -> None:
        """Give every member another fixed sigma, [R]; for `FixedNoiseSpec` alone."""
        self._buffers["vae.noise.level"] = torch.from_numpy(sigma).float().to(self.device)

    def train_epoch(self) -> Terms:
        """One epoch for all members; the terms are means over its batches."""
        self._frame.train()
        sums = [self._train_step() for _ in range(self.schedule.epoch)]
        return _terms(torch.stack(sums).mean(0))

    def _train_step(self) -> Tensor:
        batch = self._batch(self.schedule.batch, self._samples, self._drawn)
        worth, reconstruction, kl, sigma = self._call(self._parameters, self._buffers, *batch)
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(-worth.mean(1).sum() / batch[0].shape[-1])
        self._clip()
        for group in self._optimiser.param_groups:
            group["lr"] = self.schedule.rate(self.step)
        self._optimiser.step()
        self.step += 1
        return torch.stack([reconstruction.mean(1), kl.mean(1), sigma]).detach()

    def _clip(self) -> None:
        """Clip each member's gradient by its own norm; one that is no number becomes 0."""
        gradients = [p.grad for p in self._parameters.values() if p.grad is not None]
        norm = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).sqrt()
        sound = norm.isfinite()
        share = (self.schedule.clip_norm / norm.clamp(min=1e-12)).clamp(max=1.0)
        for g in gradients:
            shape = (-1, *(1 for _ in g.shape[1:]))
            g.copy_(torch.where(sound.view(shape), g * share.view(shape), 0.0))

    def train(self, on_epoch: Callable[[int, Terms], None] | None = None) -> list[Terms]:
        """All epochs; one entry each."""
        history = []
        for epoch in range(self.schedule.epochs):
            history.append(self.train_epoch())
            if on_epoch is not None:
                on_epoch(epoch, history[-1])
        return history

    @torch.no_grad()
    def evaluate(self, points: int = 4000, samples: int = 8, seed: int = HELDOUT_SEED) -> Terms:
        """The bound of every member on the same fresh points, `samples` draws of z each."""
        self._frame.eval()
        rng = np.random.default_rng(seed)
        shared = torch.from_numpy(self.data.draw(points, rng).astype(np.float32)).to(self.device)
        totals = []
        for x in torch.split(shared, 500):
            mine = x.expand(len(self.specs), *x.shape)
            shape = (len(self.specs), samples, len(x), self.specs[0].latent_z)
            eps = torch.randn(shape, generator=self._noise, device=self.device)
            _, reconstruction, kl, sigma = self._call(
                self._parameters, self._buffers, mine, eps, mine
            )
            weight = len(x) / points
            totals.append(torch.stack([weight * reconstruction.mean(1), weight * kl.mean(1)]))
        return _terms(torch.cat([torch.stack(totals).sum(0), sigma[None]]))

    def member(self, index: int) -> VectorVAE:
        """A copy of one member on the CPU, in evaluation mode."""
        module = _Figures(self._member(self.specs[index], 0), self._objective)
        state = {**self._parameters, **self._buffers}
        module.load_state_dict({name: value[index].detach().cpu() for name, value in state.items()})
        return module.vae.eval()


def _terms(rows: Tensor) -> Terms:
    reconstruction, kl, sigma = rows.double().cpu().numpy()
    return Terms(reconstruction - kl, reconstruction, kl, sigma)
