"""What is to be trained: a recipe and the few settings people change, the rest as key = value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSpinBox,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.training.recipes import Recipe, with_overrides
from lvm_studio.training.spec import TrainSpec

DEVICES = ("auto", "cpu", "cuda")
ADVANCED_HINT = "one a line, such as\nlr = 0.001\nmodel.dropout = 0.1"
DEFAULT_MINUTES = 10.0


class TrainingForm(QWidget):
    """A form whose fields start at the recipe's values.

    Args:
        recipes: name → recipe.
    """

    changed = Signal()
    """The wish is another; ask `spec` or `problem`."""

    def __init__(self, recipes: Mapping[str, Recipe], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recipes = recipes
        self.recipe = _recipe_box(recipes)
        self._description = QLabel(wordWrap=True)
        self._description.setForegroundRole(MUTED)
        self.seed = QSpinBox(maximum=2**31 - 1)
        self.seed.setObjectName("train_seed")
        self._make_length()
        self.batch = QSpinBox(minimum=2, maximum=8192)
        self.batch.setToolTip("Fresh weeks of fresh sets of households in every step")
        self.device = QComboBox()
        self.device.setObjectName("train_device")
        self.device.addItems(DEVICES)
        self.device.setToolTip("auto: CUDA where there is one, otherwise the CPU")
        self._device_note = QLabel(wordWrap=True)
        self._device_note.setForegroundRole(MUTED)
        self._make_advanced()
        self._problem = QLabel(wordWrap=True)
        self._problem.setObjectName("train_problem")
        self._build()
        self._connect()
        self._take_recipe()

    def _make_length(self) -> None:
        """Steps or minutes."""
        self.until = dressed(
            QComboBox(),
            toolTip="The learning rate falls to zero towards this end",
            accessibleName="What the end is counted in",
        )
        self.until.addItems(["steps", "minutes"])
        self.steps = QSpinBox(minimum=1, maximum=10_000_000, singleStep=500)
        self.steps.setGroupSeparatorShown(True)
        self.steps.setObjectName("train_steps")
        self.steps.setAccessibleName("End after so many steps")
        self.minutes = QDoubleSpinBox(
            minimum=0.1, maximum=100_000, decimals=1, value=DEFAULT_MINUTES
        )
        self.minutes.setObjectName("train_minutes")
        self.minutes.setAccessibleName("End after so many minutes")

    def _make_advanced(self) -> None:
        self.advanced = QPlainTextEdit(placeholderText=ADVANCED_HINT)
        self.advanced.setObjectName("train_advanced")
        self.advanced.setAccessibleName("Other settings of the recipe")
        self.advanced.setToolTip("Settings that the recipe has; a wrong name is told at once.")
        self.advanced.setTabChangesFocus(True)
        self.advanced.setFixedHeight(4 * self.fontMetrics().lineSpacing() + 12)

    def _build(self) -> None:
        """Wrapped texts stand outside the form layouts, which would clip them."""
        self._length = QStackedWidget()
        for field in (self.steps, self.minutes):
            self._length.addWidget(field)
        self._length.setFixedHeight(self.steps.sizeHint().height())
        length = QHBoxLayout()
        length.addWidget(self._length, 1)
        length.addWidget(self.until)
        choice, settings = _form(), _form()
        choice.addRow("&Recipe", self.recipe)
        settings.addRow("&Seed", self.seed)
        settings.addRow("End after", length)
        settings.addRow("Batch", self.batch)
        settings.addRow("Devi&ce", self.device)
        self._fold = dressed(QToolButton(), text="Advanced ▸", checkable=True)
        self._fold.setToolTip("Any other setting of the recipe, as key = value")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(choice)
        layout.addWidget(self._description)
        layout.addLayout(settings)
        layout.addWidget(self._device_note)
        layout.addWidget(self._fold)
        layout.addWidget(self.advanced)
        layout.addWidget(self._problem)
        self.advanced.hide()
        self._problem.hide()

    def _connect(self) -> None:
        self.recipe.currentIndexChanged.connect(self._take_recipe)
        self.until.currentIndexChanged.connect(self._choose_length)
        self._fold.toggled.connect(self._show_advanced)
        for signal in (
            self.seed.valueChanged,
            self.steps.valueChanged,
            self.minutes.valueChanged,
            self.batch.valueChanged,
            self.device.currentIndexChanged,
            self.advanced.textChanged,
        ):
            signal.connect(self._changed)

    # what is asked for

    def spec(self) -> TrainSpec:
        """The training run that the form describes.

        Raises:
            DataError: a setting that does not exist or does not fit, in one sentence.
        """
        wishes: dict[str, Any] = {
            "seed": self.seed.value(),
            "batch": self.batch.value(),
            "device": self.device.currentText(),
        }
        if self.until.currentText() == "minutes":
            wishes |= {"minutes": self.minutes.value(), "steps": self.steps.maximum()}
        else:  # without the recipe's own minutes, which would end it sooner
            wishes |= {"minutes": None, "steps": self.steps.value()}
        return with_overrides(self._recipe, wishes | key_values(self.advanced.toPlainText())).spec

    def problem(self) -> str:
        """What is wrong with the form, '' if nothing is."""
        try:
            self.spec()
        except DataError as error:
            return str(error)
        return ""

    def set_devices(self, sentence: str, *, has_cuda: bool) -> None:
        """Say what there is to compute on; CUDA cannot be chosen where there is none."""
        self._device_note.setText(sentence)
        model = self.device.model()
        assert isinstance(model, QStandardItemModel)
        model.item(DEVICES.index("cuda")).setEnabled(has_cuda)
        if not has_cuda and self.device.currentText() == "cuda":
            self.device.setCurrentText("auto")

    @property
    def _recipe(self) -> Recipe:
        return self._recipes[self.recipe.currentData()]

    def _take_recipe(self) -> None:
        """Fill the fields with the recipe's own values."""
        spec = self._recipe.spec
        fields = (self.seed, self.steps, self.batch, self.minutes, self.until)
        blockers = [QSignalBlocker(field) for field in fields]
        self._description.setText(self._recipe.description)
        self.seed.setValue(spec.seed)
        self.steps.setValue(spec.steps)
        self.batch.setValue(spec.batch)
        self.minutes.setValue(spec.minutes or DEFAULT_MINUTES)
        self.until.setCurrentText("minutes" if spec.minutes is not None else "steps")
        del blockers
        self._choose_length()

    def _choose_length(self) -> None:
        self._length.setCurrentIndex(self.until.currentIndex())
        self._changed()

    def _show_advanced(self, shown: bool) -> None:
        self._fold.setText("Advanced ▾" if shown else "Advanced ▸")
        self.advanced.setVisible(shown)

    def _changed(self) -> None:
        problem = self.problem()
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self.changed.emit()


def _recipe_box(recipes: Mapping[str, Recipe]) -> QComboBox:
    """A long title must not make the window wider than a small screen; the list shows it whole."""
    box = QComboBox()
    box.setObjectName("train_recipe")
    for name, recipe in recipes.items():
        box.addItem(recipe.title, name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(16)
    return box


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    return form


def key_values(text: str) -> dict[str, str]:
    """Settings from lines of key = value; empty lines and # comments are skipped.

    >>> key_values("lr = 0.001\\n# smaller\\nmodel.latent_w=8")
    {'lr': '0.001', 'model.latent_w': '8'}
    """
    found = {}
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not (key and equals and value):
            raise DataError(f"'{line}' is not a setting; write it like lr = 0.001.")
        found[key] = value
    return found
