"""The bare plot of a latent map: what mouse and keys ask of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent

from lvm_studio.studio.widgets.scaled_axis import plain_axes

KEY_STEP, KEY_STEP_LARGE = 0.1, 0.5
WIDEST = "−00.0"
"""The longest number along the left axis."""
TITLE_ROOM = 28
"""Pixels of the left axis beside its numbers."""


class MapView(pg.ViewBox):
    """Left button picks (click or drag), the wheel zooms, the middle and right buttons move.

    With Shift, or while `lasso` is true, a left drag draws an outline instead.
    """

    picked = Signal(float, float)
    drag_ended = Signal()
    outlined = Signal(object, bool)
    """(points [s, 2] of an outline, whether it is finished)."""

    def __init__(self) -> None:
        super().__init__(lockAspect=True, enableMenu=False)
        self.disableAutoRange()
        self.lasso = False
        self._outline: list[tuple[float, float]] = []

    def mouseClickEvent(self, event: Any) -> None:
        """Pick; overrides pyqtgraph."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pick(event.pos())
            self.drag_ended.emit()
            event.accept()
        else:
            super().mouseClickEvent(event)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        """Pick all along a drag; overrides pyqtgraph."""
        if event.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        if event.isStart():
            shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._outline = [self._at(event.buttonDownPos())] if self.lasso or shift else []
        if self._outline:
            self._outline.append(self._at(event.pos()))
            self.outlined.emit(np.array(self._outline), event.isFinish())
            return
        self._pick(event.pos())
        if event.isFinish():
            self.drag_ended.emit()

    def _at(self, position: QPointF) -> tuple[float, float]:
        point = self.mapToView(position)
        return point.x(), point.y()

    def _pick(self, position: QPointF) -> None:
        at = self.mapToView(position)
        self.picked.emit(at.x(), at.y())


class Dots(pg.ScatterPlotItem):
    """Points that leave clicks to the map beneath them."""

    def mouseClickEvent(self, event: Any) -> None:
        """Let the map have it; overrides pyqtgraph."""
        event.ignore()


class MapCanvas(pg.PlotWidget):
    """The plot of the map, with its keys."""

    key_moved = Signal(float, float)
    pin_asked = Signal(str)
    near_asked = Signal()
    """Select what is near where one stands."""

    def __init__(self, view: MapView) -> None:
        super().__init__(viewBox=view, axisItems=plain_axes())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Latent map")
        self.hideButtons()
        # by itself the axis grows a frame after its numbers do, and they lie over its title
        self.getAxis("left").setWidth(self.fontMetrics().horizontalAdvance(WIDEST) + TITLE_ROOM)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk (Shift: five times as far), A and B pin, S selects around."""
        far = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        step = KEY_STEP_LARGE if far else KEY_STEP
        moves = {
            Qt.Key.Key_Left: (-step, 0.0),
            Qt.Key.Key_Right: (step, 0.0),
            Qt.Key.Key_Up: (0.0, step),
            Qt.Key.Key_Down: (0.0, -step),
        }
        if event.key() in moves:
            self.key_moved.emit(*moves[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_A, Qt.Key.Key_B):
            self.pin_asked.emit(chr(event.key()))
        elif event.key() == Qt.Key.Key_S:
            self.near_asked.emit()
        else:
            super().keyPressEvent(event)
