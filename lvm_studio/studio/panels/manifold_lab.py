"""A VAE learns a curve in the plane while one watches, and keeps a hand on its σ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError
from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from lvm_studio.data.errors import DataError
from lvm_studio.studio.file_dialogs import POINTS_KIND, ask_open
from lvm_studio.studio.jobs.job_thread import JobState
from lvm_studio.studio.panels.laboratory_settings import LaboratorySettings
from lvm_studio.studio.panels.run_view import RunView
from lvm_studio.studio.runs.laboratory_run import LaboratoryRun
from lvm_studio.studio.theme import theme
from lvm_studio.studio.widgets.laboratory.drawn_curve import DrawCurve
from lvm_studio.studio.widgets.laboratory.laboratory_traces import LaboratoryTraces, RunTrace
from lvm_studio.studio.widgets.laboratory.manifold_form import DRAWN
from lvm_studio.studio.widgets.laboratory.plane_canvas import LAYERS, layer_colours
from lvm_studio.studio.widgets.laboratory.transport_bar import TransportBar
from lvm_studio.studio.widgets.laboratory.turns import Turns
from lvm_studio.studio.widgets.legend_chip import LegendChip
from lvm_studio.training.laboratory import EPOCH_POINTS, LaboratoryJob

if TYPE_CHECKING:
    from lvm_studio.studio.runs.laboratory_run import StartThread
    from lvm_studio.studio.session import Session

TRACES_MS = 250
FRAMES_PER_SECOND = 30.0
PREVIEW_POINTS = 400
LAYER_WORDS = {
    "data": ("Data", "Points to be learned; they are never trained on"),
    "reconstruction": ("Reconstruction", "f(z) with z ~ q(z|x) of the same points, without noise"),
    "generation": ("Generation", "x ~ p(x|z) with z ~ p(z): mean and noise"),
    "noise": ("p(x|z), ± σ", "An ellipse of one σ around f(z) for every z ~ p(z) (Fig. 6.1)"),
    "walk": (
        "Walk, ± σ",
        "f(z) along the coordinate of z that q uses most, −3 to 3, and one σ around it",
    ),
}
HINT = "Press Start (or Restart): a VAE learns these points while you watch."
DRAWN_HINT = "Press Draw, then drag a curve here."


class ManifoldLab(QWidget):
    """One run, or two from the same seed, of a curve in the plane.

    Args:
        session: its undo stack takes what is drawn.
        start_thread: makes what runs a job; tests give their own.
    """

    def __init__(
        self,
        session: Session,
        start_thread: StartThread | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("manifold_lab")
        self._stack = session.undo_stack
        self.settings = LaboratorySettings()
        self.runs = [LaboratoryRun(start_thread, self) for _ in range(2)]
        self.views = [
            RunView(run, f"lab_{letter}") for run, letter in zip(self.runs, "ab", strict=True)
        ]
        self.transport = TransportBar("lab")
        self.traces = LaboratoryTraces()
        self.chips = {name: LegendChip(*LAYER_WORDS[name]) for name in LAYERS}
        self.note = QLabel("", wordWrap=True)
        self.note.setObjectName("lab_note")
        self.note.hide()
        self._turns = Turns(self)
        self._traces_timer = QTimer(self, singleShot=True, interval=TRACES_MS)
        self._terms_timer = QTimer(self, singleShot=True, interval=TRACES_MS // 2)
        self._build()
        self._connect()
        self._show_layers()
        self._set_colours()
        self._show_data()

    # building

    def _build(self) -> None:
        legend = QHBoxLayout()
        legend.addWidget(self.transport, 1)
        for chip in self.chips.values():
            legend.addWidget(chip)
        planes = QSplitter(childrenCollapsible=False)
        for view in self.views:
            planes.addWidget(view)
        self.views[1].hide()
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(legend)
        column.addWidget(self.note)
        column.addWidget(planes, 1)
        right = QSplitter(childrenCollapsible=False)
        right.setOrientation(right.orientation().Vertical)
        right.addWidget(upper)
        right.addWidget(self.traces)
        right.setStretchFactor(0, 3)
        right.setStretchFactor(1, 1)
        right.setSizes([470, 190])
        split = QSplitter(childrenCollapsible=False)
        split.addWidget(self.settings)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([310, 950])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(split)

    def _connect(self) -> None:
        form = self.settings.data
        form.changed.connect(self._show_data)
        form.draw_asked.connect(self._draw)
        form.kind.activated.connect(self._offer_pen)
        form.open_asked.connect(self._ask_file)
        self.settings.compare.toggled.connect(self._show_second)
        self.views[0].canvas.drawn.connect(self._take_curve)
        self.views[0].canvas.drawing_ended.connect(self._show_data)
        self.transport.start_asked.connect(self.start)
        self.transport.play_asked.connect(self._play)
        self.transport.pause_asked.connect(self._pause)
        self.transport.step_asked.connect(self._step)
        self.traces.sigma_grabbed.connect(lambda run, sigma: self.views[run].put(sigma))
        self.traces.sigma_grabbed.connect(self._turns.hand_moved)
        for view in self.views:
            view.sigma.grabbed.connect(self._turns.hand_moved)
            view.canvas.plane.sigRangeChangedManually.connect(self._turns.hand_moved)
            view.run.frame_ready.connect(self._draw_frames_soon)
            view.run.frame_ready.connect(self._draw_traces_soon)
            view.run.state_changed.connect(self._refresh_transport)
            view.run.failed.connect(self._fail)
        for chip in self.chips.values():
            chip.toggled.connect(self._show_layers)
            chip.solo_requested.connect(self._solo)
        self._traces_timer.timeout.connect(lambda: self._turns.ask(self._draw_sigma))
        self._terms_timer.timeout.connect(self._draw_terms_soon)
        theme().changed.connect(self._set_colours)

    # verbs

    def start(self) -> None:
        """Train what the settings say, both runs from the same seed."""
        self._say("")
        try:
            jobs = self._jobs()
        except DataError as error:
            self._say(str(error))
            return
        except ValidationError as error:
            self._say(str(error.errors()[0]["msg"]))
            return
        for number, view in enumerate(self.views):
            view.run.forget()
            self.traces.forget(number)
            if number < len(jobs):
                view.begin(self.settings.title(number))
                view.run.start(jobs[number])
        self._refresh_transport()

    def _jobs(self) -> list[LaboratoryJob]:
        vectors = self.settings.data.vectors
        return [
            LaboratoryJob(spec, vectors, frames_per_second=FRAMES_PER_SECOND)
            for spec in self.settings.specs()
        ]

    def _going(self) -> list[LaboratoryRun]:
        return [run for run in self.runs if run.alive]

    def _play(self) -> None:
        for run in self._going():
            run.play()

    def _pause(self) -> None:
        for run in self._going():
            run.pause()

    def _step(self, steps: int) -> None:
        for run in self._going():
            run.step(steps)

    def _draw(self) -> None:
        for run in self.runs:
            run.forget()
        self._refresh_transport()
        self.views[0].title = "Drawing"
        self.views[0].refresh_words()
        self.views[0].canvas.begin_drawing()

    def _offer_pen(self, kind: int) -> None:
        """Give the pen to who wants a curve by hand and has none; take it from who does not."""
        data, canvas = self.settings.data, self.views[0].canvas
        if kind != DRAWN and canvas.plane.drawing:
            canvas.put_pen_away()
        elif kind == DRAWN and not data.path and not self._going():
            self._draw()
            data.kind.setFocus()  # arrow keys go on through the list

    def _take_curve(self, path: tuple[tuple[float, float], ...]) -> None:
        self._stack.push(DrawCurve(self.settings.data, path))

    def _ask_file(self) -> None:
        if path := ask_open(self, "Points to learn", POINTS_KIND):
            self.open_points(path)

    def open_points(self, path: Path) -> None:
        """Learn the points of this file."""
        try:
            self.settings.data.open(path)
        except DataError as error:
            self._say(str(error))

    # showing

    def _show_data(self) -> None:
        """Show fresh points of the curve, unless a run shows its own."""
        if self.views[0].canvas.plane.drawing or self._going():
            return
        points = self._preview()
        for view in self.views:
            view.begin("")
            view.run.forget()
            view.canvas.show_data(points)
            view.canvas.set_hint("" if len(points) else DRAWN_HINT)
            view.head.setText(HINT if len(points) else " ")
        self._refresh_transport()

    def _preview(self) -> np.ndarray:
        vectors, curve = self.settings.data.vectors, self.settings.data.manifold()
        if vectors is not None:
            return vectors.x[:PREVIEW_POINTS]
        if curve is None:
            return np.empty((0, 2))
        return curve.draw(PREVIEW_POINTS, np.random.default_rng(0))

    def _show_second(self, shown: bool) -> None:
        self.views[1].setVisible(shown)
        if not shown:
            self.runs[1].forget()
            self.traces.forget(1)
        self._show_data()

    def _draw_frames_soon(self) -> None:
        if self.isVisible():
            for view in self.views:
                self._turns.ask(view.draw)

    def _draw_traces_soon(self) -> None:
        if not self._traces_timer.isActive():
            self._traces_timer.start()

    def _draw_sigma(self) -> None:
        if self.isVisible():
            self.traces.show_sigma([self._trace(run) for run in self.runs])
            self._terms_timer.start()

    def _draw_terms_soon(self) -> None:
        self._turns.ask(self._draw_terms)
        self._turns.ask(self._refresh_words)

    def _refresh_words(self) -> None:
        for view in self.views:
            if self.isVisible() and view.run.state is not None:
                view.refresh_words()

    def _draw_terms(self) -> None:
        if not self.isVisible():
            return
        self.traces.show_terms([self._trace(run) for run in self.runs])

    def _trace(self, run: LaboratoryRun) -> RunTrace | None:
        if run.state is None or run.job is None:
            return None
        epoch_steps = EPOCH_POINTS / run.job.spec.batch
        return RunTrace(run.history(""), run.sigma_quantiles(), epoch_steps)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what was left undone while the page was hidden."""
        super().showEvent(event)
        self._draw_frames_soon()
        self._draw_traces_soon()

    def _refresh_transport(self) -> None:
        states = [run.state for run in self.runs if run.alive]
        self.transport.show_state(
            alive=bool(states), paused=bool(states) and set(states) == {JobState.PAUSED}
        )

    def _show_layers(self) -> None:
        shown = frozenset(name for name, chip in self.chips.items() if chip.isChecked())
        for view in self.views:
            view.canvas.set_layers(shown)

    def _solo(self) -> None:
        alone = self.sender()
        for chip in self.chips.values():
            chip.set_on(chip is alone)
        self._show_layers()

    def _set_colours(self) -> None:
        for name, colour in layer_colours(theme().colours).items():
            self.chips[name].set_colour(colour)

    def _fail(self, sentence: str, _details: str) -> None:
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        self.note.setText(sentence)
        self.note.setVisible(bool(sentence))
