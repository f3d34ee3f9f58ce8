"""Any noise of vectors as the noise of sums of k households."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lvm_studio.models.gaussians import standard_normal
from lvm_studio.models.noise.base import Noise
from lvm_studio.models.noise.laws import Law, Scaled, Temperable


class SummedNoise(nn.Module):
    """Curves of sums as k times the reference load, times a vector with the noise it wraps.

    Sigmas are shares of the reference load, for one household of the sum. A noise that depends on
    z is told 336 numbers a curve; where it wants one, their mean.

    Args:
        noise: of vectors of as many numbers as a curve has half-hours.
    """

    reference_kw: Tensor

    def __init__(self, noise: Noise) -> None:
        super().__init__()
        self.noise = noise
        self._expected: Tensor | None = None
        self.register_buffer("reference_kw", torch.tensor(0.45))

    def set_reference(self, mean_kw: Tensor) -> None:
        """Measure noise by the mean load of a household, kW."""
        self.reference_kw.copy_(mean_kw)

    def sigma(self) -> Tensor:
        """Noise of one household of the sum, kW."""
        return self.reference_kw * self.noise.sigma()

    def forward(self, mean_kw: Tensor, k: Tensor, raw: Tensor | None = None) -> Law:
        """Law of curves with means mean_kw [..., 336] of sums of k [...] households.

        raw [..., 336]: what the decoder tells a noise that depends on z; none: what it starts at.
        """
        scale = self._scale(k)
        mean = mean_kw / scale
        if self._expected is not None:
            self.noise.fit(self._expected / scale, mean)
            self._expected = None
        law = self.noise(mean, self._told(torch.zeros_like(mean) if raw is None else raw))
        assert isinstance(law, Temperable)  # as every noise of vectors is
        return Scaled(law, scale)

    def _told(self, raw: Tensor) -> Tensor:
        if self.noise.outputs == 1:
            return raw.mean(-1, keepdim=True)
        return raw[..., : self.noise.outputs]

    def _scale(self, k: Tensor) -> Tensor:
        return self.reference_kw * k[..., None]

    def perturbed(self, x: Tensor, k: Tensor, generator: torch.Generator | None) -> Tensor:
        """The training batch [..., 336] as it is to be learned (7.2)."""
        scale = self._scale(k)
        eps = standard_normal(x.shape, x, generator)
        return scale * self.noise.perturbed(x / scale, eps)

    def expect(self, x: Tensor) -> None:
        """The law asked for next is that of this training batch: sigma may be fitted to it."""
        self._expected = x


def looking(model: nn.Module, observation: nn.Module) -> SummedNoise | None:
    """The noise that wants to see the batches that a model trains on, if it has such a one."""
    return observation if model.training and isinstance(observation, SummedNoise) else None


def curve_law(observation: nn.Module, mean_kw: Tensor, k: Tensor, raw: Tensor) -> Law:
    """The law of curves around mean_kw [..., 336], whatever noise there is.

    raw [..., 336] is what a decoder says of the noise, [..., 0] where it says nothing.
    """
    told = raw.shape[-1] > 0
    if isinstance(observation, SummedNoise):
        law: Law = observation(mean_kw, k, raw if told else None)
    else:
        law = observation(mean_kw, k, raw.tanh().exp() if told else 1.0)
    return law
