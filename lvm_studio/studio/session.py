"""The session: what is open, what is composed, what is selected; panels are views of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.kept_tuning import KeptTuning
from lvm_studio.storage.naming import free_name
from lvm_studio.storage.start import restored_state, starting_state, starting_workspace
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.wholes import Wholes
from lvm_studio.storage.workspace import RunEntry, Workspace
from lvm_studio.studio.commands import NO_GESTURE, ChangeDocument, ChangeStreet, Document
from lvm_studio.studio.likeness import draw_like

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.tree import Tree
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.studio.selection import Selection


class Session(QObject):
    """Everything that is open, and the verbs that change it.

    Every verb pushes one command on `undo_stack` (its text stands in the Edit menu); menu,
    drop, keyboard and tests call the same verbs. A verb that cannot do what was asked changes
    nothing and emits `failed`. Verbs that a slider calls take a `gesture` (see `new_gesture`):
    changes of one gesture merge into one step of undo.

    Signals:
        state_changed(new, old): two StreetStates; compare the fields you show.
        workspace_changed(): the datasets or runs are others than before.
        models_changed(): the list of models, or the chosen one, is another.
        selection_changed(Selection | None): other observations are picked out.
        wholes_changed(): the artificial wholes are others; ask `wholes`.
        model_ready(TrainedModel): the chosen model has been loaded (torch is imported by then).
        dirty_changed(bool), path_changed(Path | None): for the title.
        failed(sentence, details): show the sentence; details on demand.
    """

    state_changed = Signal(object, object)
    workspace_changed = Signal()
    models_changed = Signal()
    wholes_changed = Signal()
    model_ready = Signal(object)
    selection_changed = Signal(object)
    dirty_changed = Signal(bool)
    path_changed = Signal(object)
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        """Start with an empty workspace; call `new` or `open` next."""
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.cleanChanged.connect(self._refresh_dirty)
        self._workspace = Workspace()
        self._state = StreetState()
        self._path: Path | None = None
        self._unsaved_results = False
        self._was_dirty = False
        self._gestures = NO_GESTURE
        self._trained: tuple[Tree, TrainedModel] | None = None
        self._selection: Selection | None = None
        self.state_changed.connect(self._drop_stale_selection)

    # What is open ---------------------------------------------------------------------------

    @property
    def state(self) -> StreetState:
        """The state of the composition page."""
        return self._state

    @property
    def workspace(self) -> Workspace:
        """What is open, as it would be saved now."""
        return replace(self._workspace, street=self._state.to_tree())

    @property
    def path(self) -> Path | None:
        """The file of the workspace; None before it was saved."""
        return self._path

    @property
    def dirty(self) -> bool:
        """Whether there is anything that the file does not hold."""
        return self._unsaved_results or not self.undo_stack.isClean()

    @property
    def households(self) -> HouseholdSet:
        """The dataset in use.

        Raises:
            DataError: there is none.
        """
        try:
            return self._workspace.datasets[self._state.dataset]
        except KeyError:
            raise DataError("No household data is open; import meter readings first.") from None

    @property
    def has_households(self) -> bool:
        """Whether there is a dataset in use."""
        return self._state.dataset in self._workspace.datasets

    def model_tree(self) -> Tree | None:
        """Return the stored form of the chosen model, None if there is none."""
        return self._workspace.models.get(self._state.model)

    def trained_model(self) -> TrainedModel | None:
        """Return the chosen model once it has been loaded (see `model_ready`), else None."""
        if self._trained is None or self._trained[0] is not self.model_tree():
            return None
        return self._trained[1]

    def set_trained_model(self, tree: Tree, model: TrainedModel) -> None:
        """Keep the loaded form of a stored model; who loads models calls this (the service)."""
        self._trained = (tree, model)
        if self.trained_model() is not None:
            self.model_ready.emit(model)

    @property
    def wholes(self) -> Wholes:
        """What the pages of artificial wholes compose."""
        return self._workspace.wholes

    def put_wholes(self, wholes: Wholes) -> None:
        """Compose these; the pages' own commands call this, so that undo goes through it too."""
        if wholes != self._workspace.wholes:
            self._workspace = replace(self._workspace, wholes=wholes)
            self.wholes_changed.emit()

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

    def set_lam(self, lam: float, gesture: int = NO_GESTURE) -> None:
        """Set λ, per standard deviation of the criterion, and hold it."""
        self._change(f"λ = {lam:.2f}", gesture, lam=float(lam), goal="lam", target=0.0)

    def hold_goal(self, goal: str, target: float, share: float = 0.5) -> None:
        """Hold a KL, "1 in N", E f or quantile: λ follows it, whatever becomes of the street."""
        self._change(f"{goal} = {target:g}", goal=goal, target=float(target), share=float(share))

    def set_corrected(self, corrected: bool) -> None:
        """Choose whether the flow's curves are resampled by their importance weights."""
        text = "Correct the curves" if corrected else "Show the curves uncorrected"
        self._change(text, corrected=bool(corrected))

    def set_method(self, method: str) -> None:
        """Choose whose draws answer λ; "auto" for the best there are."""
        self._change(f"Method {method}", method=method)

    def follow_goal(self, lam: float) -> None:
        """Take the λ that the goal in force asks for on this street; no step of its own to undo."""
        if lam != self._state.lam and self._state.goal != "lam":
            self._put_state(self._state.with_changes(lam=float(lam)))

    def set_samples(self, samples: int) -> None:
        """Set how many weeks are drawn."""
        self._change(f"{samples} samples", samples=int(samples))

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
                raise DataError(f"There is no dataset {name!r} in this workspace; import it first.")
            fresh = starting_state(name, self._workspace.datasets[name], self._state.model)
            street: dict[str, Any] = {"composition": fresh.composition, "week": fresh.week}
            self._change(f"Dataset {name}", NO_GESTURE, dataset=name, **street)

    def new_gesture(self) -> int:
        """Return a fresh gesture for the drag that begins now."""
        self._gestures += 1
        return self._gestures

    # Verbs: datasets, models, runs ----------------------------------------------------------

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

    def change_document(
        self,
        text: str,
        do: Callable[[Document], Document],
        revert: Callable[[Document], Document],
    ) -> None:
        """Change data sets, models and page together; one step of undo (see `Contents`)."""
        self.undo_stack.push(ChangeDocument(self._document, self._put_document, do, revert, text))

    def add_model(self, name: str, tree: Tree) -> str:
        """Take a trained model into the workspace; return the name it got.

        Not a step of undo: hours of training are not lost to one Ctrl+Z.
        """
        name = free_name(name, self._workspace.models)
        self._workspace = replace(self._workspace, models={**self._workspace.models, name: tree})
        self._mark_results()
        self.models_changed.emit()
        return name

    def note_in_model(self, tree: Tree, key: str, text: str) -> None:
        """Keep a text in the provenance of a stored model, beside how it was trained.

        The tree stays the object it is: who has loaded it need not load it again.
        """
        provenance = tree.get("provenance")
        known = provenance if isinstance(provenance, dict) else {}
        tree["provenance"] = {**known, key: text}
        self._mark_results()

    def put_run(self, name: str, run: RunEntry) -> None:
        """Keep a training run under this name."""
        self._workspace = replace(self._workspace, runs={**self._workspace.runs, name: run})
        self._mark_results()
        self.workspace_changed.emit()

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
        self._change_tunings(free_name(name, self._workspace.tunings), kept.to_tree())

    def forget_tuning(self, name: str) -> None:
        """Take a tuning out of the history; one step of undo."""
        self._change_tunings(name, None)

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

    def _change_tunings(self, name: str, tree: Tree | None) -> None:
        before = self._workspace.tunings.get(name)

        def put(document: Document, entry: Tree | None) -> Document:
            tunings = {k: v for k, v in document.workspace.tunings.items() if k != name}
            if entry is not None:
                tunings[name] = entry
            return Document(replace(document.workspace, tunings=tunings), document.state)

        text = f"Forget {name}" if tree is None else f"Keep {name}"
        self.change_document(
            text, lambda document: put(document, tree), lambda document: put(document, before)
        )

    # Verbs: files ---------------------------------------------------------------------------

    def new(self) -> None:
        """Start afresh: shipped data, shipped model, a small composition."""
        with self._reporting():
            workspace = starting_workspace()
            self._become(workspace, restored_state(workspace), None)

    def open(self, path: Path) -> bool:
        """Open a workspace file; False (and `failed`) if it cannot be read."""
        try:
            self.restore(workspace_file.load(path), path)
        except DataError as error:
            self._report(error)
            return False
        return True

    def restore(self, workspace: Workspace, path: Path | None, *, dirty: bool = False) -> None:
        """Show this workspace, as read from `path` or recovered (then `dirty`)."""
        self._become(workspace, restored_state(workspace), path)
        if dirty:
            self._mark_results()

    def save(self, path: Path) -> bool:
        """Save to this file, which is the session's from now on; False if that failed."""
        try:
            workspace_file.save(path, self.workspace)
        except DataError as error:
            self._report(error)
            return False
        self._path = path
        self._unsaved_results = False
        self.undo_stack.setClean()
        self.path_changed.emit(path)
        self._refresh_dirty()
        return True

    # How it changes -------------------------------------------------------------------------

    def _compose(
        self, text: str, step: Callable[[Composition], Composition], gesture: int = NO_GESTURE
    ) -> None:
        with self._reporting():
            self._change(text, gesture, composition=step(self._state.composition))

    def _change(self, text: str, gesture: int = NO_GESTURE, **changes: Any) -> None:
        with self._reporting():
            new = self._state.with_changes(**changes)
            if new != self._state:
                self.undo_stack.push(ChangeStreet(self._put_state, self._state, new, text, gesture))

    def _put_state(self, new: StreetState) -> None:
        old, self._state = self._state, new
        self.state_changed.emit(new, old)
        if new.model != old.model:
            self.models_changed.emit()

    def _document(self) -> Document:
        return Document(self._workspace, self._state)

    def _put_document(self, document: Document) -> None:
        old, self._state = self._state, document.state
        self._workspace = document.workspace
        self._announce(old)

    def _become(self, workspace: Workspace, state: StreetState, path: Path | None) -> None:
        """Forget all that was open, then show this."""
        self.undo_stack.clear()
        self._unsaved_results = False
        self._workspace, self._path = workspace, path
        old, self._state = self._state, state
        self.select(None)
        self._announce(old)
        self.wholes_changed.emit()
        self.path_changed.emit(path)
        self._refresh_dirty()

    def _announce(self, old: StreetState) -> None:
        self.workspace_changed.emit()
        self.models_changed.emit()
        self.state_changed.emit(self._state, old)

    def _mark_results(self) -> None:
        self._unsaved_results = True
        self._refresh_dirty()

    def _refresh_dirty(self, _clean: bool = True) -> None:
        if self.dirty != self._was_dirty:
            self._was_dirty = self.dirty
            self.dirty_changed.emit(self.dirty)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Turn what went wrong with the user's wish into one sentence."""
        try:
            yield
        except DataError as error:
            self._report(error)

    def _report(self, error: DataError) -> None:
        self.failed.emit(str(error), repr(error.__cause__) if error.__cause__ else "")


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
