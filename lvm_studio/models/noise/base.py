"""The base class of every noise of vectors: a module that turns decoded means into laws."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from lvm_studio.data.errors import DataError
from lvm_studio.models.noise.laws import Law


class Noise(nn.Module, ABC):
    """Noise of vectors [..., D].

    A decoder gives the mean [..., D] and `outputs` numbers more, `raw` [..., outputs], which
    start at 0. While it trains, a model hands its batch to `perturbed` first, and tells `fit`
    the mean it decoded before it asks for the law. The unit of sigma is that of the data.
    """

    outputs: int = 0

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    @abstractmethod
    def forward(self, mean: Tensor, raw: Tensor) -> Law:
        """The law of x given its mean [..., D] and raw [..., outputs]."""

    @abstractmethod
    def sigma(self) -> Tensor:
        """One number that stands for the noise; where it varies, its geometric mean."""

    def set_sigma(self, value: float) -> None:
        """Put the noise at this size, as a hand on a slider does; it goes on learning from there.

        Raises:
            DataError: not above 0.
        """
        if not 0 < value < float("inf"):
            raise DataError(f"sigma = {value:g}: choose a number above 0.")
        with torch.no_grad():
            self._put(value)

    @abstractmethod
    def _put(self, value: float) -> None: ...

    def set_reference(self, spread: float) -> None:
        """Start from this spread of the data: learning sigma is an annealing (7.3)."""

    def perturbed(self, x: Tensor, eps: Tensor) -> Tensor:
        """The training batch as it is to be learned; eps [..., D] is standard normal."""
        return x

    def fit(self, x: Tensor, mean: Tensor) -> None:
        """Look at a training batch and its decoded means, both [..., D]."""
