"""Where to save: the file that is written is the file that was asked about."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from lvm_studio.studio.dialogs import Dialogs
from lvm_studio.studio.file_dialogs import CURVES_KIND, last_folder


class Typist(QTimer):
    """Types a name into the save dialog and accepts it; refuses to overwrite."""

    def __init__(self, name: str, kind: str = "") -> None:
        super().__init__(interval=20)
        self.name, self.kind = name, kind
        self.questions: list[str] = []
        self.accepted = False
        self.timeout.connect(self.look)

    def look(self) -> None:
        widget = QApplication.activeModalWidget()
        if isinstance(widget, QMessageBox):
            self.questions.append(widget.text())
            widget.button(QMessageBox.StandardButton.No).click()
        elif isinstance(widget, QFileDialog) and self.accepted:
            widget.reject()
        elif isinstance(widget, QFileDialog):
            self.type_name(widget)

    def type_name(self, dialog: QFileDialog) -> None:
        if self.kind:
            dialog.selectNameFilter(self.kind)
            dialog.filterSelected.emit(self.kind)
        dialog.findChild(QLineEdit).setText(self.name)
        self.accepted = True
        QTimer.singleShot(0, dialog, dialog.accept)  # this timer must go on while it asks


@pytest.fixture
def asked(qtbot: QtBot) -> QWidget:
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


def save_path(parent: QWidget, folder: Path, typist: Typist) -> Path | None:
    typist.start()
    try:
        return Dialogs().save_path(parent, "Export", str(folder / "street.csv"), CURVES_KIND)
    finally:
        typist.stop()


def test_the_suffix_of_the_chosen_kind_is_added(asked: QWidget, tmp_path: Path) -> None:
    assert save_path(asked, tmp_path, Typist("june")) == tmp_path / "june.csv"
    parquet = Typist("june", "Parquet table (*.parquet)")
    assert save_path(asked, tmp_path, parquet) == tmp_path / "june.parquet"
    assert save_path(asked, tmp_path, Typist("june.txt")) == tmp_path / "june.txt"


def test_it_asks_before_overwriting_though_the_suffix_was_not_typed(
    asked: QWidget, tmp_path: Path
) -> None:
    (tmp_path / "june.csv").write_text("precious")
    typist = Typist("june")
    assert save_path(asked, tmp_path, typist) is None
    assert len(typist.questions) == 1
    assert "june.csv" in typist.questions[0]


def test_the_next_file_is_looked_for_where_the_last_one_lies(
    asked: QWidget, tmp_path: Path
) -> None:
    folder = tmp_path / "figures"
    folder.mkdir()
    assert save_path(asked, folder, Typist("june")) == folder / "june.csv"
    assert last_folder() == folder
    typist = Typist("july")
    typist.start()
    found = Dialogs().save_path(asked, "Export", "street.csv", CURVES_KIND)
    typist.stop()
    assert found == folder / "july.csv"
    folder.rmdir()
    assert last_folder() == Path()
