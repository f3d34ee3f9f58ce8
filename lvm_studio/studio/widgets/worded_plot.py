"""A small plot that only shows, with what it says in words and a hint while it is empty."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QVBoxLayout, QWidget

from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.scaled_axis import plain_axes

LABEL_ROOM = 8
"""Pixels beyond the highest and the last tick, so that their labels are not cut."""
LOW = 160
"""Pixels; where there are fewer, words stand beside the plot and not below it."""


class WordedPlot(QWidget):
    """Base of the picture tabs beside λ; items in `plot`, and more `rows` of words, are theirs."""

    def __init__(self, title: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint_text = hint
        self.plot = pg.PlotWidget(self, axisItems=plain_axes())
        self.plot.setAccessibleName(title)
        self.plot.hideButtons()
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getPlotItem().layout.setContentsMargins(0, LABEL_ROOM, LABEL_ROOM, 0)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.rows = QVBoxLayout()
        self.rows.addWidget(self.words)
        self._parts = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._parts.setContentsMargins(0, 0, 0, 0)
        self._parts.setSpacing(6)
        self._parts.addWidget(self.plot)
        self._parts.addLayout(self.rows)
        self._share_room(low=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room(low=event.size().height() < LOW)

    def _share_room(self, *, low: bool) -> None:
        """Words below the plot take what they need; beside it, two fifths of the width."""
        direction = QBoxLayout.Direction
        self._parts.setDirection(direction.LeftToRight if low else direction.TopToBottom)
        for place, stretch in enumerate((3, 2) if low else (1, 0)):
            self._parts.setStretch(place, stretch)

    def show_words(self, sentence: str) -> None:
        """Show the plot and what it says."""
        self.plot.setVisible(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.words.setText(sentence)

    def show_hint(self) -> None:
        """Say what will be here instead of an empty plot."""
        self.plot.setVisible(False)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setText(self._hint_text)

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self.plot.setBackground(colours.plot)
        for name in ("left", "bottom"):
            self.plot.getAxis(name).setPen(colours.muted)
            self.plot.getAxis(name).setTextPen(colours.text)


def histogram_item() -> pg.PlotCurveItem:
    """Return an empty filled histogram."""
    nothing = ([0.0, 1.0], [0.0])
    return pg.PlotCurveItem(*nothing, stepMode="center", fillLevel=0.0, antialias=False)
