"""Bits of a perfect model: closed forms, and what the simulated street's own law says of Table 9.1.

``python -m pytest tests/analysis/test_street_information.py -m study -s`` prints the figures.
"""

import sys

import numpy as np
import pytest
from street_information import (
    CODES,
    bits_at,
    optimal_bits,
    optimal_noise,
    true_bits,
)
from street_told import DatesBehind

from lvm_studio.analysis.chapters.composition_street import (
    TOLD,
    TOLD_AT_NOISE,
    UNTOLD,
    street_lesion,
)
from lvm_studio.analysis.judging.scores import energy_score
from lvm_studio.data.calendar import week_id, week_start
from lvm_studio.data.jobs import result_of
from lvm_studio.data.simulated import FULL_STREET, StreetSpec, residents_of, simulate_street
from lvm_studio.data.simulation.truth import StreetTruth
from lvm_studio.data.simulation.weather import draw_temperature
from lvm_studio.data.split import choose_split


def one_factor(size: float) -> np.ndarray:
    """One direction of this squared length in white noise of variance .1, [1, 30, 30]."""
    loading = np.full(30, np.sqrt(size / 30))
    return (np.outer(loading, loading) + 0.1 * np.eye(30))[None]


def test_one_factor_in_white_noise_takes_what_ppca_says():
    found = optimal_bits(one_factor(10.8), latents=2)
    assert found == pytest.approx(0.5 * np.log2(1 + 108), abs=0.15)


def test_a_code_for_several_laws_takes_their_mean_bits():
    two = np.concatenate([one_factor(10.8), one_factor(3.0)])
    noise = optimal_noise(two, latents=2)
    alone = [bits_at(noise, covariance[None], latents=2) for covariance in two]
    assert bits_at(noise, two, latents=2) == pytest.approx(np.mean(alone))
    assert alone[0] - alone[1] == pytest.approx(0.5 * np.log2(109 / 31), abs=0.1)


def test_noise_that_remembers_is_no_information():
    gaps = np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    assert optimal_bits((0.6**gaps)[None], latents=2) < 0.1


def test_a_weather_tells_its_season_and_not_its_half():
    generator = np.random.default_rng(0)
    dates = week_start("2016-W02") + np.timedelta64(7, "D") * np.arange(0, 52, 4)
    behind = DatesBehind.of(dates, generator)
    chance = np.mean(
        [behind.chance(draw_temperature(dates[0], 7, generator)) for _ in range(20)], axis=0
    )
    assert chance.sum() == pytest.approx(1)
    assert chance[4:9].sum() < 0.01  # from May to September
    assert chance[0] < 0.8  # and yet no weather is that of one month alone


@pytest.mark.study
def test_what_a_perfect_code_gains_from_the_temperature(capsys):
    weeks = [week_start(f"2016-W{week:02d}") for week in (2, 8, 14, 21, 28, 36, 42, 48)]
    found = true_bits(100, weeks, seed=0)
    lines = [f"{found.own(told):.1f} bits told {told}, at its own noise" for told in CODES]
    for noise in CODES:
        ratios = (f"{told} {found.ratio(told, 'nothing', noise):.3f}" for told in CODES[:-1])
        lines.append(f"÷ told nothing, both at the noise of {noise}: {', '.join(ratios)}")
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert found.ratio("everything", "nothing", "nothing") < 0.7
    assert 0.7 < found.ratio("temperature", "nothing", "nothing") < 0.8
    assert 0.8 < found.ratio("temperature", "nothing") < 0.9


@pytest.mark.study
@pytest.mark.parametrize("seed", [0, 1])
def test_a_trained_model_told_the_temperature_takes_three_quarters_of_the_bits(seed, capsys):
    street = simulate_street(StreetSpec(1000, 250, seed))
    found = result_of(street_lesion(street, steps=300, batch=64, seed=seed))
    with capsys.disabled():
        sys.stdout.write("\n")
        for told, coded in found.items():
            sys.stdout.write(
                f"told {told}: {coded.w:.2f} + {coded.z:.2f} = {coded.together:.2f} bits, "
                f"{coded.together / found[UNTOLD].together:.3f} of those told nothing, "
                f"bound {coded.bound:.1f} nats\n"
            )
    assert found[TOLD_AT_NOISE].together < 0.75 * found[UNTOLD].together
    assert found[TOLD_AT_NOISE].reconstruction > found[UNTOLD].reconstruction
    assert found[TOLD].bound > found[UNTOLD].bound


SHRUNK = (0.0, 5.0, 20.0, np.inf)
"""Households that the mean of all labels counts for beside those of one label."""


def heard_of(seed):
    """The training households of the simulated street of this seed, as rows."""
    ids = tuple(f"SIM{number:05d}" for number in range(1, FULL_STREET.households + 1))
    weeks = tuple(week_id(week_start("2015-W02") + np.timedelta64(7 * n, "D")) for n in range(250))
    sound = np.zeros(len(ids), dtype=np.bool_)
    split = choose_split(ids, weeks, sound, heldout_weeks=50, heldout_households=100, seed=seed)
    return np.array([ids.index(one) for one in split.train_households])


def limits_of(seed, sums=12):
    """Energy score ÷ the law's if all that is wrong is that labels are known by some households.

    Every household's own mean is taken as exactly known; a label's is the mean over those that
    have it, drawn towards what is linear in the labels. A row a sum, a column for each of SHRUNK.
    """
    rng, law = np.random.default_rng(seed), StreetTruth()
    residents = residents_of(StreetSpec(FULL_STREET.households, 1, seed))[heard_of(seed)]
    labels, heard = list(residents.labels), len(residents)
    told = np.array([[str(part) for part in vars(label).values()] for label in labels])
    columns = [told[:, [i]] == np.unique(told[:, i]) for i in range(told.shape[1])]
    linear = np.concatenate([np.ones((heard, 1)), *columns], axis=1).astype(float)
    same = (told[:, None] == told[None]).all(axis=2)
    week = week_start("2016-W05")
    weather = draw_temperature(week, 7, np.random.default_rng(seed))
    own = law.part_means(residents, weather, week)
    exact = law.part_means(labels, weather, week)
    fit = linear @ np.linalg.solve(linear.T @ linear + np.eye(linear.shape[1]), linear.T @ own)
    for _ in range(sums):
        rows = rng.choice(heard, int(np.exp(rng.uniform(np.log(20), np.log(60)))), replace=False)
        who = [labels[row] for row in rows]
        drawn = law.sample(who, weather, week, 100, seed).astype(float)
        fresh = law.sample(who, weather, week, 16, seed + 1).astype(float)

        def score(shift, drawn=drawn, fresh=fresh):
            return np.mean([energy_score(drawn + shift, x) for x in fresh])

        found = []
        for kappa in SHRUNK:
            weight = 1 / (1 + kappa / same.sum(axis=1, keepdims=True))
            means = fit + weight * (same @ (own - fit)) / same.sum(axis=1, keepdims=True)
            found.append(score((means - exact)[rows].sum(axis=0)))
        yield np.array([*found, score(0.0)])


@pytest.mark.study
def test_what_400_households_cannot_tell_of_their_labels(capsys):
    streets = [np.sum(list(limits_of(seed)), axis=0) for seed in range(4)]
    ratios = np.array([street[:-1] / street[-1] for street in streets])
    lines = (
        f"street {seed}: "
        + ", ".join(f"{r:.3f} (κ = {k:g})" for r, k in zip(row, SHRUNK, strict=True))
        for seed, row in enumerate(ratios)
    )
    best = ratios.min(axis=1)
    with capsys.disabled():
        sys.stdout.write("\nenergy score ÷ the law's, own means known\n" + "\n".join(lines) + "\n")
        sys.stdout.write(f"best way: mean over streets {best.mean():.3f}\n")
    assert best[0] > 1.03  # that of the recipe; others of its law may be luckier
