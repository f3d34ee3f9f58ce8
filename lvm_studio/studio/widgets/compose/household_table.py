"""The household library as a Qt model: one row a household, one column a piece of metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QPalette

from lvm_studio.studio.widgets.compose.household_mime import HOUSEHOLDS_MIME, households_to_mime
from lvm_studio.studio.widgets.compose.set_summary import mean_watts

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet

SORT_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex

HOUSEHOLD, SPLIT, QUALITY = "household", "split", "quality"
TRAINING, HELD_OUT, FINE, SUSPECT = "training", "held out", "sound", "suspect"

KNOWN = {
    # name in the metadata: (title, tooltip, decimals)
    "mean_w": ("Mean W", "Mean power over everything recorded (W).", 0),
    "tariff": ("Tariff", "Std: flat price. ToU: price by time of use.", 0),
    "acorn_group": ("ACORN", "Socio-economic group of the neighbourhood (ACORN).", 0),
    "peak_w": ("Peak W", "Highest half-hour recorded (W).", 0),
    "p99_w": ("p99 W", "Power exceeded in 1 % of the half-hours (W).", 0),
    "derived_w_per_degc_below15": (
        "W/°C",
        "More watts for each degree below 15 °C; computed from the curve.",
        1,
    ),
    "derived_night_share_00_07utc": (
        "Night",
        "Share of the energy between 00 and 07 UTC; computed from the curve.",
        2,
    ),
    "missing_pct": ("Missing %", "Half-hours without a reading (%).", 1),
    "zero_share": ("Zeros", "Share of readings that are exactly 0.", 2),
    "complete_weeks": ("Weeks", "Whole Monday-Sunday weeks without a gap.", 0),
    "acorn": ("ACORN type", "ACORN letter.", 0),
}
LEFT_OUT = {"suspect", "first", "last", "n_readings", "household_id"}


@dataclass(frozen=True, eq=False)
class LibraryColumn:
    """One column of the library: [H] values with a title, a tooltip and decimals if numeric."""

    name: str
    title: str
    tooltip: str
    values: NDArray[Any]
    decimals: int = 0

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers (else text)."""
        return self.values.dtype.kind in "fiu"

    def text(self, row: int) -> str:
        """What the cell shows; '' for an unknown number."""
        value = self.values[row]
        if not self.numeric:
            return str(value)
        return "" if np.isnan(value) else f"{value:,.{self.decimals}f}"


def library_columns(households: HouseholdSet) -> tuple[LibraryColumn, ...]:
    """Return the columns for a household set: id, mean, then metadata, known names first."""
    metadata = {name: np.asarray(column) for name, column in households.metadata.items()}
    if "mean_w" not in metadata:
        metadata["mean_w"] = mean_watts(households)
    held_out = set(households.split.heldout_households)
    split = np.array([HELD_OUT if i in held_out else TRAINING for i in households.household_ids])
    suspect = np.asarray(metadata.get("suspect", np.full(len(split), "")))
    ordered = [name for name in KNOWN if name in metadata]
    ordered += [name for name in metadata if name not in KNOWN and name not in LEFT_OUT]
    columns = [_column(name, metadata[name]) for name in ordered]
    # the split is set late in the table: its filter is what people reach for
    return (
        LibraryColumn(HOUSEHOLD, "Household", "Identifier.", np.array(households.household_ids)),
        *columns[:3],
        LibraryColumn(SPLIT, "Split", "Held-out households were never trained on.", split),
        *columns[3:],
        LibraryColumn(
            QUALITY,
            "Quality",
            "Suspect: mostly zero, moved, or a faulty meter; not drawn by “Add like these”.",
            np.where(suspect == "", FINE, SUSPECT),
        ),
    )


def _column(name: str, values: NDArray[Any]) -> LibraryColumn:
    title, tooltip, decimals = KNOWN.get(name, (name, f"Metadata column “{name}”.", 2))
    return LibraryColumn(name, title, tooltip, values, decimals)


class HouseholdTable(QAbstractTableModel):
    """Read-only model over library columns; rows can be dragged as household ids."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns: tuple[LibraryColumn, ...] = ()
        self._reasons: Sequence[str] = ()

    @property
    def columns(self) -> tuple[LibraryColumn, ...]:
        """The columns on show."""
        return self._columns

    def set_columns(self, columns: tuple[LibraryColumn, ...], reasons: Sequence[str]) -> None:
        """Replace everything; `reasons` [H] says why a household is suspect ('' = fine)."""
        self.beginResetModel()
        self._columns, self._reasons = columns, tuple(str(reason) for reason in reasons)
        self.endResetModel()

    def household_id(self, row: int) -> str:
        """Id of the household in a row of this model (not of a sorted view)."""
        return str(self._columns[0].values[row])

    def is_suspect(self, row: int) -> bool:
        """Whether the household's readings are in doubt."""
        return bool(self._reasons[row])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._reasons)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column, row = self._columns[index.column()], index.row()
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == SORT_ROLE:
            value = column.values[row]
            return float(value) if column.numeric else str(value)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.numeric:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(row)
        if role == Qt.ItemDataRole.ForegroundRole and self.is_suspect(row):
            return QPalette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._columns[section].tooltip
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return [HOUSEHOLDS_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        rows = dict.fromkeys(index.row() for index in indexes)
        return households_to_mime([self.household_id(row) for row in rows])

    def _tooltip(self, row: int) -> str:
        lines = [
            f"{column.title}: {column.text(row)}" for column in self._columns if column.text(row)
        ]
        if self._reasons[row]:
            lines.append(f"Suspect: {self._reasons[row]}")
        return "\n".join(lines)
