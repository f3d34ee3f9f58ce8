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
    QCompleter,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QTabWidget,
    QToolButton,
    QWidget,
)

from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.certificate_strip import CertificateStrip
from lvm_studio.studio.widgets.computing_label import ComputingLabel
from lvm_studio.studio.widgets.criteria_help import OFFERED, TYPED_HELP, help_of, understood
from lvm_studio.studio.widgets.front_plot import FrontPlot
from lvm_studio.studio.widgets.lam_fields import (
    KL_MAX,
    LAM_TYPED_MAX,
    LamSlider,
    NumberField,
    OddsField,
)
from lvm_studio.studio.widgets.levels_plot import LevelsPlot
from lvm_studio.studio.widgets.steady_room import SteadyRoom
from lvm_studio.studio.widgets.tuning_history import TuningHistory
from lvm_studio.tuning.errors import TuningError

if TYPE_CHECKING:
    from lvm_studio.studio.answers import Front, TunedAnswer

LAM_HELP = (
    "λ, per standard deviation of the criterion: the week is drawn from p(x) e^{λ f(x)} / Z\n"
    "(Eq. 10.5). 0 is the model's own law, below it are the quiet weeks.\n"
    "Arrow keys move by 0.05, page keys by 0.5, Home to 0.\n"
    "The slider ends where the answers do: at 1 week in 1,800 (KL 7.5 nats), or sooner where no\n"
    "weighted sample can be trusted. A larger λ can be typed; its answer is grey."
)
CRITERION_CHARACTERS = 16
LEVEL_WIDTH = 96
NO_LEVEL = -1e7
"""What the field of E f holds where there is none; a nearness is below zero too."""
KL_END = 7.5
"""Nats at the end of the slider, a little beyond “1 week in 1,000”."""
ENDS_PER_LAM = 4
"""The end moves by quarters, so that it stands still while the answers become better."""
KL_HELP = "KL(tuned ‖ base) in nats: how far the tuned law is from the model's own. Type one."
ODDS_HELP = "The same as a frequency: N = e^KL, so “1 week in 1,000” is KL = 6.91."
EF_HELP = "E f, the mean of the criterion under the tuned law. Type the level to reach."
QUANTILE_HELP = (
    "A quantile of f: the share of the tuned weeks that stays below a level. Type the level, and\n"
    "λ is solved for it (f in the mean over the observation noise, as it is tuned)."
)
CORRECTED_HELP = (
    "Resample the flow's curves by their importance weights λf + log p − log q, so that they\n"
    "count equally under the tuned law. Off: the curves as the flow drew them; their weights go\n"
    "with them in an export. Draws of all other methods are always corrected."
)
TRUST_HELP = (
    "ESS: how many independent curves the weighted samples are worth (greyed below 100).\n"
    "k̂: tail index of the weights; above 0.7 their averages cannot be trusted."
)
METHODS = (
    ("auto", "Best draws", "Whichever of the others is valid and worth most; the flow goes first."),
    ("pool", "Base weeks", "Weeks of the base law, reweighted by e^{λf}: good for small λ only."),
    ("climb", "Mixtures", "Weeks of Gaussian mixtures fitted on the way to λ, reweighted."),
    ("smc", "Reference", "Weeks of tempered SMC, all its rungs counted together."),
    ("flow", "Flow", "Weeks of the normalising flow, with their exact weights."),
)
METHOD_HELP = (
    "Whose draws stand behind the tuned law. A method that is not ready yet, or not believed\n"
    "here, gives way to the best there is; the line below says which is on screen."
)
HELD_HELP = (
    "What stays when the street, the week, the weather or the criterion change. What was set last\n"
    "is held: λ after a move of the slider, else the KL, the frequency or the level that was\n"
    "typed, and λ is solved for it again (Algorithms 10.1 and 10.2)."
)
FLOW_HELP = (
    "A normalising flow, conditioned on λ, that is fitted in the background and then proposes the\n"
    "tuned curves; their importance weights correct what it has not learned."
)


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

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lam_control")
        self._criterion = OFFERED[0]
        self.criterion_box = self._make_criteria()
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
        self._figures = QLabel(self)
        self._source = QLabel(self)
        self._flow = QLabel(self)
        self._held = QLabel(self)
        self.certificate = CertificateStrip(self)
        self.front = FrontPlot(colours, self)
        self.levels = LevelsPlot(colours, self)
        self.history = TuningHistory(self)
        self.pictures = QTabWidget(self)
        self._name_widgets()
        self._lay_out()
        self._connect()
        self.set_colours(colours)
        self.show_answer(None)

    # -- what the panel sets ---------------------------------------------------------------

    def set_criterion(self, name: str) -> None:
        """Show the criterion in force."""
        self._criterion = name
        about = help_of(name)
        with QSignalBlocker(self.criterion_box):
            self.criterion_box.setCurrentIndex(self.criterion_box.findData(name))
            self.criterion_box.setEditText(about.title)
        self.criterion_box.setToolTip(f"{about.tooltip()}\n\n{TYPED_HELP}")
        for field in (self.expectation_field, self.quantile_field):
            field.setSuffix(f" {about.unit}")

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

    def set_held(self, goal: str, target: float, share: float = 0.5) -> None:
        """Say what stays as it is when the street, the week or the criterion change."""
        unit = help_of(self._criterion).unit
        self.quantile_field.show_value(target if goal == "quantile" else NO_LEVEL)
        if goal == "quantile":
            self.share_field.show_value(100.0 * share)
        held = {
            "lam": f"λ = {self._lam:.2f}",
            "kl": f"KL = {target:,.2f} nats",
            "one_in_n": f"1 week in {target:,.0f} (KL = {math.log(max(target, 1.0)):.2f} nats)",
            "expectation": f"E f = {target:,.1f} {unit}",
            "quantile": f"{share:.0%} of f below {target:,.1f} {unit}",
        }
        self._held.setText(f"held: {held[goal]}".replace("-", "−"))

    def set_available(self, available: bool) -> None:
        """Enable the controls when there is a law to tune."""
        for widget in (self.slider, self.field, self.kl_field, self.odds_field):
            widget.setEnabled(available)
        for field in (self.expectation_field, self.quantile_field, self.share_field):
            field.setEnabled(available)

    def set_flow_status(self, sentence: str) -> None:
        """Say what the flow in the background is doing ('' for nothing)."""
        self._flow.setText(sentence)

    def show_answer(self, answer: TunedAnswer | None) -> None:
        """Show E f, KL, ESS, k̂ and the front of an answer; None: there is none."""
        self.computing.end()
        self._show_trust(answer is None or answer.valid)
        tuned = answer is not None and answer.lam != 0.0
        self.certificate.show_certificate(answer.certificate if answer and tuned else None)
        if answer is None:
            self.front.clear_front()
            self.levels.show_levels(None)
            self.kl_field.show_value(0.0)
            self.odds_field.show_value(1.0)
            self.expectation_field.show_value(NO_LEVEL)
            self._figures.setText("")
            self._source.setText("")
            return
        self.kl_field.show_value(answer.kl)
        self.odds_field.show_value(answer.one_in_n)
        self.expectation_field.show_value(answer.expectation)
        self._figures.setText(figures_text(answer))
        self._source.setText(answer.sentence)
        front = answer.front
        self.front.set_front(
            front.lam, front.kl, front.expectation, front.valid, answer.unit, front.error
        )
        self.front.set_point(answer.kl, answer.expectation)
        if not answer.refining:
            self.slider.set_end(slider_end(front))
            self.slider.show_lam(self._lam)

    def fade_figures(self) -> None:
        """Grey the figures: they are of the street before."""
        self._show_trust(False)

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self._reset.setIcon(qta.icon("fa6s.arrow-rotate-left", color=colours.text))
        self.front.set_colours(colours)
        self.levels.set_colours(colours)

    # -- inside ----------------------------------------------------------------------------

    def _make_criteria(self) -> QComboBox:
        box = QComboBox(self)
        for name in OFFERED:
            about = help_of(name)
            box.addItem(about.title, name)
            box.setItemData(box.count() - 1, about.tooltip(), Qt.ItemDataRole.ToolTipRole)
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        # inline, it would turn what is typed into something of the list
        completer = box.completer()
        assert completer is not None  # an editable box has one
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        box.setMinimumContentsLength(CRITERION_CHARACTERS)
        return box

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
            (self.share_field, "share_field", "Share below the quantile", QUANTILE_HELP),
            (self.corrected_box, "corrected_box", "Correction", CORRECTED_HELP),
            (self._reset, "lam_reset", "Back to λ = 0", "Back to λ = 0, the model's own law."),
            (self._figures, "lam_figures", "Read-outs", TRUST_HELP),
            (self._source, "lam_source", "Source of the figures", ""),
            (self._flow, "lam_flow", "Flow", FLOW_HELP),
            (self._held, "lam_held", "Held", HELD_HELP),
            (self.computing, "lam_computing", "Computing", ""),
        )
        for widget, name, title, tip in named:
            widget.setObjectName(name)
            widget.setAccessibleName(title)
            widget.setToolTip(tip)
        self.kl_field.setSuffix(" nats")
        self.expectation_field.setSpecialValueText("–")
        self.quantile_field.setSpecialValueText("–")
        for field in (self.expectation_field, self.quantile_field):
            field.setMinimumWidth(LEVEL_WIDTH)  # the room of their ends is never needed
        self.share_field.setSuffix(" %")
        self.share_field.setValue(50.0)
        for label in (self._source, self._flow, self._held):
            label.setWordWrap(True)
        for label in (self._source, self._flow, self._held):
            label.setProperty("role", "muted")
        self._figures.setWordWrap(True)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(6)
        first.addWidget(self.criterion_box)
        first.addWidget(self.method_box)
        first.addWidget(self.corrected_box)
        first.addSpacing(8)
        first.addWidget(QLabel("λ", self))
        first.addWidget(self.slider, 1)
        first.addWidget(self.field)
        first.addWidget(self._reset)
        for label, field in (
            ("KL", self.kl_field),
            ("=", self.odds_field),
            ("E f", self.expectation_field),
        ):
            second.addWidget(QLabel(label, self))
            second.addWidget(field)
            second.addSpacing(8)
        second.addWidget(self.share_field)
        second.addWidget(QLabel("below", self))
        second.addWidget(self.quantile_field)
        second.addStretch(1)
        # what comes and goes has a row of its own: nothing may move the slider under a hand
        third = QHBoxLayout()
        third.addWidget(SteadyRoom(self._held, self), 1)
        third.addWidget(self.computing)
        for number, row in enumerate((first, second, third)):
            grid.addLayout(row, number, 0)
        grid.addWidget(SteadyRoom(self._figures, self), 3, 0)
        grid.addWidget(self.certificate, 4, 0)
        grid.addWidget(SteadyRoom(self._source, self), 5, 0)
        grid.addWidget(SteadyRoom(self._flow, self), 6, 0)
        grid.setRowStretch(grid.rowCount(), 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(10)
        whole.addLayout(grid, 3)
        self.pictures.setObjectName("tuning_pictures")
        self.pictures.setDocumentMode(True)
        self.pictures.addTab(self.front, "Front")
        self.pictures.addTab(self.levels, "Weeks")
        self.pictures.addTab(self.history, "History")
        whole.addWidget(self.pictures, 2)
        self.pictures.setMinimumSize(240, 170)

    def _connect(self) -> None:
        self.criterion_box.activated.connect(self._choose_criterion)
        line = self.criterion_box.lineEdit()
        assert line is not None  # the box is editable
        line.editingFinished.connect(self._take_typed)
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
        self._reset.clicked.connect(lambda: self.lam_asked.emit(0.0))
        self.kl_field.edited.connect(lambda value: self.target_asked.emit("kl", value))
        self.odds_field.edited.connect(lambda value: self.target_asked.emit("one_in_n", value))
        self.expectation_field.edited.connect(
            lambda value: self.target_asked.emit("expectation", value)
        )

    def _choose_criterion(self, place: int) -> None:
        self._take_criterion(self.criterion_box.itemData(place))

    def _ask_quantile(self) -> None:
        level = self.quantile_field.value()
        if level > NO_LEVEL:
            self.quantile_asked.emit(level, self.share_field.value() / 100.0)

    def _take_typed(self) -> None:
        """Take the text that was typed as a criterion, or say why it is none."""
        typed = self.criterion_box.currentText()
        if typed == help_of(self._criterion).title:
            return
        try:
            name = understood(typed)
        except TuningError as error:
            self.set_criterion(self._criterion)
            self.criterion_refused.emit(str(error))
        else:
            self._take_criterion(name)

    def _take_criterion(self, name: str) -> None:
        self.set_criterion(name)
        self.criterion_chosen.emit(name)

    def _show_trust(self, valid: bool) -> None:
        self._figures.setEnabled(valid)


def slider_end(front: Front) -> float:
    """Return the λ at which the slider ends: the last that can be trusted, up to KL_END."""
    reachable = front.valid & (front.kl <= KL_END)
    last = float(np.abs(front.lam[reachable]).max()) if reachable.any() else 0.0
    return math.ceil(last * ENDS_PER_LAM) / ENDS_PER_LAM


def figures_text(answer: TunedAnswer) -> str:
    """One line: E f base → tuned, KL, odds, ESS and k̂."""
    about = help_of(answer.criterion)
    change = f"E {about.symbol}  {answer.base_expectation:,.1f} → {answer.expectation:,.1f}"
    khat = f"{answer.khat:.2f}".replace("-", "−") if math.isfinite(answer.khat) else "–"
    odds = f"1 week in {answer.one_in_n:,.0f}" if answer.one_in_n < 1e9 else "beyond 1 in 10⁹"
    return (
        f"{change} {answer.unit}   ·   KL {abs(answer.kl):.2f} nats, {odds}   ·   "
        f"ESS {answer.ess:,.0f} of {answer.samples:,}   ·   k̂ {khat}"
    )
