"""How high f is in single weeks: its histogram under both laws, and what "1 in N" names."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from lvm_studio.studio.numerals import with_decimals, with_error
from lvm_studio.studio.street.answers import LevelsAnswer, MeasuredAnswer
from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.colours import veil
from lvm_studio.studio.widgets.tuning.criteria_help import help_of
from lvm_studio.studio.widgets.worded_plot import WordedPlot, histogram_item

FILL_ALPHA = 0.3
LEVELS_HELP = (
    "Share of the weeks by the value of the criterion, noise of the meters included.\n"
    "“1 in N” names three figures: the level that one base week in N exceeds (its quantile); the\n"
    "mean of those weeks; and the mean of the tuned law at KL = log N. Where all that makes a\n"
    "week extreme is tuned the third lies highest; the meters' noise is not tuned, and a street\n"
    "whose extremes are noise has it lowest.\n"
    "Measured: the same of real sums of as many households, any of them in any training week.\n"
    "Bands of 95 %: households and weeks are drawn again with replacement, sums formed anew."
)
CANCEL_HELP = "End forming measured sums; the figures of the model stay"
FORM_HELP = "Form as many measured sums as so rare a week needs, in the background"
HINT = "The weeks are counted as soon as the page stands still."


class LevelsPlot(WordedPlot):
    """Two histograms over one axis, and lines that tell the three figures by their names.

    Signals:
        cancel_asked(): form no more measured sums. form_asked(): form them after all.
    """

    cancel_asked = Signal()
    form_asked = Signal()

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__("Histogram of the criterion", HINT, parent)
        self.setObjectName("levels")
        self.setToolTip(LEVELS_HELP)
        self.plot.setLabel("left", "weeks (%)")
        self._base, self._tuned = histogram_item(), histogram_item()
        self._quantile = pg.InfiniteLine(angle=90)
        for item in (self._base, self._tuned, self._quantile):
            self.plot.addItem(item)
        self.words.setObjectName("levels_words")
        self.measured_words = QLabel(self)
        self.measured_words.setObjectName("measured_words")
        self.measured_words.setWordWrap(True)
        self.measured_words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.measured_words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sums_button = QPushButton(self)
        self.sums_button.setObjectName("measured_sums")
        self.sums_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.sums_button.clicked.connect(self._ask)
        self._forming = False
        row = QHBoxLayout()
        row.addWidget(self.measured_words, 1)
        row.addWidget(self.sums_button)
        self.rows.addLayout(row)
        self.set_colours(colours)
        self.show_levels(None)
        self.show_measured(None)

    def show_levels(self, levels: LevelsAnswer | None) -> None:
        """Draw the histograms of an answer; None: there is none yet."""
        if levels is None:
            self.show_hint()
            self.show_measured(None)
            return
        self._base.setData(levels.edges, 100.0 * levels.base)
        self._tuned.setData(levels.edges, 100.0 * levels.tuned)
        self._quantile.setVisible(levels.quantile is not None)
        if levels.quantile is not None:
            self._quantile.setValue(levels.quantile)
        self.plot.setLabel(
            "bottom", f"{help_of(levels.state.criterion).title} of one week ({levels.unit})"
        )
        self.show_words(levels_text(levels))

    def show_measured(self, measured: MeasuredAnswer | None) -> None:
        """Tell the same figures of measured sums; None: they are not known yet."""
        sentence = "" if measured is None else measured_text(measured)
        self.measured_words.setText(sentence)
        self.measured_words.setVisible(bool(sentence))
        wanted = measured is not None and measured.wants_more
        self._forming = wanted and measured is not None and not measured.cancelled
        self.sums_button.setVisible(wanted)
        self.sums_button.setText("Cancel" if self._forming else "Form them")
        self.sums_button.setToolTip(CANCEL_HELP if self._forming else FORM_HELP)

    def _ask(self) -> None:
        (self.cancel_asked if self._forming else self.form_asked).emit()

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        super().set_colours(colours)
        for item, colour in ((self._base, colours.base), (self._tuned, colours.tuned)):
            item.setPen(pg.mkPen(colour, width=1))
            item.setBrush(veil(colour, FILL_ALPHA))
        self._quantile.setPen(pg.mkPen(colours.base, width=1, style=Qt.PenStyle.DashLine))


def levels_text(levels: LevelsAnswer) -> str:
    """Tell the figures by their names, in the criterion's unit.

    The rarest weeks of the base law are only told where enough of them were drawn.
    """
    unit, rare = levels.unit, f"1 in {levels.one_in_n:,.0f}"
    tuned = f"tuned mean {with_decimals(levels.tuned_mean, 1)} {unit}"
    if levels.one_in_n < 2.0:
        return f"Mean of the base law {with_decimals(levels.base_mean, 1)} {unit}; {tuned}."
    if levels.quantile is None or levels.beyond is None:
        return f"{rare}: too few base weeks lie so far out to tell their level; {tuned}."
    return (
        f"{rare}: level exceeded {with_decimals(levels.quantile, 1)}, mean beyond it "
        f"{with_error(levels.beyond, levels.error)}, {tuned}."
    )


def measured_text(measured: MeasuredAnswer) -> str:
    """Tell the measured figures with their bands, or why there are none ('' where N is below 2)."""
    if measured.figures is None:
        return f"Measured: {measured.why}" if measured.why else ""
    found = measured.figures
    told = (
        ("level exceeded", found.quantile, found.quantile_band),
        ("mean beyond it", found.mean_beyond, found.mean_beyond_band),
        ("tuned mean", found.tilted_mean, found.tilted_mean_band),
    )
    parts = [
        f"{name} {with_decimals(value, 1)}"
        + ("" if band is None else " ({} to {})".format(*(with_decimals(b, 1) for b in band)))
        for name, value, band in told
    ]
    return f"Measured, {measured.sums:,} sums: {', '.join(parts)} {measured.unit}."
