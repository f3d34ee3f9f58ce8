"""What the workspace holds: every data set and model with what it is; use, rename, remove, add."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.storage.contents import Held, held_by
from lvm_studio.storage.workspace import Workspace, load, save
from lvm_studio.studio.dialogs import Dialogs
from lvm_studio.studio.file_dialogs import WORKSPACE_KIND, WORKSPACE_SUFFIX, file_name
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.waiting import GivenUp, wait_for
from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.studio.widgets.row_table import by_rows

if TYPE_CHECKING:
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.contents import Contents
    from lvm_studio.studio.session import Session

COLUMNS = ("", "Name", "What it is", "MB")
RENAMING = (
    QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
)
SIZE = (760, 380)
HINT = "Double-click a model's name to rename it. Ctrl+Z takes back whatever is done here."


class ContentsDialog(QDialog):
    """A table of what is held, with the verbs of `Contents` below it.

    Args:
        session: what is open.
        contents: its verbs on data sets and models.
        dialogs: asks for files; tests give their own.
    """

    def __init__(
        self, session: Session, contents: Contents, dialogs: Dialogs, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("contents_dialog")
        self.setWindowTitle("What the workspace holds")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self._session, self._contents, self._dialogs = session, contents, dialogs
        self._held: tuple[Held, ...] = ()
        self.table = QTableWidget(0, len(COLUMNS))
        self.use = dressed(
            QPushButton("&Use"), toolTip="Compose from this data set, or with this model."
        )
        self.remove = dressed(QPushButton("&Remove"), toolTip="Take it out of the workspace.")
        self.export = dressed(
            QPushButton("&Save model as…"),
            toolTip="A file with this model alone, to be added elsewhere.",
        )
        self.add = dressed(
            QPushButton("&Add models…"),
            toolTip="Take over the models of another workspace file.",
        )
        self._lay_out()
        self._connect()
        self._refresh()

    def _lay_out(self) -> None:
        table = self.table
        table.setObjectName("contents_table")
        table.setHorizontalHeaderLabels(COLUMNS)
        by_rows(table, "What the workspace holds", stretched=2)
        table.setEditTriggers(RENAMING)
        hint = dressed(QLabel(HINT), wordWrap=True)
        hint.setForegroundRole(MUTED)
        buttons = QHBoxLayout()
        for button in (self.use, self.remove, self.export):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.add)
        layout = QVBoxLayout(self)
        layout.addWidget(table, 1)
        layout.addWidget(hint)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self._session.workspace_changed.connect(self._refresh)
        self._session.models_changed.connect(self._refresh)
        self._session.state_changed.connect(self._follow)
        self.table.itemSelectionChanged.connect(self._offer)
        self.table.itemChanged.connect(self._rename)
        self.use.clicked.connect(self._use)
        self.remove.clicked.connect(self._remove)
        self.export.clicked.connect(self._export)
        self.add.clicked.connect(self._add)
        stack, key = self._session.undo_stack, QKeySequence.StandardKey
        undo, redo = stack.createUndoAction(self), stack.createRedoAction(self)
        for action, keys in ((undo, key.Undo), (redo, key.Redo)):
            action.setShortcuts(QKeySequence.keyBindings(keys))  # the window's end at the window
            self.addAction(action)

    def _chosen(self) -> Held | None:
        row = self.table.currentRow()
        return self._held[row] if 0 <= row < len(self._held) else None

    def _refresh(self, *_: object) -> None:
        chosen = self._chosen()
        self._held = held_by(self._session.workspace)
        used = {("data", self._session.state.dataset), ("model", self._session.state.model)}
        self.table.blockSignals(True)
        self.table.setRowCount(len(self._held))
        for row, held in enumerate(self._held):
            in_use = (held.kind, held.name) in used
            told = (held.kind, held.name, held.words, f"{held.megabytes:.1f}")
            for column, text in enumerate(told):
                self.table.setItem(row, column, _cell(text, column, held, in_use))
        self.table.blockSignals(False)
        names = [(held.kind, held.name) for held in self._held]
        if chosen and (chosen.kind, chosen.name) in names:
            self.table.selectRow(names.index((chosen.kind, chosen.name)))
        elif self._held:
            self.table.selectRow(0)
        self._offer()

    def _follow(self, new: StreetState, old: StreetState) -> None:
        """Mark the data set in use; of another model `models_changed` tells."""
        if new.dataset != old.dataset:
            self._refresh()

    def _offer(self) -> None:
        chosen = self._chosen()
        self.use.setEnabled(chosen is not None)
        self.remove.setEnabled(chosen is not None)
        self.export.setEnabled(chosen is not None and chosen.kind == "model")

    def _use(self) -> None:
        if (chosen := self._chosen()) is not None:
            self._contents.use(chosen.kind, chosen.name)

    def _remove(self) -> None:
        if (chosen := self._chosen()) is not None:
            self._contents.remove(chosen.kind, chosen.name)

    def _rename(self, item: QTableWidgetItem) -> None:
        held = self._held[item.row()]
        self._contents.rename_model(held.name, item.text())
        self._refresh()  # a name that was refused stands as it was

    def _export(self) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        path = self._dialogs.save_path(
            self, "Save model as", file_name(chosen.name, WORKSPACE_SUFFIX), WORKSPACE_KIND
        )
        if path is not None:
            self._contents.save_model(chosen.name, path, self._save)

    def _add(self) -> None:
        path = self._dialogs.open_path(self, "Add models", WORKSPACE_KIND)
        if path is not None:
            with suppress(GivenUp):
                self._contents.take_models(path, self._load)

    def _save(self, path: Path, workspace: Workspace) -> None:
        wait_for(self, f"Saving {path.name} …", partial(save, path, workspace))

    def _load(self, path: Path) -> Workspace:
        return wait_for(self, f"Reading {path.name} …", partial(load, path), cancel=True)


def _cell(text: str, column: int, held: Held, in_use: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
    if column == 1 and held.kind == "model":
        flags |= Qt.ItemFlag.ItemIsEditable
    item.setFlags(flags)
    if column == 3:
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if in_use:
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        item.setToolTip("in use")
    return item
