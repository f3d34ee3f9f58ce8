"""Criteria that a trained network says: a class's probability, a discriminator's logit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lvm_studio.tuning.criteria.specs import ClassSpec
from lvm_studio.tuning.errors import TuningError


@dataclass(frozen=True, eq=False)
class ClassProbability:
    """log c(y|x), nats, or c(y|x), of a classifier that gives logits [..., classes] (10.3.1)."""

    classifier: nn.Module
    label: int
    log: bool = True
    noise_draws: int = 8

    @property
    def name(self) -> str:
        return ClassSpec(label=self.label, log=self.log).text

    @property
    def title(self) -> str:
        return f"log c({self.label}|x)" if self.log else f"c({self.label}|x)"

    @property
    def unit(self) -> str:
        return "nats" if self.log else ""

    def __call__(self, curves_kw: Tensor) -> Tensor:
        logits: Tensor = self.classifier(curves_kw)
        if not self.label < logits.shape[-1]:
            raise TuningError(
                f"The classifier knows classes 0 to {logits.shape[-1] - 1}; there is no class "
                f"{self.label}."
            )
        score = torch.log_softmax(logits, dim=-1)[..., self.label]
        return score if self.log else score.exp()


@dataclass(frozen=True, eq=False)
class DiscriminatorLogit:
    """The logit of a discriminator, [...] or [..., 1]: log p_D / p_G where it is optimal."""

    discriminator: nn.Module
    noise_draws: int = 8

    name = "logit"
    title = "Discriminator logit"
    unit = "nats"

    def __call__(self, curves_kw: Tensor) -> Tensor:
        logit: Tensor = self.discriminator(curves_kw)
        return logit.squeeze(-1) if logit.dim() == curves_kw.dim() else logit
