"""Import readings…: a file, a guess at its columns, the person's corrections, a report."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.data.quality import quality_summary
from lvm_studio.studio.mapping_form import MappingForm

if TYPE_CHECKING:
    from lvm_studio.data.columns import ColumnMapping
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.importing import ImportReport
    from lvm_studio.data.tables import Preview
    from lvm_studio.studio.mailbox import Mailbox
    from lvm_studio.studio.session import Session

PREVIEW_ROWS = 6


@dataclass(frozen=True, eq=False)
class Guess:
    """What a file looks like."""

    mapping: ColumnMapping
    preview: Preview


@dataclass(frozen=True, eq=False)
class Imported:
    """What came of a file."""

    households: HouseholdSet
    report: ImportReport


class ImportDialog(QDialog):
    """Leads from a file to a dataset in the session; the reading happens on another thread.

    Args:
        session: gets the dataset.
        mailbox: of the thread that reads files.
        path: the file.
    """

    def __init__(self, session: Session, mailbox: Mailbox, path: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("import_dialog")
        self.setWindowTitle(f"Import readings from {path.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(680, 720)
        self._session, self._mailbox, self._path = session, mailbox, path
        self.form = MappingForm()
        self.temperature = QLineEdit(placeholderText="optional: a CSV of time and °C")
        self.message = QLabel(wordWrap=True)
        self.message.setObjectName("import_message")
        self._table = QTableWidget()
        self._busy = QProgressBar(maximum=0, textVisible=False)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button = QPushButton("Import", default=True)
        self.accept_button.setObjectName("import_accept")
        self._lay_out()
        self._connect()
        self._say("Looking at the file …", busy=True)
        mailbox.post(partial(look_at, path))

    def _lay_out(self) -> None:
        self._buttons.addButton(self.accept_button, QDialogButtonBox.ButtonRole.ActionRole)
        browse = QPushButton("Browse…")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(QLabel("Temperature"))
        row.addWidget(self.temperature, 1)
        row.addWidget(browse)
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._table.verticalHeader().hide()
        self._table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self._table.setMaximumHeight(170)
        layout = QVBoxLayout(self)
        layout.addWidget(self._table)
        layout.addWidget(self.form)
        layout.addLayout(row)
        layout.addStretch(1)
        layout.addWidget(self.message)
        layout.addWidget(self._busy)
        layout.addWidget(self._buttons)

    def _connect(self) -> None:
        self._buttons.rejected.connect(self.reject)
        self.accept_button.clicked.connect(self._start)
        self._mailbox.answered.connect(self._answer)
        self._mailbox.failed.connect(self._fail)
        self.finished.connect(self._leave)

    def _start(self) -> None:
        """Read the whole file as the form says."""
        try:
            mapping = self.form.mapping()
        except DataError as error:
            self._say(str(error))
            return
        name = self.form.name.text().strip() or self._path.stem
        text = self.temperature.text().strip()
        self._say("Reading the file …", busy=True)
        temperature = Path(text) if text else None
        self._mailbox.post(partial(read, self._path, mapping, name, temperature))

    def _answer(self, answer: object) -> None:
        match answer:
            case Guess(mapping, preview):
                self._show_preview(preview)
                self.form.set_guess(mapping, preview.columns, self._path.stem)
                self._say("Correct what was guessed wrong, then import.")
            case Imported(households, report):
                self._session.add_dataset(households)
                self._finish([*report.sentences(), *quality_summary(households).sentences()])

    def _finish(self, sentences: list[str]) -> None:
        """Show what came of it; the studio already shows the households."""
        self._say("\n".join(sentences))
        self.form.setEnabled(False)
        self.accept_button.hide()
        self._buttons.setStandardButtons(QDialogButtonBox.StandardButton.Close)

    def _fail(self, sentence: str, _details: str) -> None:
        self._say(sentence)

    def _show_preview(self, preview: Preview) -> None:
        rows = preview.rows[:PREVIEW_ROWS]
        self._table.setColumnCount(len(preview.columns))
        self._table.setRowCount(len(rows))
        self._table.setHorizontalHeaderLabels(list(preview.columns))
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                self._table.setItem(i, j, QTableWidgetItem(text))
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)

    def _say(self, sentence: str, *, busy: bool = False) -> None:
        self.message.setText(sentence)
        self._busy.setVisible(busy)
        self.form.setEnabled(not busy)
        self.accept_button.setEnabled(not busy)

    def _browse(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Temperature", "", "CSV table (*.csv)")
        if name:
            self.temperature.setText(name)

    def _leave(self) -> None:
        self._mailbox.answered.disconnect(self._answer)
        self._mailbox.failed.disconnect(self._fail)
        self._mailbox.withdraw()


def look_at(path: Path) -> Generator[Guess, None, None]:
    """Guess how the file is to be read, from its beginning."""
    from lvm_studio.data.importing import guess_mapping, preview

    yield Guess(guess_mapping(path), preview(path))


def read(
    path: Path, mapping: ColumnMapping, name: str, temperature: Path | None
) -> Generator[Imported, None, None]:
    """Read the whole file."""
    from lvm_studio.data.importing import import_readings

    yield Imported(*import_readings(path, mapping, name=name, temperature=temperature))
