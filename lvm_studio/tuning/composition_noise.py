"""Observation noise as part of what is tuned: an honest extreme may also be bad luck."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lvm_studio.models.street import BaseSpace, Encoded
from lvm_studio.tuning.errors import TuningError


@dataclass(frozen=True, eq=False)
class NoisySpace:
    """A space together with the innovations of its curves: u [N, latents + T] ~ N(0, I).

    Whoever tunes the latents alone (Eq. 10.13) cannot buy noise, and misses what a street's
    worst week owes to it; here both have a price in KL (`kl_apart` tells them apart).

    Args:
        whole: the space of the latents.
    """

    whole: BaseSpace

    @cached_property
    def length(self) -> int:
        """T."""
        with torch.no_grad():
            return self.whole.decode(torch.zeros(1, self.whole.dim)).mean.shape[-1]

    @property
    def dim(self) -> int:
        """Latents and innovations."""
        return self.whole.dim + self.length

    @property
    def names(self) -> tuple[str, ...]:
        """Of the latents, then one an innovation."""
        return self.whole.names + tuple(f"noise {step + 1}" for step in range(self.length))

    @property
    def k(self) -> int:
        """Number of households."""
        return self.whole.k

    def decode(self, u: Tensor) -> DrawnCurves:
        """Curves already drawn: nothing is left to chance."""
        latents, noise = u[:, : self.whole.dim], u[:, self.whole.dim :]
        return DrawnCurves(self.whole.decode(latents).transport(noise))

    def encode(self, x: Tensor) -> Encoded:
        """Not known in closed form."""
        raise TuningError(
            "Measured curves cannot be placed among latents and noise at once; use the space of "
            "the latents."
        )


@dataclass(frozen=True, eq=False)
class DrawnCurves:
    """Curves [N, T] that are certain."""

    mean: Tensor

    @property
    def stddev(self) -> Tensor:
        return torch.zeros_like(self.mean)

    def log_prob(self, x: Tensor) -> Tensor:
        raise TuningError("Curves that are certain have no density.")

    def transport(self, _eps: Tensor) -> Tensor:
        """The curves, whatever the noise."""
        return self.mean
