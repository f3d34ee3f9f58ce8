"""Looking for anomalies as a job: train or take a model, score every row, name what is guilty.

Free of torch until it runs: the window makes these.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.anomalies.findings import Findings
from lvm_studio.analysis.anomalies.steps import Step, part_of
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import Sent
from lvm_studio.data.tree import Tree
from lvm_studio.data.units import STEP
from lvm_studio.data.vectors.conditions import VectorColumns
from lvm_studio.data.vectors.sets import HELD_OUT, VectorSet
from lvm_studio.data.vectors.week_descriptors import NAMES, half_hours
from lvm_studio.data.vectors.week_vectors import CONDITIONS, WeekRows, WeekVectors, rows_of

if TYPE_CHECKING:
    from lvm_studio.analysis.anomalies.fault_library import FaultLibrary
    from lvm_studio.analysis.anomalies.fitting import FitSpec
    from lvm_studio.analysis.anomalies.scores import TypedScores
    from lvm_studio.analysis.anomalies.verdicts import Thresholds
    from lvm_studio.models.trained import TrainedModel

MOST_GUILTY = 3
MOST_KEPT = 5000
MOST_NEEDED = 1000
"""Clean rows ask for no more than this, however high the percentile is."""
UNSEEN = "that no model was trained on."
SEEN = (
    "that the model was trained on, as no week is held out: more weeks stand out than the "
    "percentile says."
)
"""Of the rows that thresholds come from."""


@dataclass(frozen=True)
class TableOnDisk:
    """A CSV or Parquet file that is yet to be read; columns named in `condition` are k."""

    path: Path
    condition: tuple[str, ...] = ()

    def read(self) -> VectorSet:
        """Its rows; DataError says in a sentence why not."""
        from lvm_studio.data.vectors.table import read_vectors

        return read_vectors(self.path, self.condition)


@dataclass(frozen=True, eq=False)
class AnomalyJob:
    """Every complete week of a household set, or every row of a set of vectors.

    Args:
        data: what is looked at; a table on disk is read by the job.
        model: the plain form of a model of such vectors; None trains one.
        steps: of that training.
        percentile: of the scores of clean rows: held-out weeks of sound households, or the tenth
            of a table's rows that no model was trained on.
        seed: of the training.
        told: of weeks, what a model that is trained anew is told (`data.week_conditions`, `OWN`).
        library: what an earlier search of the same weeks learned of known faults.
    """

    data: HouseholdSet | VectorSet | TableOnDisk
    model: Tree | None = None
    steps: int = 1500
    percentile: float = 98.0
    seed: int = 0
    told: tuple[str, ...] = CONDITIONS
    library: FaultLibrary | None = None

    def run(self) -> Generator[Step, Sent, Findings]:
        """Yields steps, returns findings."""
        if isinstance(self.data, HouseholdSet):
            return (yield from self._weeks(self.data))
        if isinstance(self.data, TableOnDisk):
            yield Step(0.0, f"reading {self.data.path.name}")
            return (yield from self._table(self.data.read()))
        return (yield from self._table(self.data))

    def _weeks(self, households: HouseholdSet) -> Generator[Step, Sent, Findings]:
        from lvm_studio.analysis.anomalies.fitting import week_fit

        yield Step(0.0, "reading the weeks")
        codec, split = WeekVectors.fit(households, self.told_weeks()), households.split
        every = np.arange(len(households.weeks.ids))
        sound = np.intersect1d(
            np.flatnonzero(codec.known), households.indices(split.train_households)
        )
        train = rows_of(households, sound, np.flatnonzero(codec.train_weeks))
        clean = rows_of(households, sound, np.flatnonzero(~codec.train_weeks))
        rows = rows_of(households, np.flatnonzero(codec.known), every)
        fit = week_fit(self.steps, self.seed)
        learned = codec.vectors(train)
        model = yield from self._model(fit, learned)
        yield Step(0.88, "scoring the weeks")
        vectors = _within(codec.vectors(rows), learned)
        if len(clean):
            usual, whence = _within(codec.vectors(clean), learned), UNSEEN
        else:
            usual, whence = learned, SEEN
        findings, scores, clean_scores, limits = self._scored(model, vectors, usual, whence)
        library = yield from self._library(codec, train)
        known = _with_known_faults(findings, scores, limits, library, vectors, usual, clean_scores)
        return _named_weeks(replace(known, library=library), scores, codec, rows)

    def told_weeks(self) -> tuple[str, ...]:
        """What a kept model of weeks was told, or a new one shall be."""
        columns = None if self.model is None else self.model.get("columns")
        if not isinstance(columns, dict):
            return self.told if self.model is None else CONDITIONS
        known = VectorColumns.from_tree(columns).conditions
        return tuple(condition.name for condition in known) or CONDITIONS

    def _library(self, codec: WeekVectors, train: WeekRows) -> Generator[Step, Sent, FaultLibrary]:
        if self.library is not None:
            return self.library
        from lvm_studio.analysis.anomalies.fault_library import Lessons, fault_library
        from lvm_studio.data.vectors.planted_faults import FAULTS

        yield Step(0.9, "planting known faults")
        steps = fault_library(Lessons.of(codec, train, self.seed), tuple(FAULTS), self.seed)
        return (yield from part_of(steps, 0.92, 1.0))

    def _table(self, vectors: VectorSet) -> Generator[Step, Sent, Findings]:
        from lvm_studio.analysis.anomalies.fitting import FitSpec
        from lvm_studio.training.vector_problem import HELDOUT_SEED, HELDOUT_SHARE

        train, clean = vectors.split(HELDOUT_SHARE, HELDOUT_SEED)
        told = vectors.condition_dim > 0
        latent = max(1, min(10, vectors.dim // 2))
        fit = FitSpec(
            steps=self.steps, conditional=told, latent_z=latent, hidden=64, seed=self.seed
        )
        model = yield from self._model(fit, vectors.scaled(*_centre_and_spread(train.x)))
        units = model.columns
        centre = np.array(units.centre or (0.0,) * vectors.dim, dtype=np.float32)
        scale = np.array(units.scale or (1.0,) * vectors.dim, dtype=np.float32)
        scaled = vectors.scaled(centre, scale)
        yield Step(0.95, "scoring the rows")
        seen, usual = _within(scaled, train), _within(clean.scaled(centre, scale), train)
        findings, scores, clean_scores, _ = self._scored(model, seen, usual, UNSEEN)
        return replace(
            findings,
            title=f"rows of {vectors.name}",
            margin=_rarest((clean_scores.a, scores.a), (clean_scores.b, scores.b)),
            values=vectors.x,
            band=findings.band * scale + centre,
            columns=vectors.columns.names,
            rows=(
                None
                if self.model
                else kept_rows(train.scaled(centre, scale), clean.scaled(centre, scale))
            ),
        )

    def _model(self, fit: FitSpec, vectors: VectorSet) -> Generator[Step, Sent, TrainedModel]:
        from lvm_studio.analysis.anomalies.fitting import fitted, kept_model

        if self.model is not None:
            return kept_model(self.model, vectors)
        return (yield from part_of(fitted(fit, vectors), 0.05, 0.85))

    def _scored(
        self, model: TrainedModel, vectors: VectorSet, clean: VectorSet, whence: str
    ) -> tuple[Findings, TypedScores, TypedScores, Thresholds]:
        from lvm_studio.analysis.anomalies.fitting import vectors_module
        from lvm_studio.analysis.anomalies.scores import typed_scores
        from lvm_studio.analysis.anomalies.verdicts import Thresholds

        module = vectors_module(model)
        scores = typed_scores(module, vectors)
        clean_scores = typed_scores(module, clean)
        limits = Thresholds.from_clean(clean_scores, self.percentile)
        columns = vectors.columns.names or tuple(f"x{i + 1}" for i in range(vectors.dim))
        spread = 2.0 * scores.stddev
        band = np.stack([scores.expected - spread, scores.expected, scores.expected + spread])
        names = tuple(f"row {row}" for row in vectors.labels.get("row", np.arange(len(vectors))))
        findings = Findings(
            title=vectors.name,
            names=names,
            a=scores.a,
            b=scores.b,
            quarter=limits.quarters(scores),
            type=limits.types(scores),
            margin=limits.margins(scores).max(axis=1),
            guilty=_guilty(scores, limits.types(scores), columns),
            when=("",) * len(vectors),
            looks_like=("",) * len(vectors),
            marked=np.abs(scores.off) > limits.a.threshold,
            values=vectors.x,
            band=band.astype(np.float32),
            limit_a=limits.a.threshold,
            limit_b=limits.b.threshold,
            percentile=self.percentile,
            axis="value",
            model=model.to_tree(),
            notes=self._notes(vectors, len(clean), model, whence),
            fresh=self.model is None,
        )
        return findings, scores, clean_scores, limits

    def _notes(
        self, vectors: VectorSet, clean: int, model: TrainedModel, whence: str
    ) -> tuple[str, ...]:
        left_out = vectors.provenance.get("left_out", 0)
        lost = (f"Rows left out, with a missing number: {left_out:,}.",) if left_out else ()
        texts = (
            [name for name in vectors.labels if name != "row"] if "row" in vectors.labels else []
        )
        unread = (f"No numbers, and not looked at: {', '.join(texts)}.",) if texts else ()
        needed = 100 / max(100 - self.percentile, 100 / MOST_NEEDED)
        few = (
            f"They are too few to tell: {self.percentile:g} % asks for {np.ceil(needed):.0f}; read "
            "the ranking, not the quarters."
        )
        fresh = f"Thresholds come from {clean} rows {whence}"
        kept = (
            f"Measured by a kept model, fitted on {model.provenance.get('dataset', 'other data')}; "
            f"thresholds come from {clean} rows."
        )
        return (
            fresh if self.model is None else kept,
            *((few,) if clean < needed else ()),
            *lost,
            *unread,
        )


def _with_known_faults(
    findings: Findings,
    scores: TypedScores,
    limits: Thresholds,
    library: FaultLibrary,
    vectors: VectorSet,
    clean: VectorSet,
    clean_scores: TypedScores,
) -> Findings:
    """Ranked by what is rarest among clean weeks: A or B, or the likeness to a known fault."""
    typed, usual = (limits.margins(one).max(axis=1) for one in (scores, clean_scores))
    rarest = _rarest((usual, typed), (library.unusual(clean), library.unusual(vectors)))
    return replace(findings, margin=rarest, looks_like=library.words(vectors))


def _rarest(
    *scores: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Of scores of clean rows and of N rows: the nats of the one that is rarest, [N]."""
    from lvm_studio.analysis.anomalies.verdicts import Tail

    return np.asarray(np.max([Tail.of(clean).surprise(rows) for clean, rows in scores], axis=0))


def kept_rows(train: VectorSet, clean: VectorSet) -> VectorSet:
    """Nine tenths of rows that were trained on, one of rows held out, each marked as such."""
    parts = [
        part.rows(np.arange(min(len(part), most)))
        for part, most in zip((train, clean), (MOST_KEPT * 9 // 10, MOST_KEPT // 10), strict=True)
    ]
    held = np.repeat(["no", "yes"], [len(part) for part in parts])
    labels = {name: np.concatenate([part.labels[name] for part in parts]) for name in train.labels}
    k = None if train.k is None else np.concatenate([p.k for p in parts if p.k is not None])
    x = np.concatenate([part.x for part in parts])
    return replace(train, x=x, k=k, labels={**labels, HELD_OUT: held})


def _within(vectors: VectorSet, learned: VectorSet) -> VectorSet:
    """What the rows are told, never further than any row that a model learned from.

    A condition that hardly moved in training would otherwise be unheard of in every other row.
    """
    if vectors.k is None or learned.k is None:
        return vectors
    return replace(vectors, k=np.clip(vectors.k, learned.k.min(axis=0), learned.k.max(axis=0)))


def _centre_and_spread(
    x: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation (1 where it does not move) of every column, [D]: units differ.

    In double precision: sums of many rows would be off by more than a column moves.
    """
    centre, spread = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    return centre.astype(np.float32), np.where(spread > 0, spread, 1).astype(np.float32)


def _guilty(
    scores: TypedScores, types: NDArray[np.str_], columns: tuple[str, ...]
) -> tuple[str, ...]:
    """For type A the coordinate with its deviation, for B the latent dimension with its nats."""
    coordinate, dimension = scores.guilty_coordinate, scores.guilty_dimension
    return tuple(
        f"{columns[coordinate[n]]} ({_signed(scores.off[n, coordinate[n]])} σ)"
        if types[n] == "A"
        else f"z{dimension[n] + 1} ({scores.unusual[n, dimension[n]]:.1f} nats), "
        f"then {columns[coordinate[n]]}"
        for n in range(len(types))
    )


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _named_weeks(
    findings: Findings, scores: TypedScores, codec: WeekVectors, rows: WeekRows
) -> Findings:
    weeks, ids = codec.households.weeks, codec.households.household_ids
    marked = np.zeros(rows.curves.shape, np.bool_)
    for n, curve in enumerate(rows.curves):
        marked[n, _guilty_steps(scores.off[n], curve, findings.limit_a)] = True
    starts = weeks.starts[rows.week]
    return replace(
        findings,
        names=tuple(
            f"{ids[h]} {weeks.ids[w]}" for h, w in zip(rows.household, rows.week, strict=True)
        ),
        guilty=_guilty(scores, findings.type, NAMES),
        when=tuple(spans(marked[n], starts[n]) for n in range(len(rows))),
        marked=marked,
        values=rows.curves,
        band=codec.band(rows, scores.expected, scores.stddev).astype(np.float32),
        axis="kW",
        notes=(
            *findings.notes,
            "Every week is compared with what its own household shows in its training weeks.",
            "The ranking also counts how much a week looks like one of six known faults.",
        ),
    )


def _guilty_steps(
    off: NDArray[np.float64], curve: NDArray[np.float32], limit: float
) -> NDArray[np.int64]:
    """Half-hours of the coordinates furthest off, those above the threshold or the first alone."""
    worst = np.argsort(-np.abs(off))[:MOST_GUILTY]
    over = [int(c) for c in worst if abs(off[c]) > limit] or [int(worst[0])]
    return np.unique(np.concatenate([half_hours(c, curve) for c in over]))


def spans(marked: NDArray[np.bool_], start: np.datetime64) -> str:
    """Marked half-hours of a week as times, in UTC.

    >>> marked = np.zeros(336, bool); marked[[2, 3]] = True
    >>> spans(marked, np.datetime64("2013-01-07T00:00", "m"))
    'Mon 2013-01-07 01:00-02:00'
    """
    if marked.all():
        return "the whole week"
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(int), [0]])))
    return "; ".join(
        _span(start + int(begin) * STEP, start + int(end) * STEP)
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
    )


def _span(begin: np.datetime64, end: np.datetime64) -> str:
    first, last = begin.astype(object), end.astype(object)
    far = "" if first.date() == last.date() else f"{last:%a} "
    return f"{first:%a %Y-%m-%d %H:%M}-{far}{last:%H:%M}"
