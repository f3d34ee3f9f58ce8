"""One run of the laboratory on screen: its plane, what it reports, and the hand on its σ."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from lvm_studio.studio.jobs.job_thread import JobState
from lvm_studio.studio.numerals import format_value, with_decimals
from lvm_studio.studio.runs.laboratory_run import LaboratoryRun
from lvm_studio.studio.runs.run_words import STATE_TITLES, soundness
from lvm_studio.studio.widgets.laboratory.plane_canvas import PlaneCanvas
from lvm_studio.studio.widgets.laboratory.sigma_slider import SigmaSlider

RECENT = 50
"""Steps whose mean is told as the bound: single batches jump."""


class RunView(QWidget):
    """Draws the latest frame of a run whenever it is asked to.

    Args:
        run: what is drawn.
        name: begins the object names of its widgets.
    """

    def __init__(self, run: LaboratoryRun, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.run = run
        self.title = ""
        self._drawn = -1
        self.head = QLabel("")
        # Two lines whose length moves nothing: they change four times a second.
        self.head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.head.setFixedHeight(2 * self.fontMetrics().lineSpacing() + 2)
        self.canvas = PlaneCanvas()
        self.canvas.setObjectName(f"{name}_canvas")
        self.canvas.viewport().setObjectName(f"{name}_plane")
        self.sigma = SigmaSlider(f"{name}_sigma")
        self.sigma.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.head)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.sigma)
        self.sigma.grabbed.connect(run.set_sigma)
        run.state_changed.connect(self.refresh_words)

    def draw(self) -> None:
        """Draw the latest frame if it has not been drawn."""
        frame = self.run.frame
        if frame is None or self._drawn == self.run.frames:
            return
        first = self._drawn < 0
        self._drawn = self.run.frames
        if first:
            self.canvas.show_data(frame.x)
        self.canvas.show_frame(frame)

    def begin(self, title: str) -> None:
        """A new run takes the place."""
        self.title, self._drawn = title, -1
        self.refresh_words()

    def put(self, sigma: float) -> None:
        """Put σ here, as if the slider had been grabbed."""
        self.run.set_sigma(sigma)
        self.sigma.follow(sigma)

    def refresh_words(self) -> None:
        """Say how far it is, and let the slider follow."""
        run, state = self.run, self.run.state
        self.sigma.setEnabled(state in (JobState.RUNNING, JobState.PAUSED))
        if state is None:
            self.head.setText(f"<b>{self.title}</b>")
            return
        head, parts = f"<b>{self.title}</b> · {STATE_TITLES[state]}", []
        history = run.history("")
        train = history.train
        if len(train.step):
            elbo = float(train.term("elbo")[-RECENT:].mean())
            kl = float(train.term("kl_z")[-RECENT:].mean())
            sigma = float(train.term("sigma")[-1])
            parts += [
                f"step {int(train.step[-1]):,}",
                f"ELBO {with_decimals(elbo, 3)} nats",
                f"KL {with_decimals(kl, 2)} nats",
                f"σ {format_value(sigma)}",
            ]
            self.sigma.follow(sigma)
        if run.job is not None:
            parts += soundness(history, run.job.spec.eval_samples)
        self.head.setText(f"{head}<br>{' · '.join(parts)}")
        self.head.setToolTip(self.title)
