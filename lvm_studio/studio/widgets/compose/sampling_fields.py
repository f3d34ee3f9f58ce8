"""How many weeks are drawn, and from which seed."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from lvm_studio.studio.widgets.dressed import label_for

MOST_WEEKS = 2000
"""Beyond them a move of λ is no longer followed at once, and the band no longer changes."""
WEEKS_HELP = (
    "How many weeks are drawn of each law. With more of them band and figures change less with\n"
    "the seed, and every move takes longer."
)
SEED_HELP = (
    "Another seed draws other weeks of the same law; the same seed draws the same weeks again,\n"
    "for the base law and for every λ (common random numbers)."
)


class SamplingFields(QWidget):
    """Two fields that ask for another number of weeks, or for another seed."""

    samples_asked = Signal(int)
    seed_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.weeks = _field("sampled_weeks", 10, MOST_WEEKS, WEEKS_HELP)
        self.weeks.setSingleStep(100)
        self.seed = _field("sampling_seed", 0, 9999, SEED_HELP)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for title, field in (("Weeks drawn", self.weeks), ("seed", self.seed)):
            row.addWidget(label_for(field, title))
            row.addWidget(field)
        row.addStretch(1)
        self.weeks.valueChanged.connect(self.samples_asked)
        self.seed.valueChanged.connect(self.seed_asked)

    def show_sampling(self, samples: int, seed: int) -> None:
        """Show what is drawn, without asking for it; a file may hold more than can be asked for."""
        for field, value in ((self.weeks, samples), (self.seed, seed)):
            with QSignalBlocker(field):
                field.setMaximum(max(field.maximum(), value))
                field.setMinimum(min(field.minimum(), value))
                field.setValue(value)


def _field(name: str, least: int, most: int, tip: str) -> QSpinBox:
    field = QSpinBox()
    field.setObjectName(name)
    field.setRange(least, most)
    field.setToolTip(tip)
    field.setGroupSeparatorShown(True)
    field.setKeyboardTracking(False)
    return field
