"""Small multiples of weekly curves: the same axes everywhere, so that eyes can compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lvm_studio.studio.numerals import format_value, with_decimals
from lvm_studio.studio.theme import theme
from lvm_studio.studio.widgets.colours import mix
from lvm_studio.studio.widgets.grey_image import grey_image
from lvm_studio.studio.widgets.training.series import Floats

GAP = 4
MAX_CELL_HEIGHT = 80.0
FOCUS_NONE = (-1, -1)
STALE_OPACITY = 0.45
FEW_STEPS = 64
PALENESS = 0.35
DOT = 3.0
"""Radius in pixels of what stands for two coordinates."""


@dataclass(frozen=True, eq=False)
class StripCells:
    """R × C weekly curves.

    Args:
        curves: [R, C, T] kW.
        row_titles: R texts, left of the rows.
        column_titles: C texts, above the columns.
        reference: [T] kW; what lies above or below it is shaded; None: nothing is.
        caption: what the curves are.
        unit: of the curves; "" for none.
        along: what runs from the left of a cell to its right.
        side: images of side × side pixels instead of curves; 0 for curves.
    """

    curves: Floats
    row_titles: tuple[str, ...]
    column_titles: tuple[str, ...]
    reference: Floats | None
    caption: str
    unit: str = "kW"
    along: str = "Mon to Sun"
    side: int = 0

    @property
    def planar(self) -> bool:
        """Whether there are two coordinates: a place in the plane rather than a curve."""
        return self.curves.shape[2] == 2


def limits(cells: StripCells) -> tuple[float, float]:
    """Common lowest and highest value of all cells; never both alike."""
    parts = [cells.curves] if cells.reference is None else [cells.curves, cells.reference]
    low, high = min(float(p.min()) for p in parts), max(float(p.max()) for p in parts)
    return low, high if high > low else low + 1.0


def finely(values: Floats) -> Floats:
    """A curve [n] with points between its own where these are few, so that the colours above and
    below another curve meet where the two lines cross.

    >>> finely(np.array([0.0, 1.0])).shape, finely(np.zeros(336)).shape
    ((65,), (336,))
    """
    steps = max(len(values) - 1, 1)
    if steps >= FEW_STEPS:
        return values
    between = np.linspace(0, len(values) - 1, steps * -(-FEW_STEPS // steps) + 1)
    return np.interp(between, np.arange(len(values)), values)


class CurveStrip(QWidget):
    """A grid of small curves over one common height in kW; a click on one asks for it."""

    cell_asked = Signal(int, int)
    """(row, column) was clicked or confirmed with Enter."""

    def __init__(self, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = hint
        self._cells: StripCells | None = None
        self._stale = False
        self._focus = FOCUS_NONE
        self._picture: QPixmap | None = None
        self._limits = (0.0, 1.0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(90)
        theme().changed.connect(self._redraw)

    def show_cells(self, cells: StripCells | None) -> None:
        """Show these curves, or the hint."""
        self._cells, self._stale, self._focus = cells, False, FOCUS_NONE
        self._limits = (0.0, 1.0) if cells is None else limits(cells)
        self._redraw()

    def set_hint(self, hint: str) -> None:
        """What an empty strip says."""
        self._hint = hint
        self._redraw()

    def set_stale(self, stale: bool) -> None:
        """Draw paler while newer curves are being computed."""
        if stale != self._stale:
            self._stale = stale
            self.update()

    def sizeHint(self) -> QSize:
        """Enough for a few rows."""
        return QSize(500, 180)

    @property
    def columns(self) -> int:
        """Number of columns; 0 while it is empty."""
        return 0 if self._cells is None else self._cells.curves.shape[1]

    # geometry

    def _cell(self, row: int, column: int) -> QRectF:
        assert self._cells is not None
        rows, columns, _ = self._cells.curves.shape
        metrics = self.fontMetrics()
        left = max(metrics.horizontalAdvance(text) for text in self._cells.row_titles) + 8
        top = metrics.lineSpacing() + 2
        width = max((self.width() - left - GAP * columns) / columns, 4.0)
        bottom = metrics.lineSpacing() + 2
        height = max((self.height() - top - bottom - GAP * rows) / rows, 4.0)
        # An image is square; a taller curve would make any week look steep.
        square = self._cells.side or self._cells.planar
        height = min(height, width if square else max(2 * width, MAX_CELL_HEIGHT))
        return QRectF(left + column * (width + GAP), top + row * (height + GAP), width, height)

    def cell_at(self, position: QPointF) -> tuple[int, int]:
        """(row, column) under a position, (−1, −1) beside all cells."""
        if self._cells is None:
            return FOCUS_NONE
        rows, columns, _ = self._cells.curves.shape
        for row in range(rows):
            for column in range(columns):
                if self._cell(row, column).contains(position):
                    return row, column
        return FOCUS_NONE

    # painting

    def _redraw(self, *_: object) -> None:
        self._picture = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._redraw()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._redraw()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._redraw()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Put the picture of titles and curves there: drawn once, neighbours repaint often."""
        if self._picture is None:
            self._picture = QPixmap(self.size() * self.devicePixelRatioF())
            self._picture.setDevicePixelRatio(self.devicePixelRatioF())
            self._picture.fill(Qt.GlobalColor.transparent)
            with QPainter(self._picture) as painter:
                self._draw(painter)
        with QPainter(self) as painter:
            painter.setOpacity(STALE_OPACITY if self._stale else 1.0)
            painter.drawPixmap(0, 0, self._picture)

    def _draw(self, painter: QPainter) -> None:
        painter.setFont(self.font())
        colours = theme().colours
        if self._cells is None:
            painter.setPen(QColor(colours.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(20, 0, -20, 0), flags, self._hint)
            return
        self._paint_titles(painter)
        rows, columns, _ = self._cells.curves.shape
        for row in range(rows):
            for column in range(columns):
                self._paint_cell(painter, row, column)

    def _paint_titles(self, painter: QPainter) -> None:
        assert self._cells is not None
        painter.setPen(QColor(theme().colours.muted))
        line = self.fontMetrics().lineSpacing()
        for column, text in enumerate(self._cells.column_titles):
            cell = self._cell(0, column)
            box = QRectF(cell.left(), 0, cell.width(), line)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        for row, text in enumerate(self._cells.row_titles):
            cell = self._cell(row, 0)
            box = QRectF(0, cell.top(), cell.left() - 4, cell.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        low, high = (format_value(round(limit, 1)) for limit in self._limits)
        painter.drawText(
            QRectF(0, self.height() - line, self.width() - GAP, line),
            Qt.AlignmentFlag.AlignRight,
            self._legend(low, high),
        )

    def _legend(self, low: str, high: str) -> str:
        assert self._cells is not None
        span = f"{low} to {high} {self._cells.unit}".strip()
        if self._cells.side:
            return f"{self._cells.caption}; {span}"
        if self._cells.planar:
            return f"first coordinate to the right, second upwards; {span}"
        return f"{self._cells.caption}; {span}, {self._cells.along}"

    def _paint_image(self, painter: QPainter, box: QRectF, values: Floats) -> None:
        assert self._cells is not None
        side = min(box.width(), box.height())
        square = QRectF(box.center().x() - side / 2, box.top(), side, side)
        image = grey_image(values.reshape(self._cells.side, -1), *self._limits)
        painter.drawImage(square, image)

    def _paint_cell(self, painter: QPainter, row: int, column: int) -> None:
        assert self._cells is not None
        colours = theme().colours
        box = self._cell(row, column)
        painter.fillRect(box, QColor(colours.plot))
        kw, reference = self._cells.curves[row, column], self._cells.reference
        if self._cells.side:
            self._paint_image(painter, box, kw)
            self._paint_frame(painter, box, (row, column))
            return
        if self._cells.planar:
            self._paint_place(painter, box, kw, reference)
            self._paint_frame(painter, box, (row, column))
            return
        more, less = (mix(c, colours.plot, PALENESS) for c in (colours.tuned, colours.base))
        if reference is not None:
            one, other = finely(kw), finely(reference)
            self._paint_between(painter, box, np.maximum(one, other), other, more)
            self._paint_between(painter, box, np.minimum(one, other), other, less)
        painter.setPen(QColor(colours.text))
        painter.drawPolyline(self._polygon(box, kw))
        self._paint_frame(painter, box, (row, column))

    def _paint_place(
        self, painter: QPainter, box: QRectF, place: Floats, reference: Floats | None
    ) -> None:
        """A dot in a square of the common limits, and where it came from."""
        low, high = self._limits
        square = QRectF(box)
        square.setSize(QSizeF(*2 * [min(box.width(), box.height())]))
        square.moveCenter(box.center())

        def at(values: Floats) -> QPointF:
            x, y = DOT + (square.width() - 2 * DOT) * (values - low) / (high - low)
            return QPointF(square.left() + float(x), square.bottom() - float(y))

        colour = QColor(theme().colours.tuned)
        painter.setPen(colour)
        if reference is not None:
            painter.drawLine(at(reference), at(place))
        painter.setBrush(colour)
        painter.drawEllipse(at(place), DOT, DOT)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_frame(self, painter: QPainter, box: QRectF, cell: tuple[int, int]) -> None:
        colours = theme().colours
        focused = cell == self._focus and self.hasFocus()
        painter.setPen(QPen(QColor(colours.tuned if focused else colours.grid)))
        painter.drawRect(box)

    def _paint_between(
        self, painter: QPainter, box: QRectF, kw: Floats, reference: Floats, colour: QColor
    ) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        outline = self._polygon(box, np.concatenate([kw, reference[::-1]]), there_and_back=True)
        painter.drawPolygon(outline)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _polygon(self, box: QRectF, kw: Floats, *, there_and_back: bool = False) -> QPolygonF:
        """Values from the left of a box to its right, and with `there_and_back` left again."""
        low, high = self._limits
        count = len(kw) // 2 if there_and_back else len(kw)
        x = box.left() + 1 + (box.width() - 2) * np.arange(count) / max(count - 1, 1)
        y = box.bottom() - 2 - (box.height() - 4) * (kw - low) / (high - low)
        if there_and_back:
            x = np.concatenate([x, x[::-1]])
        polygon: QPolygonF = pg.functions.arrayToQPolygonF(x, y.astype(np.float64))
        return polygon

    # what the person does

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the cell under the pointer."""
        self._ask(self.cell_at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what the cell under the pointer holds."""
        row, column = self.cell_at(event.position())
        if self._cells is None or row < 0:
            QToolTip.hideText()
            return
        kw = self._cells.curves[row, column]
        title = f"{self._cells.row_titles[row]} {self._cells.column_titles[column]}".strip()
        QToolTip.showText(
            event.globalPosition().toPoint(),
            f"{title}: {with_decimals(kw.min(), 2)} to {with_decimals(kw.max(), 2)}, "
            f"mean {with_decimals(kw.mean(), 2)} {self._cells.unit}\n"
            "Click to go there.",
            self,
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows choose a cell, Enter or Space asks for it."""
        moves = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        if self._cells is not None and event.key() in moves:
            rows, columns, _ = self._cells.curves.shape
            down, right = moves[Qt.Key(event.key())]
            row, column = self._focus if self._focus != FOCUS_NONE else (0, columns // 2)
            self._focus = (
                min(max(row + down, 0), rows - 1),
                min(max(column + right, 0), columns - 1),
            )
            self._redraw()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._ask(self._focus)
        else:
            super().keyPressEvent(event)

    def _ask(self, cell: tuple[int, int]) -> None:
        if cell != FOCUS_NONE:
            self._focus = cell
            self._redraw()
            self.cell_asked.emit(*cell)
