"""What two or more runs were told differently, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.widgets.row_table import by_rows

Settings = Mapping[str, Any]
MISSING = "–"
WIDEST, COLUMNS_IN_VIEW = 1100, 6


def flattened(settings: Settings, prefix: str = "") -> dict[str, Any]:
    """Nested settings by their dotted names.

    >>> flattened({"lr": 0.1, "model": {"latent_z": 4}})
    {'lr': 0.1, 'model.latent_z': 4}
    """
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found |= flattened(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def differences(runs: Mapping[str, Settings]) -> dict[str, list[str]]:
    """Settings that are not the same in all runs, with each run's value, "–" where it has none.

    >>> differences({"a": {"lr": 0.1, "seed": 0}, "b": {"lr": 0.1, "seed": 1}})
    {'seed': ['0', '1']}
    """
    flat = [flattened(settings) for settings in runs.values()]
    names = dict.fromkeys(name for settings in flat for name in settings)
    rows = {name: [_text(settings, name) for settings in flat] for name in names}
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def _text(settings: Mapping[str, Any], name: str) -> str:
    if name not in settings:
        return MISSING
    value = settings[name]
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


class SettingsDifference(QDialog):
    """A table: one row a setting that differs, one column a run."""

    def __init__(self, runs: Mapping[str, Settings], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings that differ")
        self.setObjectName("settings_difference")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rows = differences(runs)
        layout = QVBoxLayout(self)
        if not rows:
            layout.addWidget(QLabel("These runs have the same settings, seed included."))
        else:
            layout.addWidget(_table(list(runs), rows))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.resize(min(240 + 200 * len(runs), WIDEST), min(160 + 26 * len(rows), 700))


def _table(names: list[str], rows: Mapping[str, list[str]]) -> QTableWidget:
    table = QTableWidget(len(rows), 1 + len(names))
    table.setHorizontalHeaderLabels(["Setting", *names])
    by_rows(table, "Settings that differ", several=True)
    for line, (name, values) in enumerate(rows.items()):
        for column, text in enumerate([name, *values]):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            table.setItem(line, column, item)
    header = table.horizontalHeader()
    fits = 1 + len(names) <= COLUMNS_IN_VIEW
    mode = QHeaderView.ResizeMode.Stretch if fits else QHeaderView.ResizeMode.ResizeToContents
    header.setSectionResizeMode(mode)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
    return table
