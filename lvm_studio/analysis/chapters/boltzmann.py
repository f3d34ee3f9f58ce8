"""Chapter 10 made again: Boltzmann tuning of digits and of curves, and where it ends."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from lvm_studio.analysis.boltzmann.adversarial import Refinement, refinement
from lvm_studio.analysis.boltzmann.bands import BandSpec, real_one_in_n
from lvm_studio.analysis.boltzmann.costs import CostSetting, MethodCost, costs
from lvm_studio.analysis.boltzmann.digits import (
    ClassCase,
    DigitsSetting,
    class_case,
    digits_of,
)
from lvm_studio.analysis.boltzmann.extremes import (
    extremes,
    street_of,
    ten_households,
)
from lvm_studio.analysis.boltzmann.honest import HonestSpec, honest_extremes, real_curves
from lvm_studio.analysis.chapters.base import Chapter, ChapterProgress, ChapterSpec
from lvm_studio.analysis.chapters.boltzmann_curves import (
    costs_section,
    extremes_section,
    one_in_n_section,
)
from lvm_studio.analysis.chapters.boltzmann_digits import adversarial_section, class_section
from lvm_studio.analysis.chapters.boltzmann_honest import honest_section
from lvm_studio.analysis.pages.page import Page, Section
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import retold
from lvm_studio.data.london import load_london
from lvm_studio.data.vectors.digits import load_digits
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.models.street import BaseSpace
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.recipes import recipe_named
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.extremes import OneInN
from lvm_studio.tuning.specs import SmcSpec

TEN = 10
HUNDRED = 100
LEAD = (
    "A generative model is tuned after the fact by p e^{λf}: towards a class, towards extremes, "
    "towards what a discriminator takes for real. Only its latents are tuned; everything that is "
    "told of the tuned law is told with how right it is, by a reference that did without the flow."
)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Setting:
    """Sizes of the three cases."""

    digits: DigitsSetting
    vae_steps: int
    prior_steps: int
    smc: SmcSpec
    street_smc: SmcSpec
    pool: int
    cost: CostSetting
    bands: BandSpec
    honest: HonestSpec = field(default_factory=HonestSpec)
    costed: tuple[str, ...] = field(default_factory=lambda: tuple(CRITERIA))


REDUCED = Setting(
    digits=DigitsSetting(),
    vae_steps=2000,
    prior_steps=600,
    smc=SmcSpec(),
    # One Gaussian: a full covariance in 60 dimensions wants many particles.
    street_smc=SmcSpec(components=1),
    pool=4096,
    cost=CostSetting(flow_steps=500, update_steps=200),
    bands=BandSpec(),
    honest=HonestSpec(sums=50_000),
    costed=("peak",),
)
FULL = Setting(
    digits=DigitsSetting(
        vae_steps=4000,
        vae_hidden=512,
        judge_steps=3000,
        pool=16_384,
        particles=8192,
        flow_steps=6000,
        logit_flow_steps=3000,
        gradients=10_000,
        judged=10_000,
    ),
    vae_steps=2000,
    prior_steps=600,
    smc=SmcSpec(particles=16_384),
    street_smc=SmcSpec(particles=16_384, components=1),
    pool=16_384,
    cost=CostSetting(base_draws=1_000_000, flow_steps=4000),
    bands=BandSpec(sums=50_000, resamples=200),
)


def chapter(spec: ChapterSpec, shipped: TrainedModel) -> Chapter:
    """Make the page; yields progress. `shipped` is a CompVAE of the London households."""
    setting = REDUCED if spec.reduced else FULL
    return (yield from make(spec, setting, load_digits(), load_london(), shipped))


def make(
    spec: ChapterSpec,
    setting: Setting,
    digits: VectorSet,
    london: HouseholdSet,
    shipped: TrainedModel,
) -> Chapter:
    """The page for these data in this setting."""
    making = _Making(spec, setting, london)
    case1, case3 = yield from making.digits(digits)
    case2 = yield from making.curves(shipped)
    return Page(
        "Boltzmann tuning of generative models (chapter 10)",
        LEAD,
        (case1, *case2, case3, making.cuts()),
    )


class _Making:
    def __init__(self, spec: ChapterSpec, setting: Setting, london: HouseholdSet) -> None:
        self._spec, self._setting, self._london = spec, setting, london
        self._done = 0
        self._total = 4 * spec.seeds + 4 + len(setting.costed) + len(CRITERIA)

    def digits(
        self, vectors: VectorSet
    ) -> Generator[ChapterProgress, None, tuple[Section, Section]]:
        """Cases 1 and 3 share their VAE."""
        setting = self._setting.digits
        cases: list[ClassCase] = []
        accuracies: list[float] = []
        plain: list[Refinement] = []
        matched: list[Refinement] = []
        for seed in self._spec.all_seeds:
            what = f"digits, seed {seed}"
            made = yield from self._piece(what, digits_of(vectors, setting, seed))
            accuracies.append(made.classifier.accuracy)
            first = not cases
            steps = class_case(made, vectors, setting, seed, histograms=first)
            cases.append((yield from self._piece(what, steps)))
            for runs, noise_matched in ((plain, False), (matched, True)):
                refined = refinement(made, vectors, setting, seed, noise_matched)
                runs.append((yield from self._piece(what, refined)))
        return class_section(cases, accuracies), adversarial_section(plain, matched)

    def curves(
        self, shipped: TrainedModel
    ) -> Generator[ChapterProgress, None, tuple[Section, ...]]:
        """Case 2, with what it costs and how sure it is."""
        setting, seeds, london = self._setting, self._spec.all_seeds, self._london
        training = ten_households(london, setting.vae_steps, setting.prior_steps, seeds[0])
        ten = yield from self._piece("ten households", training)
        runs = extremes(ten, seeds, setting.smc, setting.pool, "ten households")
        small = yield from self._piece("case 2", runs)
        street = street_of(shipped, london, HUNDRED)
        runs = extremes(street, seeds, setting.street_smc, setting.pool, "a hundred households")
        large = yield from self._piece("case 2", runs)
        draw = HouseholdProblem(recipe_named("vae").spec, london).draw
        rng = np.random.default_rng(seeds[0])
        compared = honest_extremes(ten.module, draw, london, setting.honest)
        honest = yield from self._piece("honest extremes", compared)
        paid = yield from self._costs(ten)
        bands = yield from self._bands()
        weeks = f"measured in {london.name}"
        return (
            extremes_section(
                "Case 2: extreme curves of ten households",
                "extremes-ten",
                f"A VAE of sums of {TEN} households {weeks}, with its prior refitted.",
                small,
                rng.permutation(real_curves(london, london.split.train_weeks, TEN, 50, rng)),
            ),
            extremes_section(
                "Case 2: extreme curves of a street of a hundred",
                "extremes-hundred",
                f"The shipped model, composed of {HUNDRED} households in the coldest held-out week "
                "(those that are not suspect, the first of them twice to fill the hundred); the "
                "thesis did not bring tuning and composition together.",
                large,
                None,
            ),
            honest_section(honest, TEN, setting.honest.sums),
            costs_section(paid),
            one_in_n_section(bands, TEN),
        )

    def _bands(self) -> Generator[ChapterProgress, None, dict[str, OneInN]]:
        found = {}
        for name, criterion in CRITERIA.items():
            yield self._progress(f"drawing households and weeks again: {criterion.title}")
            found[name] = real_one_in_n(self._london, TEN, criterion, 1000.0, self._setting.bands)
            self._done += 1
        return found

    def _costs(
        self, space: BaseSpace
    ) -> Generator[ChapterProgress, None, dict[str, tuple[MethodCost, ...]]]:
        found = {}
        for name in self._setting.costed:
            steps = costs(space, name, self._setting.cost, self._spec.seed)
            found[name] = yield from self._piece("costs", steps)
        return found

    def cuts(self) -> Section:
        """What this setting leaves out."""
        setting, digits = self._setting, self._setting.digits
        words = (
            f"{digits.vae_steps} steps for the VAE of digits, {digits.judge_steps} for a "
            f"classifier or discriminator, {digits.flow_steps} for a flow "
            f"({digits.logit_flow_steps} towards a discriminator); {setting.vae_steps:,} steps "
            f"for the VAE of ten households and {setting.prior_steps} steps for its prior; "
            f"{setting.cost.flow_steps} steps for the flow whose cost is told, "
            f"{setting.cost.update_steps} for each of those for one λ. Of the criteria "
            f"the costs are told for {', '.join(setting.costed)}. Digits: 5,000 of MNIST, a tenth "
            "held out. Digits, classifiers, discriminators and flows are made anew for each seed; "
            "case 2 has one VAE, and one run of the reference a seed (at least three).",
        )
        return Section("Setting", words)

    def _piece(
        self, what: str, steps: Generator[str, None, Result]
    ) -> Generator[ChapterProgress, None, Result]:
        """Run a piece of work to its end."""
        result = yield from retold(steps, lambda said: self._progress(f"{what}: {said}"))
        self._done += 1
        return result

    def _progress(self, sentence: str) -> ChapterProgress:
        return ChapterProgress(self._done, self._total, sentence)
