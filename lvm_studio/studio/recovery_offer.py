"""After a crash: what was not saved is offered, and nothing waits for the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from lvm_studio.data.errors import DataError
from lvm_studio.studio.banner import Banner

if TYPE_CHECKING:
    from lvm_studio.storage.recovery import LiveSession, LostSession
    from lvm_studio.studio.session import Session

ACCEPT, DISCARD = "recover_accept", "recover_discard"


class RecoveryOffer(Banner):
    """Offers the sessions whose owners died, newest first, one after another.

    Args:
        session: what is open; what came back takes its place.
        live: the recovery folder of this process.
        may_lose: asks whether what is open may go; somebody may have worked before answering.

    Signals:
        failed(sentence, details): something did not come back.
    """

    failed = Signal(str, str)

    def __init__(
        self,
        session: Session,
        live: LiveSession,
        may_lose: Callable[[], bool],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("recovery_banner", parent)
        self._session, self._live, self._may_lose = session, live, may_lose
        self._lost: list[LostSession] = []
        self.add_button(ACCEPT, "Recover")
        self.add_button(DISCARD, "Discard")
        self.answered.connect(self._act)

    def offer(self, lost: list[LostSession]) -> None:
        """Offer the first of these; the others follow when it has been answered."""
        self._lost = list(lost)
        if self._lost:
            first = self._lost[0]
            name = first.file.name if first.file else "a workspace that was never saved"
            when = first.saved_at.astimezone().strftime("%d %B, %H:%M")
            self.say(f"The studio ended unexpectedly. Recover {name} as it was on {when}?")

    def _act(self, answer: str) -> None:
        lost = self._lost[0]
        if answer == DISCARD:
            lost.discard()
        elif self._may_lose():
            self._recover(lost)
        else:
            self.offer(self._lost)
            return
        self.offer(self._lost[1:])

    def _recover(self, lost: LostSession) -> None:
        """Show what came back; it is kept by this process before the dead one's copy goes."""
        try:
            found = lost.recover()
            self._session.restore(found.workspace, found.file, dirty=True)
            self._live.autosave(self._session.workspace, found.file)
        except DataError as error:
            self.failed.emit(str(error), "")
            return
        lost.discard()
        if found.problems:
            self.failed.emit(found.problems[0], "\n".join(found.problems))
