"""What an artificial whole is composed of, as one undoable list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from lvm_studio.storage.wholes import COLOUR_NAMES, Anchor, Part, Parts

COLOUR_CODES = ("#ffffff", "#000000", "#ff0000", "#00ff00", "#0000ff")


class ArtificialParts(QObject):
    """A list of parts; every change is a step on the undo stack.

    Args:
        stack: the session's.
        start: what a fresh page begins with, and `reset` returns to.
        most: it never holds more; models have not seen larger wholes.

    Signals:
        changed(): ask `parts`.
    """

    changed = Signal()

    def __init__(
        self, stack: QUndoStack, start: Parts, most: int, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._stack, self._start, self.most = stack, start, most
        self.parts = start

    def add(self, part: Part) -> None:
        """Add a part at the end; nothing if there is no room."""
        if len(self.parts) < self.most:
            self._change((*self.parts, part), f"Add {part.title}")

    def remove(self, place: int) -> None:
        """Take the part at this place out."""
        if 0 <= place < len(self.parts):
            rest = self.parts[:place] + self.parts[place + 1 :]
            self._change(rest, f"Remove {self.parts[place].title}")

    def move(self, place: int, across: float, down: float) -> None:
        """Put an anchor elsewhere."""
        part = self.parts[place]
        assert isinstance(part, Anchor)
        moved = replace(part, across=min(max(across, 0.0), 1.0), down=min(max(down, 0.0), 1.0))
        if moved != part:
            rest = (*self.parts[:place], moved, *self.parts[place + 1 :])
            self._change(rest, f"Move {COLOUR_NAMES[part.colour]} anchor")

    def clear(self) -> None:
        """Take all parts out."""
        if self.parts:
            self._change((), "Clear the parts")

    def reset(self) -> None:
        """Return to what it began with."""
        if self.parts != self._start:
            self._change(self._start, "Reset the parts")

    def show(self, parts: Parts) -> None:
        """Hold what another workspace holds; no step of undo."""
        if parts != self.parts:
            self._put(parts)

    def _change(self, parts: Parts, text: str) -> None:
        self._stack.push(_ChangeParts(self._put, self.parts, parts, text))

    def _put(self, parts: Parts) -> None:
        self.parts = parts
        self.changed.emit()


class _ChangeParts(QUndoCommand):
    def __init__(self, put: Callable[[Parts], None], old: Parts, new: Parts, text: str) -> None:
        super().__init__(text)
        self._put, self._old, self._new = put, old, new

    def redo(self) -> None:
        self._put(self._new)

    def undo(self) -> None:
        self._put(self._old)
