"""Fitting the flow that serves all compositions and weeks of one model."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lvm_studio.data.errors import DataError
from lvm_studio.data.jobs import result_of
from lvm_studio.headless.places import check_place
from lvm_studio.headless.workspaces import chosen_households, chosen_model
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.hdf5 import read_tree, write_tree
from lvm_studio.tuning.specs import CompositionFlowSpec

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.data.tree import Tree
    from lvm_studio.headless.progress import Progress
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.tuning.flows.composition_flow import CompositionFlow
    from lvm_studio.tuning.flows.fit import FlowStep

JUDGED_KL = (3.0, 6.91)
_JUDGED_SEED = 424_243


@dataclass(frozen=True)
class Wishes:
    """What the command line says of the fit; workspace None: the shipped data and model."""

    workspace: Path | None
    criterion: str
    streets: int
    seconds: float
    judged: int
    seed: int

    def spec(self) -> CompositionFlowSpec:
        """The spec with these wishes."""
        plain = CompositionFlowSpec()
        return plain.model_copy(
            update={
                "criterion": self.criterion,
                "streets": self.streets,
                "seed": self.seed,
                "flow": plain.flow.model_copy(update={"seconds": self.seconds}),
            }
        )


def run(wishes: Wishes, out: Path, progress: Progress) -> dict[str, Any]:
    """Fit, write the flow to `out`, and say how good it is on streets it never saw.

    Raises:
        DataError: `out` cannot be a flow's file, or there is no data or model to learn from.
    """
    from lvm_studio.storage.start import starting_workspace

    _may_be_written(out)  # told before minutes of work

    workspace = workspace_file.load(wishes.workspace) if wishes.workspace else starting_workspace()
    file = wishes.workspace.name if wishes.workspace else "the shipped data"
    model, households = chosen_model(workspace, file), chosen_households(workspace, file)
    flow = _fitted(wishes.spec(), model, households, progress)
    write_tree(out, flow.to_tree())
    return {
        "model": model.name,
        "fingerprint": flow.model,
        "criterion": wishes.criterion,
        "streets": wishes.streets,
        "seconds": wishes.seconds,
        "bytes": out.stat().st_size,
        **_judged(flow, model, households, wishes.judged),
        "out": str(out),
    }


def _may_be_written(out: Path) -> None:
    """Refuse a place that cannot be written, and a file that is something else than a flow."""
    check_place(out)
    if out.exists() and "flow" not in _held(out):
        raise DataError(f"{out.name} is there and holds no flow; choose another --out.")


def _held(file: Path) -> Tree:
    try:
        return read_tree(file)
    except StorageError:
        return {}


def _fitted(
    spec: CompositionFlowSpec, model: TrainedModel, households: HouseholdSet, progress: Progress
) -> CompositionFlow:
    from lvm_studio.tuning.flows.composition_flow import StreetLearned, fit_composition_flow

    def tell(report: StreetLearned | FlowStep) -> None:
        if isinstance(report, StreetLearned):
            progress.say(f"getting to know street {report.streets} of {report.total}")
        else:
            progress.say(f"fitting: {100 * report.progress:.0f} %, {report.seconds:.0f} s")

    return result_of(fit_composition_flow(spec, model, households), tell)


def _judged(
    flow: CompositionFlow, model: TrainedModel, households: HouseholdSet, streets: int
) -> dict[str, Any]:
    from lvm_studio.tuning.flows.composition_bank import random_streets
    from lvm_studio.tuning.flows.composition_verdict import judge_on

    fresh = list(islice(random_streets(model, households, seed=_JUDGED_SEED), streets))
    return {
        "judged": [
            {
                "k": verdict.k,
                "kl": verdict.kl,
                "gap": verdict.gap,
                "ess_share": verdict.ess_share,
                "log_z": verdict.log_z,
                "reference_log_z": verdict.reference_log_z,
                "proposals": verdict.proposals,
                "kept_gap": verdict.kept_gap,
                "gap_of_its_own_gaussians": verdict.own_gap,
                "gap_of_gaussians_settled_by_its_slope": verdict.settled_gap,
            }
            for verdict in judge_on(flow, fresh, JUDGED_KL, seed=_JUDGED_SEED)
        ]
    }
