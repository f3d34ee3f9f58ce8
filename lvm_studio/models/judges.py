"""Small nets that judge vectors: a classifier c(y|x), and a discriminator of real and made."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from lvm_studio.models.networks import ResidualMLP


class JudgeSpec(BaseModel):
    """Sizes of a judge of vectors of `dim` numbers; one output is a discriminator's logit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dim: Annotated[int, Field(ge=1, le=100_000)]
    outputs: Annotated[int, Field(ge=1, le=10_000)] = 1
    hidden: Annotated[int, Field(ge=1, le=4096)] = 128
    blocks: Annotated[int, Field(ge=1, le=16)] = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3


class Judge(nn.Module):
    """Logits [..., outputs] of vectors x [..., D] between about 0 and 1 (pixels).

    It starts without an opinion: all logits 0.

    >>> import torch
    >>> Judge(JudgeSpec(dim=4, outputs=3))(torch.rand(2, 4)).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    def __init__(self, spec: JudgeSpec) -> None:
        super().__init__()
        self.spec = spec
        self.dropped = nn.Dropout(spec.dropout)
        self.net = ResidualMLP(
            spec.dim, spec.hidden, spec.outputs, blocks=spec.blocks, dropout=spec.dropout
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.net(self.dropped(x))
        return logits

    def features(self, x: Tensor) -> Tensor:
        """What the last hidden layer makes of x, [..., hidden]: a place to compare images in."""
        return self.net.features(x)
