"""Work with a file that a person waits for: on a thread of its own, so that the window lives on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QProgressDialog, QWidget

Found = TypeVar("Found")

AT_ONCE_SECONDS = 0.15
"""Most files take no longer; a dialog that blinks tells nobody anything."""
LOOK_MS = 30
ROOM = 320


class GivenUp(Exception):  # noqa: N818 - nothing went wrong
    """The person would not wait for the end."""


def wait_for(
    window: QWidget, sentence: str, work: Callable[[], Found], *, cancel: bool = False
) -> Found:
    """Return what the work returns; meanwhile the window redraws, but takes no input.

    Args:
        window: what is blocked.
        sentence: what is being done, once that takes a moment.
        work: must not touch the session or a widget.
        cancel: whether the person may give up waiting; then the work ends unheard.

    Raises:
        GivenUp: the person did. And whatever the work raises.
    """
    thread = ThreadPoolExecutor(max_workers=1)
    errand = thread.submit(work)
    thread.shutdown(wait=False)  # it ends with its only errand
    wait([errand], AT_ONCE_SECONDS)
    if not errand.done() and not _waited(window, sentence, errand, cancel=cancel):
        raise GivenUp
    return errand.result()


def _waited(window: QWidget, sentence: str, errand: Future[Found], *, cancel: bool) -> bool:
    """Show a dialog until the errand has ended; False if the person gave up before."""
    dialog = QProgressDialog(sentence, "Cancel" if cancel else "", 0, 0, window)
    dialog.setObjectName("waiting")
    dialog.setWindowModality(Qt.WindowModality.WindowModal)
    dialog.setMinimumWidth(ROOM)
    dialog.setMinimumDuration(0)
    if not cancel:
        dialog.setCancelButton(None)
        dialog.setWindowFlag(Qt.WindowType.WindowCloseButtonHint, on=False)
    loop, look = QEventLoop(), QTimer(interval=LOOK_MS)
    look.timeout.connect(lambda: loop.quit() if errand.done() else None)
    dialog.canceled.connect(loop.quit)
    look.start()
    dialog.show()
    loop.exec()
    if not cancel:
        wait([errand])  # Escape closes the dialog, but a file is written whole
    look.stop()
    dialog.hide()
    dialog.deleteLater()
    return errand.done()
