"""Fits for the page's street in the background: the flow, and the reference it is checked by."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lvm_studio.studio.street.flow_fitter import FlowFitter
from lvm_studio.studio.street.reference_runner import ReferenceRunner
from lvm_studio.studio.street.tuned_keys import tuning_key

if TYPE_CHECKING:
    from lvm_studio.data.jobs import Job
    from lvm_studio.studio.jobs.compute_thread import ComputeThread
    from lvm_studio.studio.street.answers import StreetRequest
    from lvm_studio.studio.street.tuned_work import Improved, TunedWork
    from lvm_studio.tuning.flows.fit import FlowSnapshot
    from lvm_studio.tuning.pools.reference_job import Reference


class BackgroundFits(QObject):
    """Flow and reference of one street and criterion at a time.

    A better flow waits for `take_over`: slices of up to 0.1 s shall not stand in a move's way.

    Signals:
        flow_found(): a better flow waits.
        adopted(Improved): the flow answers from now on.
        compared(Improved): the reference stands beside every answer from now on.
        status(sentence): what flow and reference are doing; '' for nothing.
        failed(sentence, details)
    """

    flow_found = Signal()
    adopted = Signal(object)
    compared = Signal(object)
    status = Signal(str)
    failed = Signal(str, str)

    def __init__(
        self, thread: ComputeThread, priority: int, tunings: TunedWork, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._tunings = tunings
        self._fitter, self._references = FlowFitter(self), ReferenceRunner(self)
        self._key: Hashable = None
        self._said: dict[str, str] = {"flow": "", "reference": ""}
        self._newest: tuple[StreetRequest, FlowSnapshot] | None = None
        """A flow that has not been taken over yet."""
        self._adopting, self._fitting, self._referring, self._comparing = self._mailboxes = tuple(
            thread.open_mailbox(priority) for _ in range(4)
        )
        self._fitter.wanted.connect(self._prepare_flow)
        self._fitting.answered.connect(self._fit_flow)
        self._fitter.fitted.connect(self._flow_fitted)
        self._adopting.answered.connect(self._flow_adopted)
        self._fitter.status.connect(partial(self._tell, "flow"))
        self._references.status.connect(partial(self._tell, "reference"))
        self._references.wanted.connect(self._prepare_reference)
        self._referring.answered.connect(self._run_reference)
        self._references.found.connect(self._compare)
        self._comparing.answered.connect(self.compared)
        for mailbox in self._mailboxes:
            mailbox.failed.connect(self.failed)

    def consider(self, request: StreetRequest) -> None:
        """See to this request when the page has been at rest for a while."""
        self._key = tuning_key(request)
        self._fitter.consider(request)
        self._references.consider(request)

    def take_over(self) -> None:
        """Adopt the newest flow if it is the page's."""
        if self._newest is not None and tuning_key(self._newest[0]) == self._key:
            self._adopting.post(partial(self._tunings.adopt, *self._newest))

    def hold_back(self) -> None:
        """Adopt nothing for now; goes on from where it was at the next `take_over`."""
        self._adopting.withdraw()

    def forget(self) -> None:
        """Withdraw all wishes, give up what is being fitted."""
        self._key = self._newest = None
        for mailbox in self._mailboxes:
            mailbox.withdraw()
        self._fitter.forget()
        self._references.forget()

    @property
    def at_work(self) -> bool:
        """Whether there is something to cancel."""
        return self._fitter.busy or self._references.busy

    def cancel(self, request: StreetRequest) -> None:
        """Give up flow and reference of this street; what they have found stays."""
        for mailbox in (self._fitting, self._referring):
            mailbox.withdraw()
        self._fitter.cancel(request)
        self._references.cancel(request)

    def allow(self) -> None:
        """Streets whose fits were cancelled may have them again."""
        self._fitter.allow()
        self._references.allow()

    def forget_streets(self) -> None:
        """Remember no street."""
        self._fitter.forget_streets()
        self._references.forget_streets()

    def stop(self) -> None:
        """End the processes."""
        self._fitter.stop()
        self._references.stop()

    def _tell(self, which: str, sentence: str) -> None:
        self._said[which] = sentence
        self.status.emit(" ".join(filter(None, self._said.values())))

    def _prepare_flow(self, request: StreetRequest) -> None:
        self._fitting.post(partial(self._tunings.flow_job, request))

    def _fit_flow(self, prepared: tuple[StreetRequest, Job]) -> None:
        self._fitter.run(*prepared)

    def _flow_fitted(self, request: StreetRequest, snapshot: FlowSnapshot) -> None:
        self._newest = (request, snapshot)
        self.flow_found.emit()

    def _flow_adopted(self, improved: Improved) -> None:
        self._newest = None
        self.adopted.emit(improved)

    def _prepare_reference(self, request: StreetRequest) -> None:
        self._referring.post(partial(self._tunings.reference_job, request))

    def _run_reference(self, prepared: tuple[StreetRequest, Job]) -> None:
        self._references.run(*prepared)

    def _compare(self, request: StreetRequest, reference: Reference) -> None:
        if tuning_key(request) == self._key:
            self._comparing.post(partial(self._tunings.compare, request, reference))
