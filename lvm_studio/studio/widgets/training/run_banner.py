"""One sentence about what went wrong, what to do next, and the details for whoever asks."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.theme import BANNER
from lvm_studio.studio.widgets.dressed import dressed

DETAILS_LINES = 10


class RunBanner(QFrame):
    """Hidden while there is nothing to say."""

    continue_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train_failure")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(BANNER)
        # plain: what a file or a library says may hold anything
        self.sentence = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.sentence.setObjectName("train_failure_sentence")
        self.details_button = dressed(QPushButton("Details"), checkable=True)
        self.continue_button = QPushButton()
        self.continue_button.setObjectName("train_continue_failed")
        self.details = QPlainTextEdit(readOnly=True)
        self.details.setAccessibleName("Details of the failure")
        self.details.setFixedHeight(DETAILS_LINES * self.fontMetrics().lineSpacing())
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        row = QHBoxLayout()
        row.addWidget(self.sentence, 1)
        row.addWidget(self.details_button)
        row.addWidget(self.continue_button)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.details)
        self.details_button.toggled.connect(self.details.setVisible)
        self.continue_button.clicked.connect(self.continue_asked)
        self.say("")

    def say(self, sentence: str, details: str = "", checkpoint_step: int = 0) -> None:
        """Show a failure; '' hides the banner."""
        if sentence != self.sentence.text():
            self.details_button.setChecked(False)
            self.details.hide()
        self.sentence.setText(sentence)
        if details != self.details.toPlainText():
            self.details.setPlainText(details)
        self.details_button.setVisible(bool(details))
        self.continue_button.setText(f"Continue from last checkpoint (step {checkpoint_step:,})")
        self.continue_button.setVisible(checkpoint_step > 0)
        self.setVisible(bool(sentence))
