"""All that is known of one street's tuned laws, and which source answers at a λ.

Runs on the compute thread alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.studio.street.answers import LAM_MAX, Front, Method
from lvm_studio.studio.street.coupling import RACE_ROWS, RowCoupling
from lvm_studio.studio.street.row_curves import RowCurves
from lvm_studio.studio.street.work import Recent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.studio.street.known_pair import KnownPair
    from lvm_studio.tuning.certificate import Certificate
    from lvm_studio.tuning.criteria.existence import Existence
    from lvm_studio.tuning.flows.flow import LambdaFlow
    from lvm_studio.tuning.pools.estimates import TunedEstimate
    from lvm_studio.tuning.pools.keeping import Kept
    from lvm_studio.tuning.pools.pool import Draws, Pool
    from lvm_studio.tuning.pools.reference_job import Reference
    from lvm_studio.tuning.pools.rows import FlowRows
    from lvm_studio.tuning.pools.stages import Climb

FRONT_LAMS = np.concatenate([np.linspace(0.0, 2.0, 17), np.linspace(2.25, LAM_MAX, 12)])


_NOTHING = np.empty(0)
NO_FRONT = Front(_NOTHING, _NOTHING, _NOTHING, _NOTHING > 0, _NOTHING, _NOTHING > 0)
"""While the direction of λ is being chosen none of them is worth it."""


@dataclass(frozen=True, eq=False)
class Source:
    """Weighted draws that answer any λ of one street and criterion.

    The first of the draws are those of the base fan, in its order: `base` of them at least.
    """

    method: Method
    draws: Draws
    base: int = RACE_ROWS

    @cached_property
    def estimates(self) -> tuple[TunedEstimate, ...]:
        """At each of FRONT_LAMS."""
        return tuple(self.draws.estimate(float(lam))[0] for lam in FRONT_LAMS)


@dataclass(frozen=True, eq=False)
class Settled:
    """The Gaussians nearest to the tuned laws of one street, and draws of them at a few λ."""

    gaussians: LambdaFlow
    draws: Draws


@dataclass(eq=False)
class Tuning:
    """All that is known of the tuned laws of one street and criterion, on one side of λ = 0.

    On the side of the quiet weeks everything is that of −f at |λ|.
    """

    pool: Pool
    sources: dict[Method, Source]
    stages: Iterator[Climb | None] = field(default_factory=lambda: iter(()))
    """Of the climb, taken up one by one, None within one; whoever needs the next takes it."""
    settling: Iterator[Settled | None] = field(default_factory=lambda: iter(()))
    """Slices until the Gaussians are known, taken up in the same way."""
    looking: Iterator[Existence | None] = field(default_factory=lambda: iter(()))
    """Slices until it is known up to which λ there is a law."""
    existence: Existence | None = None
    gaussians: LambdaFlow | None = None
    """Those that have settled."""
    flow: FlowRows | None = None
    reference: Reference | None = None
    climbed: bool = False
    reached: Climb | None = None
    """The last stage of the climb that has fitted a Gaussian."""
    couplings: Recent[tuple[int, int, int], RowCoupling] = field(default_factory=lambda: Recent(3))
    decoded: Recent[Method, RowCurves] = field(default_factory=lambda: Recent(3))
    """Of each source: λ may go to and fro between two."""
    pair: KnownPair | None = None
    """What all directions of two criteria share; None of one criterion."""
    kept: Recent[tuple[float, int], Kept] = field(default_factory=lambda: Recent(4))
    """Fresh draws of two criteria at |λ|, for so many rows."""
    _front: Front | None = None

    def learn(self, source: Source) -> None:
        """Answer from this source too from now on."""
        self.sources[source.method] = source
        self._front = None

    def settle(self, found: Settled) -> None:
        """Take in the Gaussians that have settled."""
        self.gaussians = found.gaussians
        self.learn(Source("settled", found.draws))

    def reach(self, stage: Climb) -> None:
        """Take in a stage of the climb; the one before the first Gaussian knows no more."""
        if stage.stages:
            self.reached = stage
            self.learn(Source("climb", stage.draws))

    def end_climb(self) -> None:
        """Note that the climb is over: where it is lost from now on, the pool is too."""
        self.climbed, self._front = True, None

    @property
    def sign(self) -> float:
        """Side of λ: the scale of −f is negative."""
        return 1.0 if self.pool.potential.scale > 0.0 else -1.0

    @property
    def front(self) -> Front:
        """The front as all sources together see it; of two criteria once λ has come to rest."""
        if self.pair is not None and not self.climbed:
            return NO_FRONT
        if self._front is None:
            self._front = front_of(self)
        return self._front


def by_knowledge(tuning: Tuning) -> list[Source]:
    """Return the sources, first the one that has seen most of the tuned laws."""
    methods: tuple[Method, ...] = ("flow", "smc", "settled", "climb", "pair", "pool")
    return [tuning.sources[method] for method in methods if method in tuning.sources]


def _heard(tuning: Tuning, estimates: Mapping[Method, TunedEstimate]) -> list[Method]:
    """Which sources to listen to at a λ, given their estimates there.

    A pool that has missed a way of being extreme may look sound where it is wrong (k̂ sees only
    what was drawn), and so may a single Gaussian. The climb has gone and looked: where it finds
    itself lost, they are.
    """
    lost = tuning.climbed and "climb" in estimates and not estimates["climb"].valid
    return [method for method in estimates if not (lost and method in ("pool", "settled"))]


def best_source(
    tuning: Tuning, lam: float, wanted: str = "auto"
) -> tuple[Source, TunedEstimate, NDArray[np.float64]]:
    """Return who answers at λ, the estimate, and the draws' normalised weights.

    A valid flow goes first where λ > 0: with it the curves bend instead of being replaced. Of
    the others the one whose draws are worth most. Where a method is wanted, and there is one, it
    answers.
    """
    answers = {name: source.draws.estimate(lam) for name, source in tuning.sources.items()}

    def merit(method: Method) -> tuple[bool, bool, float]:
        estimate, _ = answers[method]
        bends = method == "flow" and lam > 0.0
        return estimate.valid, estimate.valid and bends, estimate.ess

    heard = _heard(tuning, {name: estimate for name, (estimate, _) in answers.items()})
    best = max([method for method in heard if method == wanted] or heard, key=merit)
    return tuning.sources[best], *answers[best]


def front_of(tuning: Tuning) -> Front:
    """Return the front, at each λ from the source that knows it best; ends where none does."""
    best = []
    for place in range(len(FRONT_LAMS)):
        there = {name: source.estimates[place] for name, source in tuning.sources.items()}
        known = [there[name] for name in _heard(tuning, there)]
        best.append(max(known, key=lambda estimate: (estimate.valid, estimate.ess)))
    while len(best) > 1 and not best[-1].valid:
        best.pop()
    natural = tuning.pool.potential.natural
    return Front(
        lam=tuning.sign * FRONT_LAMS[: len(best)],
        expectation=np.array([natural(estimate.moments.expectation) for estimate in best]),
        kl=np.array([max(0.0, estimate.moments.kl) for estimate in best]),
        valid=np.array([estimate.valid for estimate in best]),
        error=abs(tuning.pool.potential.scale)
        * np.array([estimate.standard_error for estimate in best]),
        base_valid=np.array(
            [estimate.valid for estimate in tuning.sources["pool"].estimates[: len(best)]]
        ),
    )


def certified(tuning: Tuning, draws: Draws, lam: float) -> Certificate:
    """Certify draws at λ ≥ 0, beside the reference where that reaches so far.

    Where Z is infinite nothing is certified, however sound the weights of these draws look.
    """
    from lvm_studio.tuning.certificate import certify, uncertified

    if tuning.existence is not None:
        fault = tuning.existence.fault(lam, tuning.pool.potential)
        if fault:
            return uncertified(fault)
    reference = None if tuning.reference is None else tuning.reference.log_z_at(lam)
    return certify(lam, draws.f, draws.log_ratio, reference=reference)
