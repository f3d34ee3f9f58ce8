"""Drawing up a report card: draw sums, generate, judge, with progress all the way."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.judging.fidelity import fit_rivals, judging
from lvm_studio.analysis.judging.records import Case, Ints, Predictor, draw_cases
from lvm_studio.analysis.judging.report import METRICS, FidelityReport
from lvm_studio.analysis.latent.space import encode
from lvm_studio.analysis.report_card import findings as found
from lvm_studio.analysis.report_card.card import (
    Finding,
    ReportCard,
    Score,
    ScoreRow,
    ScoreTable,
)
from lvm_studio.analysis.report_card.comparison import Comparison
from lvm_studio.analysis.report_card.features import Features, features
from lvm_studio.analysis.report_card.figures import figures_of
from lvm_studio.analysis.report_card.generating import generate
from lvm_studio.analysis.report_card.others import OTHERS, OtherHouseholds
from lvm_studio.analysis.report_card.pairs import Pairs, draw_ladder, draw_pairs
from lvm_studio.analysis.report_card.privacy import (
    MOST_ALONE,
    nearest_households,
    nearest_sums,
)
from lvm_studio.analysis.report_card.spec import CardProgress, CardSpec
from lvm_studio.analysis.report_card.trial import Trial
from lvm_studio.analysis.report_card.weekly import draw_two_weeks, weekly_likeness
from lvm_studio.data.jobs import retold
from lvm_studio.models.specs import CompVAESpec

Array = NDArray[np.float64]
Done = TypeVar("Done")
Steps = Generator[CardProgress, None, Done]

SMALL = (8, 14)
LADDER = (1, 2, 3, 5, 8, 13, 20, 30, 40, 60, 100)
LADDER_EACH = 3
NEAREST, ENCODED = 200, 200
JUDGED_COST, GENERATED_COST, RIVALS_COST = 20.0, 1.0, 1200.0
"""How long a judged case and the fit of the rivals take, against one generated curve."""


@dataclass(frozen=True)
class Protocol:
    """One table of scores: who is judged, in sums of how many, how often a week."""

    key: str
    title: str
    households: Ints
    k_range: tuple[int, int]
    repeats: int


def draw_up(trial: Trial, spec: CardSpec) -> Steps[ReportCard]:
    """The report card of a predictor; yields progress, and can be left at any report.

    Raises:
        DataError: too few households or weeks to judge by.
    """
    yield CardProgress("drawing sums", 0.0, 1.0, 0.0)
    drawing = _Drawing(trial, spec)
    return (yield from drawing.card())


class _Drawing:
    """Draws one card; holds nothing but the trial, the spec and how far it is."""

    def __init__(self, trial: Trial, spec: CardSpec) -> None:
        self._trial, self._spec = trial, spec
        self._begun = time.monotonic()
        self._done = 0.0
        heldout = trial.heldout_weeks
        who = (trial.records, trial.households, heldout)
        ranges = [(spec.k_low, max(spec.k_low, spec.k_high))] * spec.pairs
        self._pairs = draw_pairs(*who, splits=spec.splits, k_ranges=ranges, seed=spec.seed)
        self._ladder = draw_ladder(
            *who, LADDER, splits=spec.splits, each=LADDER_EACH, seed=spec.seed + 1
        )
        self._two_weeks = draw_two_weeks(trial, ranges[0], splits=spec.splits, seed=spec.seed + 3)
        self._protocols = _protocols(trial, spec)
        singles = min(len(trial.households) * len(heldout), MOST_ALONE)
        twice = 2 * len(self._two_weeks.pairs) if self._two_weeks else 0
        generated = len(self._pairs) + len(self._ladder) + singles + twice
        judged = sum(protocol.repeats * len(heldout) for protocol in self._protocols)
        self._total = RIVALS_COST + GENERATED_COST * generated + JUDGED_COST * judged

    def card(self) -> Steps[ReportCard]:
        trial, spec, pairs = self._trial, self._spec, self._pairs
        drawn = yield from self._generated("generating weeks", pairs, spec.seed)
        rungs = yield from self._generated("coincidence", self._ladder, spec.seed + 1)
        alone = yield from self._counted(
            "privacy", GENERATED_COST, nearest_households(trial, spec.seed + 2)
        )
        steps = weekly_likeness(trial, self._two_weeks, spec.seed + 3)
        weekly = yield from self._counted("weeks one after the other", GENERATED_COST, steps)
        sums = nearest_sums(trial, pairs, drawn, NEAREST)
        reports = yield from self._scored()
        compared, ladder = self._compared(pairs, drawn), self._compared(self._ladder, rungs)
        return ReportCard(
            model=trial.name,
            dataset=trial.dataset,
            attribution=trial.attribution,
            weeks=trial.heldout_ids,
            households=len(trial.households),
            new_households=len(trial.new_households),
            spec=spec,
            seconds=round(time.monotonic() - self._begun, 1),
            findings=(
                *_score_findings(trial.name, reports),
                *found.distribution_findings(compared),
                *found.shape_findings(compared),
                weekly,
                found.temperature_finding(compared),
                found.admd_finding(ladder),
                found.label_finding(pairs, drawn, spec.seed),
                found.privacy_finding("near_sums", sums.measure()),
                found.privacy_finding("near_households", alone.measure()),
                *_information(trial, pairs, spec.seed),
            ),
            scores=tuple(_table(one.title, reports[one.key]) for one in self._protocols),
            figures=figures_of(compared, ladder, spec),
        )

    def _generated(self, stage: str, pairs: Pairs, seed: int) -> Steps[Array]:
        steps = generate(self._trial, pairs.first, pairs.week, seed)
        return (yield from self._counted(stage, GENERATED_COST, steps))

    def _counted(self, stage: str, cost: float, steps: Generator[int, None, Done]) -> Steps[Done]:
        """Pass on a generator's counts as progress; what it returns is the result."""
        before = self._done
        yield self._progress(stage)

        def said(count: int) -> CardProgress:
            self._done = before + cost * count
            return self._progress(stage)

        return (yield from retold(steps, said))

    def _progress(self, stage: str) -> CardProgress:
        return CardProgress(stage, self._done, self._total, time.monotonic() - self._begun)

    def _scored(self) -> Steps[dict[str, FidelityReport]]:
        trial, spec = self._trial, self._spec
        yield self._progress("fitting the rivals")
        rivals = fit_rivals(trial.records, trial.households, trial.train_weeks, seed=spec.seed)
        self._done += RIVALS_COST
        predictors: Mapping[str, Predictor] = {
            trial.name: trial.predictor,
            OTHERS: OtherHouseholds(trial.records, trial.everybody),
            **rivals,
        }
        reports = {}
        for protocol in self._protocols:
            cases = draw_cases(
                trial.records,
                protocol.households,
                trial.heldout_weeks,
                protocol.repeats,
                protocol.k_range,
                spec.seed,
            )
            steps = judging(
                predictors,
                trial.records,
                cases,
                trial.heldout_ids,
                samples=spec.samples,
                seed=spec.seed,
            )
            stage = f"scores, {protocol.title}"
            reports[protocol.key] = yield from self._counted(stage, JUDGED_COST, steps)
        return reports

    def _compared(self, pairs: Pairs, drawn: Array) -> Comparison:
        records, offset = self._trial.records, self._trial.utc_offset_h[pairs.week]
        temperature = records.temperature_c[pairs.week]

        def featured(curves: Array) -> Features:
            return features(curves, pairs.k, temperature, offset)

        return Comparison(
            pairs.split, pairs.week, featured(pairs.real), featured(drawn), featured(pairs.other)
        )


def _protocols(trial: Trial, spec: CardSpec) -> tuple[Protocol, ...]:
    fewer = -(-spec.repeats // 2)
    large = (spec.k_low, max(spec.k_low, spec.k_high))
    protocols = [
        Protocol("large", "large sums", trial.households, large, spec.repeats),
        Protocol("small", "small sums", trial.households, SMALL, fewer),
    ]
    new = trial.new_households
    there = trial.records.complete[np.ix_(new, trial.heldout_weeks)].any(axis=0).all()
    if len(new) >= min(SMALL) and there:  # fewer are one set over and over
        protocols.append(Protocol("new", "new households", new, SMALL, fewer))
    return tuple(protocols)


def _score_findings(name: str, reports: Mapping[str, FidelityReport]) -> list[Finding]:
    large = reports["large"]
    ridge = ("ridge",)
    bootstraps = tuple(one for one in large.predictors if one.startswith("bootstrap"))
    rows = [
        ("energy_ridge", "large", ridge, "energy_score"),
        ("energy_bootstrap", "large", bootstraps, "energy_score"),
        ("energy_small", "small", ridge, "energy_score"),
        ("energy_new", "new", ridge, "energy_score"),
        ("crps_ridge", "large", ridge, "crps"),
        ("crps_bootstrap", "large", bootstraps, "crps"),
    ]
    scored = [
        found.score_finding(key, reports[protocol], name, rivals, metric)
        for key, protocol, rivals, metric in rows
        if protocol in reports
    ]
    return [*scored, *found.band_findings(large, name)]


def _information(trial: Trial, pairs: Pairs, seed: int) -> list[Finding]:
    """Bits in {w_i} and z of held-out, training-week and other-half sums; none without a model."""
    model = trial.model
    if model is None or not isinstance(model.spec, CompVAESpec):
        return []
    width = model.spec.latent_w
    rows = np.linspace(0, len(pairs) - 1, min(ENCODED, len(pairs))).astype(int)
    sizes = (int(pairs.k.min()), int(pairs.k.max()))
    each = -(-ENCODED // len(trial.train_weeks))
    train = draw_cases(trial.records, trial.households, trial.train_weeks, each, sizes, seed)
    sets = {
        "heldout": [Case(int(pairs.week[i]), pairs.first[i], pairs.real[i]) for i in rows],
        "train": train,
        "other": [Case(int(pairs.week[i]), pairs.second[i], pairs.other[i]) for i in rows],
    }
    bits = {
        name: encode(model, trial.records, cases).kl.double().numpy() / np.log(2.0)
        for name, cases in sets.items()
    }
    parts = {"bits_w": slice(0, width), "bits_z": slice(width, None)}
    return [
        found.bits_finding(
            key,
            heldout=bits["heldout"][:, part].sum(axis=1),
            train=bits["train"][:, part].sum(axis=1),
            other=bits["other"][:, part].sum(axis=1),
            week=pairs.week[rows],
        )
        for key, part in parts.items()
    ]


def _table(title: str, report: FidelityReport) -> ScoreTable:
    rows = tuple(
        ScoreRow(
            row.predictor,
            tuple(Score(score.mean, found.known(score.se)) for score in row.estimates.values()),
        )
        for row in report.rows()
    )
    note = (
        f"{len(report.weeks)} held-out weeks, {report.k.shape[1]} sums each of {report.k.min()} "
        f"to {report.k.max()} households, {report.samples} curves a sum, seed {report.seed}; "
        "± is the standard error by week."
    )
    return ScoreTable(title, note, tuple(METRICS.values()), rows)
