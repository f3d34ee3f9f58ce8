"""The main window: the pages of one session, with menus, messages and a status bar."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QCoreApplication, QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QMainWindow,
    QSplitter,
    QStyle,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.storage.contents import Kind, held_by
from lvm_studio.storage.recovery import LiveSession, lost_sessions
from lvm_studio.studio.autosave import Autosave
from lvm_studio.studio.banner import ErrorBanner
from lvm_studio.studio.closing import at_work
from lvm_studio.studio.contents import Contents
from lvm_studio.studio.contents_dialog import ContentsDialog
from lvm_studio.studio.dialogs import Choice, Dialogs, show_once
from lvm_studio.studio.document_actions import DocumentActions
from lvm_studio.studio.file_drops import FileDrops
from lvm_studio.studio.help_windows import HelpWindows
from lvm_studio.studio.jobs.compute_thread import ComputeThread
from lvm_studio.studio.jobs.job_thread import end_jobs
from lvm_studio.studio.menu_keys import MenuKeys
from lvm_studio.studio.menus import Menus
from lvm_studio.studio.panels.anomalies import AnomaliesPanel
from lvm_studio.studio.panels.compose import ComposePanel
from lvm_studio.studio.panels.laboratory import LaboratoryPanel
from lvm_studio.studio.panels.latent import LatentPanel
from lvm_studio.studio.panels.report_card import ReportCardPanel
from lvm_studio.studio.panels.studies import StudiesPanel
from lvm_studio.studio.panels.training import TrainingPanel
from lvm_studio.studio.readings.import_dialog import ImportDialog
from lvm_studio.studio.recent_files import RecentFiles
from lvm_studio.studio.recovery_offer import RecoveryOffer
from lvm_studio.studio.runs.runs import RunRegistry
from lvm_studio.studio.runs.study_run import StudyRun
from lvm_studio.studio.settings import APP_NAME, open_settings, read_bytes, read_scheme
from lvm_studio.studio.theme import MUTED, Scheme, theme
from lvm_studio.studio.widgets.open_choosers import OpenChoosers
from lvm_studio.studio.widgets.selection_bar import SelectionBar
from lvm_studio.studio.widgets.tuning.pad_room import PadRoom

if TYPE_CHECKING:
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.session import Session
    from lvm_studio.studio.street.service import StreetService

SIZE = (1360, 860)
MESSAGE_MS = 6000
IMPORTS, AUTOSAVES = range(2)


class MainWindow(QMainWindow):
    """Everything a person sees.

    Args:
        session: what is open.
        service: keeps its street computed; the window starts and ends it.
        live: recovery folder of this process.
        dialogs: how the person is asked; tests give their own.
    """

    def __init__(
        self,
        session: Session,
        service: StreetService,
        live: LiveSession,
        dialogs: Dialogs | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.session, self.service = session, service
        self._live = live
        self._settings = open_settings()
        theme().set_scheme(read_scheme(self._settings))
        self._files = ComputeThread(self)
        self._imports = self._files.open_mailbox(IMPORTS)
        mailbox = self._files.open_mailbox(AUTOSAVES)
        self._autosave = Autosave(session, live, mailbox, parent=self)
        self._recent = RecentFiles(self._settings, self)
        self._dialogs = dialogs or Dialogs()
        self._contents = Contents(session, self)
        self._documents = DocumentActions(session, service, self._dialogs, self)
        self._build_pages()
        self._build_status_bar()
        self._menus = Menus(
            self.menuBar(),
            self.page_titles(),
            session,
            self._documents,
            self._recent,
            HelpWindows(session, self),
        )
        MenuKeys(self)
        self._drops = FileDrops(self)
        self._connect()
        self._show_title()
        self._first_layout = self._layout()
        self._restore_layout()

    def start(self) -> None:
        """Begin to work, once the window is on screen; offer what a crash left behind."""
        self._files.start()
        self.service.start()
        self.recovery.offer(lost_sessions())

    # Building -------------------------------------------------------------------------------

    def _build_pages(self) -> None:
        self.recovery = RecoveryOffer(self.session, self._live, self._documents.may_lose)
        self.errors = ErrorBanner()
        self.selected = SelectionBar()
        self._registry = RunRegistry(
            self.session, checkpoint_path=self._live.checkpoint_path, parent=self
        )
        self.tabs = QTabWidget(documentMode=True)
        self.tabs.setObjectName("pages")
        for page, title in (
            (ComposePanel(self.session, self.service), "Compose"),
            (TrainingPanel(self.session, self._registry), "Train"),
            (StudiesPanel(self.session, StudyRun(self.session, self._files)), "Studies"),
            (LaboratoryPanel(self.session, self.service), "Laboratory"),
            (LatentPanel(self.session, self.service), "Latent space"),
            (AnomaliesPanel(self.session), "Anomalies"),
            (ReportCardPanel(self.session), "Report card"),
        ):
            self.tabs.addTab(page, title)
        self.choosers = OpenChoosers()
        self.tabs.setCornerWidget(self.choosers)
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self.recovery, self.errors, self.selected, self.tabs):
            layout.addWidget(widget)
        self.setCentralWidget(middle)

    def _build_status_bar(self) -> None:
        plain = Qt.TextFormat.PlainText  # of names and sources that a file may tell
        self._model = QLabel(textFormat=plain)
        self._device = QLabel(textFormat=plain)
        self._attribution = QLabel(textFormat=plain)
        for label, name in (
            (self._model, "status_model"),
            (self._device, "status_device"),
            (self._attribution, "status_attribution"),
        ):
            label.setObjectName(name)
            label.setForegroundRole(MUTED)
            label.setContentsMargins(8, 0, 8, 0)
            self.statusBar().addPermanentWidget(label)
        self._show_workspace()

    def _connect(self) -> None:
        session, service, documents = self.session, self.service, self._documents
        session.dirty_changed.connect(self._show_title)
        session.path_changed.connect(self._show_title)
        session.path_changed.connect(self._recent.add)
        session.workspace_changed.connect(self._show_workspace)
        session.models_changed.connect(self._show_workspace)
        session.model_ready.connect(self._show_model)
        session.state_changed.connect(self._show_chosen)
        session.failed.connect(self.errors.show_error)
        session.done.connect(self._show_done)
        service.failed.connect(self.errors.show_error)
        service.model_loading.connect(self._show_loading)
        service.unavailable.connect(self._show_no_model)
        service.device_found.connect(self._device.setText)
        self.recovery.failed.connect(self.errors.show_error)
        documents.failed.connect(self.errors.show_error)
        documents.done.connect(self._show_done)
        documents.done.connect(self.errors.hide)  # what went wrong has been put right
        documents.import_asked.connect(self._import)
        self._drops.workspace_dropped.connect(documents.open_path)
        self._drops.readings_dropped.connect(self._import)
        self._drops.study_dropped.connect(self._open_study)
        self._drops.refused.connect(self.errors.show_error)
        menus = self._menus
        menus.figure_asked.connect(self.export_figure)
        menus.quit_asked.connect(self.close)
        menus.scheme_chosen.connect(self.set_scheme)
        menus.page_asked.connect(self.tabs.setCurrentIndex)
        menus.contents_asked.connect(self.show_contents)
        menus.first_layout_asked.connect(self.reset_layout)
        self.choosers.dataset_chosen.connect(session.choose_dataset)
        self.choosers.model_chosen.connect(session.choose_model)
        self.choosers.more_asked.connect(self.show_contents)
        session.selection_changed.connect(self.selected.show_selection)
        self.selected.show_asked.connect(self._show_selection)
        self.selected.compose_asked.connect(session.compose_selection)
        self.selected.clear_asked.connect(lambda: session.select(None))

    def open_file(self, path: Path) -> bool:
        """Open the workspace that was named at the start; whether that could be done."""
        return self._documents.read(path)

    # What the menus call --------------------------------------------------------------------

    def page_titles(self) -> list[str]:
        """Return the titles of the pages, in order."""
        return [self.tabs.tabText(index) for index in range(self.tabs.count())]

    def set_scheme(self, scheme: Scheme) -> None:
        """Choose a theme, and remember it."""
        self._settings.setValue("theme", scheme.value)
        theme().set_scheme(scheme)

    def export_figure(self) -> None:
        """Export the largest plot of the page on screen."""
        page = self.tabs.currentWidget()
        caption = page.figure_caption() if isinstance(page, ComposePanel) else ""
        self._documents.export_figure(page, caption)

    def reset_layout(self) -> None:
        """Put everything where it was at the very first start."""
        self._settings.remove("layout")
        self.resize(*SIZE)
        self._fit_to_screen()
        for splitter, state in self._first_layout.items():
            self._splitters()[splitter].restoreState(state)

    def show_contents(self) -> None:
        """Show every data set and model of the workspace."""
        make = partial(ContentsDialog, self.session, self._contents, self._dialogs, self)
        show_once(self, ContentsDialog, make)

    def show_error(self, sentence: str, details: str) -> None:
        """Show what went wrong."""
        self.errors.show_error(sentence, details)

    def _import(self, path: Path) -> None:
        """Show the assistant; one at a time, since what its thread reads is told to all of them."""
        if any(dialog.isVisible() for dialog in self.findChildren(ImportDialog)):
            self.show_error("One import is open already; finish or close it first.", "")
        else:
            ImportDialog(self.session, self._imports, path, self, self._dialogs).show()

    def _open_study(self, path: Path) -> None:
        page = self.findChild(StudiesPanel)
        assert page is not None
        page.open_study(path)
        self.tabs.setCurrentWidget(page)

    # Showing --------------------------------------------------------------------------------

    def _show_title(self, *_changed: object) -> None:
        self.setWindowTitle(f"{self._documents.name}[*] — {APP_NAME}")
        self.setWindowModified(self.session.dirty)

    def _show_workspace(self) -> None:
        self._attribution.setText(_shortened(self._credit()))
        self._attribution.setToolTip(self._credit())
        self._show_no_model()
        told: dict[Kind, dict[str, str]] = {"data": {}, "model": {}}
        for held in held_by(self.session.workspace):
            told[held.kind][held.name] = held.words
        self.choosers.show_datasets(told["data"], self.session.state.dataset)
        self.choosers.show_models(told["model"], self.session.state.model)

    def _show_chosen(self, new: StreetState, old: StreetState) -> None:
        if new.dataset != old.dataset:  # of another model `models_changed` tells
            self._show_workspace()

    def _show_loading(self, name: str) -> None:
        self._model.setText(f"Loading {name} …")

    def _show_no_model(self, *_why: object) -> None:
        if self.session.trained_model() is None:
            self._model.setText("No model")

    def _show_model(self, _model: object) -> None:
        self._model.setText(f"Model: {self.session.state.model}")

    def _show_selection(self) -> None:
        page = self.findChild(LatentPanel)
        assert page is not None
        self.tabs.setCurrentWidget(page)
        page.show_selection_tab()

    def _show_done(self, sentence: str) -> None:
        self.statusBar().showMessage(sentence, MESSAGE_MS)

    def _credit(self) -> str:
        session = self.session
        return session.households.provenance.attribution if session.has_households else ""

    # Layout ---------------------------------------------------------------------------------

    def _splitters(self) -> dict[str, QSplitter]:
        """Return every splitter by page and place, which are the same at each start."""
        pages = (self.tabs.widget(index) for index in range(self.tabs.count()))
        return {
            f"{page.objectName()}-{number}": splitter
            for page in pages
            if page is not None
            for number, splitter in enumerate(page.findChildren(QSplitter))
        }

    def _layout(self) -> dict[str, QByteArray]:
        return {name: splitter.saveState() for name, splitter in self._splitters().items()}

    def _restore_layout(self) -> None:
        self.resize(*SIZE)
        self.restoreGeometry(read_bytes(self._settings, "layout/geometry"))
        self._fit_to_screen()
        for name, splitter in self._splitters().items():
            splitter.restoreState(read_bytes(self._settings, f"layout/{name}"))
        page = str(self._settings.value("layout/page", 0))
        self.tabs.setCurrentIndex(int(page) if page.isdecimal() else 0)

    def _fit_to_screen(self) -> None:
        """Bring a window that reaches beyond the screen, frame included, back into it."""
        room = self.screen().availableGeometry()
        title_bar = self.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)
        self.setGeometry(fitted(self.geometry(), room, title_bar))

    def _save_layout(self) -> None:
        for room in self.findChildren(PadRoom):
            room.set_needed(False)  # what the pad takes is no layout that somebody chose
        self._settings.setValue("layout/geometry", self.saveGeometry())
        self._settings.setValue("layout/page", self.tabs.currentIndex())
        for name, state in self._layout().items():
            self._settings.setValue(f"layout/{name}", state)
        self._settings.sync()

    # The end --------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask before anything is lost; then end every thread and process.

        A training that runs is unsaved work too. It is stopped once the person has agreed, so
        that its last checkpoint is in what is saved.
        """
        choice = self._ask_before_closing()
        if choice is Choice.CANCEL:
            event.ignore()
            return
        end_jobs(self._registry)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.MetaCall)  # what the jobs said last
        if choice is Choice.SAVE and not self._documents.save():
            event.ignore()
            return
        self._save_layout()
        self.end()
        event.accept()

    def _ask_before_closing(self) -> Choice:
        ends = at_work(self)
        if self.session.dirty or self._registry.running:
            return self._documents.ask_before_losing(ends)
        return Choice.DISCARD if self._documents.may_end(ends) else Choice.CANCEL

    def end(self) -> None:
        """End all threads, processes and timers; this session needs no recovery any more."""
        for dialog in self.findChildren(QDialog):
            dialog.close()
        self._autosave.stop()
        end_jobs(self)
        self.service.stop()
        self._files.end()
        self._live.close()


def fitted(window: QRect, room: QRect, title_bar: int) -> QRect:
    """Return the window as it is if it lies in the room; else made smaller and moved into it.

    A window that had to shrink leaves the height of its title bar free above.
    """
    if room.contains(window):
        return window
    within = QRect(room)
    if window.height() > room.height() - title_bar:
        within.setTop(room.top() + title_bar)
    size = window.size().boundedTo(within.size())
    left = min(max(window.left(), within.left()), within.right() + 1 - size.width())
    top = min(max(window.top(), within.top()), within.bottom() + 1 - size.height())
    return QRect(QPoint(left, top), size)


def _shortened(text: str, most: int = 110) -> str:
    """Return the first clause: who must be named; the tooltip has the rest."""
    first = text.partition(";")[0]
    return first if len(first) <= most else f"{first[: most - 1]}…"
