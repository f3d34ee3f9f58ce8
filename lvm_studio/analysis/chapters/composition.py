"""Chapter 9 made again: wholes from multi-sets of parts, artificial and real."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lvm_studio.analysis.chapters.base import Chapter, ChapterProgress, ChapterSpec
from lvm_studio.analysis.chapters.composition_households import (
    RANKS,
    bits,
    bits_section,
    card_section,
    ranks,
    ranks_section,
)
from lvm_studio.analysis.chapters.composition_little_data import little_data_section
from lvm_studio.analysis.chapters.composition_parts import anchors_section, sines_section
from lvm_studio.analysis.chapters.composition_street import (
    lesion_section,
    street_lesion,
    truth_section,
)
from lvm_studio.analysis.judging.truth import TruthSpec, truth_of_model
from lvm_studio.analysis.pages.page import Page, Section
from lvm_studio.analysis.report_card.drawing import draw_up
from lvm_studio.analysis.report_card.spec import CardSpec
from lvm_studio.analysis.report_card.trial import trial_of
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import retold
from lvm_studio.data.london import load_london
from lvm_studio.data.simulated import FULL_STREET, StreetSpec, simulate_street
from lvm_studio.models.parts_anchors import ColourAnchorsVAE
from lvm_studio.models.parts_sines import SineSumsVAE
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import recipe_named, with_overrides
from lvm_studio.training.reports import Finished, TrainReport
from lvm_studio.training.spec import TrainSpec

LESIONS: dict[str, tuple[str, ...]] = {
    "everything": (),
    "all but the temperature": ("temperature",),
    "neither temperature nor season": ("temperature", "season"),
}
STREET_LESIONS, LESION_BATCH = 3, 64
SHIPPED = ("sines", "anchors")
"""Recipes of artificial wholes whose models are shipped."""
INFERENCES = ("correlated", "recurrent", "accumulator")
LEAD = (
    "A composition is a multi-set of parts, and a model of it must answer to whatever is put "
    "together. Sums of sines and colour anchors have parts that are known; households have not, "
    "and are judged on weeks that were held out, beside rivals and beside what real households "
    "differ by; a simulated street has a law that is known exactly."
)


@dataclass(frozen=True)
class Setting:
    """Steps that each model is trained for, the size of the street, and how much is judged.

    Everything is counted in steps: a minute of a busy machine has few. A kind of artificial
    wholes without steps is shown by its shipped model.
    """

    households_steps: int
    lesion_steps: int
    street_steps: int
    street: StreetSpec
    card: CardSpec
    truth: TruthSpec
    lesion_street: StreetSpec
    """The street of Table 9.1, larger: how much data is no question there."""
    street_lesion_steps: int
    artificial_steps: Mapping[str, int] = field(default_factory=dict)
    """Steps by recipe: sines, anchors."""
    households: Mapping[str, Any] = field(default_factory=dict)
    """Other settings of every model of households."""


REDUCED = Setting(
    households_steps=1400,
    lesion_steps=250,
    street_steps=600,
    street=StreetSpec(300, 60),
    lesion_street=StreetSpec(1000, 250),
    street_lesion_steps=300,
    card=CardSpec(repeats=10, samples=60, splits=8, pairs=6),
    truth=TruthSpec(repeats=2, weeks=10, samples=60),
)
FULL = Setting(
    artificial_steps={"sines": 8000, "anchors": 8000},
    households_steps=1400,
    lesion_steps=1400,
    street_steps=5800,
    street=FULL_STREET,
    lesion_street=StreetSpec(2000, 250),
    street_lesion_steps=1200,
    card=CardSpec(),
    truth=TruthSpec(),
)


def chapter(spec: ChapterSpec, shipped: Mapping[str, TrainedModel]) -> Chapter:
    """Make the page, with the shipped models of artificial wholes by recipe; yields progress."""
    return (yield from make(spec, REDUCED if spec.reduced else FULL, load_london(), shipped))


def make(
    spec: ChapterSpec, setting: Setting, london: HouseholdSet, shipped: Mapping[str, TrainedModel]
) -> Chapter:
    """The page for these households in this setting."""
    making = _Making(spec, setting, london, shipped)
    sections = (
        (yield from making.sines()),
        (yield from making.anchors()),
        (yield from making.households()),
        (yield from making.lesions()),
        (yield from making.inferences()),
        (yield from making.street()),
        (yield from making.street_lesion()),
        little_data_section(),
    )
    return Page("Compositions (chapter 9)", LEAD, (*sections, making.cuts()))


Piece = Generator[ChapterProgress, None, Section]


class _Making:
    def __init__(
        self,
        spec: ChapterSpec,
        setting: Setting,
        london: HouseholdSet,
        shipped: Mapping[str, TrainedModel],
    ) -> None:
        self._spec, self._setting, self._london = spec, setting, london
        self._shipped = shipped
        self._done = 0
        compared = len(LESIONS) + len(INFERENCES)
        of_streets = 1 + STREET_LESIONS
        self._total = 1 + of_streets + len(setting.artificial_steps) + spec.seeds * compared

    def sines(self) -> Piece:
        spec = _recipe("sines", 1, seed=self._spec.seed)
        model, whose = yield from self._artificial("sines")
        assert isinstance(model.module, SineSumsVAE)
        return sines_section(model.module, spec, self._spec.seed, whose)

    def anchors(self) -> Piece:
        spec = _recipe("anchors", 1, seed=self._spec.seed)
        model, whose = yield from self._artificial("anchors")
        assert isinstance(model.module, ColourAnchorsVAE)
        return anchors_section(model.module, spec, self._spec.seed, whose)

    def _artificial(
        self, recipe: str
    ) -> Generator[ChapterProgress, None, tuple[TrainedModel, str]]:
        """A model of artificial wholes, and whose it is in words."""
        steps = self._setting.artificial_steps.get(recipe)
        if steps is None:
            model = self._shipped[recipe]
            return model, (
                f"This is the shipped model, not one trained for this page: seed "
                f"{model.provenance['seed']}, {model.provenance['steps']:,} steps in "
                f"{float(model.provenance['seconds']) / 60:.0f} minutes of "
                f"{model.provenance['hardware']}."
            )
        spec = _recipe(recipe, steps, seed=self._spec.seed)
        model = yield from self._trained(spec, None, recipe)
        return model, f"Trained for this page in {steps:,} steps."

    def households(self) -> Piece:
        spec = self._of_households(self._setting.households_steps, seed=self._spec.seed)
        model = yield from self._trained(spec, self._london, "households")
        steps = draw_up(trial_of(model, self._london), self._setting.card)
        card = yield from retold(
            steps, lambda report: self._progress(f"judging the households: {report.stage}")
        )
        return card_section(card)

    def lesions(self) -> Piece:
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in LESIONS}
        for seed in self._spec.all_seeds:
            for name, withheld in LESIONS.items():
                settings = {"withheld": withheld, "prior_path_weight": 0.0, "seed": seed}
                spec = self._of_households(self._setting.lesion_steps, **settings)
                model = yield from self._trained(spec, self._london, f"told {name}, seed {seed}")
                bound = float(model.provenance["heldout_elbo"])
                found[name].append((*bits(model, self._london, seed), bound))
        return bits_section(found)

    def inferences(self) -> Piece:
        found: dict[str, list[Any]] = {name: [] for name in INFERENCES}
        for seed in self._spec.all_seeds:
            for name in INFERENCES:
                settings = {"model.inference": name, "seed": seed, "k_min": RANKS, "k_max": RANKS}
                spec = self._of_households(self._setting.lesion_steps, **settings)
                what = f"{name} inference, seed {seed}"
                model = yield from self._trained(spec, self._london, what)
                found[name].append(ranks(HouseholdProblem(spec, self._london), model, seed))
        return ranks_section({name: np.array(by_seed) for name, by_seed in found.items()})

    def street(self) -> Piece:
        yield self._progress("simulating a street")
        street = simulate_street(self._setting.street)
        spec = _recipe("street", self._setting.street_steps, seed=self._spec.seed)
        model = yield from self._trained(spec, street, "the simulated street")
        steps = truth_of_model(model, street, self._setting.truth)
        judged = "judging the simulated street: {} of {} sums"
        report = yield from retold(steps, lambda counts: self._progress(judged.format(*counts)))
        return truth_section(report, street.name)

    def street_lesion(self) -> Piece:
        yield self._progress("simulating a larger street")
        street = simulate_street(self._setting.lesion_street)
        steps = self._setting.street_lesion_steps
        training = street_lesion(street, steps, LESION_BATCH, self._spec.seed)
        told = "training: a simulated street, told {}"
        found = yield from retold(training, lambda what: self._progress(told.format(what)))
        self._done += STREET_LESIONS
        return lesion_section(found, street.name)

    def cuts(self) -> Section:
        """What this setting leaves out."""
        setting = self._setting
        words = (
            f"Steps of training: {setting.households_steps:,} for households, "
            f"{setting.lesion_steps:,} for each model of the two comparisons, "
            f"{setting.street_steps:,} for a simulated street of {setting.street.households} "
            f"households and {setting.street.weeks} weeks. One split of the weeks and one seed "
            "but in the two comparisons.",
        )
        return Section("Setting", words)

    def _trained(
        self, spec: TrainSpec, households: HouseholdSet | None, what: str
    ) -> Generator[ChapterProgress, None, TrainedModel]:
        yield self._progress(f"training: {what}")
        for report in train(spec, households):
            if isinstance(report, TrainReport) and report.split == "heldout":
                yield self._progress(f"training: {what}, step {report.step}")
            elif isinstance(report, Finished):
                self._done += 1
                return TrainedModel.from_tree(report.tree)
        raise AssertionError("a training ends with a model")

    def _of_households(self, steps: int, **settings: Any) -> TrainSpec:
        return _recipe("households", steps, **self._setting.households, **settings)

    def _progress(self, sentence: str) -> ChapterProgress:
        return ChapterProgress(self._done, self._total, sentence)


def _recipe(name: str, steps: int, **settings: Any) -> TrainSpec:
    counted = {"minutes": None, "steps": steps, "checkpoint_seconds": 1e9}
    return with_overrides(recipe_named(name), {**counted, **settings}).spec
