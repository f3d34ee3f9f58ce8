"""What keeps a crash from costing anything: an autosave every few seconds, off the GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.recovery import LiveSession

if TYPE_CHECKING:
    from lvm_studio.storage.workspace import Workspace
    from lvm_studio.studio.jobs.mailbox import Mailbox
    from lvm_studio.studio.session import Session

LOG = logging.getLogger(__name__)
AUTOSAVE_SECONDS = 3.0


class Autosave(QObject):
    """Writes the session to the recovery folder while it holds something unsaved.

    Args:
        session: what is open.
        live: the recovery folder of this process.
        mailbox: of a thread that may take its time with files.
    """

    def __init__(
        self,
        session: Session,
        live: LiveSession,
        mailbox: Mailbox,
        seconds: float = AUTOSAVE_SECONDS,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._live, self._mailbox = session, live, mailbox
        self._changed = False
        self._timer = QTimer(self)
        self._timer.setInterval(int(seconds * 1000))
        self._timer.timeout.connect(self.save)
        changes = (session.state_changed, session.workspace_changed, session.models_changed)
        for signal in (*changes, session.wholes_changed, session.results_changed):
            signal.connect(self._mark)
        session.dirty_changed.connect(self._dirty_changed)
        session.path_changed.connect(self._note_file)
        mailbox.failed.connect(self._warn)
        self._timer.start()

    def save(self) -> None:
        """Write what has changed since the last time, if anything is unsaved."""
        if self._changed and self._session.dirty and not self._mailbox.waiting:
            self._changed = False
            path, workspace = self._session.path, self._session.workspace
            self._mailbox.post(partial(_write, self._live, workspace, path))

    def stop(self) -> None:
        """Save no more."""
        self._timer.stop()

    def _mark(self, *_changed: object) -> None:
        self._changed = True

    def _dirty_changed(self, dirty: bool) -> None:
        """Drop the autosave when the file holds everything; in turn after a write in hand."""
        if dirty:
            self._mailbox.withdraw()  # a drop still to come would be of what was open before
        else:
            self._mailbox.post(partial(_drop, self._live, self._session.path))

    def _note_file(self, path: Path | None) -> None:
        """Let other studios know which file is open here."""
        try:
            self._live.shows(path)
        except StorageError as error:
            LOG.warning("no other studio will know what is open here: %s", error)

    def _warn(self, sentence: str, _details: str) -> None:
        LOG.warning("autosave failed: %s", sentence)
        self._changed = True


def _write(
    live: LiveSession, workspace: Workspace, path: Path | None
) -> Generator[None, None, None]:
    live.autosave(workspace, path)
    yield


def _drop(live: LiveSession, path: Path | None) -> Generator[None, None, None]:
    live.saved(path)
    yield
