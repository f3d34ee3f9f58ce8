"""What the File menu does: new, open, save, import, export; asks before anything is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lvm_studio.data.calendar import week_start
from lvm_studio.data.errors import DataError
from lvm_studio.storage import tables
from lvm_studio.storage.atomic import write_text
from lvm_studio.storage.curves import write_curves, write_weights
from lvm_studio.storage.recovery import shown_elsewhere
from lvm_studio.storage.workspace import load
from lvm_studio.studio.dialogs import Choice, Dialogs
from lvm_studio.studio.figures import export_figure, largest_plot
from lvm_studio.studio.file_dialogs import (
    CURVES_KIND,
    FIGURE_KIND,
    READINGS_KIND,
    WORKSPACE_KIND,
    WORKSPACE_SUFFIX,
)
from lvm_studio.studio.sentences import details_of
from lvm_studio.studio.street.answers import TunedAnswer
from lvm_studio.studio.street.provenance import provenance_of
from lvm_studio.studio.theme import theme
from lvm_studio.studio.waiting import GivenUp, wait_for

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lvm_studio.studio.session import Session
    from lvm_studio.studio.street.answers import FanAnswer
    from lvm_studio.studio.street.service import StreetService

UNTITLED = "Untitled"
ELSEWHERE = (
    "is open in another window of the studio too. Save under another name in one of them; else "
    "the later one asks before it replaces what the other saved."
)


class DocumentActions(QObject):
    """The verbs of the File menu.

    Signals:
        import_asked(Path): show the import dialog for this file.
        done(sentence): for the status bar. failed(sentence, details)
    """

    import_asked = Signal(object)
    done = Signal(str)
    failed = Signal(str, str)

    def __init__(
        self,
        session: Session,
        service: StreetService,
        dialogs: Dialogs,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._service = session, service
        self._dialogs, self._window = dialogs, window

    @property
    def name(self) -> str:
        """What the workspace is called in titles and questions."""
        return self._session.path.stem if self._session.path else UNTITLED

    def new(self) -> None:
        """Start afresh, if nothing is lost by it."""
        if self.may_lose():
            self._session.new()
            self.done.emit("Started afresh.")

    def open(self) -> None:
        """Ask for a workspace and open it, if nothing is lost by it."""
        if self.may_lose():
            path = self._dialogs.open_path(self._window, "Open workspace", WORKSPACE_KIND)
            if path is not None:
                self.read(path)

    def open_path(self, path: Path) -> None:
        """Open this workspace, if nothing is lost by it."""
        if self.may_lose():
            self.read(path)

    def read(self, path: Path) -> bool:
        """Open this workspace in the place of what is open; whether it has been opened."""
        told = f"Opening {path.name} …"
        try:
            workspace = wait_for(self._window, told, partial(load, path), cancel=True)
        except GivenUp:
            return False
        except DataError as error:
            self.failed.emit(str(error), details_of(error))
            return False
        self._session.restore(workspace, path)
        self.done.emit(f"Opened {path.name}.")
        if shown_elsewhere(path):
            self.failed.emit(f"{path.name} {ELSEWHERE}", "")
        return True

    def save(self) -> bool:
        """Save where the workspace was saved before, or ask where; whether it has been saved."""
        path = self._session.path
        return self.save_as() if path is None else self._write(path)

    def save_as(self) -> bool:
        """Ask where, and save there; whether it has been saved."""
        suggestion = str(self._session.path or f"{UNTITLED}{WORKSPACE_SUFFIX}")
        path = self._dialogs.save_path(self._window, "Save workspace", suggestion, WORKSPACE_KIND)
        return path is not None and self._write(path)

    def may_lose(self) -> bool:
        """Return whether what is open may go: it is saved, or the person has said so."""
        choice = self.ask_before_losing() if self._session.dirty else Choice.DISCARD
        return self.save() if choice is Choice.SAVE else choice is Choice.DISCARD

    def ask_before_losing(self, at_work: Sequence[str] = ()) -> Choice:
        """Ask what to do with what is unsaved, and say what is at work and would end."""
        return self._dialogs.save_before_losing(self._window, self.name, at_work)

    def may_end(self, at_work: Sequence[str]) -> bool:
        """Return whether what is at work may end."""
        return not at_work or self._dialogs.end_anyway(self._window, at_work)

    def import_readings(self) -> None:
        """Ask for a file of readings."""
        path = self._dialogs.open_path(self._window, "Import readings", READINGS_KIND)
        if path is not None:
            self.import_asked.emit(path)

    def export_curves(self) -> None:
        """Write the sampled weeks on screen (tuned ones where λ is not 0) as a table."""
        answer = self._shown_answer()
        if answer is None:
            self.failed.emit("There are no curves to export yet; compose a street first.", "")
            return
        state = answer.state
        tuned = f"-lambda-{state.lam:.2f}" if state.lam else ""
        suggestion = f"street-{state.week}{tuned}.csv"
        tables.prepare()
        path = self._dialogs.save_path(self._window, "Export curves", suggestion, CURVES_KIND)
        if path is not None:
            self._try_export(path, lambda: _export(path, answer))

    def export_figure(self, page: QWidget, caption: str) -> None:
        """Write the largest plot of a page as SVG, PNG or PDF, with this caption."""
        view = largest_plot(page)
        if view is None:
            self.failed.emit("There is no figure on this page.", "")
            return
        suggestion = f"{page.objectName().removesuffix('_panel')}.svg"
        path = self._dialogs.save_path(self._window, "Export figure", suggestion, FIGURE_KIND)
        if path is not None:
            self._try_export(path, lambda: export_figure(view, path, theme(), caption))

    def _shown_answer(self) -> FanAnswer | TunedAnswer | None:
        tuned = self._service.tuned
        return tuned if tuned is not None and tuned.lam else self._service.fan

    def _write(self, path: Path) -> bool:
        if self._session.written_by_others(path) and not self._dialogs.replace_anyway(
            self._window, path.name
        ):
            return False
        try:
            saving = partial(wait_for, self._window, f"Saving {path.name} …")
            self._session.write(path, saving)
        except DataError as error:
            self.failed.emit(str(error), details_of(error))
            return False
        self.done.emit(f"Saved to {path.name}.")
        return True

    def _try_export(self, path: Path, export: Callable[[], None]) -> None:
        try:
            export()
        except DataError as error:
            self.failed.emit(str(error), "")
        else:
            self.done.emit(f"Exported to {path.name}.")


def _export(path: Path, answer: FanAnswer | TunedAnswer) -> None:
    """Write the curves, and beside them what they are; those of a tuned law with their weights."""
    write_curves(path, week_start(answer.state.week), answer.fan.curves)
    if isinstance(answer, TunedAnswer):
        write_weights(path.with_name(f"{path.stem}-weights{path.suffix}"), answer.weights)
    about = json.dumps(provenance_of(answer), ensure_ascii=False, indent=2)
    write_text(path.with_name(f"{path.stem}-about.json"), f"{about}\n")
