"""The questions that must be answered before something happens; tests put others in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget

from lvm_studio.studio.file_dialogs import ask_open, ask_save

Shown = TypeVar("Shown", bound=QDialog)


def show_once(window: QWidget, kind: type[Shown], make: Callable[[], Shown]) -> None:
    """Bring the window's open dialog of this kind forward; make one where none is open."""
    dialog = next((one for one in window.findChildren(kind) if one.isVisible()), None) or make()
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()


class Choice(StrEnum):
    """What to do with changes that are not saved."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


class Dialogs:
    """Modal questions to the person at the screen."""

    def save_before_losing(self, parent: QWidget, name: str, at_work: Sequence[str] = ()) -> Choice:
        """Ask what to do with the unsaved changes of `name`, and say what else ends."""
        box = _question(parent)
        box.setObjectName("ask_save")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(f"Save the changes to {name}?")
        ends = [f"What is at work ends: {told}." for told in at_work]
        box.setInformativeText("\n".join(["They are lost otherwise.", *ends]))
        button = QMessageBox.StandardButton
        box.setStandardButtons(button.Save | button.Discard | button.Cancel)
        box.setDefaultButton(button.Save)
        answer = box.exec()
        return {button.Save: Choice.SAVE, button.Discard: Choice.DISCARD}.get(
            button(answer), Choice.CANCEL
        )

    def end_anyway(self, parent: QWidget, at_work: Sequence[str]) -> bool:
        """Ask whether the window may close although it ends what is at work."""
        box = _question(parent)
        box.setObjectName("ask_end")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText("Quit while something is at work?")
        box.setInformativeText("\n".join(f"It ends: {told}." for told in at_work))
        end = box.addButton("Quit", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is end

    def replace_anyway(self, parent: QWidget, name: str) -> bool:
        """Ask whether a file may be replaced that another program has written meanwhile."""
        box = _question(parent)
        box.setObjectName("ask_replace")
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(f"{name} was written by another program since it was opened here. Replace it?")
        box.setInformativeText("What is in it is lost then. “Save as…” keeps both.")
        replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is replace

    def open_path(self, parent: QWidget, title: str, kinds: str) -> Path | None:
        """Ask for a file to read; see `ask_open`."""
        return ask_open(parent, title, kinds)

    def save_path(self, parent: QWidget, title: str, suggestion: str, kinds: str) -> Path | None:
        """Ask for a file to write; see `ask_save`."""
        return ask_save(parent, title, suggestion, kinds)


def _question(parent: QWidget) -> QMessageBox:
    """An empty question; what it says holds names of files, which are no HTML."""
    box = QMessageBox(parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    return box
