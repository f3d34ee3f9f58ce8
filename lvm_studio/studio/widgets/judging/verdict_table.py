"""The findings of a report card as a table: figures, floor, limit and a verdict with a colour."""

from __future__ import annotations

from html import escape
from itertools import groupby

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from lvm_studio.analysis.report_card.card import Finding, ReportCard
from lvm_studio.analysis.report_card.phrases import shown
from lvm_studio.analysis.report_card.verdicts import MEANINGS, Verdict
from lvm_studio.studio.theme import BLUISH_GREEN, SKY_BLUE, VERMILLION

HEADINGS = ("Figure", "Verdict", "Generated", "Real", "Distance", "Floor", "Limit")
TIPS = (
    "What is judged; hold the pointer over a line for its definition",
    "\n".join(f"{verdict}: {meaning}" for verdict, meaning in MEANINGS.items()),
    "The figure of generated curves",
    "The same of measured curves, or what is due",
    "How far generated is from real, ± its standard error by week",
    "The same distance between real and real: households of like labels in the same weeks",
    "How far is still good enough",
)
VERDICT, FIRST_NUMBER = 1, 2
COLOURS = {
    Verdict.AS_REAL: BLUISH_GREEN,
    Verdict.GOOD: SKY_BLUE,
    Verdict.SHORT: VERMILLION,
    Verdict.UNTOLD: "#8A949E",
}
FILLED = {Verdict.AS_REAL: 1.0, Verdict.GOOD: 0.5, Verdict.SHORT: 0.0, Verdict.UNTOLD: 0.0}
"""How much of the disc is filled: the verdicts differ in shape too."""
DISC = 14
ROW_HEIGHT, LEAST_WIDTH = 17, 76
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class VerdictTable(QTreeWidget):
    """One line a finding, in groups; the chosen one is told in full elsewhere."""

    chosen = Signal(object)
    """The Finding looked at, None for a group."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("verdicts")
        self.setAccessibleName("Findings of the report card")
        self.setHeaderLabels(list(HEADINGS))
        for column, tip in enumerate(TIPS):
            self.headerItem().setToolTip(column, tip)
            if column >= FIRST_NUMBER:
                self.headerItem().setTextAlignment(column, RIGHT)
        self.setRootIsDecorated(False)
        self.setIndentation(10)
        self.setUniformRowHeights(True)
        self.setIconSize(QSize(DISC, DISC))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(LEAST_WIDTH)
        self._icons = {verdict: disc(verdict) for verdict in Verdict}
        self.currentItemChanged.connect(self._choose)

    def show_card(self, card: ReportCard) -> None:
        """Show the findings of this card."""
        self.clear()
        for group, findings in groupby(card.findings, key=lambda finding: finding.group):
            top = QTreeWidgetItem(self, [group])
            top.setFirstColumnSpanned(True)
            top.setSizeHint(0, QSize(0, ROW_HEIGHT))  # all lines take the height of the first
            font = top.font(0)
            font.setBold(True)
            top.setFont(0, font)
            for finding in findings:
                self._add(top, finding)
        self.expandAll()

    def _add(self, top: QTreeWidgetItem, finding: Finding) -> None:
        unit = finding.distance_unit
        numbers = (
            shown(finding.value, finding.unit),
            shown(finding.real, finding.unit),
            shown(finding.distance, unit, finding.se),
            shown(finding.floor, unit),
            shown(finding.limit, unit),
        )
        item = QTreeWidgetItem(top, [finding.title, str(finding.verdict), *numbers])
        item.setData(0, Qt.ItemDataRole.UserRole, finding)
        item.setIcon(VERDICT, self._icons[finding.verdict])
        tip = told(finding)
        for column in range(len(HEADINGS)):
            item.setToolTip(column, tip)
            if column >= FIRST_NUMBER:
                item.setTextAlignment(column, RIGHT)

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        self.chosen.emit(None if item is None else item.data(0, Qt.ItemDataRole.UserRole))


def told(finding: Finding) -> str:
    """A finding in full, as rich text."""
    head = escape(f"{finding.title}: {finding.verdict}.")
    limit = shown(finding.limit, finding.distance_unit)
    more = (
        f"{finding.definition} Distance: {finding.distance_title}.",
        f"Limit {limit}: {finding.reason}",
    )
    below = "".join(f"<p>{escape(sentence)}</p>" for sentence in more)
    return f"<p><b>{head}</b> {escape(finding.words)}</p>{below}"


def disc(verdict: Verdict) -> QIcon:
    """A disc in the verdict's colour: full, half full or empty."""
    picture = QPixmap(2 * DISC, 2 * DISC)  # sharp on dense screens
    picture.fill(Qt.GlobalColor.transparent)
    colour, filled = QColor(COLOURS[verdict]), FILLED[verdict]
    with QPainter(picture) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = painter.pen()
        pen.setColor(colour)
        pen.setWidth(4)
        painter.setPen(pen)
        painter.drawEllipse(QPointF(DISC, DISC), DISC - 5, DISC - 5)
        painter.setClipRect(0, 0, round(2 * DISC * filled), 2 * DISC)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(DISC, DISC), DISC - 5, DISC - 5)
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)  # a selected line keeps its colour
    return icon
