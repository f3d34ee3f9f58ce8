"""What an artificial whole is composed of, as one undoable list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

COLOUR_NAMES = ("white", "black", "red", "green", "blue")
COLOUR_CODES = ("#ffffff", "#000000", "#ff0000", "#00ff00", "#0000ff")


@dataclass(frozen=True)
class Sine:
    """A sine of a known frequency, 1 to 10."""

    frequency: int

    @property
    def title(self) -> str:
        """As a list shows it."""
        return f"frequency {self.frequency}"


@dataclass(frozen=True)
class Anchor:
    """A colour (place in `COLOUR_NAMES`) at a place in [0, 1]², from the left and the top."""

    colour: int
    across: float
    down: float

    @property
    def title(self) -> str:
        """As a list shows it."""
        return f"{COLOUR_NAMES[self.colour]} at {self.across:.2f}, {self.down:.2f}"


Part: TypeAlias = Sine | Anchor
Parts: TypeAlias = tuple[Part, ...]


class ArtificialParts(QObject):
    """A list of parts; every change is a step on the undo stack.

    Args:
        stack: the session's.
        start: what it begins with, and returns to.
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
