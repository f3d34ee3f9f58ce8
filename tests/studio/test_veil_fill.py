"""A veil looks as Qt itself would fill it, wherever the painter stands."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPolygonF, QTransform

from lvm_studio.studio.widgets.veil_fill import fill_veil

STAR = QPolygonF([QPointF(*p) for p in ((1, 0), (9, 2), (0, 3), (8, 5), (3, -1), (30, 4))])
VEIL = QColor(20, 160, 90, 60)


def picture(fill, transform: QTransform, *, clipped: bool) -> np.ndarray:
    image = QImage(120, 80, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    if clipped:
        painter.setClipRect(3, 1, 70, 40)
    painter.setTransform(transform)
    fill(painter)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(80, 120, 4)[..., :3].astype(int)


def by_qt(painter: QPainter) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(VEIL)
    painter.drawPolygon(STAR, Qt.FillRule.WindingFill)


@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("transform", [QTransform(), QTransform(8, 0, 0, -9, 15, 50)])
def test_a_veil_is_what_qt_would_fill(qapp, transform: QTransform, clipped: bool) -> None:
    expected = picture(by_qt, transform, clipped=clipped)
    found = picture(lambda p: fill_veil(p, STAR, VEIL), transform, clipped=clipped)
    assert (expected < 255).any()
    assert np.abs(found - expected).max() <= 2


def test_a_veil_out_of_sight_is_nothing(qapp) -> None:
    away = QTransform.fromTranslate(500, 500)
    assert (picture(lambda p: fill_veil(p, STAR, VEIL), away, clipped=False) == 255).all()
    for polygon in (QPolygonF(), QPolygonF([QPointF(math.nan, math.nan)] * 3)):
        nothing = picture(lambda p, it=polygon: fill_veil(p, it, VEIL), QTransform(), clipped=True)
        assert (nothing == 255).all()
