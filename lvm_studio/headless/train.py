"""Training a model by a recipe, in this process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lvm_studio.data.errors import DataError
from lvm_studio.data.jobs import Wish
from lvm_studio.headless.interrupts import asking_to_stop
from lvm_studio.headless.places import check_workspace
from lvm_studio.headless.workspaces import chosen_households, joined, page_of
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.naming import free_name
from lvm_studio.training.job import TrainingJob
from lvm_studio.training.recipes import recipe_named, with_overrides
from lvm_studio.training.reports import (
    DeviceReport,
    Finished,
    Refining,
    Report,
    TrainingDiverged,
    TrainReport,
)

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.tree import Tree
    from lvm_studio.headless.progress import Progress
    from lvm_studio.storage.workspace import Workspace
    from lvm_studio.training.spec import TrainSpec


@dataclass(frozen=True)
class Wishes:
    """What the command line says of a run; None leaves the recipe's own value."""

    recipe: str
    steps: int | None
    minutes: float | None
    seed: int | None
    device: str
    overrides: tuple[str, ...]

    def spec(self) -> TrainSpec:
        """The recipe's spec with these wishes.

        Raises:
            DataError: an unknown recipe or setting, or a value that does not fit.
        """
        named = {"steps": self.steps, "minutes": self.minutes, "seed": self.seed}
        wishes = {key: value for key, value in named.items() if value is not None}
        changes = {"device": self.device, **wishes, **settings(self.overrides)}
        return with_overrides(recipe_named(self.recipe), changes).spec


def settings(pairs: tuple[str, ...] | list[str]) -> dict[str, str]:
    """Read ``key=value`` pairs.

    >>> settings(["batch=128", "model.latent_w=8"])
    {'batch': '128', 'model.latent_w': '8'}
    """
    read = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (equals and key.strip()):
            raise DataError(f"'{pair}' is not a setting; write it as KEY=VALUE.")
        read[key.strip()] = value.strip()
    return read


def run(wishes: Wishes, out: Path, source: Path | None, progress: Progress) -> dict[str, Any]:
    """Train, write data and model to `out`, and return the figures of the run.

    Data come from `source`, else from `out` if it is there already, else from what is shipped.
    Whatever `out` holds stays in it.
    """
    spec = wishes.spec()
    check_workspace(out)
    if source is None and out.exists():
        source = out
    workspace = workspace_file.load(source) if source else shipped_data()
    households = None
    if spec.needs_households:
        file = source.name if source else "the shipped data"
        households = chosen_households(workspace, file)
        progress.done(f"learning from {file}: {households.name}")
    finished = _train(TrainingJob(spec, households), progress)
    if out.exists():  # as it is now: the studio may have saved to it meanwhile
        workspace = _with_what_was_learned_from(workspace_file.load(out), households)
    name = _keep_model(finished.tree, workspace, out, chosen=spec.composes)
    return {
        "model": name,
        "recipe": wishes.recipe,
        "seed": spec.seed,
        "steps": finished.step,
        **finished.figures,
        "out": str(out),
    }


def _keep_model(model: Tree, workspace: Workspace, out: Path, *, chosen: bool) -> str:
    """Write the workspace with one more model, for its page if `chosen`; its name there."""
    name = free_name(str(model["name"]), workspace.models)
    state = page_of(workspace)
    if chosen:
        state = state.with_changes(model=name)
    models = {**workspace.models, name: model}
    workspace_file.save(out, replace(workspace, models=models, street=state.to_tree()))
    return name


def _with_what_was_learned_from(there: Workspace, households: HouseholdSet | None) -> Workspace:
    """The workspace that is there, with the households unless it has these already."""
    if households is None:
        return there
    known = (
        np.array_equal(held.power_w, households.power_w, equal_nan=True)
        for held in there.datasets.values()
    )
    return there if any(known) else joined(there, households)


def shipped_data() -> Workspace:
    """A workspace with the shipped data set and no model."""
    from lvm_studio.data.london import load_london
    from lvm_studio.storage.start import starting_state
    from lvm_studio.storage.workspace import Workspace

    london = load_london()
    state = starting_state(london.name, london, model="")
    return Workspace(datasets={london.name: london}, street=state.to_tree())


def _train(job: TrainingJob, progress: Progress) -> Finished:
    """Run the job to its end, or to Ctrl+C: then the model is what was learned until there."""
    steps, unit = job.run(), " kW" if job.spec.needs_households else ""
    try:
        report = next(steps)
        while not isinstance(report, TrainReport):  # nothing is learned yet that could be kept
            _tell(report, progress, unit)
            report = next(steps)
        with asking_to_stop() as asked:
            while not isinstance(report, Finished):
                _tell(report, progress, unit)
                report = steps.send(Wish.STOP if asked.is_set() else None)
    except TrainingDiverged as error:
        raise DataError(str(error)) from error
    return report


def _tell(report: Report, progress: Progress, unit: str) -> None:
    """Say now and then how far the run is; `unit` is that of σ."""
    if isinstance(report, DeviceReport):
        progress.done(f"training on {report.detail}, {report.parameters:,} parameters")
    elif isinstance(report, TrainReport) and report.split == "train":
        progress.say(_line(report, unit))
    elif isinstance(report, Refining):
        progress.say(f"fitting the prior over z to the posteriors, {100 * report.share:.0f} %")


def _line(report: TrainReport, unit: str) -> str:
    return (
        f"step {report.step} of at most {report.steps}, {report.seconds:.0f} s: "
        f"ELBO {report.elbo:.1f} nats, KL of w {report.kl_w:.1f}, KL of z {report.kl_z:.1f}, "
        f"σ {report.sigma:.3f}{unit}"
    )
