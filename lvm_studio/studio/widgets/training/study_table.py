"""The runs of a study as a table: one row a run, as it waits, runs, ends or fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from lvm_studio.studies.reports import RunLine, RunState
from lvm_studio.studies.spec import StudySpec
from lvm_studio.studio.numerals import format_value
from lvm_studio.studio.theme import VERMILLION
from lvm_studio.studio.widgets.training.study_words import (
    Words,
    figure_words,
    setting_words,
    settings_text,
    value_text,
)

Index = QModelIndex | QPersistentModelIndex
ORDER = {state: rank for rank, state in enumerate(RunState)}


class StudyTable(QAbstractTableModel):
    """Settings, seed, state, progress, objective, seconds, and why a run failed."""

    SORT_ROLE = Qt.ItemDataRole.UserRole + 1

    def __init__(self) -> None:
        super().__init__()
        self._objective = ""
        self._axes: list[str] = []
        self._columns: tuple[Words, ...] = ()
        self._lines: list[RunLine] = []
        self._rows: dict[str, int] = {}

    def show_study(self, study: StudySpec) -> None:
        """Columns of this study, no rows yet."""
        self.beginResetModel()
        self._objective, self._axes = study.objective, list(study.space.axes)
        self._columns = _columns(study)
        self._lines, self._rows = [], {}
        self.endResetModel()

    def show_lines(self, lines: Sequence[RunLine]) -> None:
        """Show these; rows that stay keep their place and their selection."""
        if [line.key for line in lines[: len(self._lines)]] != [li.key for li in self._lines]:
            self.beginResetModel()
            self._lines = list(lines)
            self.endResetModel()
        else:
            self._update(lines)
        self._rows = {line.key: row for row, line in enumerate(self._lines)}

    def _update(self, lines: Sequence[RunLine]) -> None:
        for row, line in enumerate(lines[: len(self._lines)]):
            if self._lines[row] != line:
                self._lines[row] = line
                self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))
        if len(lines) > len(self._lines):
            self.beginInsertRows(QModelIndex(), len(self._lines), len(lines) - 1)
            self._lines += lines[len(self._lines) :]
            self.endInsertRows()

    def line(self, row: int) -> RunLine:
        """The run of a row."""
        return self._lines[row]

    # what Qt asks

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        words = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return words.title
        return words.tip if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts(line)[index.column()]
        if role == self.SORT_ROLE:
            return self._sort_keys(line)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return line.sentence or settings_text(line.settings)
        if role == Qt.ItemDataRole.ForegroundRole and line.state is RunState.FAILED:
            return QColor(VERMILLION)
        texts = {len(self._axes) + 1, self.columnCount() - 1}
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() not in texts:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _texts(self, line: RunLine) -> list[str]:
        settings = [value_text(line.settings.get(name)) for name in self._axes]
        step = f"{line.step:,} of {line.steps:,}" if line.state is RunState.RUNNING else ""
        if line.state.ended:
            step = f"{line.step:,}" if line.step else ""
        value = line.figures.get(self._objective)
        state = f"{line.state} earlier" if line.again else str(line.state)
        objective = "" if value is None else format_value(value)
        seconds = f"{line.seconds:.1f}" if line.seconds else ""
        return [*settings, str(line.seed), state, step, objective, seconds, line.sentence]

    def _sort_keys(self, line: RunLine) -> list[Any]:
        value = line.figures.get(self._objective, float("-inf"))
        settings = [line.settings.get(name) for name in self._axes]
        return [
            *settings,
            line.seed,
            ORDER[line.state],
            line.step,
            value,
            line.seconds,
            line.sentence,
        ]


def _columns(study: StudySpec) -> tuple[Words, ...]:
    """What stands above each column of a study's table."""
    return (
        *map(setting_words, study.space.axes),
        Words("Seed", "Of everything random in the run: first weights, data, noise."),
        Words("State", "Waiting, running, finished or failed; “earlier” is of another session."),
        Words("Step", "Updates taken so far."),
        figure_words(study.objective),
        Words("Time, s", "Wall time on its worker."),
        Words("What went wrong", "Why the run failed."),
    )
