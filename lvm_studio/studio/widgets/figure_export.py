"""A plot leaves the window as an image on the clipboard."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter

IMAGE_SCALE = 2
"""Pixels of an image per pixel on screen: sharp in a slide."""


def copy_image(view: pg.GraphicsView) -> QImage:
    """Put the view on the clipboard as an image, and return it."""
    image = QImage(view.size() * IMAGE_SCALE, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        view.render(painter, QRectF(image.rect()), view.rect())
    QGuiApplication.clipboard().setImage(image)
    return image
