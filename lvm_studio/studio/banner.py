"""Messages that wait above the page until they are answered; nothing stops meanwhile."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.theme import BANNER

DETAILS_HEIGHT = 120


class Banner(QFrame):
    """One sentence with buttons; hidden until `say`.

    Signals:
        answered(name): the button with this name was pressed; the banner has closed.
    """

    answered = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(BANNER)
        # plain: what a file or a library says may hold anything
        self._sentence = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._sentence.setObjectName(f"{name}_sentence")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self._row = QHBoxLayout()
        self._row.addWidget(self._sentence, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addLayout(self._row)
        self._layout = layout
        self.hide()

    @property
    def sentence(self) -> str:
        """What it says."""
        return self._sentence.text()

    def add_button(self, name: str, text: str) -> QPushButton:
        """Add a button that answers the banner with `name` (also its object name)."""
        button = QPushButton(text)
        button.setObjectName(name)
        button.clicked.connect(self._answer)
        self._row.addWidget(button)
        return button

    def say(self, sentence: str) -> None:
        """Show the sentence."""
        self._sentence.setText(sentence)
        self.show()

    def _answer(self) -> None:
        self.hide()
        self.answered.emit(self.sender().objectName())


class ErrorBanner(Banner):
    """What went wrong, as one sentence; the rest on demand."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("error_banner", parent)
        self._toggle = QPushButton("Details")
        self._toggle.setCheckable(True)
        self._toggle.setObjectName("error_details_toggle")
        self._row.addWidget(self._toggle)
        self._details = QPlainTextEdit(readOnly=True)
        self._details.setObjectName("error_details")
        self._details.setAccessibleName("Details of the error")
        self._details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._details.setFixedHeight(DETAILS_HEIGHT)
        self._details.hide()
        self._layout.addWidget(self._details)
        self._toggle.toggled.connect(self._details.setVisible)
        self.add_button("error_close", "Close")

    def show_error(self, sentence: str, details: str) -> None:
        """Show the sentence; the Details button only where there are any."""
        self._toggle.setChecked(False)
        self._toggle.setVisible(bool(details.strip(" '\"")))
        self._details.setPlainText(details)
        self.say(sentence)
