"""Answers at any λ: the pool's and those of other draws agree where both are valid."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tuning_spaces import ToyStreet

from lvm_studio.tuning.answers import TunedAnswer, answer_from_draws, answer_from_pool
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.flows.fit import FlowSnapshot, fit_flow
from lvm_studio.tuning.flows.proposals import mixture_draws
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.rows import MIXTURE_SHARES
from lvm_studio.tuning.specs import FlowSpec

SPEC = FlowSpec(couplings=2, hidden=16, steps=0, kl_max=6.0)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool.from_space(ToyStreet(hidden=32), CRITERIA["peak"], n=2048)


@pytest.fixture(scope="module")
def by_flow(pool: Pool) -> tuple[Draws, float]:
    """Draws of a flow as far as a climb alone makes it, and the end of its range."""
    *_, last = fit_flow(SPEC, pool.potential, pool.draws, seed=0)
    assert isinstance(last, FlowSnapshot)
    flow = last.proposal()
    lams = [share * float(flow.lam_max) for share in MIXTURE_SHARES]
    generator = torch.Generator().manual_seed(0)
    draws = mixture_draws(flow, pool.potential, pool.draws, lams, 256, generator)
    return draws, float(flow.lam_max)


@pytest.fixture(scope="module")
def found(pool: Pool, by_flow: tuple[Draws, float]) -> TunedAnswer:
    return answer_from_draws(by_flow[0], pool, 1.2, n=2048)


def test_pool_and_flow_agree_where_both_are_valid(pool: Pool, by_flow: tuple[Draws, float]) -> None:
    of_pool = answer_from_pool(pool, 0.7)
    of_flow = answer_from_draws(by_flow[0], pool, 0.7)
    error = 4.0 * (of_pool.standard_error + of_flow.standard_error)
    assert of_pool.valid
    assert of_flow.valid
    assert of_flow.expectation == pytest.approx(of_pool.expectation, abs=error)
    assert of_flow.base_expectation == of_pool.base_expectation
    assert of_flow.kl == pytest.approx(of_pool.kl, abs=0.1)


def test_far_out_only_the_flow_is_valid(pool: Pool, by_flow: tuple[Draws, float]) -> None:
    draws, end = by_flow
    alone, better = answer_from_pool(pool, 0.95 * end), answer_from_draws(draws, pool, 0.95 * end)
    assert not alone.valid
    assert alone.doubt != ""
    assert better.valid
    assert better.doubt == ""
    assert better.ess > 5.0 * alone.ess


def test_an_answer_tells_natural_units_beside_normalised_ones(
    pool: Pool, found: TunedAnswer
) -> None:
    assert (found.criterion, found.unit) == ("peak", "kW")
    assert found.expectation == pytest.approx(pool.potential.natural(found.normalised_expectation))
    assert found.one_in_n == pytest.approx(np.exp(found.kl))
    assert found.expectation > found.base_expectation
    assert found.curves_kw.shape == (2048, 336)
    assert bool((found.p10_kw <= found.p90_kw).all())


def test_shown_curves_have_the_peak_that_is_told(found: TunedAnswer) -> None:
    """Their own noise is fresh, so that nothing is overstated by the draws behind f̃."""
    peaks = found.curves_kw.max(axis=1)
    error = 4.0 * peaks.std() / np.sqrt(found.curves_ess)
    assert float(peaks.mean()) == pytest.approx(found.expectation, abs=error)
