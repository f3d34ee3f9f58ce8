"""Weeks as vectors, planted faults, tables, and the search as a job."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lvm_studio.analysis.anomalies import classifiers
from lvm_studio.analysis.anomalies.evidence import (
    CVAE,
    ENVELOPE,
    VAE,
    SyntheticSpec,
    synthetic_evidence,
)
from lvm_studio.analysis.anomalies.evidence_faults import TYPED, fault_evidence
from lvm_studio.analysis.anomalies.fitting import FitSpec
from lvm_studio.analysis.anomalies.job import AnomalyJob
from lvm_studio.analysis.anomalies.roc import Roc
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.london import load_london
from lvm_studio.data.split import Split
from lvm_studio.data.vectors.own_days import Days, OwnDays
from lvm_studio.data.vectors.planted import SyntheticAnomalies
from lvm_studio.data.vectors.planted_faults import FAULTS, plant
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.data.vectors.table import read_vectors
from lvm_studio.data.vectors.week_descriptors import NAMES, half_hours, longest_run
from lvm_studio.data.vectors.week_vectors import WeekVectors, rows_of
from lvm_studio.models.trained import TrainedModel


@pytest.fixture(scope="module")
def london() -> HouseholdSet:
    return load_london()


@pytest.fixture(scope="module")
def street(london: HouseholdSet) -> HouseholdSet:
    """The first 9 households of London: quicker."""
    ids = london.household_ids[:9]
    split = replace(
        london.split,
        train_households=tuple(h for h in london.split.train_households if h in ids),
        heldout_households=tuple(h for h in london.split.heldout_households if h in ids),
    )
    metadata = {name: column[:9] for name, column in london.metadata.items()}
    state = {**london.__getstate__(), "household_ids": ids, "power_w": london.power_w[:9]}
    return HouseholdSet(**{**state, "metadata": metadata, "split": split})


@pytest.fixture(scope="module")
def codec(street: HouseholdSet) -> WeekVectors:
    return WeekVectors.fit(street)


def result(generator):  # type: ignore[no-untyped-def]
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


def test_the_area_is_the_chance_that_an_anomaly_scores_higher() -> None:
    rng = np.random.default_rng(0)
    scores, anomalous = rng.integers(5, size=200).astype(float), rng.random(200) < 0.3
    above = scores[anomalous][:, None] - scores[~anomalous][None]
    by_pairs = np.mean(above > 0) + 0.5 * np.mean(above == 0)
    assert Roc.of(scores, anomalous).auc == pytest.approx(by_pairs)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_changes_the_week_and_keeps_it_a_week(kind: str) -> None:
    weeks = np.random.default_rng(1).gamma(1.0, 0.4, size=(5, 336)).astype(np.float32)
    kept = weeks.copy()
    planted = plant(kind, weeks, np.random.default_rng(2))
    assert planted.shape == weeks.shape
    assert (planted >= 0).all()
    assert (planted != weeks).any(axis=1).all()
    assert (weeks == kept).all()
    assert (plant(kind, weeks, np.random.default_rng(2)) == planted).all()
    if FAULTS[kind].type == "A":
        assert ((planted != weeks).sum(axis=1) == 1).all()


def test_weeks_not_trained_on_look_like_those_that_were(codec: WeekVectors) -> None:
    street, split = codec.households, codec.households.split
    who = street.indices(split.train_households)
    train = codec.vectors(rows_of(street, who, street.weeks.indices(split.train_weeks)))
    held = codec.vectors(rows_of(street, who, street.weeks.indices(split.heldout_weeks)))
    assert train.dim == len(NAMES)
    assert np.abs(train.x.std(0) - 1).max() < 0.1
    assert 0.9 < held.x.std() < 1.1
    assert abs(held.x.mean()) < 0.1


def test_what_weeks_are_told_is_chosen(street: HouseholdSet, codec: WeekVectors) -> None:
    rows = rows_of(street, np.array([0, 1]), np.arange(5))
    told = replace(codec, told=("own peak", "temperature", "tariff")).vectors(rows)
    usual = codec.vectors(rows)
    assert [c.name for c in told.columns.conditions] == ["own peak", "temperature", "tariff"]
    assert np.array_equal(told.k[:, 1], usual.k[:, 0])
    assert np.array_equal(told.k[:, 0], usual.k[:, 4])
    assert np.array_equal(told.x, usual.x)


def test_the_band_of_what_was_seen_contains_it(codec: WeekVectors) -> None:
    rows = rows_of(codec.households, np.array([0, 1]), np.arange(5))
    x = codec.vectors(rows).x.astype(float)
    low, middle, high = codec.band(rows, x, np.full_like(x, 0.5))
    blocks = np.log(rows.curves + 0.01).reshape(len(rows), 84, 4).mean(2)
    assert np.allclose(np.log(middle[:, ::4] + 0.01), blocks, atol=1e-3)
    assert (low <= middle).all()
    assert (middle <= high).all()


def test_a_turned_clock_gains_by_turning_and_a_quiet_week_ranks_low() -> None:
    rng = np.random.default_rng(0)
    day = np.sin(np.arange(48) / 48 * 2 * np.pi) + np.arange(48) / 24
    logs = day + 0.3 * rng.normal(size=(12, 7, 48))
    turned = np.roll(logs.reshape(12, 336), 18, axis=1).reshape(logs.shape)
    own = OwnDays.of(Days(logs), np.zeros(12, int), 1)
    who, out = np.zeros(12, int), np.ones(12)
    usual = own.against(Days(logs), who, Days(logs), out)
    moved = own.against(Days(turned), who, Days(logs), out)
    quiet = own.against(Days(logs - 4.0), who, Days(logs), out)
    assert usual[:, 0].max() < 0.0 < moved[:, 0].min()
    assert np.allclose(quiet[:, 5], np.log(0.003))
    assert usual[:, 5].min() > quiet[:, 5].max()


def test_coordinates_name_their_half_hours() -> None:
    curve = np.random.default_rng(0).random(336).astype(np.float32)
    curve[50:60], curve[200] = 0.25, 9.0
    assert (longest_run(curve) == np.arange(50, 60)).all()
    assert half_hours(NAMES.index("Tue 02:00-04:00"), curve).tolist() == [52, 53, 54, 55]
    assert half_hours(NAMES.index("highest half-hour of the week"), curve).tolist() == [200]
    assert half_hours(NAMES.index("Fri highest half-hour"), curve).tolist() == [200]


@pytest.fixture
def short_lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifiers, "ROUNDS", 2)


@pytest.mark.usefixtures("short_lessons")
def test_the_job_finds_a_dead_meter_and_says_when(street: HouseholdSet) -> None:
    power = street.power_w.copy()
    row = 3
    first = int((street.weeks.starts[9] - street.start) / np.timedelta64(30, "m"))
    power[row, first + 96 : first + 336] = 0.0
    broken = HouseholdSet(**{**street.__getstate__(), "power_w": power})
    findings = result(AnomalyJob(broken, steps=60).run())
    name = f"{street.household_ids[row]} {street.weeks.ids[9]}"
    place = findings.names.index(name)
    assert np.flatnonzero(findings.order == place)[0] < 0.02 * len(findings.names)
    assert findings.quarter[place] != "usual"
    assert findings.looks_like[place].startswith("dead meter")
    assert findings.marked[place, 100:].any()
    again = result(AnomalyJob(broken, findings.model, library=findings.library).run())
    assert not again.fresh
    assert again.library is findings.library
    assert again.looks_like == findings.looks_like


@pytest.mark.usefixtures("short_lessons")
def test_few_weeks_are_not_learned_by_heart_and_it_is_said(london: HouseholdSet) -> None:
    """14 households, 14 weeks: weeks held back lie as far off as those trained on, and no more."""
    rng = np.random.default_rng(1)
    wave = 1 + 0.6 * np.sin(np.arange(4704) / 24 * np.pi) + 0.3 * rng.normal(size=(14, 4704)) ** 2
    power = rng.gamma(3.0, 0.2, size=(14, 1)) * wave
    ids, weeks = london.household_ids[:14], tuple(f"2013-W{w:02d}" for w in range(2, 16))
    few = replace(
        london,
        household_ids=ids,
        power_w=(1000 * power).astype(np.float32),
        start=np.datetime64("2013-01-07T00:00", "m"),
        metadata={name: column[:14] for name, column in london.metadata.items()},
        temperature_c=np.full(14 * 336, 9.0, np.float32),
        split=Split(weeks[2:], weeks[:2], ids[2:], ids[:2], 0),
    )
    findings = result(AnomalyJob(few, steps=60).run())
    assert findings.limit_a < 6.0
    assert any("too few to tell" in note for note in findings.notes)
    assert any("no model was trained on" in note for note in findings.notes)
    all_trained_on = replace(few, split=Split(weeks, (), ids[2:], ids[:2], 0))
    findings = result(AnomalyJob(all_trained_on, steps=1, library=findings.library).run())
    assert any("that the model was trained on" in note for note in findings.notes)


def test_columns_far_from_zero_are_centred_whatever_their_number() -> None:
    """Sums of 8,000 numbers around a million are off by more than these move, in 32 bits."""
    moves = np.random.default_rng(0).normal(1e6, 50.0, 8_000)
    table = VectorSet("counters", np.stack([moves, np.full(8_000, 3e6 + 0.3)], axis=1))
    columns = TrainedModel.from_tree(result(AnomalyJob(table, steps=1).run()).model).columns
    assert columns.centre == pytest.approx((1e6, 3e6 + 0.3), abs=2.0)
    assert columns.scale == pytest.approx((50.0, 1.0), rel=0.05)


def test_columns_of_a_table_may_have_any_unit() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 1)) + 0.2 * rng.normal(size=(300, 4))
    x[7, 0] += 4.0
    scaled = (x * [1e-3, 1.0, 100.0, 1e6]).astype(np.float32)
    findings = result(AnomalyJob(VectorSet("units", scaled), steps=80).run())
    assert findings.order[0] == 7
    assert np.allclose(findings.values, scaled)
    assert (findings.band[0, :, 3] < scaled[:, 3]).mean() > 0.9


def test_a_table_of_vectors_is_searched(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    k = rng.normal(size=400)
    x = np.stack([k, -k, 2 * k], axis=1) + 0.1 * rng.normal(size=(400, 3))
    x[7, 1] += 5.0
    lines = [f"{a},{b},{c},{d},n{i}" for i, (a, b, c, d) in enumerate(np.c_[x, k])]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["one,two,three,cause,name", *lines, ",1,1,1,lost"]))
    vectors = read_vectors(path, ("cause",))
    assert (vectors.dim, vectors.condition_dim, len(vectors)) == (3, 1, 400)
    assert vectors.provenance["left_out"] == 1
    findings = result(AnomalyJob(vectors, steps=80).run())
    assert findings.order[0] == 7
    assert "two" in findings.guilty[7]
    assert findings.notes[-2:] == (
        "Rows left out, with a missing number: 1.",
        "No numbers, and not looked at: name.",
    )
    with pytest.raises(DataError, match="no column of numbers 'effect'"):
        read_vectors(path, ("effect",))


@pytest.mark.usefixtures("short_lessons")
def test_evidence_runs_small(street: HouseholdSet) -> None:
    fit = FitSpec(steps=25, hidden=16, batch=64)
    law = SyntheticAnomalies(features=12, factors=2)
    spec = SyntheticSpec(law, seeds=(0,), train_rows=400, test_rows=300, samples=4, fit=fit)
    evidence = result(synthetic_evidence(spec))
    assert {VAE, CVAE, ENVELOPE} <= set(evidence.detectors)
    assert evidence.hits(CVAE, "B").shape == (1, 201)
    assert (evidence.aucs(CVAE, "A") > 0.6).all()
    faults = result(fault_evidence(street, (0,), steps=30, samples=2))
    assert faults.found[TYPED, "dead meter"][0] > 0.9
    assert faults.type_right("catch-up reading") is not None
    assert faults.type_right("dead meter") is None


@pytest.mark.study
def test_the_conditional_vae_is_clearly_better_on_type_b() -> None:
    evidence = result(synthetic_evidence(SyntheticSpec()))
    for model in (VAE, CVAE):
        assert evidence.aucs(model, "A").min() >= 0.99
    gain = evidence.aucs(CVAE, "B") - evidence.aucs(VAE, "B")
    assert gain.mean() >= 0.15
    assert evidence.aucs(CVAE, "B").mean() > evidence.aucs(ENVELOPE, "B").mean()
