"""The weeks of a street that a household can be taken out of, and what that changes."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from lvm_studio.models.street import Street


@dataclass(frozen=True, eq=False)
class Without:
    """What the mean peak loses with one household of a row (kW), under both laws."""

    household_id: str
    tuned_kw: float
    base_kw: float


@dataclass(frozen=True, eq=False)
class StreetWeeks:
    """Weeks of a street under the tuned and the base law: u [n, dim] each, with noise eps."""

    street: Street
    tuned_u: Tensor
    base_u: Tensor
    eps: Tensor
    seed: int

    def without(self, household_id: str) -> Generator[Without | None, None, None]:
        """Take one household out of these weeks; for the compute thread."""
        from lvm_studio.analysis.removal import removal

        tuned = removal(self.street, household_id, self.tuned_u, self.eps, self.seed)
        yield None
        base = removal(self.street, household_id, self.base_u, self.eps, self.seed)
        yield Without(household_id, tuned.peak_kw, base.peak_kw)
