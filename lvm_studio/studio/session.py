"""The session: what is open, what is composed, what is selected; panels are views of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.storage.kept_tuning import KeptTuning
from lvm_studio.storage.naming import free_name
from lvm_studio.storage.start import starting_state
from lvm_studio.storage.street_state import StreetState
from lvm_studio.studio.commands import NO_GESTURE, ChangeStreet, Document
from lvm_studio.studio.numerals import counted, with_decimals
from lvm_studio.studio.open_document import OpenDocument
from lvm_studio.studio.street.likeness import draw_like

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.tree import Tree
    from lvm_studio.storage.workspace import Workspace
    from lvm_studio.studio.selection import Selection


GOAL_TEXTS = {
    "kl": "KL = {:.2f} nats",
    "one_in_n": "1 week in {:,.0f}",
    "expectation": "E f = {:,.1f}",
    "quantile": "Quantile at {:,.1f}",
}
"""What the Edit menu calls a goal that was typed."""


class Session(OpenDocument):
    """Everything that is open, and the verbs that change it.

    Every verb pushes one command on `undo_stack` (its text stands in the Edit menu); menu,
    drop, keyboard and tests call the same verbs. A verb that cannot do what was asked changes
    nothing and emits `failed`. Verbs that a slider calls take a `gesture` (see `new_gesture`):
    changes of one gesture merge into one step of undo.

    Signals (and those of OpenDocument):
        selection_changed(Selection | None): other observations are picked out.
    """

    selection_changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        """Start with an empty workspace; call `new` or `open` next."""
        super().__init__(parent)
        self._gestures = NO_GESTURE
        self._selection: Selection | None = None
        self.state_changed.connect(self._drop_stale_selection)

    # What is picked out ---------------------------------------------------------------------

    @property
    def selection(self) -> Selection | None:
        """The observations picked out, for every panel to look at; not kept in the file."""
        return self._selection

    def select(self, selection: Selection | None) -> None:
        """Pick these observations out; None: none."""
        self._selection = selection
        self.selection_changed.emit(selection)

    def _drop_stale_selection(self, new: StreetState, old: StreetState) -> None:
        if (new.dataset, new.model) != (old.dataset, old.model) and self._selection is not None:
            self.select(None)

    def compose_selection(self) -> None:
        """Compose the sum in the middle of the selection, in its own week."""
        selection = self._selection
        if selection is None or selection.composition is None:
            self.failed.emit("The selection holds no sums of households; select some first.", "")
            return
        week = selection.weeks[selection.middle] if selection.weeks else self._state.week
        text = f"Compose the middle of {selection.title}"
        self._change(text, composition=selection.composition, week=week, own_temperature=None)
        size = counted(selection.composition.size, "household")
        self.done.emit(f"Composed {size} of {week}.")  # the page in sight may show nothing of it

    # Verbs: the composition -----------------------------------------------------------------

    def add_households(self, ids: Sequence[str], count: int = 1) -> None:
        """Add `count` of each of these households."""

        def add(composition: Composition) -> Composition:
            for household_id in ids:
                self.households.index(household_id)
                composition = composition.add(household_id, count)
            return composition

        self._compose(f"Add {_named(ids, count)}", add)

    def add_like(self, ids: Sequence[str], n: int) -> None:
        """Add n households like these: drawn evenly from them, or from the nearest of one.

        `ids` are the rows selected or filtered in the library. Of a single household the n most
        similar by metadata are added, itself first.
        """
        with self._reporting():
            # a second draw from the same list adds others, and can be repeated all the same
            seed = self._state.seed + self._state.composition.size
            drawn = draw_like(self.households, ids, n, seed)

            def add(composition: Composition) -> Composition:
                for household_id, times in drawn.items():
                    composition = composition.add(household_id, times)
                return composition

            self._compose(f"Add {n} like {_named(ids)}", add)

    def remove_households(self, ids: Sequence[str]) -> None:
        """Take these households out, all their copies."""
        self._compose(
            f"Remove {_named(ids)}",
            lambda composition: _folded(composition, ids, lambda c, one: c.set_count(one, 0)),
        )

    def set_count(self, household_id: str, n: int, gesture: int = NO_GESTURE) -> None:
        """Have n copies of this household; 0 removes it."""
        self._compose(
            f"Have {n} × {household_id}",
            lambda composition: composition.set_count(household_id, n),
            gesture,
        )

    def duplicate(self, ids: Sequence[str]) -> None:
        """Double these households."""

        def double(composition: Composition) -> Composition:
            return _folded(composition, ids, lambda c, one: c.add(one, composition.count(one)))

        self._compose(f"Duplicate {_named(ids)}", double)

    def clear_composition(self) -> None:
        """Take all households out."""
        self._compose("Clear the composition", lambda composition: composition.clear())

    def set_composition(self, composition: Composition, text: str = "Replace composition") -> None:
        """Replace the whole composition."""
        self._compose(text, lambda _old: composition)

    def _compose(
        self, text: str, step: Callable[[Composition], Composition], gesture: int = NO_GESTURE
    ) -> None:
        with self._reporting():
            self._change(text, gesture, composition=step(self._state.composition))

    # Verbs: the rest of the page ------------------------------------------------------------

    def set_week(self, week: str) -> None:
        """Choose the week whose weather and calendar the curves are for."""
        with self._reporting():
            self.households.weeks.index(week)
            self._change(f"Week {week}", week=week)

    def set_own_temperature(
        self, values: Sequence[float] | None, gesture: int = NO_GESTURE
    ) -> None:
        """Replace the week's temperature by 7 daily means or 336 values (°C); None: as it was."""
        text = "Measured temperature" if values is None else "Own temperature"
        profile = None if values is None else tuple(float(value) for value in values)
        self._change(text, gesture, own_temperature=profile)

    def set_criterion(self, name: str) -> None:
        """Choose what "extreme" means: the text of a criterion (tuning.criterion_specs)."""
        self._change(f"Criterion {name.partition('=')[0]}", criterion=name)

    def set_tuned(self, tuned: str) -> None:
        """Choose which latents are tuned: those of Σw, of z, or both."""
        told = {"w": "Σw alone", "z": "z alone"}.get(tuned, "Σw and z")
        self._change(f"Tune {told}", tuned=tuned)

    def set_second(self, name: str) -> None:
        """Tune a second criterion as well; '' for the first one alone."""
        about = name.partition("=")[0]
        self._change(f"Second criterion {about}" if name else "One criterion", second=name)

    def set_pair(self, blend: float, lam: float, gesture: int = NO_GESTURE) -> None:
        """Set the vector λ of two criteria: its direction in degrees and λ along it."""
        text = f"λ = {with_decimals(lam, 2)} towards {with_decimals(blend, 0)}°"
        held: dict[str, Any] = {"goal": "lam", "target": 0.0}
        self._change(text, gesture, blend=float(blend), lam=float(lam), **held)

    def set_lam(self, lam: float, gesture: int = NO_GESTURE) -> None:
        """Set λ, per standard deviation of the criterion, and hold it."""
        self._change(
            f"λ = {with_decimals(lam, 2)}", gesture, lam=float(lam), goal="lam", target=0.0
        )

    def hold_goal(self, goal: str, target: float, share: float = 0.5) -> None:
        """Hold a KL, "1 in N", E f or quantile: λ follows it, whatever becomes of the street."""
        text = GOAL_TEXTS[goal].format(target).replace("-", "−")
        self._change(text, goal=goal, target=float(target), share=float(share))

    def set_corrected(self, corrected: bool) -> None:
        """Choose whether the flow's curves are resampled by their importance weights."""
        text = "Correct the curves" if corrected else "Show the curves uncorrected"
        self._change(text, corrected=bool(corrected))

    def set_method(self, method: str) -> None:
        """Choose whose draws answer λ; "auto" for the best there are."""
        self._change("Change the method", method=method)

    def follow_goal(self, lam: float) -> None:
        """Take the λ that the goal in force asks for on this street; no step of its own to undo."""
        if lam != self._state.lam and self._state.goal != "lam":
            self._put_state(self._state.with_changes(lam=float(lam)))

    def set_samples(self, samples: int) -> None:
        """Set how many weeks are drawn."""
        self._change(f"Draw {samples:,} weeks", samples=int(samples))

    def set_seed(self, seed: int) -> None:
        """Set the seed of the common random numbers."""
        self._change(f"Seed {seed}", seed=int(seed))

    def set_show_curves(self, count: int, gesture: int = NO_GESTURE) -> None:
        """Set how many sampled curves are drawn as lines."""
        self._change(f"Show {count} curves", gesture, show_curves=int(count))

    def choose_model(self, name: str) -> None:
        """Compose with another model of the workspace."""
        self._change(f"Model {name}", model=name)

    def choose_dataset(self, name: str) -> None:
        """Compose from another dataset of the workspace, starting with a few of its households."""
        with self._reporting():
            if name not in self._workspace.datasets:
                raise DataError(
                    f"There is no data set “{name}” in this workspace; import it first."
                )
            fresh = starting_state(name, self._workspace.datasets[name], self._state.model)
            street: dict[str, Any] = {"composition": fresh.composition, "week": fresh.week}
            self._change(f"Data set {name}", NO_GESTURE, dataset=name, **street)

    def new_gesture(self) -> int:
        """Return a fresh gesture for the drag that begins now."""
        self._gestures += 1
        return self._gestures

    # Verbs: data sets -----------------------------------------------------------------------

    def add_dataset(self, dataset: HouseholdSet) -> None:
        """Take a dataset into the workspace and compose from it; one step of undo."""
        name = free_name(dataset.name, self._workspace.datasets)
        before = self._state

        def do(document: Document) -> Document:
            datasets = {**document.workspace.datasets, name: dataset}
            state = starting_state(name, dataset, document.state.model)
            return Document(replace(document.workspace, datasets=datasets), state)

        def revert(document: Document) -> Document:
            datasets = {k: v for k, v in document.workspace.datasets.items() if k != name}
            return Document(replace(document.workspace, datasets=datasets), before)

        self.change_document(f"Import {name}", do, revert)

    # Verbs: kept tunings --------------------------------------------------------------------

    @property
    def kept_tunings(self) -> dict[str, KeptTuning]:
        """The tunings that were kept, oldest first; what cannot be read is left out."""
        found: dict[str, KeptTuning] = {}
        for name, tree in self._workspace.tunings.items():
            with suppress(DataError, KeyError):
                found[name] = KeptTuning.from_tree(tree)
        return found

    def keep_tuning(self, name: str, kept: KeptTuning) -> None:
        """Note a tuning in the history of the workspace; one step of undo."""
        name, held = free_name(name, self._workspace.tunings), self._workspace.tunings
        self._change_tunings(f"Keep {name}", {**held, name: kept.to_tree()})

    def forget_tuning(self, name: str) -> None:
        """Take a tuning out of the history; one step of undo."""
        held = self._workspace.tunings
        self._change_tunings(f"Forget {name}", {key: held[key] for key in held if key != name})

    def recall_tuning(self, name: str) -> None:
        """Show the page as it was when this tuning was kept; one step of undo."""
        kept = self.kept_tunings.get(name)
        if kept is None or kept.state == self._state:
            return
        with self._reporting():
            for what, held in (
                (kept.state.dataset, self._workspace.datasets),
                (kept.state.model, self._workspace.models),
            ):
                if what and what not in held:
                    raise DataError(f"{name} used “{what}”, which is no longer in the workspace.")
            text = f"Back to {name}"
            self.undo_stack.push(ChangeStreet(self._put_state, self._state, kept.state, text))

    def _change_tunings(self, text: str, new: Mapping[str, Tree]) -> None:
        """Hold these; nothing but steps of undo changes them, so that undo may put all back."""
        old = self._workspace.tunings

        def put(tunings: Mapping[str, Tree], document: Document) -> Document:
            return Document(replace(document.workspace, tunings=tunings), document.state)

        self.change_document(text, partial(put, new), partial(put, old))

    def _become(self, workspace: Workspace, state: StreetState, path: Path | None) -> None:
        self._selection = None
        super()._become(workspace, state, path)
        self.selection_changed.emit(None)


def _folded(
    composition: Composition, ids: Sequence[str], step: Callable[[Composition, str], Composition]
) -> Composition:
    for household_id in ids:
        composition = step(composition, household_id)
    return composition


def _named(ids: Sequence[str], count: int = 1) -> str:
    """Return "MAC000002", "3 × MAC000002" or "5 households" for the Edit menu."""
    if len(ids) == 1:
        return ids[0] if count == 1 else f"{count} × {ids[0]}"
    return f"{len(ids) * count} households"
