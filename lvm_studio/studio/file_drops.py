"""Files dropped onto the window: a workspace is opened, readings imported, a study offered."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from lvm_studio.studio.file_dialogs import READINGS_KIND, STUDY_KIND, WORKSPACE_KIND, suffixes

ONE_AT_A_TIME = "Drop one file at a time."


class FileDrops(QObject):
    """Takes files that are dropped where nothing else of the window takes them.

    Signals:
        workspace_dropped(Path), readings_dropped(Path), study_dropped(Path)
        refused(sentence, details)
    """

    workspace_dropped = Signal(object)
    readings_dropped = Signal(object)
    study_dropped = Signal(object)
    refused = Signal(str, str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._signals = {
            suffix: signal
            for kind, signal in (
                (WORKSPACE_KIND, self.workspace_dropped),
                (READINGS_KIND, self.readings_dropped),
                (STUDY_KIND, self.study_dropped),
            )
            for suffix in suffixes(kind)
        }
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, window: QObject, event: QEvent) -> bool:
        """Take drags of files as they come and move; leave all else to the window."""
        if isinstance(event, QDragMoveEvent) and local_files(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            return True
        if isinstance(event, QDropEvent) and event.type() is QEvent.Type.Drop:
            event.acceptProposedAction()
            files = local_files(event.mimeData())
            # later: a question asked from here would hold up the program they were dragged from
            QTimer.singleShot(0, self, partial(self.take, files))
            return True
        return super().eventFilter(window, event)

    def take(self, files: list[Path]) -> None:
        """Do what is done with a file of its kind."""
        if len(files) != 1:
            self.refused.emit(ONE_AT_A_TIME, "")
            return
        signal = self._signals.get(files[0].suffix.lower())
        if signal is None:
            known = ", ".join(sorted(self._signals))
            self.refused.emit(f"{files[0].name} cannot be opened here; drop one of {known}.", "")
        else:
            signal.emit(files[0])


def local_files(data: QMimeData) -> list[Path]:
    """The files of this machine that a drag carries."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
