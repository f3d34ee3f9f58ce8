"""One slider for each latent dimension, the most informative first, the rest folded."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.studio.widgets.latent.slider_row import Dimension, SliderRow
from lvm_studio.studio.widgets.training.series import Floats

INFORMATIVE_BITS = 0.05
"""Dimensions of fewer bits are folded away, as long as FEWEST_SHOWN are left."""
FEWEST_SHOWN = 6
FRAME_MS = 33
SHOWN_EVERY_MS = 100
"""While one walks on the map the sliders follow ten times a second: the curve goes first."""
SWEEP_SECONDS = 4.0
SWEEP_REACH = 2.0
HEADS = ("", "", "u", "bits", "lock", "", "")


def informative(dimensions: Sequence[Dimension]) -> int:
    """How many of these, most informative first, stand above the fold; all if few would not.

    >>> bits = [2.0, 1.0, 0.5, 0.3, 0.2, 0.1, 0.06, 0.01, 0.0]
    >>> informative([Dimension(i, "z", b) for i, b in enumerate(bits)])
    7
    >>> informative([Dimension(i, "z", b) for i, b in enumerate(bits[:8])])
    8
    """
    known = sum(dimension.bits >= INFORMATIVE_BITS for dimension in dimensions)
    shown = max(known, FEWEST_SHOWN)
    return shown if shown < len(dimensions) - 1 else len(dimensions)


class DimensionSliders(QWidget):
    """Sliders in a scroll area; values are standard deviations of the prior.

    Knows a vector u by the indices of its `Dimension`s only.
    """

    changed = Signal(int, float)
    """(index, value): the person wants u[index] = value."""
    reset_all = Signal()
    """The person wants u = 0."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[SliderRow] = []
        self._above = 0
        self._title = QLabel()
        self._title.setToolTip(
            "Total information of the latent space: mean KL(q(u|x) ‖ N(0, I)) over real sums."
        )
        self._reset = dressed(
            QPushButton("&Reset all"), toolTip="All dimensions to 0, the prior's middle"
        )
        self._reset.setObjectName("latent_reset")
        self._reset.clicked.connect(self.reset_all)
        self.snap = QCheckBox("&Quantiles")
        self.snap.setToolTip("Sliders rest at 1, 5, 25, 50, 75, 95 and 99 % of the prior only")
        self.fold = dressed(QToolButton(), checkable=True, autoRaise=True)
        self.fold.setObjectName("latent_fold")
        self.fold.toggled.connect(self._unfold)
        self._wanted: Floats | None = None
        self._later = QTimer(self, singleShot=True, interval=SHOWN_EVERY_MS)
        self._later.timeout.connect(self._show_wanted)
        self._swinging: SliderRow | None = None
        self._phase = 0.0
        self._clock = QTimer(self, interval=FRAME_MS)
        self._clock.timeout.connect(self._swing_on)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.snap)
        head.addWidget(self._reset)
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self._scroll, 1)
        self.set_dimensions([])

    def set_dimensions(self, dimensions: Sequence[Dimension]) -> None:
        """Show one slider each, the most informative first."""
        self.swing(None)
        self._later.stop()
        self._wanted = None
        ordered = sorted(dimensions, key=lambda d: -d.bits)
        self.rows = [SliderRow(dimension, self) for dimension in ordered]
        self._above = informative(ordered)
        self.fold.setParent(self)  # or it would go with the content that is replaced
        self._scroll.setWidget(content := QWidget())
        self._fill(QGridLayout(content))
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(content.minimumSizeHint().width() + bar)
        total = sum(d.bits for d in dimensions)
        self._title.setText(
            f"{len(dimensions)} dimensions, {total:.1f} bits" if dimensions else "Dimensions"
        )
        self._reset.setEnabled(bool(dimensions))
        with QSignalBlocker(self.fold):
            self.fold.setChecked(False)
        self._unfold(False)

    def _fill(self, grid: QGridLayout) -> None:
        grid.setContentsMargins(2, 2, 6, 2)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        for column, text in enumerate(HEADS):
            grid.addWidget(QLabel(text, alignment=Qt.AlignmentFlag.AlignRight), 0, column)
        for place, row in enumerate(self.rows):
            line = place + 1 if place < self._above else place + 2
            for column, widget in enumerate(row.widgets()):
                grid.addWidget(widget, line, column)
        grid.addWidget(self.fold, self._above + 1, 0, 1, len(HEADS))
        grid.setRowStretch(len(self.rows) + 2, 1)

    def _unfold(self, unfolded: bool) -> None:
        rest = self.rows[self._above :]
        self.fold.setVisible(bool(rest))
        bits = sum(row.dimension.bits for row in rest)
        arrow = "▾" if unfolded else "▸"
        self.fold.setText(f"{arrow} {len(rest)} more, {bits:.2f} bits in all")
        self.fold.setToolTip(f"Dimensions of fewer than {INFORMATIVE_BITS} bits each")
        for row in rest:
            row.set_visible(unfolded)
        self._show_wanted()

    # values

    def show_values(self, u: Floats) -> None:
        """Show u [dim] without telling anybody."""
        self._wanted = u
        self._show_wanted()

    def show_values_soon(self, u: Floats) -> None:
        """Show u [dim], or what is wished for later, within a tenth of a second."""
        self._wanted = u
        if not self._later.isActive():
            self._later.start()

    def take(self, index: int, value: float) -> None:
        """A row was moved by hand (rows call this): tell who walks."""
        if self._wanted is not None:
            self._wanted = self._wanted.copy()
            self._wanted[index] = value
        self.changed.emit(index, value)

    @property
    def settled(self) -> bool:
        """Whether what was wished for is shown."""
        return not self._later.isActive()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_wanted()

    def _show_wanted(self) -> None:
        self._later.stop()
        if self._wanted is None:
            return
        shown = self.rows if self.fold.isChecked() else self.rows[: self._above]
        for row in shown:
            if row.dimension.index < len(self._wanted):
                row.show_value(float(np.clip(self._wanted[row.dimension.index], -99, 99)))

    @property
    def locked(self) -> list[int]:
        """Indices of the dimensions that are to stay as they are."""
        return [row.dimension.index for row in self.rows if row.lock.isChecked()]

    # animation

    def swing(self, row: SliderRow | None) -> None:
        """Let this dimension swing, and no other; None: none."""
        for other in self.rows:
            if other is not row:
                with QSignalBlocker(other.play):
                    other.play.setChecked(False)
        self._swinging, self._phase = row, 0.0
        if row is None:
            self._clock.stop()
        else:
            self._phase = math.asin(max(-1.0, min(1.0, row.field.value() / SWEEP_REACH)))
            self._clock.start()

    def _swing_on(self) -> None:
        if self._swinging is None or not self.isVisible():
            self.swing(None)
            return
        self._phase += 2.0 * math.pi * FRAME_MS / (1000.0 * SWEEP_SECONDS)
        value = SWEEP_REACH * math.sin(self._phase)
        self._swinging.show_value(value)
        self.take(self._swinging.dimension.index, value)
