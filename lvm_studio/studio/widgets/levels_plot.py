"""How high f is in single weeks: its histogram under both laws, and what "1 in N" names."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lvm_studio.studio.answers import LevelsAnswer
from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.colours import veil

FILL_ALPHA = 0.3
LEVELS_HELP = (
    "Share of the weeks by the value of the criterion, noise of the meters included.\n"
    "“1 in N” names three figures: the level that one base week in N exceeds (its quantile); the\n"
    "mean of those weeks; and the mean of the tuned law at KL = log N. Where all that makes a\n"
    "week extreme is tuned the third lies highest; the meters' noise is not tuned, and a street\n"
    "whose extremes are noise has it lowest. Household-and-week bootstrap on London: ± 12 %."
)


class LevelsPlot(QWidget):
    """Two histograms over one axis, and a line that tells the three figures by their names."""

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("levels")
        self.setToolTip(LEVELS_HELP)
        self.plot = pg.PlotWidget(self)
        self.plot.setAccessibleName("Histogram of the criterion")
        self.plot.hideButtons()
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.setLabel("left", "weeks (%)")
        for name in ("left", "bottom"):
            self.plot.getAxis(name).enableAutoSIPrefix(False)
        self._base, self._tuned = _histogram(), _histogram()
        self._quantile = pg.InfiniteLine(angle=90)
        for item in (self._base, self._tuned, self._quantile):
            self.plot.addItem(item)
        self.words = QLabel(self)
        self.words.setObjectName("levels_words")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.words)
        self.set_colours(colours)
        self.show_levels(None)

    def show_levels(self, levels: LevelsAnswer | None) -> None:
        """Draw the histograms of an answer; None: there is none yet."""
        for item in (self._base, self._tuned, self._quantile):
            item.setVisible(levels is not None)
        if levels is None:
            self.words.setText("The weeks are counted as soon as the page stands still.")
            return
        self._base.setData(levels.edges, 100.0 * levels.base)
        self._tuned.setData(levels.edges, 100.0 * levels.tuned)
        self._quantile.setVisible(levels.quantile is not None)
        if levels.quantile is not None:
            self._quantile.setValue(levels.quantile)
        self.plot.setLabel("bottom", f"f of one week ({levels.unit})")
        self.words.setText(levels_text(levels))

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self.plot.setBackground(colours.plot)
        for name in ("left", "bottom"):
            self.plot.getAxis(name).setPen(colours.muted)
            self.plot.getAxis(name).setTextPen(colours.text)
        for item, colour in ((self._base, colours.base), (self._tuned, colours.tuned)):
            item.setPen(pg.mkPen(colour, width=1))
            item.setBrush(veil(colour, FILL_ALPHA))
        self._quantile.setPen(pg.mkPen(colours.base, width=1, style=Qt.PenStyle.DashLine))


def _histogram() -> pg.PlotCurveItem:
    nothing = ([0.0, 1.0], [0.0])
    return pg.PlotCurveItem(*nothing, stepMode="center", fillLevel=0.0, antialias=False)


def levels_text(levels: LevelsAnswer) -> str:
    """Tell the figures by their names, in the criterion's unit.

    The rarest weeks of the base law are only told where enough of them were drawn.
    """
    unit, rare = levels.unit, f"1 in {levels.one_in_n:,.0f}"
    tuned = f"mean of the tuned law {levels.tuned_mean:,.1f} {unit}"
    if levels.one_in_n < 2.0:
        return f"Mean of the base law {levels.base_mean:,.1f} {unit}; {tuned}."
    if levels.quantile is None or levels.beyond is None:
        return f"{rare}: too few base weeks lie so far out to tell their level; {tuned}."
    return (
        f"{rare}: level exceeded {levels.quantile:,.1f}, mean beyond it "
        f"{levels.beyond:,.1f} ± {levels.error:,.2g}, {tuned}."
    )
