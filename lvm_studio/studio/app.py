"""Starting the studio: the window first, torch after it."""

from __future__ import annotations

import logging
import multiprocessing
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QLocale, QMessageLogContext, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from lvm_studio.storage.recovery import LiveSession, log_path
from lvm_studio.studio.collecting import collecting_here
from lvm_studio.studio.dialogs import Dialogs
from lvm_studio.studio.sentences import sentence_of
from lvm_studio.studio.session import Session
from lvm_studio.studio.settings import APP_NAME
from lvm_studio.studio.street.service import StreetService
from lvm_studio.studio.theme import theme
from lvm_studio.studio.window import MainWindow

LOG = logging.getLogger(__name__)
QT_LOG = logging.getLogger("qt")
QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
LOG_BYTES = 1_000_000
SWITCH_SECONDS = 0.0005
"""How soon the GUI thread gets the interpreter back from the compute thread; the default, 5 ms,
makes the slowest events four times slower while something is computed."""


def main(argv: Sequence[str]) -> int:
    """Run the studio to its end; `argv` may name a workspace file to open."""
    multiprocessing.freeze_support()
    app = prepared_application(argv)
    with log_file(), logging_qt(), collecting_here(app):
        session = Session()
        window = make_window(session)
        with _reporting_to(window):
            window.show()
            if not (argv and window.open_file(Path(argv[0]))):
                session.new()
            # The event loop paints the window first; what follows may keep the processor busy.
            QTimer.singleShot(0, window, window.start)
            return app.exec()


def prepared_application(argv: Sequence[str] = ()) -> QApplication:
    """Return the application, made on first use, in its own style and colours."""
    sys.setswitchinterval(SWITCH_SECONDS)
    app = QApplication.instance() or QApplication([APP_NAME, *argv])
    assert isinstance(app, QApplication)
    app.setApplicationName(APP_NAME)
    app.setStyle("Fusion")
    # what stands beside the fields is written in English too; a mixture would be misread
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    theme().apply()
    return app


def make_window(session: Session, dialogs: Dialogs | None = None) -> MainWindow:
    """Return the window of a session, with a service of its own; call `start` on it next."""
    return MainWindow(session, StreetService(session), LiveSession(), dialogs)


class Reporter:
    """Takes what no slot has caught: the traceback to the log, one sentence to the person."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def __call__(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._window.close()
            return
        LOG.error("not caught", exc_info=(kind, error, trace))
        details = "".join(traceback.format_exception(kind, error, trace))
        self._window.show_error(sentence_of(error), details)


@contextmanager
def _reporting_to(window: MainWindow) -> Iterator[None]:
    before, sys.excepthook = sys.excepthook, Reporter(window)
    try:
        yield
    finally:
        sys.excepthook = before


@contextmanager
def logging_qt() -> Iterator[None]:
    """Send what Qt has to say to the log: a person can do nothing about it on a terminal."""
    before = qInstallMessageHandler(_log_qt)
    try:
        yield
    finally:
        qInstallMessageHandler(before)


def _log_qt(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    QT_LOG.log(QT_LEVELS.get(kind, logging.WARNING), "%s", message)


@contextmanager
def log_file() -> Iterator[None]:
    """Keep a log in the state folder; with a read-only home the studio runs all the same."""
    try:
        path = log_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    except OSError:
        LOG.warning("no log can be written to the state folder")
        yield
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
