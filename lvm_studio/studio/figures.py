"""A plot leaves the window as a file: always in the light theme, whatever the window shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QImage, QPageSize, QPaintDevice, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from lvm_studio.data.errors import DataError
from lvm_studio.studio.theme import LIGHT, Scheme, Theme

PNG_SCALE = 2
"""Pixels of an image per pixel on screen: sharp in a slide."""
MM_PER_PIXEL = 25.4 / 96


def largest_plot(page: QWidget) -> pg.GraphicsView | None:
    """Return the largest plot a page shows, None if it shows none."""
    shown = [view for view in page.findChildren(pg.GraphicsView) if view.isVisibleTo(page)]
    return max(shown, key=_area, default=None)


def export_figure(view: pg.GraphicsView, path: Path, theme: Theme) -> None:
    """Write the plot as SVG, PNG or PDF, by the path's suffix.

    Raises:
        DataError: another suffix, or the file cannot be written.
    """
    painters = {".svg": _svg, ".png": _png, ".pdf": _pdf}
    if path.suffix.lower() not in painters:
        raise DataError(f"{path.name}: figures are written as .svg, .png or .pdf; choose one.")
    try:
        with path.open("wb"):
            pass  # Qt's writers say nothing when they cannot write; Python does
    except OSError as error:
        raise DataError(f"{path} could not be written: {error.strerror}.") from error
    with _light(theme):
        painters[path.suffix.lower()](view, path)


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


def _area(view: pg.GraphicsView) -> int:
    return int(view.width() * view.height())


def _svg(view: pg.GraphicsView, path: Path) -> None:
    device = QSvgGenerator()
    device.setFileName(str(path))
    device.setTitle(path.stem)
    device.setSize(view.size())
    device.setViewBox(view.rect())
    _paint(view, device, QRectF(view.rect()))


def _png(view: pg.GraphicsView, path: Path) -> None:
    size: QSize = view.size() * PNG_SCALE
    image = QImage(size, QImage.Format.Format_ARGB32)
    image.fill(LIGHT.plot)
    _paint(view, image, QRectF(image.rect()))
    image.save(str(path))


def _pdf(view: pg.GraphicsView, path: Path) -> None:
    device = QPdfWriter(str(path))
    device.setTitle(path.stem)
    size = QSizeF(view.width() * MM_PER_PIXEL, view.height() * MM_PER_PIXEL)
    device.setPageSize(QPageSize(size, QPageSize.Unit.Millimeter))
    device.setPageMargins(QMarginsF())
    _paint(view, device, QRectF(0, 0, device.width(), device.height()))


def _paint(view: pg.GraphicsView, device: QPaintDevice, target: QRectF) -> None:
    painter = QPainter(device)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    view.render(painter, target, view.rect())
    painter.end()
