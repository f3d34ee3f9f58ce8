"""The one place that asks for files: kinds, suffixes, and the folder where somebody was last."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from lvm_studio.storage.workspace import SUFFIXES
from lvm_studio.studio.settings import open_settings

WORKSPACE_SUFFIX = SUFFIXES[0]
WORKSPACE_KIND = f"LVM Studio workspace (*{' *'.join(SUFFIXES)});;All files (*)"
READINGS_KIND = "Meter readings (*.csv *.tsv *.txt *.parquet *.pq);;All files (*)"
TABLE_KIND = "Tables (*.csv *.tsv *.txt *.parquet *.pq);;All files (*)"
POINTS_KIND = "Text (*.csv *.tsv *.txt);;All files (*)"
STUDY_KIND = "Studies (*.toml *.json);;All files (*)"
CURVES_KIND = "CSV table (*.csv);;Parquet table (*.parquet)"
FIGURE_KIND = "SVG (*.svg);;PNG image (*.png);;PDF (*.pdf)"
CSV_KIND = "CSV table (*.csv)"
HTML_KIND = "HTML page (*.html)"
LAST_FOLDER = "last_folder"
FORBIDDEN = re.compile(r'[\\/:*?"<>|]')
"""No file may have these in its name, here or elsewhere."""


def ask_open(parent: QWidget, title: str, kinds: str) -> Path | None:
    """Ask for a file to read; None if the person thinks better of it."""
    name, _ = QFileDialog.getOpenFileName(parent, title, str(last_folder()), kinds)
    return _remembered(name)


def ask_save(parent: QWidget, title: str, suggestion: str, kinds: str) -> Path | None:
    """Ask for a file to write; None if the person thinks better of it.

    A suggestion without a folder lies in the one used last. The suffix of the chosen kind is
    added where there is none, by the dialog itself, so that it asks before the file of that name
    is overwritten.
    """
    suggested = str(last_folder() / suggestion)
    dialog = QFileDialog(parent, title, suggested, kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.selectFile(suggested)

    def follow(kind: str) -> None:
        dialog.setDefaultSuffix(next(iter(suffixes(kind)), ""))

    follow(kinds)
    dialog.filterSelected.connect(follow)
    chosen = dialog.selectedFiles() if dialog.exec() else [""]
    dialog.deleteLater()
    return _remembered(chosen[0])


def file_name(title: str, suffix: str) -> str:
    """Return a name for a file of something that people may have called anything.

    >>> file_name("ToU / flat: 2013", ".csv")
    'ToU - flat- 2013.csv'
    """
    return f"{FORBIDDEN.sub('-', title)}{suffix}"


def last_folder() -> Path:
    """The folder of the file that was chosen last; the working folder if it is no more."""
    folder = Path(str(open_settings().value(LAST_FOLDER, "")))
    return folder if folder.is_dir() else Path()


def suffixes(kinds: str) -> list[str]:
    """Return the suffixes in a file dialog's filter, in their order.

    >>> suffixes("Tables (*.csv *.tsv);;PNG image (*.png);;All files (*)")
    ['.csv', '.tsv', '.png']
    """
    return re.findall(r"\*(\.\w+)", kinds)


def _remembered(name: str) -> Path | None:
    """The path of a chosen file, whose folder comes first the next time; None for ''."""
    if not name:
        return None
    path = Path(name)
    open_settings().setValue(LAST_FOLDER, str(path.parent))
    return path
