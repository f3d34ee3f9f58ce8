import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import norm

from lvm_studio.analysis.judging.scores import coverage, crps, energy_score, week_error


def brute_energy_score(samples, x):
    near = np.mean([np.linalg.norm(s - x) for s in samples])
    pairs = [
        np.linalg.norm(a - b)
        for i, a in enumerate(samples)
        for j, b in enumerate(samples)
        if i != j
    ]
    return near - 0.5 * np.mean(pairs)


def test_energy_score_is_the_sum_over_pairs():
    rng = np.random.default_rng(0)
    samples, x = rng.normal(size=(9, 5)), rng.normal(size=5)
    assert energy_score(samples, x) == pytest.approx(brute_energy_score(samples, x), rel=1e-12)


def test_energy_score_keeps_its_digits_far_from_the_origin():
    rng = np.random.default_rng(0)
    samples, x = rng.normal(size=(9, 5)), rng.normal(size=5)
    far = energy_score(samples + 1e6, x + 1e6)
    assert far == pytest.approx(energy_score(samples, x), rel=1e-6)


def test_energy_score_of_a_gaussian_at_its_mean():
    dim, count = 6, 4000
    samples = np.random.default_rng(1).normal(size=(count, dim))
    mean_norm = np.sqrt(2) * np.exp(gammaln((dim + 1) / 2) - gammaln(dim / 2))
    expected = mean_norm * (1 - np.sqrt(2) / 2)  # X − X' is √2 as wide as X
    assert energy_score(samples, np.zeros(dim)) == pytest.approx(expected, abs=0.03)


def test_scores_of_one_half_hour_meet_the_gaussian_crps():
    mu, sigma, x = 1.0, 2.0, 2.5
    z = (x - mu) / sigma
    expected = sigma * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    samples = np.random.default_rng(2).normal(mu, sigma, size=(4000, 1))
    assert crps(samples, np.array([x])) == pytest.approx(expected, abs=0.06)
    assert crps(samples, np.array([x])) == pytest.approx(energy_score(samples, np.array([x])))


@pytest.mark.parametrize("score", [energy_score, crps])
def test_scores_do_not_depend_on_how_many_samples_are_drawn(score):
    rng = np.random.default_rng(3)
    x = np.full(3, 0.5)
    few = [score(rng.normal(size=(2, 3)), x) for _ in range(4000)]
    many = score(rng.normal(size=(3000, 3)), x)
    assert np.mean(few) == pytest.approx(many, abs=5 * np.std(few) / np.sqrt(len(few)) + 0.03)


@pytest.mark.parametrize("score", [energy_score, crps])
def test_the_true_law_scores_best(score):
    rng = np.random.default_rng(4)
    truths = rng.normal(size=(400, 4))

    def mean_score(shift, scale):
        return np.mean([score(shift + scale * rng.normal(size=(60, 4)), x) for x in truths])

    honest = mean_score(0.0, 1.0)
    assert honest < min(mean_score(0.7, 1.0), mean_score(0.0, 0.4), mean_score(0.0, 2.0))


def test_week_error_adds_the_half_hours():
    samples = np.array([[0.0, 2.0], [2.0, 2.0]])
    assert week_error(samples, np.array([3.0, 1.0])) == pytest.approx(3.0)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("count", [19, 100])
def test_a_calibrated_predictor_is_covered_as_it_says(level, count):
    rng = np.random.default_rng(6)
    hits = coverage(rng.normal(size=(count, 20_000)), rng.normal(size=20_000), level)
    assert hits == pytest.approx(level, abs=5 * np.sqrt(level * (1 - level) / 20_000))


def test_an_overconfident_predictor_is_found_out():
    rng = np.random.default_rng(7)
    assert coverage(0.5 * rng.normal(size=(100, 5000)), rng.normal(size=5000), 0.8) < 0.6


@pytest.mark.parametrize("shape", [(1, 3), (5,), (5, 4)])
def test_shapes_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="samples"):
        energy_score(np.zeros(shape), np.zeros(3))
