"""What a model of weeks is told: weather, season, the household's past, columns of the metadata."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.vectors.week_conditions import tellable
from lvm_studio.data.vectors.week_vectors import CONDITIONS, OWN
from lvm_studio.studio.commands import Document
from lvm_studio.studio.file_dialogs import TABLE_KIND, ask_open
from lvm_studio.studio.session import Session

TIP = (
    "k of p(x | z, k): what a model that is fitted anew to weeks is told of each of them. What k "
    "says, z need not: a week is unusual given k. A kept model is told what it was told before."
)


class WeekConditions(QPushButton):
    """A menu of what can be told of the open households' weeks; what is checked is told.

    Args:
        session: whose households they are.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self.setObjectName("anomalies_told")
        self.setToolTip(TIP)
        self.setMenu(self._menu)
        self._fill()
        session.workspace_changed.connect(self._fill)
        session.state_changed.connect(self._follow)

    @property
    def told(self) -> tuple[str, ...]:
        """What is checked, in the order of the menu."""
        return tuple(action.text() for action in self._choices() if action.isChecked())

    def _choices(self) -> list[QAction]:
        return [action for action in self._menu.actions() if action.isCheckable()]

    def take_file(self, path: Path) -> None:
        """Know the columns of a file of the open households, and offer them; one step of undo."""
        from lvm_studio.data.importing.known_columns import (
            with_columns,  # polars: the window comes first
        )

        session, name = self._session, self._session.state.dataset
        try:
            before = session.households
            after = with_columns(before, path)
        except DataError as error:
            session.failed.emit(str(error), "")
            return

        def put(document: Document, households: HouseholdSet) -> Document:
            datasets = {**document.workspace.datasets, name: households}
            return replace(document, workspace=replace(document.workspace, datasets=datasets))

        session.change_document(
            f"Columns of {path.name}", lambda d: put(d, after), lambda d: put(d, before)
        )

    def _ask_file(self) -> None:
        if path := ask_open(self, "Columns of a file", TABLE_KIND):
            self.take_file(path)

    def tell(self, name: str, *, told: bool) -> None:
        """Check or uncheck one of them."""
        for action in self._choices():
            if action.text() == name:
                action.setChecked(told)

    def _follow(self, new: object, old: object) -> None:
        if getattr(new, "dataset", None) != getattr(old, "dataset", None):
            self._fill()

    def _fill(self) -> None:
        names = self._names()
        if names == [action.text() for action in self._choices()]:
            return
        known = {action.text(): action.isChecked() for action in self._choices()}
        self._menu.clear()
        for name in names:
            action = QAction(name, self._menu, checkable=True)
            action.setChecked(known.get(name, name in CONDITIONS))
            action.toggled.connect(self._show)
            self._menu.addAction(action)
        if names:
            self._menu.addSeparator()
            more = self._menu.addAction("Columns of a &file…", self._ask_file)
            more.setToolTip("A table with a column of household names: its others can be told too")
        self._show()

    def _names(self) -> list[str]:
        if not self._session.has_households:
            return []
        known = tellable(self._session.households)
        return list(dict.fromkeys((*CONDITIONS, *known, *OWN)))

    def _show(self, *_: object) -> None:
        self.setText(f"Told &k: {len(self.told)}")
        self.setEnabled(bool(self._choices()))
