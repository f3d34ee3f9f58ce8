"""The commands of the undo stack: every change of what is open is one of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QUndoCommand

from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.workspace import Workspace

NO_GESTURE = 0
"""A change that belongs to no drag: it never merges with another."""


@dataclass(frozen=True, eq=False)
class Document:
    """What commands change, as one value: the open workspace and the composition page."""

    workspace: Workspace
    state: StreetState


class ChangeStreet(QUndoCommand):
    """Replace the state of the composition page.

    Consecutive changes of the same gesture (one drag of a slider) merge into one; a gesture
    that ends where it began leaves nothing on the stack.
    """

    def __init__(
        self,
        put: Callable[[StreetState], None],
        old: StreetState,
        new: StreetState,
        text: str,
        gesture: int = NO_GESTURE,
    ) -> None:
        super().__init__(text)
        self._put, self._old, self._new, self._gesture = put, old, new, gesture

    def id(self) -> int:
        """Qt merges neighbours with equal ids; −1 means never."""
        return -1 if self._gesture == NO_GESTURE else self._gesture

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take over the later change of the same gesture."""
        if not isinstance(other, ChangeStreet):
            return False
        self._new = other._new
        self.setText(other.text())
        self.setObsolete(self._new == self._old)
        return True

    def redo(self) -> None:
        self._put(self._new)

    def undo(self) -> None:
        self._put(self._old)


class ChangeDocument(QUndoCommand):
    """Apply a change to workspace and state together, e.g. an imported dataset.

    `do` and `revert` are pure functions of the document at that time, not snapshots of it:
    a run or model that a background job has added meanwhile stays.
    """

    def __init__(
        self,
        read: Callable[[], Document],
        put: Callable[[Document], None],
        do: Callable[[Document], Document],
        revert: Callable[[Document], Document],
        text: str,
    ) -> None:
        super().__init__(text)
        self._read, self._put, self._do, self._revert = read, put, do, revert

    def redo(self) -> None:
        self._put(self._do(self._read()))

    def undo(self) -> None:
        self._put(self._revert(self._read()))
