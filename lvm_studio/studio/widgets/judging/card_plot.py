"""One figure of a report card: measured, generated, and the range of real halves."""

from __future__ import annotations

from html import escape

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from lvm_studio.analysis.report_card.card import Figure
from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.band_item import BandItem
from lvm_studio.studio.widgets.colours import mix
from lvm_studio.studio.widgets.grid_item import GridItem
from lvm_studio.studio.widgets.scaled_axis import plain_axes

HEIGHT = 210
PALE = 0.75
"""How much of the paper is in the band: it stays behind the lines in both themes."""
LABEL_STYLE = {"font-size": "8pt"}
"""Two plots stand side by side in half a window: larger names would be cut."""


class CardPlot(pg.PlotWidget):
    """Draws a `Figure`; the colours are those of measured and generated curves elsewhere."""

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent, axisItems=plain_axes())
        self.setMinimumHeight(HEIGHT)
        self.hideButtons()
        self.setMenuEnabled(False)
        self.setMouseEnabled(x=False, y=False)
        self._grid = GridItem(self.getAxis("left"), self.getAxis("bottom"))
        self._band = BandItem()
        self._lines = {
            "real": pg.PlotCurveItem(connect="finite"),
            "generated": pg.PlotCurveItem(connect="finite"),
        }
        self.addItem(self._grid, ignoreBounds=True)
        self.addItem(self._band)
        for line in self._lines.values():
            self.addItem(line)
        self._title = ""
        self.set_colours(colours)

    def wheelEvent(self, event: object) -> None:
        """Let the page scroll: a figure has no zoom."""
        event.ignore()  # type: ignore[attr-defined]

    def set_figure(self, figure: Figure) -> None:
        """Draw this figure."""
        self._title = figure.title
        self.setToolTip(f"{figure.title}. {figure.note}")
        self.setAccessibleName(figure.title)
        self.setLabel("bottom", escape(figure.x_label), **LABEL_STYLE)
        self.setLabel("left", escape(figure.y_label), **LABEL_STYLE)
        edges = np.asarray(figure.x, dtype=np.float64)
        for series in figure.series:
            self._lines[series.role].setData(*_line(edges, series.y))
        if figure.band is not None:
            x, low = _line(edges, figure.band.low)
            _, high = _line(edges, figure.band.high)
            known = np.isfinite(low) & np.isfinite(high)
            self._band.set_band(x[known], low[known], high[known])
        self._show_title()

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self._colours = colours
        self.setBackground(colours.plot)
        for name in ("left", "bottom"):
            self.getAxis(name).setPen(colours.muted)
            self.getAxis(name).setTextPen(colours.text)
        self._grid.set_colour(colours.grid)
        self._band.set_colour(pale(colours))
        self._lines["real"].setPen(pg.mkPen(colours.measured, width=1))
        dashed = Qt.PenStyle.DashLine
        self._lines["generated"].setPen(pg.mkPen(colours.base, width=1, style=dashed))
        self._show_title()

    def _show_title(self) -> None:
        if self._title:
            self.setTitle(escape(self._title), color=self._colours.text, size="9pt")


def pale(colours: Colours) -> QColor:
    """The colour of the band."""
    return mix(colours.muted, colours.plot, PALE)


def _line(
    x: NDArray[np.float64], y: tuple[float | None, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of a line; those of steps where x holds the edges of what y counts."""
    values = np.array([np.nan if value is None else value for value in y])
    if len(x) == len(y) + 1:
        return np.repeat(x, 2)[1:-1], np.repeat(values, 2)
    return x, values
