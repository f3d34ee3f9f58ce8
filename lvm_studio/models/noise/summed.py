"""Any noise of vectors as the noise of sums of k households."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lvm_studio.models.noise.base import Noise
from lvm_studio.models.noise.laws import Law, Scaled, Temperable


class SummedNoise(nn.Module):
    """Curves of sums as k times the reference load, times a vector with the noise it wraps.

    Sigmas are shares of the reference load, for one household of the sum. The decoder's factor
    says log sigma(z) to a noise that depends on z; one number a curve is its mean. A noise that is
    set to its optimum (Eq. 7.3) takes that of the batch before.

    Args:
        noise: of vectors of as many numbers as a curve has half-hours.
    """

    reference_kw: Tensor

    def __init__(self, noise: Noise) -> None:
        super().__init__()
        self.noise = noise
        self._seen: tuple[Tensor, Tensor] | None = None
        self.register_buffer("reference_kw", torch.tensor(0.45))

    def set_reference(self, mean_kw: Tensor) -> None:
        """Measure noise by the mean load of a household, kW."""
        self.reference_kw.copy_(mean_kw)

    def sigma(self) -> Tensor:
        """Noise of one household of the sum, kW."""
        return self.reference_kw * self.noise.sigma()

    def forward(self, mean_kw: Tensor, k: Tensor, factor: Tensor | float = 1.0) -> Law:
        """Law of curves with means mean_kw [..., 336] of sums of k [...] households."""
        if self._seen is not None:
            self.noise.fit(*self._seen)
            self._seen = None
        scale = self.reference_kw * k[..., None]
        mean = mean_kw / scale
        law = self.noise(mean, self._raw(mean, factor))
        assert isinstance(law, Temperable)  # as every noise of vectors is
        return Scaled(law, scale)

    def _raw(self, mean: Tensor, factor: Tensor | float) -> Tensor:
        log_factor = torch.as_tensor(factor, device=mean.device).log().expand_as(mean)
        if self.noise.outputs == 1:
            return log_factor.mean(-1, keepdim=True)
        return log_factor[..., : self.noise.outputs]

    def remember(self, x: Tensor, mean_kw: Tensor, k: Tensor) -> None:
        """Keep what a training batch [..., 336] says of the noise, for the next one."""
        scale = self.reference_kw * k[..., None]
        self._seen = ((x / scale).detach(), (mean_kw / scale).detach())
