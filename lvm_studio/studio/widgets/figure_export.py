"""A plot leaves the window as an image on the clipboard; where files are to go."""

from __future__ import annotations

from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QWidget

from lvm_studio.studio.dialogs import Dialogs

IMAGE_SCALE = 2
"""Pixels of an image per pixel on screen: sharp in a slide."""


def copy_image(view: pg.GraphicsView) -> QImage:
    """Put the view on the clipboard as an image, and return it."""
    image = QImage(view.size() * IMAGE_SCALE, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    view.render(painter, QRectF(image.rect()), view.rect())
    painter.end()
    QGuiApplication.clipboard().setImage(image)
    return image


def ask_path(parent: QWidget, title: str, suggestion: str, kind: str) -> Path | None:
    """Ask where to save; None if the person thinks better of it. The suffix is added."""
    return Dialogs().save_path(parent, title, suggestion, kind)
