"""A square to put coloured anchors on, with the mouse or with the keys."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from lvm_studio.storage.wholes import Anchor, Parts
from lvm_studio.studio.street.artificial_parts import COLOUR_CODES
from lvm_studio.studio.theme import theme
from lvm_studio.studio.widgets.compose.part_palette import accept_part, part_from_mime

RADIUS = 7.0
REACH = 12.0
"""Pixels from an anchor's middle within which it is taken hold of."""
STEP = 1 / 24
ARROWS = {
    Qt.Key.Key_Left: (-STEP, 0.0),
    Qt.Key.Key_Right: (STEP, 0.0),
    Qt.Key.Key_Up: (0.0, -STEP),
    Qt.Key.Key_Down: (0.0, STEP),
}


class AnchorCanvas(QWidget):
    """Shows the true whole under its anchors; a cross tells where the keyboard would put one.

    Signals:
        placed(colour, across, down): a colour was dropped here; colour −1 is the chosen one.
        moved(place, across, down): an anchor was dragged elsewhere.
        removed(place): Delete, of the anchor taken hold of last.
    """

    placed = Signal(int, float, float)
    moved = Signal(int, float, float)
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setMinimumSize(180, 180)
        self.setAccessibleName("Places of the anchors")
        self.setToolTip(
            "Drop a colour here, or click to put the chosen one; drag an anchor to move it.\n"
            "Keys: arrows move the cross, Enter puts the chosen colour, Delete takes one out."
        )
        self._parts: Parts = ()
        self._image: QImage | None = None
        self._cross = QPointF(0.5, 0.5)
        self._held = -1
        self._at: QPointF | None = None
        """Where a held anchor is now."""

    def sizeHint(self) -> QSize:
        return QSize(280, 280)

    def set_parts(self, parts: Parts) -> None:
        """Show these anchors; the picture follows."""
        self._parts = parts
        self._held = min(self._held, len(parts) - 1)
        if not parts:
            self._image = None
        self.update()

    def set_image(self, image: QImage | None) -> None:
        """Show the true whole of the anchors."""
        self._image = image
        self.update()

    # places

    def _square(self) -> QRectF:
        side = min(self.width(), self.height()) - 2.0
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def _point(self, across: float, down: float) -> QPointF:
        square = self._square()
        return QPointF(
            square.left() + across * square.width(), square.top() + down * square.height()
        )

    def _place(self, point: QPointF) -> QPointF:
        square = self._square()
        across = (point.x() - square.left()) / square.width()
        down = (point.y() - square.top()) / square.height()
        return QPointF(min(max(across, 0.0), 1.0), min(max(down, 0.0), 1.0))

    def _under(self, point: QPointF) -> int:
        for place in range(len(self._parts) - 1, -1, -1):
            part = self._parts[place]
            assert isinstance(part, Anchor)
            gap = self._point(part.across, part.down) - point
            if gap.x() ** 2 + gap.y() ** 2 <= REACH**2:
                return place
        return -1

    # the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = self._under(event.position())
            self._at = None
            self._cross = self._place(event.position())
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held >= 0 and event.buttons() & Qt.MouseButton.LeftButton:
            self._at = self._place(event.position())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        place = self._place(event.position())
        if self._held >= 0 and self._at is not None:
            self.moved.emit(self._held, place.x(), place.y())
        elif self._held < 0 and self._square().contains(event.position()):
            self.placed.emit(-1, place.x(), place.y())
        self._at = None

    # drag and drop

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        accept_part(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        accept_part(event)

    def dropEvent(self, event: QDropEvent) -> None:
        colour = part_from_mime(event.mimeData())
        if colour is not None:
            place = self._place(event.position())
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.placed.emit(colour, place.x(), place.y())

    # keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in ARROWS:
            across, down = ARROWS[key]
            self._cross = QPointF(
                min(max(self._cross.x() + across, 0.0), 1.0),
                min(max(self._cross.y() + down, 0.0), 1.0),
            )
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.placed.emit(-1, self._cross.x(), self._cross.y())
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._parts:
            self.removed.emit(self._held if self._held >= 0 else len(self._parts) - 1)
        else:
            super().keyPressEvent(event)

    # painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            square, colours = self._square(), theme().colours
            if self._image is None:
                painter.fillRect(square, QColor(colours.plot))
                painter.setPen(QColor(colours.muted))
                hint = "Drop a colour here, or click to put the chosen one"
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(square.adjusted(16, 16, -16, -16), flags, hint)
            else:
                painter.drawImage(square, self._image)
            painter.setPen(QPen(QColor(colours.muted), 1))
            painter.drawRect(square)
            self._paint_cross(painter)
            for place, part in enumerate(self._parts):
                assert isinstance(part, Anchor)
                at = QPointF(part.across, part.down)
                if place == self._held and self._at is not None:
                    at = self._at
                paint_anchor(painter, self._point(at.x(), at.y()), part.colour, str(place + 1))

    def _paint_cross(self, painter: QPainter) -> None:
        if not self.hasFocus():
            return
        middle = self._point(self._cross.x(), self._cross.y())
        for colour, width in (("#ffffff", 3), ("#000000", 1)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawLine(middle + QPointF(-9, 0), middle + QPointF(9, 0))
            painter.drawLine(middle + QPointF(0, -9), middle + QPointF(0, 9))


def paint_anchor(painter: QPainter, middle: QPointF, colour: int, text: str) -> None:
    """A numbered disc of an anchor's colour, with a rim that shows on any ground."""
    fill = QColor(COLOUR_CODES[colour])
    dark = fill.lightnessF() < 0.6 and COLOUR_CODES[colour] != "#00ff00"
    painter.setBrush(fill)
    painter.setPen(QPen(QColor("#ffffff"), 3))
    painter.drawEllipse(middle, RADIUS + 1, RADIUS + 1)
    painter.setPen(QPen(QColor("#000000"), 1.2))
    painter.drawEllipse(middle, RADIUS + 1, RADIUS + 1)
    painter.setPen(QColor("#ffffff" if dark else "#000000"))
    box = QRectF(middle.x() - 9, middle.y() - 9, 18, 18)
    font = painter.font()
    font.setPixelSize(11)
    painter.setFont(font)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
