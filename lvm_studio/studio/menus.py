"""The menu bar: what can be done anywhere, with its shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from lvm_studio.studio.help_pages import PageDialog, keyboard_page
from lvm_studio.studio.latent.graphs_dialog import GraphsDialog
from lvm_studio.studio.readings.simulate_dialog import SimulateDialog
from lvm_studio.studio.theme import Scheme, theme

if TYPE_CHECKING:
    from lvm_studio.studio.document_actions import DocumentActions
    from lvm_studio.studio.recent_files import RecentFiles
    from lvm_studio.studio.session import Session
    from lvm_studio.studio.window import MainWindow

SCHEME_TITLES = {Scheme.SYSTEM: "As the system", Scheme.LIGHT: "Light", Scheme.DARK: "Dark"}
Key = QKeySequence.StandardKey
REDO_KEYS = (QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y"))


class Menus(QObject):
    """Fills the menu bar of a window."""

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        documents: DocumentActions,
        recent: RecentFiles,
    ) -> None:
        super().__init__(window)
        self._window, self._documents, self._recent = window, documents, recent
        self._session = session
        bar = window.menuBar()
        self._fill_file(bar)
        self._fill_edit(bar, session)
        self._fill_view(bar)
        self._fill_help(bar)

    def _fill_file(self, bar: QMenuBar) -> None:
        menu, documents, window = bar.addMenu("&File"), self._documents, self._window
        _add(menu, "&New", documents.new, Key.New)
        _add(menu, "&Open…", documents.open, Key.Open)
        self._recent_menu = menu.addMenu("Open &recent")
        self._recent_menu.aboutToShow.connect(self._list_recent)
        menu.addSeparator()
        _add(menu, "&Save", documents.save, Key.Save)
        _add(menu, "Save &as…", documents.save_as, Key.SaveAs)
        menu.addSeparator()
        _add(menu, "&Import readings…", documents.import_readings, "Ctrl+I")
        _add(menu, "Si&mulate a street…", self._simulate, "Ctrl+Shift+I")
        _add(menu, "&Export curves…", documents.export_curves, "Ctrl+E")
        _add(menu, "Export &figure…", window.export_figure, "Ctrl+Shift+E")
        menu.addSeparator()
        _add(menu, "&Quit", window.close, Key.Quit)

    def _fill_edit(self, bar: QMenuBar, session: Session) -> None:
        menu, stack = bar.addMenu("&Edit"), session.undo_stack
        undo = stack.createUndoAction(menu, "&Undo")
        redo = stack.createRedoAction(menu, "&Redo")
        for action, key, name in ((undo, Key.Undo, "undo"), (redo, Key.Redo, "redo")):
            action.setShortcuts(QKeySequence.keyBindings(key))
            action.setObjectName(f"action_{name}")
            menu.addAction(action)
        # Some systems bind one of the two; hands know both.
        redo.setShortcuts(list(dict.fromkeys([*redo.shortcuts(), *REDO_KEYS])))

    def _fill_view(self, bar: QMenuBar) -> None:
        menu = bar.addMenu("&View")
        schemes = menu.addMenu("&Theme")
        group = QActionGroup(schemes)
        for scheme, title in SCHEME_TITLES.items():
            action = schemes.addAction(title)
            action.setCheckable(True)
            action.setData(scheme)
            action.setChecked(theme().scheme is scheme)
            group.addAction(action)
        group.triggered.connect(self._set_scheme)
        menu.addSeparator()
        for number, title in enumerate(self._window.page_titles(), start=1):
            action = _add(menu, title, self._show_page, f"Ctrl+{number}")
            action.setData(number - 1)
        menu.addSeparator()
        _add(menu, "&What the workspace holds…", self._window.show_contents)
        _add(menu, "&Inference graphs…", self._show_graphs)
        _add(menu, "&Reset layout", self._window.reset_layout)

    def _fill_help(self, bar: QMenuBar) -> None:
        menu, window = bar.addMenu("&Help"), self._window
        _add(menu, "&Tour", window.show_tour, Key.HelpContents)
        _add(menu, "&Keyboard", self._show_keyboard)
        _add(menu, "&Data quality", window.show_quality)
        menu.addSeparator()
        _add(menu, "&About LVM Studio", window.show_about)

    def _simulate(self) -> None:
        SimulateDialog(self._session, self._window).show()

    def _show_keyboard(self) -> None:
        actions = [
            action
            for menu in self._window.menuBar().findChildren(QMenu)
            for action in menu.actions()
        ]
        keys = [(action.text(), action.shortcut().toString()) for action in actions]
        PageDialog("Keyboard", keyboard_page(keys), self._window).show()

    def _show_graphs(self) -> None:
        GraphsDialog(self._window).show()

    def _list_recent(self) -> None:
        self._recent_menu.clear()
        for path in self._recent.paths():
            action = self._recent_menu.addAction(f"{path.name} — {path.parent}")
            action.setData(str(path))
            action.triggered.connect(self._open_recent)
        if self._recent_menu.isEmpty():
            self._recent_menu.addAction("No recent files").setEnabled(False)

    def _open_recent(self) -> None:
        self._documents.open_path(Path(self._sent_by().data()))

    def _set_scheme(self, action: QAction) -> None:
        self._window.set_scheme(Scheme(action.data()))  # Qt keeps it as a plain string

    def _show_page(self) -> None:
        self._window.show_page(self._sent_by().data())

    def _sent_by(self) -> QAction:
        action = self.sender()
        assert isinstance(action, QAction)
        return action


def _add(
    menu: QMenu,
    text: str,
    slot: Callable[[], object],
    shortcut: QKeySequence.StandardKey | str | None = None,
) -> QAction:
    """Add an action; its object name is its text in snake case, e.g. "action_save_as"."""
    action = menu.addAction(text)
    words = text.replace("&", "").replace("…", "").lower().split()
    action.setObjectName("_".join(["action", *words]))
    if shortcut is not None:
        action.setShortcut(QKeySequence(shortcut))
    action.triggered.connect(slot)
    return action
