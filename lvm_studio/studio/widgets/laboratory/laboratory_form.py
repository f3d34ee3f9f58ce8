"""What one run of the laboratory is told: its observation model and its objective."""

from __future__ import annotations

from pydantic import BaseModel
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QGroupBox, QLabel, QWidget

from lvm_studio.models.noise.specs import NoFloor
from lvm_studio.studio.runs.laboratory_choices import BALANCES, BOUNDS, FLOORS, NOISES
from lvm_studio.studio.widgets.spec_choice import SpecChoice
from lvm_studio.training.objectives.specs import ObjectiveSpec
from lvm_studio.training.spec import TrainSpec

TEMPERATURE_TIP = (
    "β of p(x|z)^(1/β), normalised (Eq. 7.6): true tempering of the observation model.\n"
    "1 leaves it as it is; above 1 a blurrier law is learned, whose σ may make up for it."
)


class RunForm(QGroupBox):
    """Observation model, floor, bound, balance and temperature of a run.

    Args:
        title: of the run.
        name: begins the object names of its fields.
    """

    changed = Signal()

    def __init__(self, title: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setObjectName(name)
        self.noise = SpecChoice(NOISES, f"{name}_noise", "Observation model")
        self.floor = SpecChoice(FLOORS, f"{name}_floor", "What keeps σ from collapsing")
        self.bound = SpecChoice(BOUNDS, f"{name}_bound", "The bound that is maximised")
        self.balance = SpecChoice(BALANCES, f"{name}_balance", "Reconstruction against KL")
        self.temperature = QDoubleSpinBox(
            decimals=2, minimum=0.05, maximum=50.0, singleStep=0.25, value=1.0
        )
        self.temperature.setKeyboardTracking(False)
        self.temperature.setObjectName(f"{name}_temperature")
        self.temperature.setToolTip(TEMPERATURE_TIP)
        form = QFormLayout(self)
        form.setContentsMargins(8, 4, 8, 6)
        form.setVerticalSpacing(3)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for caption, widget in (
            ("Noise", self.noise),
            ("Floor", self.floor),
            ("Bound", self.bound),
            ("Balance", self.balance),
            ("Tempered", self.temperature),
        ):
            label = QLabel(caption)
            label.setBuddy(widget)
            form.addRow(label, widget)
        for choice in (self.noise, self.floor, self.bound, self.balance):
            choice.changed.connect(self.changed)
        self.temperature.valueChanged.connect(self.changed)

    def told(self, spec: TrainSpec) -> TrainSpec:
        """The run of `spec` with what the form says.

        Raises:
            pydantic.ValidationError: the settings do not go together.
        """
        noise: BaseModel = self.noise.value()
        if not isinstance(self.floor.value(), NoFloor):
            noise = noise.model_copy(update={"floor": self.floor.value()})
        objective = ObjectiveSpec(
            bound=self.bound.value(),
            balance=self.balance.value(),
            temperature=self.temperature.value(),
        )
        model = spec.model.model_copy(update={"noise": noise})
        return spec.model_copy(update={"model": model, "objective": objective})

    def summary(self) -> str:
        """The run in a few words, for the head of its plane."""
        words = [_words(self.noise)]
        if self.floor.choice.number:
            words.append(f"floor {_words(self.floor)}")
        words += [_words(c) for c in (self.bound, self.balance) if c.list.currentIndex()]
        if self.temperature.value() != 1.0:
            words.append(f"tempered β {self.temperature.value():g}")
        return " · ".join(words)


def _words(choice: SpecChoice) -> str:
    shown = choice.choice.number not in {"", "start"} and choice.number is not None
    number = f" {choice.choice.unit}{choice.number.value():g}" if shown and choice.number else ""
    return f"{choice.choice.title}{number}"
