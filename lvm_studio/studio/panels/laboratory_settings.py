"""The left side of the laboratory: data, one run or two, and what both share."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QFrame,
    QGroupBox,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.data.vectors.manifolds import Sinusoid
from lvm_studio.models.noise.specs import FixedNoiseSpec, GlobalNoiseSpec
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.studio.widgets.dressed import label_for
from lvm_studio.studio.widgets.laboratory.laboratory_form import RunForm
from lvm_studio.studio.widgets.laboratory.manifold_form import ManifoldForm
from lvm_studio.training.spec import TrainSpec
from lvm_studio.training.vector_recipes import EPOCH, manifold_spec

DEFAULT_EPOCHS = 100
COMPARE_TIP = (
    "A second run beside the first: the same points in the same order and the same first weights,\n"
    "another noise or objective. Try one σ learned against σ fixed at 0.043 (Fig. 7.2)."
)


class LaboratorySettings(QScrollArea):
    """What is to be learned, and how; `specs()` says it to the core."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.data = ManifoldForm()
        self.forms = [RunForm("Run A", "lab_run_a"), RunForm("Run B", "lab_run_b")]
        self.compare = QCheckBox("C&ompare with a second run")
        self.compare.setObjectName("lab_compare")
        self.compare.setToolTip(COMPARE_TIP)
        self.seed = _number("lab_seed", 0, 2**31 - 1, 0, "All runs begin with it")
        self.epochs = _number(
            "lab_epochs", 1, 10_000, DEFAULT_EPOCHS, "Of 10,000 fresh points each; then it rests"
        )
        self.latent = _number(
            "lab_latent", 1, 64, 10, "Coordinates of z; the thesis gives a curve ten (6.3.2)"
        )
        self.forms[1].noise.choose(FixedNoiseSpec)
        self.forms[1].hide()
        self.compare.toggled.connect(self.forms[1].setVisible)
        self._build()

    def _build(self) -> None:
        common = QGroupBox("Training")
        fields = QFormLayout(common)
        fields.setContentsMargins(8, 4, 8, 6)
        fields.setVerticalSpacing(3)
        fields.addRow(label_for(self.seed, "&Seed"), self.seed)
        fields.addRow(label_for(self.epochs, "Epo&chs"), self.epochs)
        fields.addRow(label_for(self.latent, "Latent &z"), self.latent)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(6)
        for widget in (self.data, self.forms[0], self.compare, self.forms[1], common):
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(inside.minimumSizeHint().width() + 14)

    def specs(self) -> list[TrainSpec]:
        """One training a run.

        Raises:
            DataError: there is nothing to learn yet.
            pydantic.ValidationError: the settings do not go together.
        """
        curve = self.data.manifold()
        if curve is None and self.data.vectors is None:
            raise DataError("There is nothing to learn yet: draw a curve, or open a file.")
        # Points of a file take the place of the curve; its settings are those of any plane.
        base = manifold_spec("laboratory", curve or Sinusoid(), GlobalNoiseSpec())
        assert isinstance(base.model, VectorVAESpec)
        shared = base.model_copy(
            update={
                "model": base.model.model_copy(update={"latent_z": self.latent.value()}),
                "seed": self.seed.value(),
                "steps": self.epochs.value() * EPOCH,
                # Judging held-out points takes as long as four frames; what is watched is training.
                "eval_every": self.epochs.value() * EPOCH,
                "device": "cpu",  # a batch of 100 points is nothing a GPU would notice
            }
        )
        forms = self.forms if self.compare.isChecked() else self.forms[:1]
        return [form.told(shared) for form in forms]

    def title(self, run: int) -> str:
        """A run in a few words."""
        return f"{'AB'[run]}: {self.forms[run].summary()}"


def _number(name: str, low: int, high: int, value: int, tip: str) -> QSpinBox:
    field = QSpinBox(minimum=low, maximum=high, value=value)
    field.setObjectName(name)
    field.setToolTip(tip)
    return field
