"""A plane with a manifold, what a model makes of it, and a pen to draw a curve of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QLabel

from lvm_studio.studio.theme import BLUISH_GREEN, MUTED, Colours, theme
from lvm_studio.studio.widgets.colours import mix, veil
from lvm_studio.studio.widgets.laboratory.plane_marks import (
    Dots,
    Ellipses,
    Floats,
    Mark,
    PlaneMarks,
    Ribbon,
)
from lvm_studio.studio.widgets.scaled_axis import plain_axes

if TYPE_CHECKING:
    from lvm_studio.training.frames import Frame

LAYERS = ("data", "reconstruction", "generation", "noise", "walk")
MARGIN = 0.12
PEN_STEP, PEN_STEP_LARGE = 0.02, 0.1
LEAST_POINTS, CLOSEST = 3, 0.004
DRAW_HINT = "Draw a curve: press and drag. Keys: arrows move the pen, Enter ends, Esc gives up."


class PlaneView(pg.ViewBox):
    """While drawing, the left button is a pen; otherwise it moves the plane, and the wheel zooms.

    Signals:
        pen_moved(x, y), pen_lifted().
    """

    pen_moved = Signal(float, float)
    pen_lifted = Signal()

    def __init__(self) -> None:
        super().__init__(lockAspect=True, enableMenu=False)
        self.disableAutoRange()
        self.drawing = False

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        """Draw, or move the plane; overrides pyqtgraph."""
        if not self.drawing or event.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        positions = [event.buttonDownPos()] if event.isStart() else []
        for position in [*positions, event.pos()]:
            at = self.mapToView(QPointF(position))
            self.pen_moved.emit(at.x(), at.y())
        if event.isFinish():
            self.pen_lifted.emit()


class PlaneCanvas(pg.PlotWidget):
    """Data, reconstruction, generation and noise of one run; a curve drawn by hand.

    Signals:
        drawn(points): a curve has been drawn, a tuple of (x, y).
        drawing_ended(): the pen is put away, whether a curve came of it or not.
    """

    drawn = Signal(object)
    drawing_ended = Signal()

    def __init__(self) -> None:
        self.plane = PlaneView()
        super().__init__(viewBox=self.plane, axisItems=plain_axes())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Data, reconstruction, generation and noise in the plane")
        self.hideButtons()
        self.picture = PlaneMarks()
        self._points: Floats = np.empty((0, 2))
        self._frame: Frame | None = None
        self._layers = frozenset(LAYERS)
        self._line = pg.PlotCurveItem()
        self._pen_path: list[tuple[float, float]] = []
        self._pen_at = (0.0, 0.0)
        self._hint = QLabel("", self, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._hint.setForegroundRole(MUTED)
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._build()
        theme().changed.connect(self._set_colours)
        self._set_colours(theme().colours)

    def _build(self) -> None:
        for item in (self.picture, self._line):
            self.addItem(item, ignoreBounds=True)
        for side, name in (("left", "x₂"), ("bottom", "x₁")):
            self.setLabel(side, name)
        self.plane.pen_moved.connect(self._draw_to)
        self.plane.pen_lifted.connect(self._finish)
        self.plane.setRange(xRange=(-1.2, 1.2), yRange=(-1.2, 1.2), padding=0)

    # what is shown

    def set_hint(self, hint: str) -> None:
        """What an empty plane says; '' says nothing."""
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))

    def show_data(self, points: Floats) -> None:
        """Show the points [P, 2] that are to be learned, and fit the view around them."""
        self._points, self._frame = points, None
        self._redraw()
        self.fit()

    def show_frame(self, frame: Frame) -> None:
        """Show the model as it stands."""
        self._frame = frame
        self._redraw()

    def set_layers(self, shown: frozenset[str]) -> None:
        """Show these of `LAYERS`."""
        self._layers = shown
        self._redraw()

    def _redraw(self) -> None:
        colours = theme().colours
        marks = marks_of(self._points, self._frame, colours)
        shown = tuple(mark for name, mark in marks.items() if name in self._layers)
        self.picture.set_marks(shown)

    def fit(self) -> None:
        """Show all data with some room around them."""
        points = self._points[np.isfinite(self._points).all(1)]
        if not len(points):
            return
        low, high = points.min(0).astype(float), points.max(0).astype(float)
        room = MARGIN * (high - low).max()
        across, up = zip(low - room, high + room, strict=True)
        self.plane.setRange(xRange=across, yRange=up, padding=0)

    # drawing by hand

    def begin_drawing(self) -> None:
        """Empty the plane and take the pen."""
        self.show_data(np.empty((0, 2)))
        self.plane.setRange(xRange=(-1.2, 1.2), yRange=(-1.2, 1.2), padding=0)
        self.plane.drawing, self._pen_path, self._pen_at = True, [], (0.0, 0.0)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.set_hint(DRAW_HINT)
        self.setFocus()

    def _draw_to(self, x: float, y: float) -> None:
        self._pen_at = (x, y)
        last = self._pen_path[-1] if self._pen_path else None
        if last is None or np.hypot(x - last[0], y - last[1]) > CLOSEST:
            self._pen_path.append((round(x, 5), round(y, 5)))
        self.set_hint("")
        self._line.setData(*np.array(self._pen_path).T)

    def _finish(self) -> None:
        path = self._pen_path
        self.put_pen_away()
        if len(path) >= LEAST_POINTS:
            self.drawn.emit(tuple(path))

    def put_pen_away(self) -> None:
        """Draw no more; what was begun is forgotten."""
        self.plane.drawing, self._pen_path = False, []
        self._line.setData([], [])
        self.unsetCursor()
        self.set_hint("")
        self.drawing_ended.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The pen by keys: arrows (Shift: further), Enter, Escape."""
        far = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        step = PEN_STEP_LARGE if far else PEN_STEP
        moves = {
            Qt.Key.Key_Left: (-step, 0.0),
            Qt.Key.Key_Right: (step, 0.0),
            Qt.Key.Key_Up: (0.0, step),
            Qt.Key.Key_Down: (0.0, -step),
        }
        if not self.plane.drawing:
            super().keyPressEvent(event)
        elif event.key() in moves:
            dx, dy = moves[Qt.Key(event.key())]
            if not self._pen_path:
                self._draw_to(*self._pen_at)
            self._draw_to(self._pen_at[0] + dx, self._pen_at[1] + dy)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._finish()
        elif event.key() == Qt.Key.Key_Escape:
            self.put_pen_away()

    def resizeEvent(self, event: Any) -> None:
        """Keep the hint in the middle."""
        super().resizeEvent(event)
        hint = getattr(self, "_hint", None)  # pyqtgraph resizes while it is being made
        if hint is not None:
            hint.setGeometry(self.rect().adjusted(60, 20, -20, -40))

    def _set_colours(self, colours: Colours) -> None:
        self.setBackground(colours.plot)
        for side in ("left", "bottom"):
            self.getAxis(side).setPen(pg.mkPen(colours.grid))
            self.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        self._line.setPen(pg.mkPen(colours.accent, width=2))
        self._redraw()


def marks_of(points: Floats, frame: Frame | None, colours: Colours) -> dict[str, Mark]:
    """Data [P, 2] and, once there is one, a frame; by the name of the layer, the backmost first."""
    shades = {name: QColor(colour) for name, colour in layer_colours(colours).items()}
    data = Dots(points, shades["data"])
    if frame is None:
        return {"data": data}
    walk = layer_colours(colours)["walk"]
    return {
        "noise": Ellipses(frame.mean, frame.stddev, shades["noise"]),
        "data": data,
        "generation": Dots(frame.sample, shades["generation"]),
        "reconstruction": Dots(frame.reconstruction, shades["reconstruction"]),
        "walk": Ribbon(
            frame.walk, frame.walk_stddev, veil(walk, 0.22), mix(walk, colours.text, 0.2)
        ),
    }


def layer_colours(colours: Colours) -> dict[str, str]:
    """The colour of every layer in a theme."""
    return {
        "data": mix(colours.text, colours.plot, 0.45).name(),
        "reconstruction": colours.base,
        "generation": colours.tuned,
        "noise": BLUISH_GREEN,
        "walk": BLUISH_GREEN,
    }
