"""The selection: its curves, its statistics, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.units import WEEK
from lvm_studio.studio.numerals import decimals_for, with_decimals
from lvm_studio.studio.theme import Colours, theme
from lvm_studio.studio.widgets.band_item import BandItem
from lvm_studio.studio.widgets.colours import mix, veil
from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.studio.widgets.latent.decoded_vector import ImagePane, image_side
from lvm_studio.studio.widgets.row_table import by_rows
from lvm_studio.studio.widgets.scaled_axis import plain_axes

if TYPE_CHECKING:
    from lvm_studio.studio.selection import Selection

MOST_CURVES = 60
HEADINGS = ("", "mean", "std. dev.", "lowest", "highest")
HINT = "Draw a lasso on the map (Shift and drag, or the Lasso button; key S selects around you)."


class SelectionPage(QWidget):
    """Shows a selection; asks for what is to become of it."""

    compose_asked = Signal()
    export_asked = Signal()
    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.about = QLabel(HINT, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.compose = dressed(
            QPushButton("C&ompose"),
            toolTip="Compose the sum nearest to the mean of the selection, in its own week",
        )
        self.compose.setObjectName("selection_compose")
        self.export = dressed(
            QPushButton("E&xport…"), toolTip="Coordinates and all that is known, CSV or Parquet"
        )
        self.clear = dressed(QPushButton("C&lear"), toolTip="Select nothing")
        self.curves = pg.PlotWidget(axisItems=plain_axes())
        self.curves.setAccessibleName("Observations selected")
        self.curves.hideButtons()
        self.curves.setMenuEnabled(False)
        self._band, self._lines, self._mean = BandItem(), pg.PlotCurveItem(), pg.PlotCurveItem()
        for item in (self._band, self._lines, self._mean):
            self.curves.addItem(item)
        self.image = ImagePane("mean of the selection")
        self.table = QTableWidget(0, len(HEADINGS))
        self._build()
        theme().changed.connect(self._set_colours)
        self._set_colours(theme().colours)
        self.show_selection(None)

    def _build(self) -> None:
        self.table.setHorizontalHeaderLabels(HEADINGS)
        # the titles take what the numbers leave, on two lines where that is little
        by_rows(self.table, "Statistics of the selection", stretched=0, several=True)
        header = self.table.horizontalHeader()
        header.sectionResized.connect(self.table.resizeRowsToContents)
        self.table.verticalHeader().setMinimumSectionSize(self.fontMetrics().lineSpacing() + 4)
        row = QHBoxLayout()
        row.addWidget(self.about, 1)
        for button, signal in (
            (self.compose, self.compose_asked),
            (self.export, self.export_asked),
            (self.clear, self.cleared),
        ):
            button.clicked.connect(signal)
            row.addWidget(button)
        split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        for part in (self.curves, self.image, self.table):
            part.setMinimumWidth(150)
            split.addWidget(part)
        split.setSizes([160, 160, 370])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(row)
        layout.addWidget(split, 1)

    def show_selection(self, selection: Selection | None) -> None:
        """Show this selection, or how to make one."""
        there = selection is not None and len(selection) > 0
        for widget in (self.compose, self.export, self.clear, self.table):
            widget.setVisible(there)
        self.curves.setVisible(False)
        self.image.setVisible(False)
        if selection is None or not there:
            self.about.setText(HINT)
            return
        self.compose.setEnabled(selection.composition is not None)
        title = f"{selection.title[:1].upper()}{selection.title[1:]}"
        self.about.setText(f"{title}: {selection.count}")
        self._show_statistics(selection)
        side = 0 if selection.weeks else image_side(selection.x.shape[1])
        self.image.setVisible(side > 0)
        self.curves.setVisible(side == 0)
        if side:
            self.image.show_values(selection.mean.reshape(side, side), (0.0, 1.0))
        else:
            self._show_curves(selection)

    def _show_curves(self, selection: Selection) -> None:
        length = selection.x.shape[1]
        weekly = bool(selection.weeks) or (bool(selection.unit) and length == WEEK)
        at = np.arange(length) / 48.0 if weekly else np.arange(length, dtype=np.float64)
        self.curves.setLabel("left", selection.unit or "value")
        self.curves.setLabel("bottom", "days since Monday" if weekly else "coordinate")
        few = selection.x[np.linspace(0, len(selection) - 1, MOST_CURVES).astype(int)]
        if len(selection) <= MOST_CURVES:
            few = selection.x
        gap = np.full((len(few), 1), np.nan)
        y = np.hstack([few, gap]).ravel()
        x = np.tile(np.append(at, at[-1]), len(few))
        self._lines.setData(x, y, connect="finite")
        self._band.set_band(at, *selection.band())
        self._mean.setData(at, selection.mean)
        self.curves.autoRange(padding=0.02)

    def _show_statistics(self, selection: Selection) -> None:
        rows = selection.statistics()
        self.table.setRowCount(len(rows))
        for row, (title, *values) in enumerate(rows):
            decimals = decimals_for(values[1])  # by the spread of the row
            head = QTableWidgetItem(title)
            head.setToolTip(title)
            self.table.setItem(row, 0, head)
            for column, value in enumerate(values, start=1):
                item = QTableWidgetItem(with_decimals(value, decimals))
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        self.table.resizeRowsToContents()

    def _set_colours(self, colours: Colours) -> None:
        self.curves.setBackground(colours.plot)
        for side in ("left", "bottom"):
            self.curves.getAxis(side).setPen(pg.mkPen(colours.grid))
            self.curves.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        self._lines.setPen(pg.mkPen(mix(colours.measured, colours.plot, 0.75), width=1))
        self._band.set_colour(veil(colours.measured, 0.15))
        self._mean.setPen(pg.mkPen(colours.measured, width=1))
