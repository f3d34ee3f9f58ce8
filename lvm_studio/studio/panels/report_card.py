"""The report card page: judge the model on held-out weeks, read the verdicts, take the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.analysis.report_card.card import Finding, ReportCard
from lvm_studio.analysis.report_card.page import html, sample
from lvm_studio.analysis.report_card.spec import CardProgress, CardSpec
from lvm_studio.data.errors import DataError
from lvm_studio.storage.atomic import write_text
from lvm_studio.studio.file_dialogs import HTML_KIND, ask_save
from lvm_studio.studio.judging.card_maker import CardMaker
from lvm_studio.studio.numerals import duration, percent
from lvm_studio.studio.theme import MUTED, Colours, theme
from lvm_studio.studio.widgets.dressed import dressed, label_for
from lvm_studio.studio.widgets.judging.card_plot import CardPlot, pale
from lvm_studio.studio.widgets.judging.verdict_table import VerdictTable, told
from lvm_studio.studio.widgets.training.run_banner import RunBanner

if TYPE_CHECKING:
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.session import Session

PROGRESS_STEPS = 1000
PLOTS_IN_A_ROW = 2
HINT_MARGIN = 160
MANY_SEEDS = 2**31 - 1
HINT = (
    "No report card yet: press Make report card. The model then generates weeks that were held "
    "out of its training, and each figure of theirs is read beside the same figure of two real "
    "halves of the households. It takes about a minute, in the background."
)
MAKING = "The card appears here once it is made; all other pages can be used meanwhile."
NO_MODEL = "There is nothing to judge: open household data and a trained model first."
LEGEND = (
    "— measured &nbsp;&nbsp; <span style='color:{generated}'>- - generated</span> &nbsp;&nbsp; "
    "<span style='color:{band}'>█</span> inner 80 % of real halves"
)


class ReportCardPanel(QWidget):
    """Start, watch and cancel the making of a report card; read it and export it.

    Args:
        session: what is open.
        maker: makes the cards; by default one of its own.
    """

    def __init__(
        self, session: Session, maker: CardMaker | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("report_card_panel")
        self._session = session
        self.maker = maker or CardMaker(session, parent=self)
        self._card: ReportCard | None = None
        self.start_button = QPushButton("Ma&ke report card")
        self.cancel_button = QPushButton("&Cancel")
        self.export_button = QPushButton("E&xport HTML…")
        self.seed = dressed(QSpinBox(), maximum=MANY_SEEDS)
        self.progress = QProgressBar(maximum=PROGRESS_STEPS, textVisible=False)
        self.status = QLabel(wordWrap=True)
        self.banner = RunBanner()
        self.table = VerdictTable()
        self.detail = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self.plots: list[CardPlot] = []
        self._legend = QLabel(textFormat=Qt.TextFormat.RichText)
        self._hint = QLabel(HINT, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._pages = QStackedWidget()
        self._name_and_explain()
        self._build()
        self._connect()
        self._refresh()

    def _name_and_explain(self) -> None:
        for widget, name, tip in (
            (self.start_button, "card_start", "Judge the model in use on held-out weeks"),
            (self.cancel_button, "card_cancel", "End at once; the last card stays"),
            (self.export_button, "card_export", "Write the card as one self-contained page"),
            (self.seed, "card_seed", "The same seed and model give the same card"),
        ):
            widget.setObjectName(name)
            widget.setToolTip(tip)
        self.progress.setObjectName("card_progress")
        self.progress.setFixedHeight(8)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing jumps when it comes and goes
        self.progress.setSizePolicy(policy)
        self.status.setObjectName("card_status")
        self.banner.setObjectName("card_failure")
        self._hint.setObjectName("card_hint")
        self._hint.setContentsMargins(HINT_MARGIN, 0, HINT_MARGIN, 0)
        for label in (self._hint, self._legend):
            label.setForegroundRole(MUTED)

    # building

    def _build(self) -> None:
        split = QSplitter(childrenCollapsible=False)
        split.addWidget(self._left())
        split.addWidget(self._right())
        split.setStretchFactor(1, 1)
        split.setSizes([780, 560])
        self._pages.addWidget(self._hint)
        self._pages.addWidget(split)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(self._bar())
        layout.addWidget(self.progress)
        layout.addWidget(self.banner)
        layout.addWidget(self._pages, 1)

    def _bar(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self.start_button)
        row.addWidget(self.cancel_button)
        row.addWidget(label_for(self.seed, "&Seed"))
        row.addWidget(self.seed)
        row.addWidget(self.status, 1)
        row.addWidget(self.export_button)
        return row

    def _left(self) -> QWidget:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, 1)
        column.addWidget(self.detail)
        self.detail.setMinimumHeight(7 * self.fontMetrics().lineSpacing())
        self.detail.setAlignment(Qt.AlignmentFlag.AlignTop)
        return left

    def _right(self) -> QWidget:
        inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._legend)
        column.addWidget(scroll, 1)
        return right

    def _connect(self) -> None:
        self.start_button.clicked.connect(self.start)
        self.cancel_button.clicked.connect(self.maker.cancel)
        self.export_button.clicked.connect(self._ask_export)
        self.table.chosen.connect(self._tell)
        self.maker.progressed.connect(self._show_progress)
        self.maker.ended.connect(self._refresh)
        self.maker.failed.connect(self.banner.say)
        self._session.state_changed.connect(self._follow_state)
        self._session.workspace_changed.connect(self._refresh)
        theme().changed.connect(self._set_colours)

    # verbs

    def start(self) -> None:
        """Make a card of the model in use."""
        self.banner.say("")
        self.maker.start(CardSpec(seed=self.seed.value()))
        self._refresh()

    def export(self, path: Path) -> None:
        """Write the card on screen as an HTML page."""
        if self._card is None:
            return
        try:
            write_text(path, html(self._card))
        except DataError as error:
            self.banner.say(str(error))
        else:
            self.status.setText(f"Wrote {path}.")

    def _ask_export(self) -> None:
        if path := ask_save(self, "Export the report card", "report-card.html", HTML_KIND):
            self.export(path)

    # showing

    def _show_progress(self, report: CardProgress) -> None:
        self.progress.setValue(round(PROGRESS_STEPS * report.share))
        parts = [report.stage[0].upper() + report.stage[1:], f"{percent(report.share)}"]
        if report.seconds_left is not None:
            parts.append(f"about {duration(report.seconds_left)} left")
        self.status.setText(" · ".join(parts))

    def _follow_state(self, new: StreetState, old: StreetState) -> None:
        """A card is of a model and its data: what is composed or tuned does not change it."""
        if (new.model, new.dataset) != (old.model, old.dataset):
            self._refresh()

    def _refresh(self, *_: object) -> None:
        running = self.maker.running
        card = self.maker.card()
        self.start_button.setEnabled(self.maker.possible and not running)
        self.cancel_button.setEnabled(running)
        self.progress.setVisible(running)
        self.seed.setEnabled(not running)
        self.export_button.setEnabled(card is not None)
        idle = HINT if self.maker.possible else NO_MODEL
        self._hint.setText(MAKING if running else idle)
        if not running:
            self.progress.setValue(0)
            # a card that the model carries may be of other data than those in use
            self.status.setText("" if card is None else f"{card.dataset}: {card.summary()}")
        elif self.progress.value() == 0:
            self.status.setText("Starting…")
        if card is not self._card:
            self._card = card
            self._show_card()
        self._pages.setCurrentIndex(0 if card is None else 1)

    def _show_card(self) -> None:
        card = self._card
        if card is None:
            return
        self.status.setToolTip(sample(card))
        self.table.show_card(card)
        self._tell(None)
        while len(self.plots) < len(card.figures):
            place = divmod(len(self.plots), PLOTS_IN_A_ROW)
            self.plots.append(CardPlot(theme().colours))
            self._grid.addWidget(self.plots[-1], *place)
        for plot, figure in zip(self.plots, card.figures, strict=False):
            plot.set_figure(figure)
        self._set_colours(theme().colours)

    def _tell(self, finding: Finding | None) -> None:
        self.detail.setText(
            told(finding) if finding is not None else "Choose a line to read what it means."
        )

    def _set_colours(self, colours: Colours) -> None:
        self._legend.setText(LEGEND.format(generated=colours.base, band=pale(colours).name()))
        for plot in self.plots:
            plot.set_colours(colours)
