"""Two linked plots, empty: the bound with σ on its right axis, the divergences below."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from lvm_studio.studio.figures import CURSOR
from lvm_studio.studio.theme import LIGHT, Colours
from lvm_studio.studio.widgets.colours import mix
from lvm_studio.studio.widgets.grid_item import GridItem
from lvm_studio.studio.widgets.scaled_axis import ScaledAxis, plain_axes
from lvm_studio.studio.widgets.training.curve_line import CurveOptions
from lvm_studio.studio.widgets.training.training_terms import TERMS, XAxis

LEFT_AXIS_WIDTH, RIGHT_AXIS_WIDTH = 66, 66
X_TITLES: dict[XAxis, str] = {
    "step": "step",
    "epoch": "epoch",
    "minutes": "training time (minutes)",
}
QWIDGETSIZE_MAX = 16_777_215


class LinkedPanes(pg.GraphicsLayoutWidget):
    """Axes, grids, cursor lines and dots of two panes over one x axis; what is drawn is another's.

    Args:
        colours: of the theme.
    """

    def __init__(self, colours: Colours = LIGHT, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._cursor_lines: list[pg.InfiniteLine] = []
        self._grids: list[GridItem] = []
        self._key = self.ci.addLabel("", row=0, col=0, justify="left")
        self._key.setMaximumHeight(0)
        self.bound = self._add_pane(1)
        self.divergence = self._add_pane(2)
        self.divergence.setXLink(self.bound)
        self.bound.getAxis("bottom").setStyle(showValues=False)
        self.sigma = self._add_right_axis()
        self._dots = {name: self._add_dots(name) for name in ("bound", "sigma", "divergence")}
        self.ci.layout.setRowStretchFactor(1, 3)
        self.ci.layout.setRowStretchFactor(2, 2)
        self.paint_ground(colours)

    def _add_pane(self, row: int) -> pg.PlotItem:
        axes = plain_axes()
        pane = self.addPlot(row=row, col=0, axisItems=axes)
        pane.hideButtons()
        pane.setMenuEnabled(False)
        pane.vb.disableAutoRange()
        grid = GridItem(axes["left"], axes["bottom"])
        pane.addItem(grid, ignoreBounds=True)
        self._grids.append(grid)
        pane.getAxis("left").setWidth(LEFT_AXIS_WIDTH)
        pane.showAxis("right")
        pane.getAxis("right").setWidth(RIGHT_AXIS_WIDTH)
        pane.getAxis("right").setStyle(showValues=False, tickLength=0)
        line = pg.InfiniteLine(angle=90, movable=False)
        line.setVisible(False)
        line.setObjectName(CURSOR)
        pane.addItem(line, ignoreBounds=True)
        self._cursor_lines.append(line)
        return pane

    def _add_right_axis(self) -> pg.ViewBox:
        view = pg.ViewBox(enableMenu=False)
        view.setMouseEnabled(x=False, y=False)
        view.disableAutoRange()
        axis = ScaledAxis("right")
        axis.setWidth(RIGHT_AXIS_WIDTH)
        self.bound.setAxisItems({"right": axis})
        self.bound.scene().addItem(view)
        axis.linkToView(view)
        view.setXLink(self.bound)
        self.bound.vb.sigResized.connect(
            lambda: view.setGeometry(self.bound.vb.sceneBoundingRect())
        )
        return view

    def _add_dots(self, pane: str) -> pg.ScatterPlotItem:
        dots = pg.ScatterPlotItem(size=7, pxMode=True)
        dots.setZValue(10)
        self._view(pane).addItem(dots, ignoreBounds=True)
        return dots

    def _view(self, pane: str) -> pg.ViewBox:
        views = {"bound": self.bound.vb, "sigma": self.sigma, "divergence": self.divergence.vb}
        return views[pane]

    def share_height(self, options: CurveOptions) -> None:
        """A pane whose quantities are all hidden leaves its room to the other one."""
        shown = {term.pane for term in TERMS if term.name not in options.hidden}
        below = "divergence" in shown
        above = bool(shown & {"bound", "sigma"}) or not below
        for pane, wanted in ((self.bound, above), (self.divergence, below)):
            pane.setVisible(wanted)
            pane.setMaximumHeight(QWIDGETSIZE_MAX if wanted else 0)
        self.bound.getAxis("bottom").setStyle(showValues=not below)
        self.bound.getAxis("right").setStyle(showValues="sigma" in shown)

    def label_axes(self, options: CurveOptions) -> None:
        """Name what the axes count, and in which unit."""
        below = X_TITLES[options.x_axis]
        beside = f"{options.unit} per observation"
        lone = not self.divergence.isVisible()
        sigma = "" if "sigma" in options.hidden else "σ (unit of the data)"
        for pane, side, text in (
            (self.divergence, "bottom", below),
            (self.bound, "bottom", below if lone else ""),
            (self.divergence, "left", beside),
            (self.bound, "left", beside),
            (self.bound, "right", sigma),
        ):
            axis = pane.getAxis(side)
            if axis.labelText != text:  # laying out a label costs a millisecond
                pane.setLabel(side, text)
                axis.showLabel(bool(text))

    def set_key(self, html: str) -> None:
        """Write a legend above the plots (for figures that leave the window); '' for none."""
        self._key.setText(html, color=self._colours.text)
        self._key.setMaximumHeight(24 if html else 0)
        self._key.setMinimumHeight(24 if html else 0)
        self.ci.layout.activate()

    def paint_ground(self, colours: Colours) -> None:
        """Ground, axes, grids and cursor in the colours of a theme."""
        self._colours = colours
        self.setBackground(colours.plot)
        for pane in (self.bound, self.divergence):
            for side in ("left", "bottom", "right"):
                pane.getAxis(side).setPen(pg.mkPen(colours.grid))
                pane.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        for line in self._cursor_lines:
            line.setPen(pg.mkPen(colours.muted, width=1))
        for grid in self._grids:
            grid.set_colour(mix(colours.grid, colours.plot, 0.6).name())
