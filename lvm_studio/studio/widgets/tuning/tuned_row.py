"""Which latents are tuned and what each of them costs; a second criterion, with its own λ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lvm_studio.studio.widgets.steady_room import SteadyRoom
from lvm_studio.studio.widgets.tuning.criteria_help import OFFERED, help_of
from lvm_studio.studio.widgets.tuning.lam_fields import LAM_TYPED_MAX, NumberField
from lvm_studio.studio.widgets.tuning.lam_words import pair_text

if TYPE_CHECKING:
    from lvm_studio.studio.street.answers import ApartAnswer, PairFigures

SPACES = (
    ("both", "Σw and z", "All latents: the households' sum Σw, and the week's z given it."),
    ("w", "Σw alone", "The sum of the households' w: which of them are so, not which week it is."),
    ("z", "z alone", "The week's own z: what kind of week it is; Σw keeps its prior law."),
)
SPACE_HELP = (
    "Which latents are tuned. What is left alone keeps its prior law whatever λ is, and counts\n"
    "as noise: f is then the mean over it (Eq. 10.13), and λ is per standard deviation of that."
)
WHOLE_HELP = "This model does not tell households from weeks: all of its latents are tuned."
APART_HELP = (
    "What the tuning costs in each part of the latents, by the chain rule (Eq. 10.17):\n"
    "KL(p̂(Σw, z) ‖ p) = KL(p̂(Σw) ‖ p(Σw)) + E KL(p̂(z | Σw) ‖ p(z | Σw)).\n"
    "Their sum is exact; ± is how far either may be off, the other the other way. Worked out\n"
    "from Gaussian mixtures fitted to half of the draws and judged on the rest, as soon as the\n"
    "page rests."
)
SECOND_HELP = (
    "A second criterion: the law is then tilted by e^{λ₁f₁ + λ₂f₂} (footnote 2 of 10.1). The tab\n"
    "“Two criteria” shows what both can be raised to at each KL; drag its point. The slider\n"
    "above moves λ along the direction chosen."
)
VECTOR_HELP = (
    "λ of one criterion, per its own standard deviation under the base law. What is sensible is\n"
    "limited by KL, not by λ: the pad ends at “1 week in 1,000” in every direction, and a λ that\n"
    "is typed further out gets a red certificate."
)
ALONE = "one criterion"


class TunedRow(QWidget):
    """Emits wishes, shows what is in force and what an answer says of it."""

    space_chosen = Signal(str)
    second_chosen = Signal(str)
    vector_asked = Signal(float, float)  # λ of the first and of the second criterion

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.space_box = QComboBox(self)
        for name, title, tip in SPACES:
            self.space_box.addItem(title, name)
            self.space_box.setItemData(self.space_box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.second_box = QComboBox(self)
        self.apart = QLabel(self)
        self.fields = tuple(NumberField(-LAM_TYPED_MAX, LAM_TYPED_MAX, 2, 0.1) for _ in range(2))
        self._names = tuple(QLabel(self) for _ in range(2))
        self._figures = QLabel(self)
        self._vector = QWidget(self)
        self._first = ""
        self._name_widgets()
        self._lay_out()
        self._connect()
        self.set_second("peak", "")

    def set_space(self, tuned: str) -> None:
        """Show which latents are tuned."""
        with QSignalBlocker(self.space_box):
            self.space_box.setCurrentIndex(self.space_box.findData(tuned))

    def set_splittable(self, splittable: bool) -> None:
        """Whether the model tells households from weeks."""
        self.space_box.setEnabled(splittable)
        self.space_box.setToolTip(SPACE_HELP if splittable else WHOLE_HELP)

    def set_second(self, first: str, second: str) -> None:
        """Show the second criterion beside the first; '' for none."""
        if first != self._first or self.second_box.findData(second) < 0:
            self._first = first
            self._offer(second)
        with QSignalBlocker(self.second_box):
            self.second_box.setCurrentIndex(self.second_box.findData(second))
        self._vector.setVisible(bool(second))
        if second:
            for label, name in zip(self._names, (first, second), strict=True):
                label.setText(f"λ {help_of(name).symbol}")

    def show_apart(self, answer: ApartAnswer | None) -> None:
        """Show what each part of the latents costs; None: nothing does."""
        self.apart.setEnabled(True)
        self.apart.setText("" if answer is None else apart_text(answer))

    def fade_apart(self) -> None:
        """Grey what is on screen: it is of another λ."""
        self.apart.setEnabled(False)

    def show_pair(self, figures: PairFigures | None) -> None:
        """Show both criteria at the vector λ."""
        if figures is None:
            self._figures.setText("")
            return
        for field, lam in zip(self.fields, figures.lam, strict=True):
            field.show_value(lam)
        self._figures.setEnabled(figures.valid)
        self._figures.setText(pair_text(figures))

    def _offer(self, second: str) -> None:
        """List all criteria but the first."""
        names = [name for name in OFFERED if name != self._first]
        if second and second not in names:
            names.append(second)
        with QSignalBlocker(self.second_box):
            self.second_box.clear()
            self.second_box.addItem(ALONE, "")
            for name in names:
                about = help_of(name)
                self.second_box.addItem(f"and {about.title}", name)
                place = self.second_box.count() - 1
                self.second_box.setItemData(place, about.tooltip(), Qt.ItemDataRole.ToolTipRole)

    def _name_widgets(self) -> None:
        named = (
            (self.space_box, "tuned_box", "Latents tuned", SPACE_HELP),
            (self.apart, "kl_apart", "KL of Σw and z", APART_HELP),
            (self.second_box, "second_box", "Second criterion", SECOND_HELP),
            (self.fields[0], "lam_first", "λ of the first criterion", VECTOR_HELP),
            (self.fields[1], "lam_second", "λ of the second criterion", VECTOR_HELP),
            (self._figures, "pair_figures", "Both criteria", SECOND_HELP),
        )
        for widget, name, title, tip in named:
            widget.setObjectName(name)
            widget.setAccessibleName(title)
            widget.setToolTip(tip)
        self._vector.setObjectName("vector_row")

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        for widget in (QLabel("Tuned", self), self.space_box):
            first.addWidget(widget)
        first.addWidget(SteadyRoom(self.apart, self), 1)
        first.addWidget(self.second_box)
        second = QHBoxLayout(self._vector)
        for label, field in zip(self._names, self.fields, strict=True):
            second.addWidget(label)
            second.addWidget(field)
            second.addSpacing(4)
        second.addWidget(SteadyRoom(self._figures, self._vector), 1)
        rows = QVBoxLayout(self)
        rows.setSpacing(4)
        for layout in (first, second):
            layout.setSpacing(6)
        for outer in (rows, second):
            outer.setContentsMargins(0, 0, 0, 0)
        rows.addLayout(first)
        rows.addWidget(self._vector)

    def _connect(self) -> None:
        self.space_box.activated.connect(
            lambda: self.space_chosen.emit(self.space_box.currentData())
        )
        self.second_box.activated.connect(
            lambda: self.second_chosen.emit(self.second_box.currentData())
        )
        for field in self.fields:
            field.edited.connect(lambda _lam: self._ask_vector())

    def _ask_vector(self) -> None:
        first, second = (field.value() for field in self.fields)
        self.vector_asked.emit(first, second)


def apart_text(answer: ApartAnswer) -> str:
    """The KLs side by side.

    >>> from lvm_studio.storage.street_state import StreetState
    >>> from lvm_studio.studio.street.answers import ApartAnswer
    >>> apart_text(ApartAnswer(StreetState(), 5.71, 1.2, doubt=0.05))
    'KL: Σw 5.71 + z 1.20 nats (± 0.05)'
    """
    w, z = max(answer.w, 0.0), max(answer.z, 0.0)
    return f"KL: Σw {w:.2f} + z {z:.2f} nats" + (f" (± {answer.doubt:.2f})" if answer.doubt else "")
