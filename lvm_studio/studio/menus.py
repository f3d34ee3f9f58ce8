"""The menu bar: what can be done anywhere, with its shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from lvm_studio.studio.dialogs import show_once
from lvm_studio.studio.latent import graphs_dialog
from lvm_studio.studio.readings.simulate_dialog import SimulateDialog
from lvm_studio.studio.theme import Scheme, theme

if TYPE_CHECKING:
    from lvm_studio.studio.document_actions import DocumentActions
    from lvm_studio.studio.help_windows import HelpWindows
    from lvm_studio.studio.recent_files import RecentFiles
    from lvm_studio.studio.session import Session

SCHEME_TITLES = {Scheme.SYSTEM: "As the system", Scheme.LIGHT: "Light", Scheme.DARK: "Dark"}
Key = QKeySequence.StandardKey
REDO_KEYS = (QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y"))


class Menus(QObject):
    """Fills the menu bar of a window, of which it knows nothing else.

    Args:
        bar: what it fills.
        pages: titles of the window's pages, in order.
        session: what is open.
        documents, recent, helpers: what the File and the Help menu call.

    Signals:
        figure_asked(): export the figure on screen.
        quit_asked()
        scheme_chosen(Scheme)
        page_asked(int): the number of a page, from 0.
        contents_asked(): show what the workspace holds.
        first_layout_asked(): put everything where it was at the very first start.
    """

    figure_asked = Signal()
    quit_asked = Signal()
    scheme_chosen = Signal(object)
    page_asked = Signal(int)
    contents_asked = Signal()
    first_layout_asked = Signal()

    def __init__(
        self,
        bar: QMenuBar,
        pages: Sequence[str],
        session: Session,
        documents: DocumentActions,
        recent: RecentFiles,
        helpers: HelpWindows,
    ) -> None:
        super().__init__(bar)
        self._bar, self._session = bar, session
        self._documents, self._recent, self._helpers = documents, recent, helpers
        self._fill_file()
        self._fill_edit()
        self._fill_view(pages)
        self._fill_help()

    def _fill_file(self) -> None:
        menu, documents = self._bar.addMenu("&File"), self._documents
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
        _add(menu, "Export &figure…", self.figure_asked, "Ctrl+Shift+E")
        menu.addSeparator()
        _add(menu, "&Quit", self.quit_asked, Key.Quit)

    def _fill_edit(self) -> None:
        menu, stack = self._bar.addMenu("&Edit"), self._session.undo_stack
        undo = stack.createUndoAction(menu, "&Undo")
        redo = stack.createRedoAction(menu, "&Redo")
        for action, key, name in ((undo, Key.Undo, "undo"), (redo, Key.Redo, "redo")):
            action.setShortcuts(QKeySequence.keyBindings(key))
            action.setObjectName(f"action_{name}")
            action.setIconText(name.title())  # its text goes on to say what would be undone
            menu.addAction(action)
        # Some systems bind one of the two; hands know both.
        redo.setShortcuts(list(dict.fromkeys([*redo.shortcuts(), *REDO_KEYS])))

    def _fill_view(self, pages: Sequence[str]) -> None:
        menu = self._bar.addMenu("&View")
        menu.aboutToShow.connect(graphs_dialog.prepare)
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
        for number, title in enumerate(pages, start=1):
            action = _add(menu, title, self._show_page, f"Ctrl+{number}")
            action.setData(number - 1)
        menu.addSeparator()
        _add(menu, "&What the workspace holds…", self.contents_asked)
        _add(menu, "&Inference graphs…", self._show_graphs)
        _add(menu, "&Reset layout", self.first_layout_asked)

    def _fill_help(self) -> None:
        menu, helpers = self._bar.addMenu("&Help"), self._helpers
        _add(menu, "&Tour", helpers.show_tour, Key.HelpContents)
        _add(menu, "&Keyboard", self._show_keyboard)
        _add(menu, "&Data quality", helpers.show_quality)
        menu.addSeparator()
        _add(menu, "&Log", helpers.show_log)
        _add(menu, "&About LVM Studio", helpers.show_about)

    def _simulate(self) -> None:
        window = self._bar.window()
        show_once(window, SimulateDialog, partial(SimulateDialog, self._session, window))

    def _show_keyboard(self) -> None:
        actions = [action for menu in self._bar.findChildren(QMenu) for action in menu.actions()]
        keys = [(action.iconText(), action.shortcut().toString()) for action in actions]
        self._helpers.show_keyboard(keys)

    def _show_graphs(self) -> None:
        window = self._bar.window()
        show_once(window, graphs_dialog.GraphsDialog, partial(graphs_dialog.GraphsDialog, window))

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
        self.scheme_chosen.emit(Scheme(action.data()))  # Qt keeps it as a plain string

    def _show_page(self) -> None:
        self.page_asked.emit(self._sent_by().data())

    def _sent_by(self) -> QAction:
        action = self.sender()
        assert isinstance(action, QAction)
        return action


def _add(
    menu: QMenu,
    text: str,
    slot: Callable[[], object] | SignalInstance,
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
