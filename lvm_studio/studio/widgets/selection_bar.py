"""What is picked out, above every page: how much, where from, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from lvm_studio.studio.widgets.dressed import dressed

if TYPE_CHECKING:
    from lvm_studio.studio.selection import Selection


class SelectionBar(QFrame):
    """One line, there only while there is a selection; asks for what is to become of it."""

    show_asked = Signal()
    compose_asked = Signal()
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("selection_bar")
        self.setAccessibleName("Selection of the session")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.about = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.about.setObjectName("selection_bar_about")
        # a long title is cut; it must not keep the window from becoming narrow
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.show_it = _button("Show", "Its curves and statistics, on the page Latent space")
        self.compose = _button(
            "Compose", "Compose the sum nearest to the mean of the selection, in its own week"
        )
        self.clear = _button("Clear", "Select nothing")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 10, 0)
        row.addWidget(self.about, 1)
        for button, asked in (
            (self.show_it, self.show_asked),
            (self.compose, self.compose_asked),
            (self.clear, self.clear_asked),
        ):
            button.clicked.connect(asked)
            row.addWidget(button)
        self.show_selection(None)

    def show_selection(self, selection: Selection | None) -> None:
        """Tell of this selection; hide without one."""
        self.setVisible(selection is not None)
        if selection is None:
            return
        text = f"{selection.count} selected: {selection.title}"
        self.about.setText(text)
        self.about.setToolTip(text)
        self.compose.setEnabled(bool(selection.members))


def _button(text: str, tip: str) -> QToolButton:
    button = dressed(QToolButton(), text=text, toolTip=tip, autoRaise=True)
    button.setObjectName(f"selection_bar_{text.lower()}")
    return button
