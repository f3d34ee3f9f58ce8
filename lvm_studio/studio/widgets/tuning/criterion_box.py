"""The list of criteria, into which any other may be typed."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QWidget

from lvm_studio.studio.widgets.tuning.criteria_help import OFFERED, TYPED_HELP, help_of, understood
from lvm_studio.tuning.errors import TuningError

CHARACTERS = 22


class CriterionBox(QComboBox):
    """Emits what was chosen or typed, or why what was typed is no criterion."""

    chosen = Signal(str)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.criterion = OFFERED[0]
        for name in OFFERED:
            about = help_of(name)
            self.addItem(about.title, name)
            self.setItemData(self.count() - 1, about.tooltip(), Qt.ItemDataRole.ToolTipRole)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        # inline, it would turn what is typed into something of the list
        completer, line = self.completer(), self.lineEdit()
        assert completer is not None
        assert line is not None  # an editable box has both
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.setMinimumContentsLength(CHARACTERS)
        self.activated.connect(lambda place: self._take(self.itemData(place)))
        line.editingFinished.connect(self._take_typed)

    def set_criterion(self, name: str) -> None:
        """Show the criterion in force."""
        self.criterion = name
        about = help_of(name)
        with QSignalBlocker(self):
            self.setCurrentIndex(self.findData(name))
            self.setEditText(about.title)
        line = self.lineEdit()
        assert line is not None  # the box is editable
        line.setCursorPosition(0)  # of a long title the beginning is seen
        self.setToolTip(f"{about.tooltip()}\n\n{TYPED_HELP}")

    def _take_typed(self) -> None:
        """Take the text that was typed as a criterion, or say why it is none."""
        typed = self.currentText()
        if typed == help_of(self.criterion).title:
            return
        try:
            name = understood(typed)
        except TuningError as error:
            self.set_criterion(self.criterion)
            self.refused.emit(str(error))
        else:
            self._take(name)

    def _take(self, name: str) -> None:
        self.set_criterion(name)
        self.chosen.emit(name)
