"""The windows that the Help menu opens; the studio goes on beside them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data import london
from lvm_studio.data.vectors import digits
from lvm_studio.storage.recovery import log_path
from lvm_studio.studio.help_pages import TOUR, about_page, keyboard_page, quality_page
from lvm_studio.studio.settings import APP_NAME

if TYPE_CHECKING:
    from lvm_studio.studio.session import Session

LOG_BYTES = 50_000
"""The end of the log that is shown; the file has the rest."""
NO_LOG = "Nothing has been written to the log yet."
SIZE, LOG_SIZE = (560, 480), (860, 480)


class HelpWindows(QObject):
    """Opens them over a window.

    Args:
        session: what is open: whose data are described and credited.
        window: what they belong to.
    """

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._window = session, window

    def show_tour(self) -> None:
        """Show the five-minute tour."""
        self._show("Tour", TOUR)

    def show_keyboard(self, menus: Iterable[tuple[str, str]]) -> None:
        """Show every key: those of the menus (what, key), and those of each place."""
        self._show("Keyboard", keyboard_page(menus))

    def show_quality(self) -> None:
        """Show what there is to know of the dataset in use."""
        if self._session.has_households:
            self._show("Data quality", quality_page(self._session.households))

    def show_log(self) -> None:
        """Show the end of the log."""
        LogDialog(log_path(), self._window).show()

    def show_about(self) -> None:
        """Show who made what."""
        datasets = self._session.workspace.datasets.values()
        shipped = {london.ATTRIBUTION, digits.ATTRIBUTION}
        asked_for = shipped | {dataset.provenance.attribution for dataset in datasets} - {""}
        self._show(f"About {APP_NAME}", about_page(sorted(asked_for)))

    def _show(self, title: str, html: str) -> None:
        """Show a page; one of its name that is open gives way, for it may be of other data."""
        for earlier in self._window.findChildren(PageDialog):
            if earlier.windowTitle() == title:
                earlier.close()
        PageDialog(title, html, self._window).show()


class PageDialog(QDialog):
    """A page of text in a window of its own."""

    def __init__(self, title: str, html: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        browser = QTextBrowser(openExternalLinks=True)
        browser.setHtml(html)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(browser)
        layout.addWidget(buttons)


class LogDialog(QDialog):
    """The end of the log, to read, to copy into a report of a fault, or to find on disk."""

    def __init__(self, path: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("log_dialog")
        self.setWindowTitle("Log")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*LOG_SIZE)
        self._path = path
        where = QLabel(str(path), wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text = QPlainTextEdit(end_of(path), readOnly=True, tabChangesFocus=True)
        self.text.setObjectName("log_text")
        self.text.setAccessibleName("Log")
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        buttons.addButton("&Copy", role).clicked.connect(self._copy)
        buttons.addButton("Open &folder", role).clicked.connect(self._open_folder)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (where, self.text, buttons):
            layout.addWidget(widget)
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path.parent)))


def end_of(path: Path, most: int = LOG_BYTES) -> str:
    """The last whole lines of a text file; a sentence where there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - most, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return NO_LOG
    return (text if size <= most else text.partition("\n")[2]) or NO_LOG
