"""Fitting the flow as a job: picklable, and run wherever the engine puts it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lvm_studio.models.street import BaseSpace
from lvm_studio.tuning.criteria.criterion import criterion_named
from lvm_studio.tuning.flows.fit import FlowReport, fit_flow
from lvm_studio.tuning.pools.pool import POOL_SIZE, Preparing, prepared_pool
from lvm_studio.tuning.specs import FlowSpec


@dataclass(frozen=True, eq=False)
class FlowJob:
    """The flow for the whole slider of one space and criterion, fitted in the background.

    The child measures f's normalisation on the same pool (size, seed) as its owner, so that λ
    means the same on both sides. The result is the last report, a final FlowSnapshot.
    """

    spec: FlowSpec
    space: BaseSpace
    criterion: str
    seed: int = 0
    pool: int = POOL_SIZE

    def run(self) -> Iterator[Preparing | FlowReport]:
        """Yield reports; between two of them lies one step of the fit at most."""
        criterion = criterion_named(self.criterion)
        pool = yield from prepared_pool(self.space, criterion, self.pool, self.seed)
        if self.spec.side == "less":
            pool = pool.mirrored()
        yield from fit_flow(self.spec, pool.potential, pool.draws, seed=self.seed)
