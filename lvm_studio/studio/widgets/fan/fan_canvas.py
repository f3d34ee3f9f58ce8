"""The bare plot of a week: axes, grid and a cursor; wheel zooms, double click fits."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from lvm_studio.studio.figures import CURSOR
from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.grid_item import GridItem
from lvm_studio.studio.widgets.time_axis import WeekAxis

AXES = ("left", "bottom")
BIG_STRIDE = 6
AXIS_MARGIN = 24


class FanCanvas(pg.PlotWidget):
    """Plot of power (kW) over time (seconds since 1970, UTC)."""

    fit_asked = Signal()
    zoomed = Signal()
    pointed = Signal(object)  # time under the pointer in seconds of the week, None outside
    cursor_stepped = Signal(int)  # half-hours, from the arrow keys
    drawn = Signal(object)  # [n, 2] times (s) and powers (kW) that the pointer passed over

    def __init__(self, parent: QWidget | None = None) -> None:
        times = WeekAxis()
        super().__init__(parent, axisItems={"bottom": times})
        self._times = times
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hideButtons()
        self.setMenuEnabled(False)
        self.setLabel("left", "Power (kW)")
        self.getAxis("left").enableAutoSIPrefix(False)
        self.getViewBox().disableAutoRange()
        self._grid = GridItem(self.getAxis("left"), self.getAxis("bottom"))
        self._drawing = False
        self._stroke: list[tuple[float, float]] = []
        self._ink = pg.PlotCurveItem(antialias=False)
        self._ink.setZValue(41)
        self._cursor = pg.InfiniteLine(angle=90)
        self._cursor.setZValue(40)
        self._cursor.setObjectName(CURSOR)
        self._cursor.hide()
        for item in (self._grid, self._cursor, self._ink):
            self.addItem(item, ignoreBounds=True)
        self.scene().sigMouseMoved.connect(self._point)
        self.getViewBox().sigRangeChangedManually.connect(lambda _axes: self.zoomed.emit())

    def show_axes(self, shown: bool) -> None:
        """Hide the axes while there is nothing to read on them."""
        for name in AXES:
            self.getAxis(name).setVisible(shown)

    def set_start(self, time: np.datetime64) -> None:
        """Say when the week begins."""
        self._times.set_start(time)

    def show_range(self, start: float, end: float, low: float, high: float) -> None:
        """Show these times (s) and powers (kW), no more and no less."""
        wanted = ([start, end], [low, high])
        if np.allclose(self.getViewBox().viewRange(), wanted, rtol=1e-12, atol=1e-9):
            return
        widest = max("0.00", f"{high:.0f}", key=len)
        self.getAxis("left").setWidth(self.fontMetrics().horizontalAdvance(widest) + AXIS_MARGIN)
        self.setXRange(start, end, padding=0)
        self.setYRange(low, high, padding=0)
        # else the view box does it while painting, which asks for a second painting
        self.getViewBox().updateMatrix()

    def set_cursor(self, second: float | None) -> None:
        """Put the cursor at a time, or hide it."""
        self._cursor.setVisible(second is not None)
        if second is not None:
            self._cursor.setPos(second)

    def set_drawing(self, drawing: bool) -> None:
        """Let the pointer draw a curve instead of moving what is shown."""
        self._drawing = drawing
        self._stroke = []
        self.setCursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.ArrowCursor)

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self.setBackground(colours.plot)
        for name in AXES:
            self.getAxis(name).setPen(colours.muted)
            self.getAxis(name).setTextPen(colours.text)
        self._grid.set_colour(colours.grid)
        self._ink.setPen(pg.mkPen(colours.text, width=1))
        self._cursor.setPen(pg.mkPen(colours.muted, width=1, style=Qt.PenStyle.DashLine))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._drawing and event.button() == Qt.MouseButton.LeftButton:
            self._stroke = []
            self._draw_to(event)
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drawing and event.buttons() & Qt.MouseButton.LeftButton:
            self._draw_to(event)
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drawing and self._stroke:
            stroke, self._stroke = np.array(self._stroke), []
            self._ink.setData([], [])
            self.drawn.emit(stroke)
        else:
            super().mouseReleaseEvent(event)

    def _draw_to(self, event: QMouseEvent) -> None:
        point = self.getViewBox().mapSceneToView(self.mapToScene(event.position().toPoint()))
        self._stroke.append((point.x(), max(point.y(), 0.0)))
        self._ink.setData(*np.array(self._stroke).T)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit_asked.emit()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        stride = BIG_STRIDE if shift else 1
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.cursor_stepped.emit(stride if event.key() == Qt.Key.Key_Right else -stride)
        elif event.key() == Qt.Key.Key_Home:
            self.fit_asked.emit()
        else:
            super().keyPressEvent(event)

    def _point(self, position: QPointF) -> None:
        box = self.getViewBox()
        inside = box.sceneBoundingRect().contains(position)
        second = box.mapSceneToView(position).x() if inside else np.nan
        self.pointed.emit(float(second) if inside else None)
