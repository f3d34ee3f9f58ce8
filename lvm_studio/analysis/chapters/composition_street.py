"""The simulated street on the page of chapter 9: beside its exact law, and Table 9.1 on it."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass

from lvm_studio.analysis.judging.truth import TruthReport
from lvm_studio.analysis.pages.page import PageTable, Section
from lvm_studio.data.households import HouseholdSet
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.held_noise import HeldNoise
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.loop import train_on
from lvm_studio.training.recipes import recipe_named, with_overrides
from lvm_studio.training.reports import Finished, TrainReport
from lvm_studio.training.spec import TrainSpec

IN_THE_THESIS: Mapping[str, object] = {
    "k_min": 50,
    "k_max": 150,
    "prior_path_weight": 0.0,
    "model.noise.varying": False,
    "minutes": None,
    "checkpoint_seconds": 1e9,
}
"""Sums of 50 to 150 households; noise that two models can share; nothing but the bound."""
NOTHING = ("temperature", "season", "calendar")
TEMPERATURE_ALONE = ("season", "calendar")
UNTOLD, TOLD, TOLD_AT_NOISE = (
    "nothing of the week",
    "the temperature",
    "the temperature, at the noise of the first",
)


@dataclass(frozen=True)
class CodedWeeks:
    """Mean bits of held-out sums in {w_i} and in z, and the two parts of their bound in nats."""

    w: float
    z: float
    reconstruction: float
    bound: float

    @classmethod
    def of(cls, model: TrainedModel) -> CodedWeeks:
        """As the model's training left them: the latent part of its loss."""
        w, z, reconstruction, bound = (
            float(model.provenance[f"heldout_{name}"])
            for name in ("kl_w", "kl_z", "reconstruction", "elbo")
        )
        return cls(w / math.log(2.0), z / math.log(2.0), reconstruction, bound)

    @property
    def together(self) -> float:
        """Bits in both."""
        return self.w + self.z


def street_lesion(
    street: HouseholdSet, steps: int, batch: int, seed: int
) -> Generator[str, None, dict[str, CodedWeeks]]:
    """Table 9.1 on a simulated street, told as in the thesis: its weeks' temperature, no calendar.

    Three models are trained: told nothing; told the temperature; and told it with the noise of
    the first held still, so that both reconstruct equally well. Yields what is being trained, in
    words.
    """

    def spec(withheld: tuple[str, ...]) -> TrainSpec:
        settings = {"steps": steps, "batch": batch, "seed": seed, "withheld": withheld}
        return with_overrides(recipe_named("street"), {**IN_THE_THESIS, **settings}).spec

    untold = yield from _trained(HouseholdProblem(spec(NOTHING), street), UNTOLD)
    alone = HouseholdProblem(spec(TEMPERATURE_ALONE), street)
    held = HeldNoise(spec(TEMPERATURE_ALONE), street, untold)
    return {
        UNTOLD: CodedWeeks.of(untold),
        TOLD: CodedWeeks.of((yield from _trained(alone, TOLD))),
        TOLD_AT_NOISE: CodedWeeks.of((yield from _trained(held, TOLD_AT_NOISE))),
    }


def _trained(problem: HouseholdProblem, what: str) -> Generator[str, None, TrainedModel]:
    for report in train_on(problem):
        if isinstance(report, Finished):
            return TrainedModel.from_tree(report.tree)
        if isinstance(report, TrainReport) and report.split == "heldout":
            yield f"{what}, step {report.step}"
    raise AssertionError("a training ends with a model")


def lesion_section(found: Mapping[str, CodedWeeks], street: str) -> Section:
    """The lesion study as a table."""
    whole = found[UNTOLD].together
    rows = tuple(
        (
            told,
            f"{coded.w:.2f}",
            f"{coded.z:.2f}",
            f"{coded.together:.2f}",
            f"{coded.together / whole:.2f}",
            f"{coded.reconstruction:.1f}",
            f"{coded.bound:.1f}",
        )
        for told, coded in found.items()
    )
    table = PageTable(
        "Bits of a held-out week of 50 to 150 simulated households (Table 9.1)",
        (
            "model is told",
            "in {w_i}",
            "in z",
            "together",
            "÷ told nothing",
            "reconstruction, nats",
            "held-out bound, nats",
        ),
        rows,
        "The latent part of the loss, one seed. The thesis measured 12 + 25 = 37 bits without and "
        "8 + 18 = 26 with temperature on other data (0.70).",
    )
    words = (
        f"{street}: simulated. As in the thesis a model is told of a week its temperature and no "
        "calendar, or nothing.",
        "A bit more in the latent variables buys a little less noise at next to no change of the "
        "bound, so that two models can be compared in bits where they have the same noise; what "
        "each takes with a noise of its own is told beside it.",
    )
    return Section("A simulated street, told the temperature or nothing", words, tables=(table,))


def truth_section(report: TruthReport, name: str) -> Section:
    """A model of a simulated street beside its exact law."""
    rows = tuple(
        (
            one,
            str(report.mean(report.energy, one)),
            str(report.ratio(one)),
            str(report.same_over_independent(one)),
            str(report.same_against_truth(one)),
            str(report.mean(report.spread, one)),
        )
        for one in report.predictors
    )
    table = PageTable(
        "Beside the exact law",
        (
            "predictor",
            "energy score, kW/household",
            "÷ the law's",
            "same labels ÷ independent",
            "÷ the law's",
            "spread ÷ the law's",
        ),
        rows,
        f"{len(report.weeks)} held-out weeks, {report.energy.shape[2]} sums each of "
        f"{report.spec.k_range[0]} to {report.spec.k_range[1]} households; ± by week.",
    )
    return Section(
        "A simulated street, whose law is known",
        (f"{name}. No household was measured: readings are simulated, and so is this section.",),
        tables=(table,),
    )
