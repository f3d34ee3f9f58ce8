"""What a report card is to be made of, and what its making says on the way. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1, le=10_000)]


class CardSpec(BaseModel):
    """How much is drawn; the same spec, seed and model give the same card.

    >>> CardSpec(seed=3).repeats
    50
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: Annotated[int, Field(ge=0)] = 0
    repeats: Count = Field(default=50, description="sums drawn in each held-out week for scores")
    samples: Annotated[int, Field(ge=10, le=10_000)] = Field(
        default=100, description="curves drawn for each of these sums"
    )
    splits: Annotated[int, Field(ge=2, le=1000)] = Field(
        default=20, description="times the households are split into two halves"
    )
    pairs: Count = Field(default=12, description="pairs of sums a split and held-out week")
    k_low: Count = Field(default=20, description="fewest households in a sum")
    k_high: Count = Field(default=60, description="most households in a sum")


@dataclass(frozen=True)
class CardProgress:
    """How far the making of a card is: `done` of `total` units of about equal time."""

    stage: str
    done: float
    total: float
    seconds: float

    @property
    def share(self) -> float:
        """0 to 1."""
        return min(self.done / self.total, 1.0) if self.total > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before there is one.

        >>> CardProgress("scores", 25.0, 100.0, 10.0).seconds_left
        30.0
        """
        if self.done <= 0:
            return None
        return self.seconds * (self.total - self.done) / self.done
