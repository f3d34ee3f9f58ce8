"""How hard a criterion is to tune: the histogram of ‖∇f‖ over the base law, and its verdict."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from lvm_studio.studio.street.answers import DifficultyAnswer
from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.colours import veil
from lvm_studio.studio.widgets.worded_plot import WordedPlot, histogram_item

FILL_ALPHA = 0.3
DIFFICULTY_HELP = (
    "How steep the criterion is over the base law: ‖∇f‖ / √Var f at draws of it, per unit of the\n"
    "whitened latents (Eq. 10.20). The map from the base law to the tuned one changes by λ∇f:\n"
    "plateaus (near 0) and cliffs (far right) are what a flow has to imitate.\n"
    "Dashed: the median."
)
HINT = "How steep the criterion is, as soon as the page stands still."


class DifficultyPlot(WordedPlot):
    """A histogram of gradient norms with a plain verdict."""

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__("Histogram of the criterion's gradient", HINT, parent)
        self.setObjectName("difficulty")
        self.setToolTip(DIFFICULTY_HELP)
        self._bars, self._median = histogram_item(), pg.InfiniteLine(angle=90)
        for item in (self._bars, self._median):
            self.plot.addItem(item)
        self.plot.setLabel("bottom", "‖∇f‖ / √Var f")
        self.plot.setLabel("left", "base draws (%)")
        self.set_colours(colours)
        self.show_difficulty(None)

    def show_difficulty(self, answer: DifficultyAnswer | None) -> None:
        """Draw the histogram of an answer; None: there is none yet."""
        if answer is None:
            self.show_hint()
            return
        found = answer.difficulty
        self._bars.setData(found.edges, 100.0 * found.counts / len(found.norms))
        self._median.setValue(float(np.median(found.norms)))
        self.plot.setXRange(0.0, float(found.edges[-1]))
        self.show_words(f"{found.verdict.capitalize()}. {found.sentence}")

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        super().set_colours(colours)
        self._bars.setPen(pg.mkPen(colours.base, width=1))
        self._bars.setBrush(veil(colours.base, FILL_ALPHA))
        self._median.setPen(pg.mkPen(colours.text, width=1, style=Qt.PenStyle.DashLine))
