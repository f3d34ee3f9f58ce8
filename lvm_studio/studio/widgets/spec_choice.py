"""A choice among specs of one union, with the one number that each of them has: a list, a field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QStackedWidget, QWidget


@dataclass(frozen=True)
class Choice:
    """One entry of the list.

    Args:
        title: as people of the field say it.
        tip: definition, with equation or page.
        spec: what is made of it.
        number: the field of the spec that the person sets, '' for none.
        value, low, high, decimals: of that number.
        unit: shown before the number, e.g. "σ = ".
        fixed: other fields that go with it.
    """

    title: str
    tip: str
    spec: type[BaseModel]
    number: str = ""
    value: float = 1.0
    low: float = 1e-3
    high: float = 1e3
    decimals: int = 3
    unit: str = ""
    fixed: dict[str, Any] = field(default_factory=dict)

    def build(self, value: float) -> BaseModel:
        """The spec with this number."""
        known = self.spec.model_fields.get(self.number)
        whole = known is not None and known.annotation is not float and self.decimals == 0
        number = {self.number: int(value) if whole else value} if self.number else {}
        return self.spec(**number, **self.fixed)


class SpecChoice(QWidget):
    """A list of choices beside the number of the chosen one.

    Args:
        choices: what there is.
        name: object name of the list; that of the number is `{name}_number`.
        tip: what the choice is about.
    """

    changed = Signal()

    def __init__(
        self, choices: Sequence[Choice], name: str, tip: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.choices = tuple(choices)
        self.list = QComboBox()
        self.list.setObjectName(name)
        self.list.setToolTip(tip)
        self.list.setAccessibleName(tip)
        self.list.setMinimumContentsLength(10)
        self.list.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._numbers = QStackedWidget()
        for place, choice in enumerate(self.choices):
            self.list.addItem(choice.title)
            self.list.setItemData(place, choice.tip, Qt.ItemDataRole.ToolTipRole)
            number = _field(choice, f"{name}_number")
            self._numbers.addWidget(number)
            if isinstance(number, QDoubleSpinBox):
                number.valueChanged.connect(self.changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.list, 1)
        row.addWidget(self._numbers)
        self.setFocusProxy(self.list)
        self.list.currentIndexChanged.connect(self._choose)
        self._choose(0)

    def value(self) -> Any:
        """The spec that is chosen."""
        field = self._numbers.currentWidget()
        number = field.value() if isinstance(field, QDoubleSpinBox) else 0.0
        return self.choices[self.list.currentIndex()].build(number)

    @property
    def choice(self) -> Choice:
        """The entry that is chosen."""
        return self.choices[self.list.currentIndex()]

    @property
    def number(self) -> QDoubleSpinBox | None:
        """The field of the chosen entry, if it has one."""
        found = self._numbers.currentWidget()
        return found if isinstance(found, QDoubleSpinBox) else None

    def choose(self, spec: type[BaseModel]) -> None:
        """Choose the entry of this spec."""
        self.list.setCurrentIndex([choice.spec for choice in self.choices].index(spec))

    def _choose(self, place: int) -> None:
        self._numbers.setCurrentIndex(place)
        self._numbers.setVisible(bool(self.choices[place].number))
        self.list.setToolTip(self.choices[place].tip)
        self.changed.emit()

    def showEvent(self, event: Any) -> None:
        """As wide as the widest number, so that fields of a form stand below one another."""
        super().showEvent(event)
        fields = self._numbers.findChildren(QDoubleSpinBox)
        widest = max((f.sizeHint().width() for f in fields), default=0)
        self._numbers.setFixedWidth(widest)
        self._numbers.setFixedHeight(self.list.sizeHint().height())


def _field(choice: Choice, name: str) -> QWidget:
    if not choice.number:
        return QWidget()
    number = QDoubleSpinBox(decimals=choice.decimals, minimum=choice.low, maximum=choice.high)
    number.setObjectName(name)
    number.setAccessibleName(f"Number of {choice.title}")
    number.setPrefix(choice.unit)
    number.setValue(choice.value)
    number.setKeyboardTracking(False)
    number.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    number.setToolTip(choice.tip)
    return number
