"""Which data set and which model are in use, on every page: two choosers beside the tabs."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from lvm_studio.studio.widgets.dressed import dressed, label_for

NARROW, WIDE = 170, 260
"""Pixels of a chooser: as wide as its name asks for, within these."""
FRAME = 40
"""Pixels of a chooser beside its text: frame and arrow."""
NOTHING = "none"
DATA_TIP = "The data set that households, weeks and searches are taken from."
MODEL_TIP = "The model that composes, tunes and is walked through and judged."
MORE_TIP = "Data sets and models: what they are, rename, remove, add from a file…"


class OpenChoosers(QWidget):
    """Shows what is in use and lets it be changed; draws no conclusion itself.

    Signals:
        dataset_chosen(name), model_chosen(name): by the person, not by `show_names`.
        more_asked(): show all that the workspace holds.
    """

    dataset_chosen = Signal(str)
    model_chosen = Signal(str)
    more_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("open_choosers")
        self.dataset = _chooser("dataset_chooser", DATA_TIP)
        self.model = _chooser("model_chooser", MODEL_TIP)
        self.more = dressed(QToolButton(), text="…", autoRaise=True, toolTip=MORE_TIP)
        self.more.setObjectName("contents_button")
        self.more.setAccessibleName("What the workspace holds")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 2, 8, 2)
        layout.setSpacing(4)
        for title, chooser in (("&Data", self.dataset), ("&Model", self.model)):
            layout.addWidget(label_for(chooser, title))
            layout.addWidget(chooser)
        layout.addWidget(self.more)
        self.dataset.textActivated.connect(self.dataset_chosen)
        self.model.textActivated.connect(self.model_chosen)
        self.more.clicked.connect(self.more_asked)

    def show_datasets(self, told: Mapping[str, str], chosen: str) -> None:
        """List data sets, name -> what it is."""
        _fill(self.dataset, told, chosen)

    def show_models(self, told: Mapping[str, str], chosen: str) -> None:
        """List models, name -> what it is."""
        _fill(self.model, told, chosen)


def _chooser(name: str, tip: str) -> QComboBox:
    chooser = dressed(QComboBox(), toolTip=tip)
    chooser.setObjectName(name)
    chooser.setFixedWidth(NARROW)
    chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    chooser.setPlaceholderText(NOTHING)
    chooser.setEnabled(False)  # nothing is listed yet
    return chooser


def _fill(chooser: QComboBox, told: Mapping[str, str], chosen: str) -> None:
    listed = [chooser.itemText(row) for row in range(chooser.count())]
    if (listed, chooser.currentText()) == (list(told), chosen):
        return  # it may be open: runs are noted in the workspace every few seconds
    chooser.clear()
    for row, (name, words) in enumerate(told.items()):
        chooser.addItem(name)
        chooser.setItemData(row, words, Qt.ItemDataRole.ToolTipRole)
    chooser.setCurrentIndex(list(told).index(chosen) if chosen in told else -1)
    chooser.setEnabled(bool(told))
    longest = max((chooser.fontMetrics().horizontalAdvance(name) for name in told), default=0)
    chooser.view().setMinimumWidth(longest + FRAME)  # names are longer than the chooser may be
    wanted = chooser.fontMetrics().horizontalAdvance(chosen) + FRAME
    chooser.setFixedWidth(min(max(wanted, NARROW), WIDE))
