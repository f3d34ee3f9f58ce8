"""What is drawn follows the law that is computed: two programs, one street."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from lvm_studio.data.calendar import week_start
from lvm_studio.data.errors import DataError
from lvm_studio.data.simulated import StreetSpec, residents_of
from lvm_studio.data.simulation.habits import habits_of
from lvm_studio.data.simulation.moments import WeekMoments
from lvm_studio.data.simulation.residents import (
    GROUPS,
    KINDS,
    SUBSCRIBED_KVA,
    Label,
    Residents,
    draw_residents,
    draw_residents_like,
    kind_law,
)
from lvm_studio.data.simulation.truth import StreetTruth
from lvm_studio.data.simulation.week import week_frame
from lvm_studio.data.units import WEEK

TRUTH = StreetTruth()
LABELS = (
    Label("base", 6.0, "none"),
    Label("off-peak", 9.0, "A"),
    Label("off-peak", 9.0, "A"),
    Label("weekend", 12.0, "D"),
)
WINTER, SUMMER, NEW_YEAR = (week_start(f"2016-W{week}") for week in ("06", "30", "52"))
COLD = 3 + 6 * np.sin(np.arange(WEEK) / 20)
WARM = 22 + 6 * np.sin(np.arange(WEEK) / 20)


def directions(start: np.datetime64, temperature: np.ndarray) -> np.ndarray:
    """What sums are looked at from [M, 336]: days, hours, matches, and anything."""
    frame = week_frame(temperature, start)
    clock = frame.local.reshape(WEEK)
    matches = np.zeros((3, WEEK))
    for row, kick_off in zip(matches, frame.kick_off, strict=True):
        row[(kick_off + np.arange(5)) % WEEK] = 1
    rows = [
        np.ones((1, WEEK)),
        np.repeat(np.eye(7), 48, axis=1),
        np.stack([clock // 4 == period for period in range(12)]).astype(float),
        matches,
        np.eye(WEEK)[[0, 1, 100, 200, 334, 335]],
        np.random.default_rng(7).standard_normal((30, WEEK)),
    ]
    return np.concatenate(rows)


def surprises(
    who: Sequence[Label] | Residents,
    temperature: np.ndarray,
    start: np.datetime64,
    count: int,
    seed: int,
) -> tuple[float, float]:
    """How many standard errors the worst mean and the worst variance are off."""
    look = directions(start, temperature)
    drawn = TRUTH.sample(who, temperature, start, count, seed) @ look.T
    mean = look @ TRUTH.mean(who, temperature, start)
    variance = np.einsum("mt,tu,mu->m", look, TRUTH.covariance(who, temperature, start), look)
    centred = drawn - mean
    squares = centred**2
    of_mean = centred.mean(axis=0) / np.sqrt(variance / count)
    of_variance = (squares.mean(axis=0) - variance) / (squares.std(axis=0) / np.sqrt(count))
    return float(np.abs(of_mean).max()), float(np.abs(of_variance).max())


@pytest.mark.parametrize(
    ("start", "temperature", "seed"),
    [(WINTER, COLD, 1), (WINTER, COLD, 2), (SUMMER, WARM, 3), (NEW_YEAR, COLD, 4)],
)
def test_sums_given_labels_have_the_computed_moments(
    start: np.datetime64, temperature: np.ndarray, seed: int
) -> None:
    mean, variance = surprises(LABELS, temperature, start, 3000, seed)
    assert mean < 4.5
    assert variance < 4.5


@pytest.mark.parametrize("seed", [1, 2])
def test_sums_of_known_residents_have_the_computed_moments(seed: int) -> None:
    residents = draw_residents(5, np.random.default_rng(seed))
    mean, variance = surprises(residents, COLD, WINTER, 2500, seed)
    assert mean < 4.5
    assert variance < 4.5


def test_a_large_street_shares_its_matches_and_clouds() -> None:
    # With 80 households most of the variance at kick-off and in the evenings is shared.
    who = draw_residents(80, np.random.default_rng(5)).labels
    together = TRUTH.variance(who, COLD, WINTER)
    one_by_one = sum(who.count(label) * TRUTH.variance([label], COLD, WINTER) for label in set(who))
    kick_off = week_frame(COLD, WINTER).kick_off[2]
    assert (together >= one_by_one - 1e-9).all()
    assert together[kick_off + 1] > 2 * one_by_one[kick_off + 1]
    mean, variance = surprises(who, COLD, WINTER, 250, 6)
    assert mean < 4.5
    assert variance < 4.5


def test_second_moments_are_mixtures_over_what_is_not_told() -> None:
    """E[Y Yᵀ] with a chance of p is p times that with the thing certain, plus (1 − p) without."""
    habits = habits_of(week_frame(COLD, WINTER))
    weights = {(1, 2): np.random.default_rng(0).dirichlet(np.ones(KINDS))}

    def moment(**changed: np.ndarray) -> np.ndarray:
        frame = {key: changed.pop(key) for key in ("match_law", "away") if key in changed}
        varied = replace(habits, frame=replace(habits.frame, **frame), **changed)
        return WeekMoments(varied).second_moment(weights)

    def days(law: list[float]) -> np.ndarray:
        occupancy = habits.occupancy.copy()
        occupancy[:, 3] = law
        return occupancy

    sunday = np.array([0.0, 0.0, 1.0])
    mixtures = [
        (0.4, {"match_law": 0.4 * sunday}, {"match_law": sunday}, {"match_law": 0 * sunday}),
        (0.3, {"away": np.full(4, 0.3)}, {"away": np.ones(4)}, {"away": np.zeros(4)}),
        (
            0.2,
            {"occupancy": days([0.2, 0.0, 0.8])},
            {"occupancy": days([1.0, 0.0, 0.0])},
            {"occupancy": days([0.0, 0.0, 1.0])},
        ),
    ]
    for chance, mixed, certain, never in mixtures:
        expected = chance * moment(**certain) + (1 - chance) * moment(**never)
        np.testing.assert_allclose(moment(**mixed), expected, rtol=1e-9, atol=1e-12)


def test_the_whole_mean_curve_at_once() -> None:
    """Hotelling: the mean of n draws, whitened by the exact covariance, is χ² of 336."""
    count = 3000
    mean = TRUTH.sample(LABELS, COLD, WINTER, count, 9).mean(axis=0, dtype=np.float64)
    off = mean - TRUTH.mean(LABELS, COLD, WINTER)
    whitened = count * off @ np.linalg.solve(TRUTH.covariance(LABELS, COLD, WINTER), off)
    assert stats.chi2(WEEK).sf(whitened) > 1e-5
    assert stats.chi2(WEEK).cdf(whitened) > 1e-5


def test_the_covariance_is_one() -> None:
    covariance = TRUTH.covariance(LABELS, COLD, WINTER)
    np.testing.assert_allclose(covariance, covariance.T, atol=1e-12)
    assert np.linalg.eigvalsh(covariance)[0] > 0
    np.testing.assert_array_equal(TRUTH.variance(LABELS, COLD, WINTER), np.diagonal(covariance))


def test_order_means_nothing_and_means_add_up() -> None:
    turned = LABELS[::-1]
    np.testing.assert_allclose(
        TRUTH.covariance(turned, COLD, WINTER), TRUTH.covariance(LABELS, COLD, WINTER), rtol=1e-9
    )
    each = TRUTH.part_means(LABELS, COLD, WINTER)
    np.testing.assert_allclose(each.sum(axis=0), TRUTH.mean(LABELS, COLD, WINTER), rtol=1e-12)
    np.testing.assert_allclose(each[1], TRUTH.mean(LABELS[1:2], COLD, WINTER), rtol=1e-12)


def test_the_law_of_kinds_is_that_of_the_street() -> None:
    """Bayes' rule against counting: kinds among drawn households that have one label."""
    residents = draw_residents(60_000, np.random.default_rng(3))
    label = LABELS[1]
    same = np.array([other == label for other in residents.labels])
    counted = np.bincount(residents.kind[same], minlength=KINDS)
    expected = kind_law(label) * same.sum()
    often = expected > 5
    assert counted[expected == 0].sum() == 0
    squared = ((counted[often] - expected[often]) ** 2 / expected[often]).sum()
    assert stats.chi2(often.sum()).sf(squared) > 1e-5
    like = draw_residents_like([label] * 5000, np.random.default_rng(4))
    assert set(like.labels) == {label}
    assert set(like.kind) <= set(np.flatnonzero(expected))


def test_labels_temperature_and_calendar_all_tell() -> None:
    def energy(
        label: Label, temperature: np.ndarray = COLD, start: np.datetime64 = WINTER
    ) -> float:
        return float(TRUTH.mean([label], temperature, start).sum() / 2)

    assert energy(Label("base", 12.0, "none")) > 1.3 * energy(Label("base", 3.0, "none"))
    assert energy(LABELS[1]) > 1.5 * energy(LABELS[1], WARM)
    assert energy(LABELS[0], WARM, SUMMER) < energy(LABELS[0], WARM, WINTER)
    nights = {
        group: TRUTH.mean([Label("off-peak", 9.0, group)], COLD, WINTER).argmax() % 48
        for group in GROUPS[1:]
    }
    assert len(set(nights.values())) == len(nights)  # the water tank tells the group


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(DataError, match="at least one household"):
        TRUTH.mean([], COLD, WINTER)
    with pytest.raises(DataError, match="at least one household"):
        TRUTH.sample([], COLD, WINTER, 2, 0)
    with pytest.raises(DataError, match="subscribed power"):
        Label("base", 7.0, "none")
    with pytest.raises(DataError, match="cheap hours"):
        Label("off-peak", SUBSCRIBED_KVA[0], "none")


def test_sampling_is_deterministic() -> None:
    spec = StreetSpec(households=6, weeks=1, seed=2)
    first = TRUTH.sample(residents_of(spec), COLD, WINTER, 3, 11)
    np.testing.assert_array_equal(first, TRUTH.sample(residents_of(spec), COLD, WINTER, 3, 11))
    assert not np.array_equal(first, TRUTH.sample(residents_of(spec), COLD, WINTER, 3, 12))
