"""A polygon filled with a translucent colour, without waiting for a thread."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPaintEngine, QPainter, QPolygonF, QTransform


def fill_veil(painter: QPainter, polygon: QPolygonF, colour: QColor) -> None:
    """Fill a polygon by its winding, under the painter's transform.

    Qt shares a translucent filling out among threads and waits for all of them: 0.5 ms, and 5 ms
    where the cores are taken by training. An opaque one, and the copying of an image, it does at
    once; so the polygon is put into an image first. Vector graphics get the polygon itself.
    """
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if painter.paintEngine().type() is not QPaintEngine.Type.Raster:
        painter.drawPolygon(polygon, Qt.FillRule.WindingFill)
        return
    seen = polygon.boundingRect()
    if painter.hasClipping():
        seen = seen.intersected(painter.clipBoundingRect())
    on_screen = painter.transform().mapRect(seen).intersected(QRectF(painter.viewport()))
    place = on_screen.toAlignedRect()
    if min(place.width(), place.height()) <= 0:  # `isEmpty` overflows where there are no numbers
        return
    image = QImage(place.size(), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    with QPainter(image) as inner:
        inner.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        inner.setPen(Qt.PenStyle.NoPen)
        inner.setBrush(colour)
        corner = QTransform.fromTranslate(-place.left(), -place.top())
        inner.setTransform(painter.transform() * corner)
        inner.drawPolygon(polygon, Qt.FillRule.WindingFill)
    painter.save()
    painter.resetTransform()
    painter.drawImage(place.topLeft(), image)
    painter.restore()
