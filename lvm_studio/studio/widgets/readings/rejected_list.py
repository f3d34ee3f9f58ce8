"""The rows that an import left out, as a list to look through and to keep."""

from __future__ import annotations

import csv
import shutil
from itertools import islice
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.dialogs import Dialogs
from lvm_studio.studio.file_dialogs import CSV_KIND
from lvm_studio.studio.widgets.row_table import by_rows

SHOWN = 1000


class RejectedList(QDialog):
    """Shows the first rejected rows of a list; all of them can be saved.

    Args:
        path: the CSV file that the import has written.
        total: how many rows it holds.
        dialogs: how the person is asked where to.
    """

    def __init__(self, path: Path, total: int, dialogs: Dialogs, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("rejected_list")
        self.setWindowTitle("Rejected rows")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 480)
        self._path, self._dialogs = path, dialogs
        self.table = QTableWidget()
        self.message = QLabel(f"{total:,} readings were left out.", wordWrap=True)
        if total > SHOWN:
            self.message.setText(
                f"{total:,} readings were left out; here are the first {SHOWN:,}. "
                "Save the list to see all of them."
            )
        save = QPushButton("Save list…")
        save.setObjectName("save_rejected")
        save.clicked.connect(self._save)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(save, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(self.message)
        layout.addWidget(buttons)
        self._fill()

    def _fill(self) -> None:
        with self._path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            header, rows = next(reader), list(islice(reader, SHOWN))
        by_rows(self.table, "Rejected rows", several=True)
        self.table.setColumnCount(len(header))
        self.table.setRowCount(len(rows))
        self.table.setHorizontalHeaderLabels(header)
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                self.table.setItem(i, j, QTableWidgetItem(text))

    def _save(self) -> None:
        path = self._dialogs.save_path(self, "Save rejected rows", "rejected-rows.csv", CSV_KIND)
        if path is None:
            return
        try:
            shutil.copyfile(self._path, path)
        except OSError as error:
            self.message.setText(
                f"{path} cannot be written ({error.strerror}); choose another place."
            )
        else:
            self.message.setText(f"Saved to {path}.")
