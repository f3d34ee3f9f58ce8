"""What a noise of fixed σ lets a VAE see of a sphere: theory as a map, and trained models."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.analysis.sigma.hypersphere import (
    RadiusMap,
    optimal_radius,
    sufficient_bound,
    threshold,
)
from lvm_studio.studio.numerals import format_value, percent
from lvm_studio.studio.runs.laboratory_run import LaboratoryRun
from lvm_studio.studio.runs.sphere_wishes import (
    HIGHEST_RATIO,
    STEPS,
    SphereView,
    compared,
    radius_of,
    sphere_training,
)
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.widgets.computing_label import ComputingLabel
from lvm_studio.studio.widgets.dressed import label_for
from lvm_studio.studio.widgets.laboratory.radius_map import RadiusMapPlot
from lvm_studio.studio.widgets.training.series import Floats
from lvm_studio.training.laboratory import LaboratoryJob

if TYPE_CHECKING:
    from lvm_studio.studio.runs.laboratory_run import StartThread
    from lvm_studio.studio.street.service import StreetService

MOST_DIMENSIONS, MOST_TRAINED = 10_000, 500
REDRAW_MS = 100
RADIUS_FRAMES, RADIUS_POINTS = 10.0, 200
ABOUT = (
    "Data lie on a sphere of radius R in D dimensions; a perfect VAE with the fixed noise σ puts "
    "its means on a sphere of radius r. The best r is that of ℓ(r) (Eq. 6.5): 0 as long as "
    "R/σ ≤ √D, so that noise hides the sphere altogether. Theorem 6.1 proves it up to √(D−1)."
)
SHADES = "Bluer: log ℓ(r) nearer to that of the best r of its column. Line: the best r."


class SphereLab(QWidget):
    """The map of ℓ(r) with a pointer at R/σ, and VAEs trained there.

    Args:
        service: lends its compute thread.
        start_thread: makes what runs a job; tests give their own.
    """

    def __init__(
        self,
        service: StreetService,
        start_thread: StartThread | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("sphere_lab")
        self.run = LaboratoryRun(start_thread, self)
        self._box = service.open_mailbox()
        self._redraw = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._found: dict[int, dict[float, float]] = {}
        """Trained radii r/σ, by D and R/σ."""
        self._way: list[tuple[float, float]] = []
        self._training = (0, 1.0)
        self.dim = QSpinBox(minimum=2, maximum=MOST_DIMENSIONS, value=2)
        self.ratio = QDoubleSpinBox(decimals=3, minimum=0.05, maximum=HIGHEST_RATIO, value=2.0)
        self.axes = QComboBox()
        self.seed = QSpinBox(maximum=9999)
        self.train_button = QPushButton("Tra&in a VAE there")
        self.stop_button = QPushButton("S&top")
        self.progress = QProgressBar(maximum=STEPS, textVisible=False)
        self.theory = QLabel("", wordWrap=True)
        self.trained = QLabel("", wordWrap=True)
        self.computing = ComputingLabel()
        self.map = RadiusMapPlot()
        self._name_and_explain()
        self._build()
        self._connect()
        self._point()

    def _name_and_explain(self) -> None:
        self.axes.addItems(["around the threshold (Fig. 6.5)", "to R/σ = 10⁴, logarithmic"])
        for widget, name, tip in (
            (self.dim, "sphere_dim", "D, the dimension of the space around the sphere"),
            (self.ratio, "sphere_ratio", "Radius of the sphere in units of σ: R/σ"),
            (self.axes, "sphere_axes", "How far the map reaches"),
            (self.seed, "sphere_seed", "First weights and order of the data"),
            (
                self.train_button,
                "sphere_train",
                f"{STEPS:,} batches of 64 fresh points, k = 16 draws in the bound (Eq. 3.5); "
                f"D up to {MOST_TRAINED}",
            ),
            (self.stop_button, "sphere_stop", "End the training; its radius is not kept"),
        ):
            widget.setObjectName(name)
            widget.setToolTip(tip)
        for number in (self.dim, self.ratio):
            number.setKeyboardTracking(False)
            number.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        self.progress.setFixedHeight(8)
        self.theory.setObjectName("sphere_theory")
        self.trained.setObjectName("sphere_trained")

    def _build(self) -> None:
        left, right = QWidget(), QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 6, 0)
        about = QLabel(ABOUT, wordWrap=True)
        about.setForegroundRole(MUTED)
        form = QFormLayout()
        form.addRow(label_for(self.dim, "Dime&nsion D"), self.dim)
        form.addRow(label_for(self.ratio, "&R / σ"), self.ratio)
        form.addRow(label_for(self.axes, "Ma&p"), self.axes)
        form.addRow(label_for(self.seed, "&Seed"), self.seed)
        buttons = QHBoxLayout()
        buttons.addWidget(self.train_button, 1)
        buttons.addWidget(self.stop_button)
        column.addWidget(about)
        column.addLayout(form)
        column.addWidget(self.theory)
        column.addLayout(buttons)
        column.addWidget(self.progress)
        column.addWidget(self.trained)
        column.addStretch(1)
        plot = QVBoxLayout(right)
        plot.setContentsMargins(0, 0, 0, 0)
        head = QHBoxLayout()
        shades = QLabel(SHADES)
        shades.setForegroundRole(MUTED)
        head.addWidget(shades, 1)
        head.addWidget(self.computing)
        plot.addLayout(head)
        plot.addWidget(self.map, 1)
        split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([330, 930])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(split)

    def _connect(self) -> None:
        self.dim.valueChanged.connect(self._wish)
        self.axes.currentIndexChanged.connect(self._wish)
        self.ratio.valueChanged.connect(self._point)
        self.train_button.clicked.connect(self.train)
        self.stop_button.clicked.connect(self.stop)
        self._box.answered.connect(self._show_map)
        self._box.failed.connect(lambda sentence, _details: self.theory.setText(sentence))
        self._box.computing.connect(self.computing.begin)
        self._box.rested.connect(self.computing.end)
        self.run.frame_ready.connect(self._note_frame)
        self.run.state_changed.connect(self._refresh)
        self.run.failed.connect(lambda sentence, _details: self.trained.setText(sentence))
        self._redraw.timeout.connect(self._draw)

    # the map

    def showEvent(self, event: QShowEvent) -> None:
        """Wish for the first map once somebody looks: it takes the thread that decodes a second."""
        super().showEvent(event)
        if self.map.shown is None:
            self._wish()

    def _wish(self) -> None:
        view = SphereView(self.dim.value(), self.axes.currentIndex())

        def work() -> Generator[object, None, None]:
            for found in view.compute():
                yield None if found is None else (view, found)

        self._box.post(work)
        self._point()

    def _show_map(self, answer: tuple[SphereView, RadiusMap]) -> None:
        view, found = answer
        self.map.show_map(found, view.scale)
        self._point()
        self._draw()

    def _point(self) -> None:
        """Say what theory has for this R/σ; one radius takes a millisecond."""
        dim, ratio = self.dim.value(), self.ratio.value()
        best = float(optimal_radius(ratio, dim))
        seen = "nothing of the sphere is seen" if best == 0 else f"{percent(best / ratio, 1)} of R"
        self.theory.setText(
            f"<b>Theory:</b> r = {format_value(best)} σ, {seen}.<br>Exact threshold R/σ = √D = "
            f"{format_value(threshold(dim))}; Theorem 6.1 up to √(D−1) = "
            f"{format_value(sufficient_bound(dim))}."
        )
        self.map.choose(ratio)
        self._refresh()

    # training

    def train(self) -> None:
        """Train a VAE of this sphere with this noise."""
        dim, ratio = self.dim.value(), self.ratio.value()
        self._training, self._way = (dim, ratio), []
        spec = sphere_training(dim, ratio, self.seed.value())
        self.run.start(LaboratoryJob(spec, frames_per_second=RADIUS_FRAMES, points=RADIUS_POINTS))

    def stop(self) -> None:
        """End the training; nothing is said of a radius that is not kept."""
        self.run.forget()
        self._way = []
        self.progress.setValue(0)
        self.trained.setText("")
        self._refresh()
        self._draw()

    def _note_frame(self) -> None:
        frame, (dim, ratio) = self.run.frame, self._training
        if frame is None:
            return
        radius = radius_of(frame) * ratio  # R is 1, σ is 1 / ratio
        self._way.append((ratio, radius))
        self.progress.setValue(frame.step)
        if frame.step >= STEPS:
            self._found.setdefault(dim, {})[ratio] = radius
        if not self._redraw.isActive():
            self._redraw.start()

    def _draw(self) -> None:
        dim, ratio = self._training
        shown = self._found.get(self.dim.value(), {})
        way = self._way if dim == self.dim.value() else []
        points = [*shown.items(), *way[-1:]]
        self.map.show_trained(_table(points), _table(way))
        if way:
            self.trained.setText(compared(dim, ratio, way[-1][1]))

    def _refresh(self) -> None:
        alive = self.run.alive
        self.train_button.setEnabled(not alive and self.dim.value() <= MOST_TRAINED)
        self.stop_button.setEnabled(alive)
        if alive and not self._way:
            self.progress.setValue(0)
            self.trained.setText("Starting a process (a few seconds) …")


def _table(points: list[tuple[float, float]]) -> Floats:
    return np.array(points, float).reshape(-1, 2)
