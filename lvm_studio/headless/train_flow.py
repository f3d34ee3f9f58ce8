"""Fitting the flow that serves all compositions and weeks of one model."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lvm_studio.data.errors import DataError
from lvm_studio.headless.workspaces import chosen_households, chosen_model
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.hdf5 import write_tree
from lvm_studio.tuning.specs import CompositionFlowSpec

if TYPE_CHECKING:
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.headless.progress import Progress
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.tuning.flows.composition_flow import CompositionFlow

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
    """Fit, write the flow to `out`, and say how good it is on streets it never saw."""
    from lvm_studio.storage.start import starting_workspace

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


def _fitted(
    spec: CompositionFlowSpec, model: TrainedModel, households: HouseholdSet, progress: Progress
) -> CompositionFlow:
    from lvm_studio.tuning.flows.composition_flow import StreetLearned, fit_composition_flow

    reports = fit_composition_flow(spec, model, households)
    while True:
        try:
            report = next(reports)
        except StopIteration as end:
            fitted: CompositionFlow = end.value
            return fitted
        if isinstance(report, StreetLearned):
            progress.say(f"getting to know street {report.streets} of {report.total}")
        else:
            progress.say(f"fitting: {report.progress:.0%}, {report.seconds:.0f} s")


def _judged(
    flow: CompositionFlow, model: TrainedModel, households: HouseholdSet, streets: int
) -> dict[str, Any]:
    from lvm_studio.tuning.flows.composition_bank import random_streets
    from lvm_studio.tuning.flows.composition_verdict import judge_on

    if streets < 0:
        raise DataError(f"The flow cannot be judged on {streets} streets; give 0 or more.")
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
                "gap_of_its_own_gaussians": verdict.own_gap,
                "gap_of_gaussians_settled_by_its_slope": verdict.settled_gap,
            }
            for verdict in judge_on(flow, fresh, JUDGED_KL, seed=_JUDGED_SEED)
        ]
    }
