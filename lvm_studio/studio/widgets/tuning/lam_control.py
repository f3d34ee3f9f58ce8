"""Bottom of the composer: what extreme means, how far to go, and what that costs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import qtawesome as qta
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QTabWidget,
    QToolButton,
    QWidget,
)

from lvm_studio.studio.theme import MUTED, Colours
from lvm_studio.studio.widgets.computing_label import ComputingLabel
from lvm_studio.studio.widgets.steady_room import SteadyRoom
from lvm_studio.studio.widgets.tuning.background_line import BackgroundLine
from lvm_studio.studio.widgets.tuning.certificate_strip import CertificateStrip
from lvm_studio.studio.widgets.tuning.criteria_help import help_of
from lvm_studio.studio.widgets.tuning.criterion_box import CriterionBox
from lvm_studio.studio.widgets.tuning.front_plot import FrontPlot
from lvm_studio.studio.widgets.tuning.lam_fields import (
    KL_MAX,
    LAM_TYPED_MAX,
    LamSlider,
    NumberField,
    OddsField,
)
from lvm_studio.studio.widgets.tuning.lam_words import (
    CORRECTED_HELP,
    EF_HELP,
    HELD_HELP,
    KL_HELP,
    LAM_HELP,
    METHOD_HELP,
    METHODS,
    ODDS_HELP,
    QUANTILE_HELP,
    base_text,
    held_text,
)
from lvm_studio.studio.widgets.tuning.levels_plot import LevelsPlot
from lvm_studio.studio.widgets.tuning.pair_inverse import polar
from lvm_studio.studio.widgets.tuning.pair_pad import PairPad
from lvm_studio.studio.widgets.tuning.tuned_row import TunedRow
from lvm_studio.studio.widgets.tuning.tuning_history import TuningHistory

if TYPE_CHECKING:
    from lvm_studio.studio.street.answers import ApartAnswer, Front, PairSurface, TunedAnswer

LEVEL_WIDTH = 96
NO_LEVEL = -1e7
"""What the field of E f holds where there is none; a nearness is below zero too."""
KL_END = 7.5
"""Nats at the end of the slider, a little beyond “1 week in 1,000”."""
ENDS_PER_LAM = 4
"""The end moves by quarters, so that it stands still while the answers become better."""


class LamControl(QWidget):
    """Criterion, λ and its twins, read-outs and the front; emits wishes, shows answers."""

    criterion_chosen = Signal(str)
    criterion_refused = Signal(str)  # why what was typed is no criterion
    lam_asked = Signal(float)
    drag_started = Signal()
    drag_ended = Signal()
    method_chosen = Signal(str)
    target_asked = Signal(str, float)  # "kl" | "one_in_n" | "expectation", value
    quantile_asked = Signal(float, float)  # level of f, share of the weeks below it
    corrected_asked = Signal(bool)
    pair_asked = Signal(float, float)  # direction in degrees, λ along it

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lam_control")
        self.criterion_box = CriterionBox(self)
        self.method_box = self._make_methods()
        self._lam = 0.0
        self.slider = LamSlider(self)
        self.field = NumberField(-LAM_TYPED_MAX, LAM_TYPED_MAX, 2, 0.05, self)
        self.kl_field = NumberField(0.0, KL_MAX, 2, 0.1, self)
        self.odds_field = OddsField(self)
        self.expectation_field = NumberField(NO_LEVEL, 1e7, 1, 1.0, self)
        self.quantile_field = NumberField(NO_LEVEL, 1e7, 1, 1.0, self)
        self.share_field = NumberField(1.0, 99.0, 0, 5.0, self)
        self.corrected_box = QCheckBox("Corrected", self)
        self._reset = QToolButton(self)
        self.computing = ComputingLabel(self)
        self._base = QLabel(self)
        self._source = QLabel(self)
        self.background = BackgroundLine(self)
        self._held = QLabel(self)
        self.certificate = CertificateStrip(self)
        self.front = FrontPlot(colours, self)
        self.levels = LevelsPlot(colours, self)
        self.history = TuningHistory(self)
        self.what = TunedRow(self)
        self.pad = PairPad(colours, self)
        self._second = ""
        self._blend, self._correlation = 45.0, 0.0
        self.pictures = QTabWidget(self)
        self._name_widgets()
        self._lay_out()
        self._connect()
        self.set_colours(colours)
        self.show_answer(None)

    # -- what the panel sets ---------------------------------------------------------------

    def set_criterion(self, name: str) -> None:
        """Show the criterion in force."""
        self.criterion_box.set_criterion(name)
        for field in (self.expectation_field, self.quantile_field):
            field.setSuffix(f" {help_of(name).unit}")

    def set_method(self, method: str) -> None:
        """Show whose draws are asked for."""
        with QSignalBlocker(self.method_box):
            self.method_box.setCurrentIndex(self.method_box.findData(method))

    def set_lam(self, lam: float) -> None:
        """Show λ on slider and field."""
        self._lam = lam
        self.slider.show_lam(lam)
        self.field.show_value(lam)
        self._reset.setEnabled(lam != 0.0)

    def set_corrected(self, corrected: bool) -> None:
        """Show whether the flow's curves are resampled by their weights."""
        with QSignalBlocker(self.corrected_box):
            self.corrected_box.setChecked(corrected)

    def set_pair(self, first: str, second: str, blend: float) -> None:
        """Show the second criterion ('' for none) and the direction of λ."""
        self._blend = blend
        self.what.set_second(first, second)
        if second == self._second:
            return
        self._second = second
        place = self.pictures.indexOf(self.pad)
        self.pictures.setTabVisible(place, bool(second))
        if second:
            self.pictures.setCurrentIndex(place)
        # f of two is a number without a meaning of its own: each is told beside its λ
        for widget in self._of_one:
            widget.setVisible(not second)

    def show_surface(self, surface: PairSurface | None) -> None:
        """Draw what two criteria can be raised to; None: it is not known."""
        self.pad.show_surface(surface)

    def show_apart(self, answer: ApartAnswer | None) -> None:
        """Tell the KLs of Σw and z."""
        self.what.show_apart(answer)

    def set_held(self, goal: str, target: float, share: float = 0.5) -> None:
        """Say what stays as it is when the street, the week or the criterion change."""
        unit = help_of(self.criterion_box.criterion).unit
        self.quantile_field.show_value(target if goal == "quantile" else NO_LEVEL)
        if goal == "quantile":
            self.share_field.show_value(100.0 * (1.0 - share))
        self._held.setText(held_text(goal, self._lam, target, share, unit))

    def set_available(self, available: bool) -> None:
        """Enable the controls when there is a law to tune."""
        if not available:
            self.slider.setSliderDown(False)  # disabled, it would never hear that a hand lets go
        for widget in (self.slider, self.field, self.kl_field, self.odds_field):
            widget.setEnabled(available)
        for field in (self.expectation_field, self.quantile_field, self.share_field):
            field.setEnabled(available)

    def show_answer(self, answer: TunedAnswer | None) -> None:
        """Show E f, KL, the certificate and the front of an answer; None: there is none."""
        self.computing.end()
        self._show_trust(answer is None or answer.valid)
        self.certificate.show_answer(answer)
        self._base.setText(base_text(answer))
        self._show_pair(answer)
        if answer is None:
            self.show_apart(None)
            self.front.clear_front()
            self.levels.show_levels(None)
            self.kl_field.show_value(0.0)
            self.odds_field.show_value(1.0)
            self.expectation_field.show_value(NO_LEVEL)
            self._source.setText("")
            return
        self.kl_field.show_value(answer.kl)
        self.odds_field.show_value(answer.one_in_n)
        self.expectation_field.show_value(answer.expectation)
        self._source.setText(answer.sentence)
        front = answer.front
        self.front.set_front(
            front.lam,
            front.kl,
            front.expectation,
            front.valid,
            f"E {help_of(answer.criterion).symbol} ({answer.unit})",
            front.error,
        )
        self.front.set_point(answer.kl, answer.expectation)
        if not answer.refining:
            self.slider.set_end(slider_end(front))

    def fade_figures(self) -> None:
        """Grey the figures: they are of the street before."""
        self._show_trust(False)
        self.certificate.setEnabled(False)

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self._reset.setIcon(qta.icon("fa6s.arrow-rotate-left", color=colours.text))
        self.front.set_colours(colours)
        self.levels.set_colours(colours)
        self.pad.set_colours(colours)

    # -- inside ----------------------------------------------------------------------------

    def _make_methods(self) -> QComboBox:
        box = QComboBox(self)
        for name, title, tip in METHODS:
            box.addItem(title, name)
            box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        return box

    def _name_widgets(self) -> None:
        named = (
            (self.criterion_box, "criterion_box", "Criterion", ""),
            (self.method_box, "method_box", "Method", METHOD_HELP),
            (self.slider, "lam_slider", "λ", LAM_HELP),
            (self.field, "lam_field", "λ", LAM_HELP),
            (self.kl_field, "kl_field", "KL in nats", KL_HELP),
            (self.odds_field, "one_in_n_field", "One week in N", ODDS_HELP),
            (self.expectation_field, "expectation_field", "E f", EF_HELP),
            (self.quantile_field, "quantile_field", "Quantile of f", QUANTILE_HELP),
            (self.share_field, "share_field", "Share of the weeks above", QUANTILE_HELP),
            (self.corrected_box, "corrected_box", "Correction", CORRECTED_HELP),
            (self._reset, "lam_reset", "Back to λ = 0", "Back to λ = 0, the model's own law."),
            (self._base, "lam_base", "E f of the base law", EF_HELP),
            (self._source, "lam_source", "Source of the figures", ""),
            (self._held, "lam_held", "Held", HELD_HELP),
            (self.computing, "lam_computing", "Computing", ""),
        )
        for widget, name, title, tip in named:
            widget.setObjectName(name)
            widget.setAccessibleName(title)
            widget.setToolTip(tip)
        self.kl_field.setSuffix(" nats")
        self.expectation_field.setSpecialValueText("–")
        self.quantile_field.setSpecialValueText("type a level")
        for field in (self.expectation_field, self.quantile_field):
            field.setFixedWidth(LEVEL_WIDTH)  # the room of their ends is never needed
        self.share_field.setSuffix(" %")
        self.share_field.setValue(50.0)
        for label in (self._source, self._held):
            label.setWordWrap(True)
            label.setForegroundRole(MUTED)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        rows = (self._slider_row(), self._goals_row(), self._quantile_row())
        for number, row in enumerate(rows):
            row.setSpacing(6)
            grid.addLayout(row, number, 0)
        grid.addWidget(self.what, 3, 0)
        grid.addWidget(self.certificate, 4, 0)
        grid.addWidget(SteadyRoom(self._source, self), 5, 0)
        grid.addWidget(self.background, 6, 0)
        grid.setRowStretch(grid.rowCount(), 1)
        self._fill_pictures()
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(10)
        whole.addLayout(grid, 3)
        whole.addWidget(self.pictures, 2)

    def _slider_row(self) -> QHBoxLayout:
        """What comes and goes has no place beside the slider: nothing may move it under a hand."""
        row = QHBoxLayout()
        for box in (self.criterion_box, self.method_box, self.corrected_box):
            row.addWidget(box)
        row.addSpacing(8)
        row.addWidget(QLabel("λ", self))
        row.addWidget(self.slider, 1)
        row.addWidget(self.field)
        row.addWidget(self._reset)
        return row

    def _goals_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for label, field in (
            (self._base, self.expectation_field),
            (QLabel("KL", self), self.kl_field),
            (QLabel("=", self), self.odds_field),
        ):
            row.addWidget(label)
            row.addWidget(field)
            row.addSpacing(8)
        row.addStretch(1)
        row.addWidget(self.computing)
        return row

    def _quantile_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        quantile = (self.share_field, QLabel("of the weeks above", self), self.quantile_field)
        for widget in quantile:
            row.addWidget(widget)
        row.addSpacing(8)
        row.addWidget(SteadyRoom(self._held, self), 1)
        self._of_one: tuple[QWidget, ...] = (self._base, self.expectation_field, *quantile)
        return row

    def _fill_pictures(self) -> None:
        self.pictures.setObjectName("tuning_pictures")
        self.pictures.setDocumentMode(True)
        self.pictures.addTab(self.pad, "Two criteria")
        self.pictures.setTabVisible(0, False)
        self.pictures.addTab(self.front, "Front")
        self.pictures.addTab(self.levels, "Weeks")
        self.pictures.addTab(self.history, "History")
        self.pictures.setCurrentWidget(self.front)  # the first one is hidden
        self.pictures.setMinimumSize(240, 170)

    def _connect(self) -> None:
        self.criterion_box.chosen.connect(self._take_criterion)
        self.criterion_box.refused.connect(self.criterion_refused)
        self.method_box.activated.connect(
            lambda: self.method_chosen.emit(self.method_box.currentData())
        )
        self.corrected_box.toggled.connect(self.corrected_asked)
        self.quantile_field.edited.connect(self._ask_quantile)
        self.share_field.edited.connect(lambda _share: self._ask_quantile())
        self.slider.edited.connect(self.lam_asked)
        self.field.edited.connect(self.lam_asked)
        self.slider.sliderPressed.connect(self.drag_started)
        self.slider.sliderReleased.connect(self.drag_ended)
        self.front.lam_asked.connect(self.lam_asked)
        self.pad.vector_asked.connect(self._ask_vector)
        self.pad.drag_started.connect(self.drag_started)
        self.pad.drag_ended.connect(self.drag_ended)
        self.what.vector_asked.connect(self._ask_vector)
        self._reset.clicked.connect(lambda: self.lam_asked.emit(0.0))
        self.kl_field.edited.connect(lambda value: self.target_asked.emit("kl", value))
        self.odds_field.edited.connect(lambda value: self.target_asked.emit("one_in_n", value))
        self.expectation_field.edited.connect(
            lambda value: self.target_asked.emit("expectation", value)
        )

    def _show_pair(self, answer: TunedAnswer | None) -> None:
        pair = None if answer is None else answer.pair
        if pair is not None:
            self._correlation = pair.correlation
        self.what.show_pair(pair)
        self.pad.show_figures(pair)

    def _ask_vector(self, first: float, second: float) -> None:
        """A vector λ was asked for; where it is zero its direction stays."""
        blend, lam = polar(first, second, self._correlation)
        self.pair_asked.emit(blend if lam else self._blend, lam)

    def _ask_quantile(self) -> None:
        level = self.quantile_field.value()
        if level > NO_LEVEL:
            self.quantile_asked.emit(level, 1.0 - self.share_field.value() / 100.0)

    def _take_criterion(self, name: str) -> None:
        self.set_criterion(name)
        self.criterion_chosen.emit(name)

    def _show_trust(self, valid: bool) -> None:
        for field in (self.expectation_field, self.kl_field, self.odds_field):
            field.set_grey(not valid)


def slider_end(front: Front) -> float:
    """Return the λ at which the slider ends: the last that can be trusted, up to KL_END."""
    reachable = front.valid & (front.kl <= KL_END)
    last = float(np.abs(front.lam[reachable]).max()) if reachable.any() else 0.0
    return math.ceil(last * ENDS_PER_LAM) / ENDS_PER_LAM
