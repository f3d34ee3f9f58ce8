"""What is known of two criteria on one street, whatever the direction of λ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lvm_studio.studio.street.answers import Method
from lvm_studio.studio.street.coupling import RowCoupling
from lvm_studio.studio.street.row_curves import RowCurves
from lvm_studio.studio.street.work import Recent

if TYPE_CHECKING:
    from lvm_studio.tuning.pair import Pair
    from lvm_studio.tuning.pools.pool import Draws
    from lvm_studio.tuning.vector import ParetoSurface, VectorPool


@dataclass(eq=False)
class KnownPair:
    """Base draws of two criteria, and a pool of all directions once they have been climbed."""

    pair: Pair
    pool: VectorPool | None = None
    surface: ParetoSurface | None = None
    couplings: Recent[tuple[int, int, int], RowCoupling] = field(default_factory=lambda: Recent(3))
    decoded: Recent[Method, RowCurves] = field(default_factory=lambda: Recent(3))

    def seen(self, blend: float, side: float) -> Draws | None:
        """The draws of all directions as those of one, or of its opposite (side −1)."""
        from lvm_studio.tuning.pools.pool import Draws

        if self.pool is None:
            return None
        draws = self.pair.seen(self.pool.draws, blend)
        return draws if side > 0.0 else Draws(draws.u, -draws.f, draws.log_ratio)
