"""Answers at any λ: who answers, what it says, and that curves move instead of jumping."""

from __future__ import annotations

import numpy as np
import pytest
from tuning_spaces import LinearSpace, ToyStreet

from lvm_studio.tuning.answers import FlowSource, PoolSource, answer, choose, front
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.flows.fit import FlowSnapshot, fit_flow
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.specs import FlowSpec

SPEC = FlowSpec(couplings=2, hidden=16, steps=0, kl_max=6.0)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool.from_space(ToyStreet(hidden=32), CRITERIA["peak"], n=2048)


@pytest.fixture(scope="module")
def snapshot(pool: Pool) -> FlowSnapshot:
    *_, last = fit_flow(SPEC, pool.potential, pool.draws, seed=0)
    assert isinstance(last, FlowSnapshot)
    return last


@pytest.fixture(scope="module")
def flow(pool: Pool, snapshot: FlowSnapshot) -> FlowSource:
    return FlowSource.from_snapshot(snapshot, pool)


def test_at_lam_zero_the_flow_shows_the_pools_own_curves(pool: Pool, flow: FlowSource) -> None:
    assert np.allclose(flow.answer(0.0, n=64).curves_kw, pool.curves_kw[:64], atol=1e-4)


def test_curves_move_little_when_lam_moves_little(flow: FlowSource) -> None:
    before, after = (flow.answer(lam, n=128).curves_kw for lam in (1.0, 1.01))
    moved = np.abs(after - before).max(axis=1)
    assert np.quantile(moved, 0.75) < 1.0


def test_pool_and_flow_agree_where_both_are_valid(pool: Pool, flow: FlowSource) -> None:
    by_pool, by_flow = PoolSource(pool).answer(0.7), flow.answer(0.7)
    error = 4.0 * (by_pool.standard_error + by_flow.standard_error)
    assert by_pool.valid
    assert by_flow.valid
    assert by_flow.expectation == pytest.approx(by_pool.expectation, abs=error)
    assert by_flow.base_expectation == by_pool.base_expectation
    assert by_flow.kl == pytest.approx(by_pool.kl, abs=0.1)


def test_the_pool_answers_at_once_and_the_flow_takes_over(pool: Pool, flow: FlowSource) -> None:
    source = PoolSource(pool)
    assert choose(0.5, source, None) is source
    assert choose(0.5, source, flow) is flow
    assert answer(flow.lam_max, source, flow).method == "flow"
    assert answer(-0.5, source, flow).method == "pool"


def test_far_out_only_the_flow_is_valid(pool: Pool, flow: FlowSource) -> None:
    lam = 0.95 * flow.lam_max
    alone, better = answer(lam, PoolSource(pool), None), answer(lam, PoolSource(pool), flow)
    assert not alone.valid
    assert alone.doubt != ""
    assert better.valid
    assert better.doubt == ""
    assert better.ess > 5.0 * alone.ess


def test_an_answer_tells_natural_units_beside_normalised_ones(flow: FlowSource) -> None:
    found, potential = flow.answer(1.2), flow.pool.potential
    assert (found.criterion, found.unit) == ("peak", "kW")
    assert found.expectation == pytest.approx(potential.natural(found.normalised_expectation))
    assert found.one_in_n == pytest.approx(np.exp(found.kl))
    assert found.expectation > found.base_expectation
    assert found.curves_kw.shape == (256, 336)
    assert bool((found.p10_kw <= found.p90_kw).all())


def test_shown_curves_have_the_peak_that_is_told(flow: FlowSource) -> None:
    """Their own noise is fresh, so that nothing is overstated by the draws behind f̃."""
    found = flow.answer(1.2, n=2048)
    peaks = found.curves_kw.max(axis=1)
    error = 4.0 * peaks.std() / np.sqrt(found.curves_ess)
    assert float(peaks.mean()) == pytest.approx(found.expectation, abs=error)


def test_the_front_rises_in_both(pool: Pool, flow: FlowSource) -> None:
    along = front(flow.draws, pool.potential, np.linspace(0.0, flow.lam_max, 9).tolist())
    assert bool((np.diff(along.expectation) > 0).all())
    assert bool((np.diff(along.kl) > 0).all())
    assert bool(along.valid.all())
    assert along.expectation[0] == pytest.approx(pool.potential.natural(0.0), abs=0.3)


def test_a_flow_of_another_street_is_refused(snapshot: FlowSnapshot) -> None:
    other = Pool.from_space(LinearSpace(40), CRITERIA["peak"], n=512)
    with pytest.raises(TuningError, match="another composition or criterion"):
        FlowSource.from_snapshot(snapshot, other)
