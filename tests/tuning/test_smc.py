"""The reference sampler against closed forms, and against sums over the base law."""

import math

import numpy as np
import pytest
import torch
from tuning_spaces import LinearSpace, QuadraticSpace, ToyStreet, TwoWaySpace

from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.pools.smc import run_smc, smc_pool
from lvm_studio.tuning.pools.smc_pool import SmcPool
from lvm_studio.tuning.specs import SmcSpec

SMALL = SmcSpec(particles=1024)


def exact(space: LinearSpace, shift: float, scale: float) -> Potential:
    """f normalised by what is known of it, not by what a sample says."""
    return Potential(space, CRITERIA["peak"], torch.zeros(2, 336), shift, scale)


LINEAR = exact(LinearSpace(8), 10.0, 1.0)
QUADRATIC = exact(QuadraticSpace(4), 1.0, math.sqrt(2.0))


@pytest.fixture(scope="module")
def linear() -> SmcPool:
    return smc_pool(LINEAR, kl_max=13.0, seed=1, spec=SMALL)


@pytest.mark.parametrize("lam", [0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0])
def test_a_linear_criterion_up_to_five(linear: SmcPool, lam: float) -> None:
    """E f = λ, KL = log Z = λ²/2, Var = 1, third moment 0."""
    at, log_z = linear.moments(lam), linear.log_z_at(lam)[0]
    assert at.expectation == pytest.approx(lam, abs=0.08)
    assert at.kl == pytest.approx(lam**2 / 2, abs=0.15)
    assert log_z == pytest.approx(lam**2 / 2, abs=0.08)
    assert at.variance == pytest.approx(1.0, abs=0.12)
    assert at.third == pytest.approx(0.0, abs=0.35)


def test_the_ladder_ends_where_it_is_told(linear: SmcPool) -> None:
    assert linear.lam_max == pytest.approx(math.sqrt(26.0), rel=0.05)
    on_the_way, rounds = SMALL.on_the_way, SMALL.rounds
    rungs = len(linear.lams) - rounds
    assert linear.decodes == len(linear.draws.f) == on_the_way * (1 + rungs) + 1024 * rounds
    assert np.sum(linear.lams > 0.99 * linear.lam_max) == SMALL.rounds
    assert len(linear.islands) == 8


def test_errors_between_islands_are_those_between_seeds() -> None:
    runs = [smc_pool(LINEAR, kl_max=5.0, seed=seed, spec=SMALL) for seed in range(6)]
    found, told = np.array([run.log_z_at(3.0) for run in runs]).T
    assert found.mean() == pytest.approx(4.5, abs=0.02)
    assert found.std(ddof=1) < 3.0 * told.mean()
    assert told.mean() < 5.0 * found.std(ddof=1)


def test_a_quadratic_criterion_below_its_limit() -> None:
    """Z = e^{-λ/√2} / √(1 - √2 λ)."""
    pool = smc_pool(QUADRATIC, kl_max=3.0, seed=2, spec=SmcSpec(particles=1024, climbing=1.0))
    for lam in (0.2, 0.4, 0.55):
        expected = -0.5 * math.log(1 - math.sqrt(2) * lam) - lam / math.sqrt(2)
        assert pool.log_z_at(lam)[0] == pytest.approx(expected, abs=0.04)
    assert pool.lam_max < 1 / math.sqrt(2)


@pytest.mark.parametrize("seed", [2, 5])
def test_a_small_ladder_survives_draws_where_the_law_ends(seed: int) -> None:
    """Few draws can climb past 1/√2, to a handful far out: that must not end the sampler."""
    pool = smc_pool(QUADRATIC, kl_max=3.0, seed=seed, spec=SmcSpec(particles=1024))
    assert pool.log_z_at(0.4)[0] == pytest.approx(0.134, abs=0.06)


def test_two_ways_are_both_found() -> None:
    pool = Pool.from_space(TwoWaySpace(6), CRITERIA["peak"], n=4096)
    reference = smc_pool(pool.potential, kl_max=5.0, seed=3, spec=SMALL)
    _, share = reference.estimate(0.9 * reference.lam_max)
    first = share @ (reference.draws.u[:, 0] > reference.draws.u[:, 1]).numpy()
    assert first == pytest.approx(0.5, abs=0.06)


def test_log_z_of_a_street_is_that_of_the_base_law() -> None:
    """In 40 dimensions states of Metropolis chains would put it 0.1 lower, and their Gaussians."""
    pool = Pool.from_space(ToyStreet(), CRITERIA["flexibility"], n=20_000)
    reference = smc_pool(pool.potential, kl_max=1.2, seed=5, spec=SmcSpec(particles=4096, rounds=1))
    log_z, error = reference.log_z_at(1.0)
    assert log_z == pytest.approx(pool.draws.estimate(1.0)[0].log_z, abs=0.04)
    assert error < 0.02


def test_every_rung_is_told_and_the_same_seed_tells_the_same() -> None:
    *rungs, pool = run_smc(LINEAR, kl_max=3.0, seed=4, spec=SMALL)
    *_, again = run_smc(LINEAR, kl_max=3.0, seed=4, spec=SMALL)
    assert [rung.rung for rung in rungs] == list(range(1, len(rungs) + 1))
    assert np.all(np.diff([rung.lam for rung in rungs]) >= 0)
    assert rungs[-1].kl == pytest.approx(3.0, rel=0.01)
    assert (pool.draws.f == again.draws.f).all()


def test_islands_must_be_alike() -> None:
    with pytest.raises(ValueError, match="do not split into 7 islands"):
        SmcSpec(particles=1024, islands=7)
