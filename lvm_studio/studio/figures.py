"""A plot leaves the window as a file: always in the light theme, whatever the window shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QMarginsF, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QImage,
    QImageWriter,
    QPageSize,
    QPaintDevice,
    QPainter,
    QPdfWriter,
)
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsItem, QGraphicsObject, QWidget

from lvm_studio.data.errors import DataError
from lvm_studio.storage.atomic import replacing
from lvm_studio.studio.svg_file import finished, marked_panes
from lvm_studio.studio.theme import LIGHT, Scheme, Theme

PNG_SCALE = 2
"""Pixels of an image per pixel on screen: sharp in a slide."""
MM_PER_PIXEL = 25.4 / 96
CAPTION_PIXELS, CAPTION_MARGIN = 12, 8
CURSOR = "cursor"
"""Name of items that follow the pointer: they are no part of a figure."""
WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft


def largest_plot(page: QWidget) -> pg.GraphicsView | None:
    """Return the largest plot a page shows, None if it shows none."""
    shown = [view for view in page.findChildren(pg.GraphicsView) if view.isVisibleTo(page)]
    return max(shown, key=_area, default=None)


def export_figure(view: pg.GraphicsView, path: Path, theme: Theme, caption: str = "") -> None:
    """Write the plot as SVG, PNG or PDF, by the path's suffix, with a caption below it.

    Raises:
        DataError: another suffix, or the file cannot be written.
    """
    painters = {".svg": _svg, ".png": _png, ".pdf": _pdf}
    if path.suffix.lower() not in painters:
        raise DataError(f"{path.name}: figures are written as .svg, .png or .pdf; choose one.")
    memory = QBuffer()  # Qt's writers say nothing when a file cannot be written; Python does
    memory.open(QBuffer.OpenModeFlag.WriteOnly)
    with _light(theme), _drawn_afresh(view):
        painters[path.suffix.lower()](Figure(view, caption), memory, path.stem)
    with replacing(path) as beside:
        beside.write_bytes(memory.data().data())


@contextmanager
def _light(theme: Theme) -> Iterator[None]:
    """Let all plots be light for a moment; nothing is repainted on screen in between."""
    scheme, dark = theme.scheme, theme.is_dark
    if dark:
        theme.set_scheme(Scheme.LIGHT)
    try:
        yield
    finally:
        if dark:
            theme.set_scheme(scheme)


@contextmanager
def _drawn_afresh(view: pg.GraphicsView) -> Iterator[None]:
    """Let no item be an image kept of how it looked on screen (an SVG holds lines), and hide
    what follows the pointer."""
    kept = [(item, item.cacheMode()) for item in view.scene().items()]
    cursors = [item for item, _ in kept if _is_cursor(item) and item.isVisible()]
    for item, _ in kept:
        item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
    for item in cursors:
        item.hide()
    try:
        yield
    finally:
        for item in cursors:
            item.show()
        for item, mode in kept:
            item.setCacheMode(mode)


def _is_cursor(item: QGraphicsItem) -> bool:
    return isinstance(item, QGraphicsObject) and item.objectName() == CURSOR


def _area(view: pg.GraphicsView) -> int:
    return int(view.width() * view.height())


class Figure:
    """A plot with its caption, measured in pixels of the screen."""

    def __init__(self, view: pg.GraphicsView, caption: str) -> None:
        self.view, self.caption = view, caption
        self._font = QFont(view.font())
        self._font.setPixelSize(CAPTION_PIXELS)
        self.size = QSize(view.width(), view.height() + self._caption_height())

    def paint(self, device: QPaintDevice, target: QRectF) -> None:
        """Paint it so that it fills this part of the device."""
        with QPainter(device) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(target.width() / self.size.width(), target.height() / self.size.height())
            self.view.render(painter, QRectF(self.view.rect()), self.view.rect())
            painter.setFont(self._font)
            painter.setPen(QColor(LIGHT.text))
            painter.drawText(self._caption_room(self.size.height()), WRAPPED, self.caption)

    @property
    def dots_per_inch(self) -> int:
        """The screen's, which a file must share: axes are kept as pictures, and Qt scales these
        by the ratio of the two."""
        return int(self.view.logicalDpiX())

    def _caption_height(self) -> int:
        if not self.caption:
            return 0
        room = self._caption_room(10_000)
        text = QFontMetrics(self._font).boundingRect(room, WRAPPED, self.caption)
        return int(text.height()) + 2 * CAPTION_MARGIN

    def _caption_room(self, bottom: int) -> QRect:
        top = self.view.height() + CAPTION_MARGIN
        return QRect(CAPTION_MARGIN, top, self.view.width() - 2 * CAPTION_MARGIN, bottom - top)


def _svg(figure: Figure, memory: QBuffer, title: str) -> None:
    device, written = QSvgGenerator(), QBuffer()
    device.setOutputDevice(written)
    device.setTitle(title)
    device.setDescription(figure.caption)
    device.setResolution(figure.dots_per_inch)
    device.setSize(figure.size)
    device.setViewBox(QRectF(QRect(0, 0, figure.size.width(), figure.size.height())))
    with marked_panes(figure.view) as panes:
        figure.paint(device, QRectF(0, 0, figure.size.width(), figure.size.height()))
    memory.write(finished(bytes(written.data().data()).decode(), panes).encode())


def _png(figure: Figure, memory: QBuffer, _title: str) -> None:
    image = QImage(figure.size * PNG_SCALE, QImage.Format.Format_ARGB32)
    image.fill(LIGHT.plot)
    figure.paint(image, QRectF(image.rect()))
    QImageWriter(memory, b"png").write(image)


def _pdf(figure: Figure, memory: QBuffer, title: str) -> None:
    device = QPdfWriter(memory)
    device.setTitle(title)
    size = QSizeF(figure.size.width(), figure.size.height()) * MM_PER_PIXEL
    device.setPageSize(QPageSize(size, QPageSize.Unit.Millimeter))
    device.setPageMargins(QMarginsF())
    device.setResolution(figure.dots_per_inch)
    figure.paint(device, QRectF(0, 0, device.width(), device.height()))
