"""Measures in the background, when asked, what each method costs on the page's street."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.jobs.one_job import OneJob, StartThread
from lvm_studio.studio.street.tuned_keys import pair_key

if TYPE_CHECKING:
    from lvm_studio.analysis.boltzmann.cost_job import Costs
    from lvm_studio.data.jobs import Job
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.jobs.compute_thread import ComputeThread
    from lvm_studio.studio.street.answers import StreetRequest
    from lvm_studio.studio.street.tuned_work import TunedWork


@dataclass(frozen=True, eq=False)
class MeasuredCosts:
    """What was measured, and of which state of the page."""

    state: StreetState
    costs: Costs


class CostService(OneJob):
    """Measures one street at a time, and remembers what it measured.

    Signals (and those of OneJob):
        measured(MeasuredCosts)
    """

    measured = Signal(object)

    def __init__(
        self,
        thread: ComputeThread,
        priority: int,
        tunings: TunedWork,
        parent: QObject,
        start_thread: StartThread | None = None,
    ) -> None:
        super().__init__(object, start_thread, parent)
        self._tunings = tunings
        self._request: StreetRequest | None = None
        self._known: dict[Hashable, MeasuredCosts] = {}
        self._preparing = thread.open_mailbox(priority)
        self._preparing.answered.connect(self._begin)
        self._preparing.failed.connect(self._not_prepared)

    def measure(self, request: StreetRequest) -> None:
        """Begin for this street and criterion; nothing happens while another is measured."""
        if not self.running:
            self._preparing.post(partial(self._tunings.cost_job, request))

    def known(self, request: StreetRequest) -> MeasuredCosts | None:
        """What was measured of this street and criterion; None before it was."""
        return self._known.get(_key(request))

    def forget_streets(self) -> None:
        """Remember nothing of what was measured."""
        self._known.clear()

    def cancel(self) -> None:
        """Measure nothing any more, whether it has begun or is being prepared."""
        if self._preparing.waiting:
            self._preparing.withdraw()
            self.ended.emit()
        super().cancel()

    def stop(self) -> None:
        """End the process, and wait for that."""
        self.cancel()
        if self._thread is not None:
            self._thread.wait()

    def _not_prepared(self, sentence: str, details: str) -> None:
        self.failed.emit(sentence, details)
        self.ended.emit()

    def _begin(self, prepared: tuple[StreetRequest, Job]) -> None:
        if not self.running:
            self._request = prepared[0]
            self._run(prepared[1])

    def _complete(self, result: object) -> None:
        from lvm_studio.analysis.boltzmann.cost_job import Costs

        request = self._request
        if isinstance(result, Costs) and request is not None:
            found = MeasuredCosts(request.state, result)
            self._known[_key(request)] = found
            self.measured.emit(found)
        super()._complete(result)


def _key(request: StreetRequest) -> Hashable:
    state = request.state
    return (pair_key(request), state.blend if state.second else 0.0)
