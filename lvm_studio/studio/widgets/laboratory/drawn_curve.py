"""Drawing a curve as a step that can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QUndoCommand
from shiboken6 import isValid

if TYPE_CHECKING:
    from lvm_studio.studio.widgets.laboratory.manifold_form import ManifoldForm


class DrawCurve(QUndoCommand):
    """Another drawn curve takes the place of the one before."""

    def __init__(self, form: ManifoldForm, path: tuple[tuple[float, float], ...]) -> None:
        super().__init__("Draw a curve")
        self._form, self._path, self._before = form, path, form.path

    def redo(self) -> None:
        """Learn the new curve."""
        self._put(self._path)

    def undo(self) -> None:
        """Learn the one before."""
        self._put(self._before)

    def _put(self, path: tuple[tuple[float, float], ...]) -> None:
        if isValid(self._form):  # the stack may outlive the window
            self._form.set_path(path)
