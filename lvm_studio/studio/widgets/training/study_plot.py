"""What a study found: its objective against one of its axes, a dot a run, a line through means."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from lvm_studio.studies.reports import RunLine, RunState
from lvm_studio.studies.space import Range
from lvm_studio.studies.spec import StudySpec
from lvm_studio.studies.summary import CandidateSummary, summarise
from lvm_studio.studio.theme import MUTED, VERMILLION, Colours, theme
from lvm_studio.studio.widgets.colours import veil
from lvm_studio.studio.widgets.dressed import label_for
from lvm_studio.studio.widgets.scaled_axis import plain_axes
from lvm_studio.studio.widgets.training.series import Scale
from lvm_studio.studio.widgets.training.study_words import (
    figure_words,
    setting_words,
    settings_text,
)

HINT = "No run of this study has ended yet. After Start each run becomes a dot as it ends."
LOG_RATIO = 20.0
"""Positive values further apart than this lie on a logarithmic axis."""


class StudyPlot(QWidget):
    """Objective over an axis; ± one standard error over seeds; failed runs as crosses below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._study: StudySpec | None = None
        self._lines: Sequence[RunLine] = ()
        self.axis = QComboBox()
        self.axis.setObjectName("study_axis")
        self.axis.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.axis.setToolTip("Which setting lies along the plot; all others are mixed")
        self.view = pg.PlotWidget(axisItems=plain_axes())
        self.view.setObjectName("study_plot")
        self.view.setAccessibleName("Objective of the study over one of its axes")
        self.view.getPlotItem().setMenuEnabled(False)
        self.view.hideButtons()
        self.dots = pg.ScatterPlotItem(size=7, pxMode=True, hoverable=True, tip=_tip)
        self.failed = pg.ScatterPlotItem(size=9, symbol="x", hoverable=True, tip=_tip)
        self.means = pg.PlotDataItem()
        self.errors = pg.ErrorBarItem(beam=0.0)
        for item in (self.errors, self.means, self.dots, self.failed):
            self.view.addItem(item)
        self._build()
        self.axis.currentIndexChanged.connect(self._draw)
        theme().changed.connect(self._set_colours)
        self._set_colours(theme().colours)

    def _build(self) -> None:
        row = QHBoxLayout()
        row.addWidget(label_for(self.axis, "A&long"))
        row.addWidget(self.axis)
        row.addStretch(1)
        self._hint = QLabel(HINT, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._hint.setForegroundRole(MUTED)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._hint)
        self._stack.addWidget(self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addLayout(self._stack, 1)

    def show_study(self, study: StudySpec) -> None:
        """Offer the axes of this study."""
        self._study, self._lines = study, ()
        self.axis.blockSignals(True)
        self.axis.clear()
        for name in study.space.axes:
            words = setting_words(name)
            self.axis.addItem(words.title, name)
            self.axis.setItemData(self.axis.count() - 1, words.tip, Qt.ItemDataRole.ToolTipRole)
        self.axis.blockSignals(False)
        self._draw()

    def show_lines(self, lines: Sequence[RunLine]) -> None:
        """Draw the runs that have ended."""
        self._lines = [line for line in lines if line.state.ended]
        self._draw()

    # drawing

    def _draw(self, *_: object) -> None:
        study = self._study
        self._stack.setCurrentWidget(self.view if self._lines else self._hint)
        if study is None or not self._lines:
            return
        name = str(self.axis.currentData())
        places = self._places(study, name)
        finished = [li for li in self._lines if li.state is RunState.FINISHED]
        values = [li.figures.get(study.objective, math.nan) for li in finished]
        self.dots.setData(
            [
                {"pos": (places[repr(li.settings.get(name))], value), "data": _words(li, value)}
                for li, value in zip(finished, values, strict=True)
                if math.isfinite(value)
            ]
        )
        lowest = min(filter(math.isfinite, values), default=0.0)
        self.failed.setData(
            [
                {"pos": (places[repr(li.settings.get(name))], lowest), "data": _words(li, None)}
                for li in self._lines
                if li.state is RunState.FAILED
            ]
        )
        self._draw_means(study, name, places)
        self.view.setLabel("bottom", setting_words(name).title)
        self.view.setLabel("left", figure_words(study.objective).title)

    def _draw_means(self, study: StudySpec, name: str, places: dict[str, float]) -> None:
        """A line through candidates that differ along this axis alone; error bars on each."""
        found = [c for c in summarise(study, self._lines) if math.isfinite(c.mean)]
        rows: dict[str, list[CandidateSummary]] = {}
        for candidate in found:
            others = {key: v for key, v in candidate.settings.items() if key != name}
            rows.setdefault(repr(sorted(others.items())), []).append(candidate)
        xs, ys = [], []
        for row in rows.values():
            ordered = sorted((places[repr(c.settings[name])], c.mean) for c in row)
            xs += [place for place, _ in ordered] + [math.nan]
            ys += [mean for _, mean in ordered] + [math.nan]
        self.means.setData(np.array(xs), np.array(ys), connect="finite")
        known = [c for c in found if math.isfinite(c.error)]
        self.errors.setVisible(bool(known))  # empty it would claim the origin for the view
        self.errors.setData(
            x=np.array([places[repr(c.settings[name])] for c in known]),
            y=np.array([c.mean for c in known]),
            height=np.array([2.0 * c.error for c in known]),
        )

    def _places(self, study: StudySpec, name: str) -> dict[str, float]:
        """Where each value of the axis lies; texts lie beside each other in their order."""
        values = list(dict.fromkeys(line.settings.get(name) for line in self._lines))
        bottom = self.view.getAxis("bottom")
        bottom.setTicks(None)
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        if not numbers:
            bottom.set_scale(Scale())
            bottom.setTicks([[(place, str(value)) for place, value in enumerate(values)]])
            return {repr(value): float(place) for place, value in enumerate(values)}
        axis = study.space.axes.get(name)
        table = np.array(values, dtype=np.float64)
        log = axis.log if isinstance(axis, Range) else _spans_decades(table)
        scale = Scale("log" if log and (table > 0).all() else "linear")
        bottom.set_scale(scale)
        heights = scale.forward(table)
        return {repr(v): float(x) for v, x in zip(values, heights, strict=True)}

    def _set_colours(self, colours: Colours) -> None:
        self.view.setBackground(colours.plot)
        for side in ("left", "bottom"):
            self.view.getAxis(side).setPen(pg.mkPen(colours.grid))
            self.view.getAxis(side).setTextPen(pg.mkPen(colours.muted))
        self.dots.setBrush(veil(colours.accent, 0.75))
        self.dots.setPen(None)
        self.means.setPen(pg.mkPen(colours.accent, width=1))
        self.errors.setData(pen=pg.mkPen(colours.text, width=1))
        self.failed.setPen(pg.mkPen(VERMILLION, width=2))


def _spans_decades(values: np.ndarray) -> bool:
    return bool((values > 0).all() and values.max() > LOG_RATIO * values.min())


def _words(line: RunLine, value: float | None) -> str:
    end = line.sentence if value is None else f"{value:.5g}"
    return f"{settings_text(line.settings)}, seed {line.seed}: {end}"


def _tip(x: float, y: float, data: object) -> str:
    return str(data)
