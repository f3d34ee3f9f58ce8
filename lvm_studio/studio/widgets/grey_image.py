"""Numbers as a picture: the lowest in the colour of paper, the highest in that of ink."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor, QImage

from lvm_studio.studio.theme import theme
from lvm_studio.studio.widgets.training.series import Floats


def grey_image(values: Floats, low: float, high: float) -> QImage:
    """The picture of values [rows, columns] between `low` (paper) and `high` (ink)."""
    share = np.clip((values - low) / (high - low), 0.0, 1.0)[..., None]
    paper, ink = (
        np.array([c.red(), c.green(), c.blue()])
        for c in (QColor(theme().colours.plot), QColor(theme().colours.text))
    )
    pixels = np.full((*values.shape, 4), 255, dtype=np.uint8)
    pixels[..., 2::-1] = (paper + share * (ink - paper)).astype(np.uint8)  # B, G, R, A in memory
    rows, columns = values.shape
    return QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32).copy()
