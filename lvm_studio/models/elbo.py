"""The evidence lower bound with its terms: what every model returns for a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Elbo:
    """The evidence lower bound and its terms for each of B observations (Eq. 3.4), in nats.

    reconstruction [B]; kl_w [B, W] (W = 0 without parts); kl_z [B, ...], one number a coordinate;
    prior_path [B], the log-likelihood at the means of the prior, which a training objective may
    add to the bound (zeros where a model has no condition to predict from).

    >>> import torch
    >>> one = torch.ones(2)
    >>> Elbo(one, torch.ones(2, 3), torch.ones(2, 4), one).elbo
    tensor([-6., -6.])
    """

    reconstruction: Tensor
    kl_w: Tensor
    kl_z: Tensor
    prior_path: Tensor

    @property
    def kl_w_total(self) -> Tensor:
        """KL of all parts {w_i} to their priors, [B], in nats."""
        return self.kl_w.sum(-1)

    @property
    def kl_z_total(self) -> Tensor:
        """KL of z to its prior, summed over its coordinates, [B], in nats."""
        return self.kl_z.flatten(1).sum(-1)

    @property
    def elbo(self) -> Tensor:
        """The bound itself: reconstruction less both KLs, [B], in nats."""
        return self.reconstruction - self.kl_w_total - self.kl_z_total


class LatentVariableModel(nn.Module, ABC):
    """A module with a lower bound on the log-likelihood of its batches: all that training needs.

    `inference` names its submodules that belong to q; all others belong to p.
    """

    inference: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def elbo(self, batch: Any, generator: torch.Generator | None = None) -> Elbo:
        """One-sample estimate of the bound for each observation of the batch."""

    @abstractmethod
    def sigma(self) -> Tensor:
        """One number that stands for the observation noise, in the unit of what is observed."""
