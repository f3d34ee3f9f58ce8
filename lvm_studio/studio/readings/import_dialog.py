"""Import readings…: a file, a guess at its columns, the person's corrections, a report."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTemporaryDir
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.profiles import PROFILES
from lvm_studio.data.quality import quality_summary
from lvm_studio.studio.dialogs import Dialogs
from lvm_studio.studio.file_dialogs import CSV_KIND
from lvm_studio.studio.readings.import_work import Imported, Look, Order, look_at, read
from lvm_studio.studio.readings.mapping_form import MappingForm
from lvm_studio.studio.time_left import TimeLeft
from lvm_studio.studio.widgets.readings.preview_table import PreviewTable
from lvm_studio.studio.widgets.readings.rejected_list import RejectedList

if TYPE_CHECKING:
    from lvm_studio.data.importing.job import ImportReport
    from lvm_studio.studio.jobs.mailbox import Mailbox
    from lvm_studio.studio.session import Session

_PARTS = 1000  # of the progress bar


class ImportDialog(QDialog):
    """Leads from a file to a dataset in the session; the reading happens on another thread.

    Args:
        session: gets the dataset.
        mailbox: of the thread that reads files.
        path: the file.
        dialogs: how the person is asked for other files.
    """

    def __init__(
        self,
        session: Session,
        mailbox: Mailbox,
        path: Path,
        parent: QWidget,
        dialogs: Dialogs | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("import_dialog")
        self.setWindowTitle(f"Import readings from {path.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 800)
        self._session, self._mailbox, self._file = session, mailbox, path
        self._dialogs = dialogs or Dialogs()
        self._folder = QTemporaryDir()
        self._rejected = Path(self._folder.filePath("rejected.csv"))
        self._left_out = 0
        self._left = TimeLeft()
        self.running = False
        """Whether a file is being read to its end."""
        self._guessed = False
        self._build()
        self._lay_out()
        self._connect()
        self._look()

    def _build(self) -> None:
        self.profile = QComboBox()
        self.profile.setObjectName("import_profile")
        self.profile.setAccessibleName("What kind of file it is")
        self.profile.addItem("Recognise by the columns", "")
        for profile in PROFILES.values():
            self.profile.addItem(profile.title, profile.key)
        self.whole_folder = QCheckBox("All tables of this folder")
        self.whole_folder.setObjectName("import_folder")
        self.about = QLabel(wordWrap=True)
        self.about.hide()
        self.preview = PreviewTable()
        self.form = MappingForm()
        self.temperature = QLineEdit(placeholderText="optional: a CSV of time and °C")
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)  # of any file
        self.message.setObjectName("import_message")
        self.progress = QProgressBar(textVisible=False)
        self.progress.setObjectName("import_progress")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button = QPushButton("Import", default=True)
        self.accept_button.setObjectName("import_accept")
        self.rejected_button = QPushButton("Rejected rows…")
        self.rejected_button.setObjectName("import_rejected")

    def _lay_out(self) -> None:
        role = QDialogButtonBox.ButtonRole.ActionRole
        self._buttons.addButton(self.rejected_button, role)
        self.rejected_button.hide()  # once it is in the box, which shows what it takes
        self._buttons.addButton(self.accept_button, role)
        source = QHBoxLayout()
        source.addWidget(QLabel("Whose data"))
        source.addWidget(self.profile, 1)
        source.addWidget(self.whole_folder)
        self._browse_button = QPushButton("Browse…")
        self._browse_button.setAutoDefault(False)
        self._browse_button.clicked.connect(self._browse)
        weather = QHBoxLayout()
        weather.addWidget(QLabel("Temperature file"))
        weather.addWidget(self.temperature, 1)
        weather.addWidget(self._browse_button)
        scrolled = QScrollArea(widgetResizable=True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        scrolled.setWidget(self.form)
        layout = QVBoxLayout(self)
        layout.addLayout(source)
        layout.addWidget(self.about)
        layout.addWidget(self.preview)
        layout.addWidget(scrolled, 1)
        layout.addLayout(weather)
        layout.addWidget(self.message)
        layout.addWidget(self.progress)
        layout.addWidget(self._buttons)

    def _connect(self) -> None:
        self._buttons.rejected.connect(self._cancel)
        self.accept_button.clicked.connect(self._start)
        self.rejected_button.clicked.connect(self._list_rejected)
        self.profile.activated.connect(self._look)
        self.whole_folder.toggled.connect(self._look)
        self.preview.role_chosen.connect(self.form.choose)
        self.form.changed.connect(self._show_roles)
        self._mailbox.answered.connect(self._answer)
        self._mailbox.failed.connect(self._fail)
        self.finished.connect(self._leave)

    @property
    def path(self) -> Path:
        """What is to be read: the file, or its folder."""
        return self._file.parent if self.whole_folder.isChecked() else self._file

    # Looking --------------------------------------------------------------------------------

    def _look(self) -> None:
        """Guess anew, with the chosen profile."""
        self._say("Looking at the file …", busy=True)
        self._mailbox.post(partial(look_at, self.path, self.profile.currentData()))

    def _show_look(self, look: Look) -> None:
        self._guessed = True
        self.preview.show_rows(look.preview)
        self.form.set_guess(look.mapping, look.preview.columns, self.path.stem)
        self.profile.setCurrentIndex(self.profile.findData(look.profile))
        known = PROFILES.get(look.profile)
        self.about.setText(known.about if known else "")
        self.about.setVisible(known is not None)
        self._show_roles()
        files = f"{look.preview.files} files. " if look.preview.files > 1 else ""
        self._say(f"{files}Correct what was guessed wrong, then import.")

    def _show_roles(self) -> None:
        try:
            self.preview.show_roles(self.form.mapping())
        except DataError as error:
            self._say(str(error))

    # Reading --------------------------------------------------------------------------------

    def _start(self) -> None:
        """Read the whole file as the form says."""
        try:
            mapping = self.form.mapping()
        except DataError as error:
            self._say(str(error))
            return
        name = self.form.name.text().strip() or self.path.stem
        text = self.temperature.text().strip()
        temperature = Path(text) if text else None
        profile = self.profile.currentData()
        order = Order(self.path, mapping, name, temperature, profile, self._rejected)
        self.running = True
        self._left.begin()
        self._say("Reading the file …", busy=True)
        self._mailbox.post(partial(read, order))

    def _answer(self, answer: object) -> None:
        from lvm_studio.data.importing.job import ImportProgress

        match answer:
            case Look():
                self._show_look(answer)
            case ImportProgress():
                self.progress.setRange(0, _PARTS)
                self.progress.setValue(round(answer.share * _PARTS))
                self.message.setText(self._left.after(answer.sentence(), answer.share))
            case Imported(households, report):
                self._session.add_dataset(households)
                self._finish(report, quality_summary(households).sentences())

    def _finish(self, report: ImportReport, quality: list[str]) -> None:
        """Show what came of it; the studio already shows the households."""
        self.running = False
        self._left_out = sum(report.rejected.values())
        self._say("\n".join([*report.sentences(), *quality]))
        weather = (self.temperature, self._browse_button)
        for widget in (self.form, self.profile, self.whole_folder, *weather):
            widget.setEnabled(False)
        self.accept_button.hide()
        self.rejected_button.setVisible(self._left_out > 0)
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText("Close")

    def _list_rejected(self) -> None:
        RejectedList(self._rejected, self._left_out, self._dialogs, self).show()

    def _fail(self, sentence: str, _details: str) -> None:
        self.running = False
        self._say(sentence)

    def _cancel(self) -> None:
        """While a file is being read: stop that, and keep the form; else leave."""
        if not self.running:
            self.reject()
            return
        self._mailbox.withdraw()
        self.running = False
        self._say("Cancelled: nothing was imported.")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape does what Cancel does."""
        if event.matches(QKeySequence.StandardKey.Cancel) and self.running:
            self._cancel()
        else:
            super().keyPressEvent(event)

    def _say(self, sentence: str, *, busy: bool = False) -> None:
        self.message.setText(sentence)
        self.progress.setVisible(busy)
        self.progress.setRange(0, 0)
        for choice in (self.profile, self.whole_folder):
            choice.setEnabled(not busy)
        for widget in (self.form, self.accept_button):  # nothing to correct where nothing was seen
            widget.setEnabled(self._guessed and not busy)

    def _browse(self) -> None:
        path = self._dialogs.open_path(self, "Temperature", CSV_KIND)
        if path is not None:
            self.temperature.setText(str(path))

    def _leave(self) -> None:
        self._mailbox.answered.disconnect(self._answer)
        self._mailbox.failed.disconnect(self._fail)
        self._mailbox.withdraw()
