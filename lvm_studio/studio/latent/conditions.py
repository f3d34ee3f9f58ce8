"""The conditions under which the latent page decodes: chosen by hand or by example, undoable."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand

from lvm_studio.data.vectors.conditions import Condition, places
from lvm_studio.data.vectors.sets import HELD_OUT
from lvm_studio.studio.commands import NO_GESTURE
from lvm_studio.studio.widgets.burst import Burst
from lvm_studio.studio.widgets.latent.condition_bar import ConditionBar, told_by
from lvm_studio.studio.widgets.training.series import Floats

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.space import LatentCloud
    from lvm_studio.studio.session import Session

USUAL = "as is usual"
BY_HAND = "by hand"


class ChangeConditions(QUndoCommand):
    """Tell a model something else; changes of one gesture merge into one."""

    def __init__(
        self, put: Callable[[Floats, str], None], old: tuple[Floats, str], new: tuple[Floats, str]
    ) -> None:
        super().__init__(f"Tell the model k {new[1]}")
        self._put, self._old, self._new = put, old, new
        self.gesture = NO_GESTURE

    def id(self) -> int:
        """Qt merges neighbours with equal ids; −1 means never."""
        return -1 if self.gesture == NO_GESTURE else self.gesture

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take over the later change of the same gesture."""
        if not isinstance(other, ChangeConditions):
            return False
        self._new = other._new
        self.setObsolete(np.array_equal(self._new[0], self._old[0]))
        return True

    def redo(self) -> None:
        self._put(*self._new)

    def undo(self) -> None:
        self._put(*self._old)


class LatentConditions(QObject):
    """What the model on the latent page is told.

    Every model keeps its own k while the program runs, so that undoing after another model was
    chosen changes what it changed, and nothing else.

    Signals:
        changed(): `k` is another.
    """

    changed = Signal()

    def __init__(self, session: Session, bar: ConditionBar, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._bar = session, bar
        self._model = ""
        self._known: dict[str, tuple[Floats, str]] = {}
        self._cloud: LatentCloud | None = None
        self._told: tuple[Condition, ...] = ()
        self._picking = session.new_gesture()
        self._sliding = Burst(session.new_gesture)
        bar.edited.connect(self._edit)
        bar.drag_started.connect(self._sliding.hold)
        bar.drag_ended.connect(self._sliding.release)
        bar.middle_asked.connect(lambda: self._tell(self._usual(), USUAL))

    @property
    def k(self) -> Floats | None:
        """What is told, [E]; None for a model that is told nothing."""
        return self._known[self._model][0] if self._told else None

    def set_cloud(self, model: str, cloud: LatentCloud | None) -> None:
        """Offer what this model is told of its observations."""
        self._model = model
        has = cloud is not None and cloud.conditions is not None
        self._cloud = cloud if has else None
        self._told = cloud.told if cloud is not None and has else ()
        if self._cloud is None or self._cloud.conditions is None:
            self._bar.set_conditions(())
            return
        k = self._cloud.conditions.astype(np.float64)
        self._bar.set_conditions(told_by(self._told, k))
        known = self._known.get(model)
        if known is None or len(known[0]) != k.shape[1]:
            self._known[model] = (self._usual(), USUAL)
        self._bar.show_code(*self._known[model])

    def forget_models(self) -> None:
        """Remember nothing of what models were told; there is no cloud any more."""
        self._known.clear()

    def take(self, row: int) -> None:
        """Tell what this observation of the cloud is told."""
        if self._cloud is not None and self._cloud.conditions is not None:
            k = self._cloud.conditions[row].astype(np.float64)
            self._tell(k, f"of {self._name(row)}", self._picking)

    def take_nearest(self, u: Floats) -> None:
        """Tell what the observation nearest to u [dim] is told."""
        if self._cloud is not None:
            self.take(int(((self._cloud.u - u) ** 2).sum(axis=1).argmin()))

    def _name(self, row: int) -> str:
        """An observation in words: its row of the file, else its labels, else its number."""
        assert self._cloud is not None
        if "row" in self._cloud.metadata:
            return f"row {self._cloud.metadata['row'][row]}"
        columns = self._cloud.metadata.items()
        told = {condition.name for condition in self._told}
        left_out = told | {HELD_OUT}
        labels = [
            str(c[row]) for name, c in columns if c.dtype.kind in "US" and name not in left_out
        ]
        return " · ".join(labels) or f"observation {row + 1}"

    def _usual(self) -> Floats:
        """Medians of numbers, the most frequent kind, and the middle of the seasons."""
        assert self._cloud is not None
        assert self._cloud.conditions is not None
        k = self._cloud.conditions.astype(np.float64)
        usual = np.median(k, axis=0)
        for condition, place in zip(self._told, places(self._told), strict=True):
            if condition.form == "kinds":
                usual[place] = condition.code(float(k[:, place].sum(axis=0).argmax()))
            elif condition.form == "season":
                usual[place] = condition.code(condition.value(k[:, place].mean(axis=0)))
        return np.asarray(usual)

    def _edit(self, place: int, value: float, dragged: bool) -> None:
        if not self._told:
            return
        k = self._known[self._model][0].copy()
        k[places(self._told)[place]] = self._told[place].code(value)
        self._tell(k, BY_HAND, self._sliding.current() if dragged else NO_GESTURE)

    def _tell(self, k: Floats, whose: str, gesture: int = NO_GESTURE) -> None:
        old = self._known[self._model]
        if np.array_equal(old[0], k):
            return
        model = self._model

        def put(told: Floats, by: str) -> None:
            self._put(model, told, by)

        command = ChangeConditions(put, old, (k, whose))
        command.gesture = gesture
        self._session.undo_stack.push(command)

    def _put(self, model: str, k: Floats, whose: str) -> None:
        self._known[model] = (k, whose)
        if model == self._model and self._told:
            self._bar.show_code(k, whose)
            self.changed.emit()
