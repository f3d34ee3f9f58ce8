"""Numbers or names as colours, and the bar that says which is which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lvm_studio.studio.numerals import decimals_for, with_decimals
from lvm_studio.studio.theme import OKABE_ITO
from lvm_studio.studio.widgets.training.series import Floats

COLOUR_MAP = "viridis"
SHADES = 64
"""Distinct brushes of a scale: each has its own cached symbol, more would not be told apart."""
RANGE_PERCENT = (2.0, 98.0)


@dataclass(frozen=True, eq=False)
class ColourScale:
    """A column of n values and how they are coloured.

    Args:
        title: what is shown, with its unit.
        position: [n] in [0, 1] along the bar; NaN is drawn grey.
        ticks: position and text of a few values, ascending.
        palette: fixed colours for categories, or none for the continuous map.
    """

    title: str
    position: Floats
    ticks: tuple[tuple[float, str], ...]
    palette: tuple[str, ...] = ()

    @classmethod
    def of(cls, title: str, values: NDArray[Any]) -> ColourScale:
        """Scale of numbers, of ordered names (weeks), or of at most seven categories.

        Numbers run from their 2 % to their 98 % quantile: one odd value must not grey out the
        rest.
        """
        if values.dtype.kind in "US":
            return cls._of_names(title, values)
        numbers = np.asarray(values, dtype=np.float64)
        finite = numbers[np.isfinite(numbers)]
        if len(finite) == 0:
            return cls(title, np.full(len(numbers), np.nan), ())
        low, high = (float(v) for v in np.percentile(finite, RANGE_PERCENT))
        span = (high - low) or 1.0
        position = np.clip((numbers - low) / span, 0.0, 1.0)
        ticks = tuple(
            (share, with_decimals(low + share * (high - low), decimals_for(span)))
            for share in (0.0, 0.5, 1.0)
        )
        return cls(title, position, ticks)

    @classmethod
    def _of_names(cls, title: str, values: NDArray[Any]) -> ColourScale:
        names, rank = np.unique(values, return_inverse=True)
        last = max(len(names) - 1, 1)
        if len(names) <= len(OKABE_ITO):
            ticks = tuple(((i + 0.5) / len(names), str(name)) for i, name in enumerate(names))
            palette = OKABE_ITO[: len(names)]
            return cls(title, (rank + 0.5) / len(names), ticks, palette)
        shown = [0, last // 2, last]
        return cls(title, rank / last, tuple((i / last, str(names[i])) for i in shown))

    def shading(self) -> tuple[list[QColor], NDArray[np.int64]]:
        """The colours there are, and which of them each value [n] has; the last is for NaN."""
        table = [*self.shades(), QColor("#888888")]
        index = np.where(
            np.isfinite(self.position),
            np.minimum(self.position * (len(table) - 1), len(table) - 2),
            len(table) - 1,
        )
        return table, index.astype(np.int64)

    def shades(self) -> list[QColor]:
        """The colours from one end of the bar to the other."""
        if self.palette:
            return [QColor(colour) for colour in self.palette]
        colours = pg.colormap.get(COLOUR_MAP).map(np.linspace(0, 1, SHADES), mode="byte")
        return [QColor(*(int(part) for part in colour[:3])) for colour in colours]


class ColourBar(QWidget):
    """A horizontal bar of a scale's colours with its title and ticks."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale: ColourScale | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colours of the map")

    def set_scale(self, scale: ColourScale | None) -> None:
        """Show this scale, or nothing."""
        self._scale = scale
        self.setAccessibleDescription("" if scale is None else scale.title)
        self.update()

    def sizeHint(self) -> QSize:
        """Bar and one line of text."""
        return QSize(200, 12 + self.fontMetrics().lineSpacing())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bar and ticks."""
        if self._scale is None:
            return
        with QPainter(self) as painter:
            bar = QRectF(4, 1, self.width() - 8, 8)
            painter.fillRect(bar, self._gradient(bar))
            painter.setPen(self.palette().windowText().color())
            for share, text in self._scale.ticks:
                width = self.fontMetrics().horizontalAdvance(text)
                left = min(
                    max(bar.left() + share * bar.width() - width / 2, 0), self.width() - width
                )
                box = QRectF(left, bar.bottom() + 1, width + 1, self.fontMetrics().lineSpacing())
                painter.drawText(box, Qt.AlignmentFlag.AlignLeft, text)

    def _gradient(self, bar: QRectF) -> QLinearGradient:
        assert self._scale is not None
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        shades = self._scale.shades()
        stepped = bool(self._scale.palette)
        for i, colour in enumerate(shades):
            if stepped:  # hard edges: a category has no neighbours
                gradient.setColorAt(i / len(shades), colour)
                gradient.setColorAt(min((i + 1) / len(shades) - 1e-6, 1.0), colour)
            else:
                gradient.setColorAt(i / (len(shades) - 1), colour)
        return gradient
