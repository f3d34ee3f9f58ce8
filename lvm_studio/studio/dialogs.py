"""The questions that must be answered before something happens; tests put others in their place."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

WORKSPACE_SUFFIX = ".lvms"
WORKSPACE_KIND = f"LVM Studio workspace (*{WORKSPACE_SUFFIX} *.h5);;All files (*)"
READINGS_KIND = "Meter readings (*.csv *.parquet *.txt *.tsv);;All files (*)"
CURVES_KIND = "CSV table (*.csv);;Parquet table (*.parquet)"
FIGURE_KIND = "SVG (*.svg);;PNG image (*.png);;PDF (*.pdf)"


class Choice(StrEnum):
    """What to do with changes that are not saved."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


class Dialogs:
    """Modal questions to the person at the screen."""

    def save_before_losing(self, parent: QWidget, name: str) -> Choice:
        """Ask what to do with the unsaved changes of `name`."""
        box = QMessageBox(parent)
        box.setObjectName("ask_save")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(f"Save the changes to {name}?")
        box.setInformativeText("They are lost otherwise.")
        button = QMessageBox.StandardButton
        box.setStandardButtons(button.Save | button.Discard | button.Cancel)
        box.setDefaultButton(button.Save)
        answer = box.exec()
        return {button.Save: Choice.SAVE, button.Discard: Choice.DISCARD}.get(
            button(answer), Choice.CANCEL
        )

    def replace_anyway(self, parent: QWidget, name: str) -> bool:
        """Ask whether a file may be replaced that another program has written meanwhile."""
        box = QMessageBox(parent)
        box.setObjectName("ask_replace")
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(f"{name} was written by another program since it was opened here. Replace it?")
        box.setInformativeText("What is in it is lost then. “Save as…” keeps both.")
        replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is replace

    def open_path(self, parent: QWidget, title: str, kinds: str) -> Path | None:
        """Ask for a file to read; None if the person thinks better of it."""
        name, _ = QFileDialog.getOpenFileName(parent, title, "", kinds)
        return Path(name) if name else None

    def save_path(self, parent: QWidget, title: str, suggestion: str, kinds: str) -> Path | None:
        """Ask for a file to write; the chosen kind's suffix is added where there is none.

        The dialog adds it itself, so that it asks before the file of that name is overwritten.
        """
        dialog = QFileDialog(parent, title, suggestion, kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.selectFile(suggestion)

        def follow(kind: str) -> None:
            dialog.setDefaultSuffix(first_suffix(kind))

        follow(kinds)
        dialog.filterSelected.connect(follow)
        chosen = dialog.selectedFiles() if dialog.exec() else []
        dialog.deleteLater()
        return Path(chosen[0]) if chosen else None


def first_suffix(kinds: str) -> str:
    """Return the first suffix of a file dialog's filter.

    >>> first_suffix("SVG (*.svg);;PNG image (*.png)")
    '.svg'
    """
    return kinds.partition("(*")[2].partition(")")[0].partition(" ")[0]
