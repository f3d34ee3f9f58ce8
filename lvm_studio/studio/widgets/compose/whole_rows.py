"""A whole built part by part: a row for each number of parts (Fig. 9.6 and 9.10)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from lvm_studio.storage.wholes import Anchor, Parts
from lvm_studio.studio.street.whole_work import AnchorRows, SineRows
from lvm_studio.studio.theme import theme
from lvm_studio.studio.widgets.colours import mix
from lvm_studio.studio.widgets.compose.anchor_canvas import paint_anchor

HEAD = 24
GAP = 8
MARGIN = 92
SINE_ROW, IMAGE_ROW = 74, 84


class WholeRows(QWidget):
    """Paints one row a part; stands in a scroll area. `hint` is shown while there is nothing."""

    def __init__(self, hint: str, row: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint, self._row = hint, row
        self._rows: SineRows | AnchorRows | None = None
        self._expected = False

    @property
    def words(self) -> str:
        """What stands where no row is."""
        return "Drawing …" if self._expected else self._hint

    def expect(self, coming: bool) -> None:
        """Whether rows are on their way: a hint how to begin would then be wrong."""
        self._expected = coming
        self.update()

    @property
    def shown(self) -> Parts:
        """The parts whose rows are on screen."""
        return () if self._rows is None else self._rows.parts

    def set_rows(self, rows: SineRows | AnchorRows | None) -> None:
        """Show these rows, or the hint."""
        self._rows = rows
        count = 0 if rows is None else len(rows.parts)
        self.setMinimumHeight(HEAD + count * self._row + GAP)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self.rect(), QColor(theme().colours.plot))
            if self._rows is None:
                painter.setPen(QColor(theme().colours.muted))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(self.rect().adjusted(30, 30, -30, -30), flags, self.words)
            elif isinstance(self._rows, SineRows):
                self._paint_sines(painter, self._rows)
            else:
                self._paint_anchors(painter, self._rows)

    # sines

    def _paint_sines(self, painter: QPainter, rows: SineRows) -> None:
        colours = theme().colours
        pale = mix(colours.base, colours.plot, 0.45).name()  # the true curve shows on top of it
        left = QRectF(MARGIN, 0, 0.36 * self.width() - MARGIN, self._row - GAP)
        right = QRectF(left.right() + MARGIN, 0, 0, self._row - GAP)
        right.setRight(self.width() - GAP)
        self._heading(painter, left, "This part alone, as drawn")
        self._heading(painter, right, "The whole of it and all above:  generated ── and true ┄┄")
        for n, part in enumerate(rows.parts):
            top = HEAD + n * self._row
            self._curve_box(painter, left.translated(0, top), f"{n + 1}.\n{part.title}")
            self._curve_box(painter, right.translated(0, top), f"K = {n + 1}")
            self._curve(painter, left.translated(0, top), rows.alone[n], 1.1, colours.accent)
            bound = n + 1.1
            box = right.translated(0, top)
            self._curve(painter, box, rows.generated[n], bound, pale, width=4.0)
            self._curve(painter, box, rows.true[n], bound, colours.measured, dashed=True)

    def _curve_box(self, painter: QPainter, box: QRectF, text: str) -> None:
        colours = theme().colours
        painter.setPen(QPen(QColor(colours.grid), 1))
        painter.drawRect(box)
        painter.drawLine(
            QPointF(box.left(), box.center().y()), QPointF(box.right(), box.center().y())
        )
        painter.setPen(QColor(colours.muted))
        beside = QRectF(box.left() - MARGIN, box.top(), MARGIN - 4, box.height())
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)

    def _curve(
        self,
        painter: QPainter,
        box: QRectF,
        curve: NDArray[np.float32],
        bound: float,
        colour: str,
        *,
        width: float = 1.2,
        dashed: bool = False,
    ) -> None:
        across = np.linspace(box.left(), box.right(), len(curve))
        down = box.center().y() - curve / bound * (box.height() / 2)
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(colour), width, style))
        points = zip(across.tolist(), down.tolist(), strict=True)
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))

    # anchors

    def _paint_anchors(self, painter: QPainter, rows: AnchorRows) -> None:
        side = float(self._row - GAP)
        label = 150.0
        places = [
            label + GAP + column * (side + GAP) for column in range(rows.generated.shape[1] + 1)
        ]
        self._heading(painter, QRectF(GAP, 0, label, 1), "Part")
        self._heading(painter, QRectF(places[0], 0, side, 1), "True whole")
        self._heading(
            painter,
            QRectF(places[1] + GAP, 0, 400, 1),
            "Generated from the same labels, intensities drawn (the true whole has all of them 1)",
        )
        for n, part in enumerate(rows.parts):
            assert isinstance(part, Anchor)
            top = HEAD + n * self._row
            paint_anchor(painter, QPointF(GAP + 12, top + side / 2), part.colour, str(n + 1))
            painter.setPen(QColor(theme().colours.text))
            painter.setFont(self.font())
            text = QRectF(GAP + 26, top, label - 26, side)
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(text, flags, part.title)
            self._image(painter, QRectF(places[0], top, side, side), rows.true[n])
            for draw, left in enumerate(places[1:]):
                box = QRectF(left + GAP, top, side, side)
                self._image(painter, box, rows.generated[n, draw])

    def _image(self, painter: QPainter, box: QRectF, pixels: NDArray[np.float32]) -> None:
        painter.drawImage(box, to_image(pixels))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme().colours.muted), 1))
        painter.drawRect(box)

    def _heading(self, painter: QPainter, over: QRectF, text: str) -> None:
        painter.setPen(QColor(theme().colours.muted))
        box = QRectF(over.left(), 2, self.width() - over.left(), HEAD - 2)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)


def to_image(pixels: NDArray[np.float32]) -> QImage:
    """A picture of pixels [S, S, 3] in [0, 1]."""
    levels = np.ascontiguousarray(np.round(pixels * 255).astype(np.uint8))
    height, width = levels.shape[:2]
    # the copy owns its memory; the array does not outlive this call
    return QImage(levels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
