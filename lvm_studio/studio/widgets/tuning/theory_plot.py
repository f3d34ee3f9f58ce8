"""Theory along λ: E f, KL or Var f under p̂_λ, by the base law where it can say, then beyond."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QWidget

from lvm_studio.studio.street.answers import TheoryAnswer, TheoryCurve
from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.band_item import BandItem
from lvm_studio.studio.widgets.colours import veil
from lvm_studio.studio.widgets.worded_plot import WordedPlot

Array = NDArray[np.float64]

BAND_ALPHA = 0.25
PADDING = 0.04
FIGURES = (("expectation", "E f"), ("kl", "KL"), ("variance", "Var f"))
THEORY_HELP = (
    "What the tuned law is at every λ, known without any fit of its own:\n"
    "E f = Σ w f / Σ w with w = e^{λf} (Eq. 10.22), KL = λ E f − log Z (Eq. 10.51),\n"
    "dE f/dλ = Var f and dKL/dλ = λ Var f (Eq. 10.6–10.9).\n"
    "Blue: draws of the base law, only where k̂ < 0.7 and ESS ≥ 100. Orange: beyond it the\n"
    "reference (tempered SMC), and until that is there the mixtures fitted on the way to λ.\n"
    "Bands: 95 %. Upright line: the λ on screen."
)
HINT = "E f, KL and Var f against λ, as soon as the page stands still."


class TheoryPlot(WordedPlot):
    """One of three figures against λ, with a chooser above."""

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__("Theory curve along λ", HINT, parent)
        self.setObjectName("theory")
        self.setToolTip(THEORY_HELP)
        self.figure_box = QComboBox(self)
        self.figure_box.setObjectName("theory_figure")
        self.figure_box.setAccessibleName("Figure drawn against λ")
        for name, title in FIGURES:
            self.figure_box.addItem(title, name)
        self.figure_box.currentIndexChanged.connect(self._draw)
        self.rows.insertWidget(0, self.figure_box, 0, Qt.AlignmentFlag.AlignLeft)
        self._answer: TheoryAnswer | None = None
        self._bands = BandItem(), BandItem()
        self._lines = tuple(pg.PlotCurveItem(antialias=True, connect="finite") for _ in range(2))
        self._here = pg.InfiniteLine(angle=90)
        for item in (*self._bands, *self._lines, self._here):
            self.plot.addItem(item, ignoreBounds=True)
        self.plot.getViewBox().disableAutoRange()
        self.plot.setLabel("bottom", "λ per standard deviation of f")
        self.set_colours(colours)
        self.show_theory(None)

    def show_theory(self, answer: TheoryAnswer | None) -> None:
        """Draw the curves of an answer; None: there is none yet."""
        self._answer = answer
        self.figure_box.setVisible(answer is not None)
        if answer is None:
            self.show_hint()
            return
        self.show_words(theory_text(answer))
        self._draw()

    def set_lam(self, lam: float) -> None:
        """Mark the λ on screen."""
        self._here.setValue(lam)
        left, right = self.plot.getViewBox().viewRange()[0]
        if not left <= lam <= right:
            self._draw()

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        super().set_colours(colours)
        for band, line, colour in zip(
            self._bands, self._lines, (colours.base, colours.tuned), strict=True
        ):
            band.set_colour(veil(colour, BAND_ALPHA))
            line.setPen(pg.mkPen(colour, width=2))
        self._here.setPen(pg.mkPen(colours.text, width=1, style=Qt.PenStyle.DashLine))

    def _draw(self, _place: int = 0) -> None:
        answer = self._answer
        if answer is None:
            return
        name = self.figure_box.currentData()
        curve: TheoryCurve = getattr(answer, name)
        unit = {"expectation": answer.unit, "kl": "nats", "variance": f"{answer.unit}²"}[name]
        self.plot.setLabel("left", f"{self.figure_box.currentText()} ({unit})")
        lam, value, band = answer.lam, curve.value, curve.band
        own = answer.by_base & answer.known, ~answer.by_base & answer.known
        for mine, drawn, line in zip(own, self._bands, self._lines, strict=True):
            line.setData(lam, np.where(_reaching(mine, answer.known), value, np.nan))
            # elsewhere as thin as nothing: one polygon, however often the sources take turns
            low, high = np.where(mine, band, value)
            drawn.set_band(*(each[answer.known] for each in (lam, low, high)))
        self._fit(lam[answer.known], band[:, answer.known])

    def _fit(self, lam: Array, band: Array) -> None:
        here = self._here.value()
        seen = np.append(lam, here)
        self.plot.setXRange(float(seen.min()), float(max(seen.max(), seen.min() + 0.1)), PADDING)
        if band.size:
            low, high = float(band.min()), float(band.max())
            self.plot.setYRange(low, max(high, low + 1e-9), PADDING)


def _reaching(mine: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """These points and the one before each, so that one line begins where the other ends."""
    before = np.append(mine[1:], False)
    return (mine | before) & known


def theory_text(answer: TheoryAnswer) -> str:
    """Tell who says it how far, in one sentence."""
    base = np.abs(answer.lam[answer.by_base & answer.known]).max(initial=0.0)
    end = np.abs(answer.lam[answer.known]).max(initial=0.0)
    said = f"Base law (blue) up to |λ| = {base:.2f}"
    if end > base:
        return f"{said}, then {answer.beyond} (orange) up to {end:.2f}."
    return f"{said}; beyond it nothing is known yet."
