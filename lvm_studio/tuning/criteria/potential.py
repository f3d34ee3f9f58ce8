"""The criterion as a function of the latent noise: f̃(u) = E_{x|u} f(x), normalised (10.2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lvm_studio.tuning.criteria.protocol import Criterion
from lvm_studio.tuning.errors import TuningError

if TYPE_CHECKING:
    from lvm_studio.models.observation import CurveDistribution
    from lvm_studio.models.street import BaseSpace

CHUNK = 512
"""Latents decoded at once: larger chunks gain no speed and cost memory."""


def observation_noise(length: int, draws: int, seed: int) -> Tensor:
    """Standard normal noise [draws, length] in antithetic pairs, the same for every u.

    Every half-hour sees one value of each stratum of the normal law, in an order of its own (a
    Latin hypercube: McKay, Beckman & Conover 1979), so that none of them happens to be noisier
    than the others and draws the tuned weeks: half as many draws do as independent ones. Pairs
    `eps, -eps` cancel the odd moments.
    """
    generator = torch.Generator().manual_seed(seed)
    half = draws // 2
    middle = 0.5 + 0.5 * (torch.arange(half, dtype=torch.float64) + 0.5) / max(half, 1)
    size = torch.special.ndtri(middle)
    size = (size / size.square().mean().sqrt()).float()
    stratum = torch.rand(half, length, generator=generator).argsort(dim=0)
    sign = torch.randint(2, (half, length), generator=generator) * 2 - 1
    noise = sign * size[stratum]
    return torch.cat([noise, -noise])


class Potential:
    """f̃(u): mean of f over fixed noise draws of the decoded curve, normalised under the base.

    Only the latents are tuned, the decoder stays frozen (Eq. 10.13-10.14), so that this is all
    that tuning sees of a model. With the noise fixed it is a deterministic, differentiable
    function, and `p̂_λ(u) ∝ N(u; 0, I) e^{λ f̃(u)}` (Eq. 10.5).

    Args:
        space: decodes u [n, dim].
        criterion: f of curves in kW.
        noise: [M, T] standard normal, shared by every u; M = 0 takes f of the mean curve.
        shift, scale: mean and standard deviation of f̃ under the base law, in f's unit.
        bias: what the mean of f over fresh noise has above `shift`, in f's unit; added back
            wherever a value is told in natural units.
    """

    def __init__(
        self,
        space: BaseSpace,
        criterion: Criterion,
        noise: Tensor,
        shift: float = 0.0,
        scale: float = 1.0,
        bias: float = 0.0,
    ) -> None:
        self.space = space
        self.criterion = criterion
        self.noise = noise
        self.shift = shift
        self.scale = scale
        self.bias = bias

    @property
    def dim(self) -> int:
        return self.space.dim

    def value(self, u: Tensor) -> Tensor:
        """Normalised f̃ [n] of u [n, dim]; gradients flow back to u."""
        return self.value_of(self.space.decode(u))

    def value_of(self, curves: CurveDistribution) -> Tensor:
        """Normalised f̃ [n] of curves already decoded."""
        return (self.natural_value_of(curves) - self.shift) / self.scale

    def natural_value_of(self, curves: CurveDistribution) -> Tensor:
        """Mean of f over the noise draws [n], in its unit; f of the mean curve without noise."""
        if not len(self.noise):
            return self.criterion(curves.mean)
        scores = [self.criterion(curves.transport(eps)) for eps in self.noise]
        return torch.stack(scores).mean(dim=0)

    @torch.no_grad()
    def values(self, u: Tensor) -> Tensor:
        """f̃ [n] of u [n, dim] in double precision, without gradients, decoded in chunks."""
        return torch.cat([self.value(part).double() for part in torch.split(u, CHUNK)])

    def value_and_gradient(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """f̃ [n] and ∇f̃ [n, dim], both detached, decoded in chunks."""
        values, gradients = [], []
        for part in torch.split(u, CHUNK):
            leaf = part.detach().requires_grad_()
            value = self.value(leaf)
            (gradient,) = torch.autograd.grad(value.sum(), leaf)
            values.append(value.detach())
            gradients.append(gradient)
        return torch.cat(values), torch.cat(gradients)

    def natural(self, f: float) -> float:
        """A normalised value in the criterion's unit."""
        return self.shift + self.bias + self.scale * f

    def normalise(self, natural: float) -> float:
        """A value in the criterion's unit as standard deviations above the base mean."""
        return (natural - self.shift - self.bias) / self.scale

    def thinned(self, pairs: int, generator: torch.Generator) -> Potential:
        """The same over a few antithetic pairs of the noise, picked at random: its mean is f̃.

        Most of what a gradient step decodes is noise over noise; a few pairs tell its direction.
        """
        half = len(self.noise) // 2
        if half <= pairs:
            return self
        picked = torch.randperm(half, generator=generator)[:pairs]
        noise = self.noise[torch.cat([picked, picked + half])]
        return Potential(self.space, self.criterion, noise, self.shift, self.scale, self.bias)

    def on(self, space: BaseSpace) -> Potential:
        """The same potential, decoded by `space`."""
        return Potential(space, self.criterion, self.noise, self.shift, self.scale, self.bias)

    def mirrored(self) -> Potential:
        """The potential of -f: tuning it by λ is tuning f by -λ."""
        return Potential(self.space, self.criterion, self.noise, self.shift, -self.scale, self.bias)

    def normalised_on(self, f: Tensor, fresh_f: Tensor) -> Potential:
        """The same potential, with mean 0 and standard deviation 1 over a base sample.

        Args:
            f: [n] mean of f over the noise draws, in its unit.
            fresh_f: [n] f of one curve each, with noise of its own, in its unit.
        """
        shift, scale = float(f.mean()), float(f.std())
        if not scale > 1e-9 * max(abs(shift), 1.0):
            raise TuningError(
                f"{self.criterion.title} does not vary over the base curves: there is nothing to "
                "tune; choose another criterion or composition."
            )
        bias = float(fresh_f.mean()) - shift
        return Potential(self.space, self.criterion, self.noise, shift, scale, bias)
