"""Curves of the flow kept at a grid of λ are as good as curves drawn at λ itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tuning_spaces import LinearSpace, PlainCurve, ToyStreet

from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.flows.fit import FlowSnapshot, fit_flow
from lvm_studio.tuning.pools import rows as rows_module
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.rows import GRID, FlowRows, flow_of, growing_draws
from lvm_studio.tuning.specs import FlowSpec

SPEC = FlowSpec(couplings=2, hidden=16, steps=0, kl_max=5.0)


class CountingStreet(ToyStreet):
    """Counts the latents it has decoded."""

    decoded = 0

    def decode(self, u: torch.Tensor) -> PlainCurve:
        self.decoded += len(u)
        return super().decode(u)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool.from_space(CountingStreet(hidden=32), CRITERIA["flexibility"], n=2048)


@pytest.fixture(scope="module")
def snapshot(pool: Pool) -> FlowSnapshot:
    *_, last = fit_flow(SPEC, pool.potential, pool.draws, seed=0)
    assert isinstance(last, FlowSnapshot)
    return last


@pytest.fixture
def rows(pool: Pool, snapshot: FlowSnapshot) -> FlowRows:
    return FlowRows(flow_of(snapshot, pool.potential), pool, 512)


def test_at_lam_zero_the_rows_are_the_pools_own(pool: Pool, rows: FlowRows) -> None:
    shown = rows.shown(0.0, seed=0)
    np.testing.assert_allclose(shown.curves_kw, pool.curves_kw[:512], atol=1e-3)
    assert shown.ess == pytest.approx(512, rel=1e-3)


def test_between_two_places_the_weights_make_good_the_distance(
    pool: Pool, rows: FlowRows, snapshot: FlowSnapshot
) -> None:
    """Half a step off the grid the mean of f is that of p̂_λ, not that of the place."""
    lam = 1.0 + 0.5 / GRID
    shown = rows.shown(lam, seed=0)
    *_, draws = growing_draws(flow_of(snapshot, pool.potential), pool, 512, seed=1)
    assert isinstance(draws, Draws)
    estimate, _ = draws.estimate(lam)
    f = pool.potential.value(shown.u).mean()
    error = 4.0 * (estimate.standard_error + 1.0 / np.sqrt(shown.ess))
    assert float(f) == pytest.approx(estimate.moments.expectation, abs=error)
    assert shown.ess > 0.5 * 512


def test_where_lam_has_been_nothing_is_decoded_again(pool: Pool, rows: FlowRows) -> None:
    space = pool.potential.space
    assert isinstance(space, CountingStreet)
    list(rows.growing())
    before = space.decoded
    last = float(rows.flow.lam_max)
    for lam in np.linspace(0.0, last, 57):
        rows.shown(float(lam), seed=0)
    rows.shown(1.5 * last, seed=0)  # beyond the range: the last place, reweighted
    assert space.decoded == before


def test_of_many_rows_only_the_last_places_are_kept(
    pool: Pool, rows: FlowRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "MOST_KEPT", 3 * rows.n)
    for place in range(6):
        rows.shown(place / GRID, seed=0)
    assert sorted(rows._places) == [3, 4, 5]


def test_curves_move_little_when_lam_moves_little(rows: FlowRows) -> None:
    before, after = (rows.shown(lam, seed=0).curves_kw for lam in (1.0, 1.0 + 1.0 / GRID))
    moved = np.abs(after - before).max(axis=1)
    assert np.quantile(moved, 0.75) < before.std(axis=0).mean()


def test_a_flow_of_another_street_is_refused(snapshot: FlowSnapshot) -> None:
    other = Pool.from_space(LinearSpace(40), CRITERIA["peak"], n=512)
    with pytest.raises(TuningError, match="another composition or criterion"):
        flow_of(snapshot, other.potential)
