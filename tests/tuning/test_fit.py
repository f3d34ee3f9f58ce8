"""Fitting the flow: closed forms with a tiny budget, and the path derivative's promise."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import torch
from test_stages import two_way_log_z
from tuning_spaces import LinearSpace, QuadraticSpace, ToyStreet, TwoWaySpace

from lvm_studio.data.tree import TreeView
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.flows.fit import (
    ClimbReport,
    FlowFit,
    FlowReport,
    FlowSnapshot,
    FlowStep,
    fit_flow,
    start_flow,
)
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.flows.proposals import check_flow, flow_draws, mixture_draws
from lvm_studio.tuning.jobs import FlowJob
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.pools.stages import climb
from lvm_studio.tuning.specs import FlowSpec

PEAK = CRITERIA["peak"]
TINY = FlowSpec(
    climb_draws=512, couplings=2, hidden=8, steps=10, batch=64, kl_max=5.0, enough_share=1.0
)


def fitted(space: LinearSpace | ToyStreet, spec: FlowSpec = TINY) -> tuple[Pool, list[FlowReport]]:
    pool = Pool.from_space(space, PEAK, n=2048)
    return pool, list(fit_flow(spec, pool.potential, pool.draws, seed=0))


def last_snapshot(reports: list[FlowReport]) -> FlowSnapshot:
    snapshot = reports[-1]
    assert isinstance(snapshot, FlowSnapshot)
    assert snapshot.final
    return snapshot


def test_a_linear_criterion_is_fitted_exactly() -> None:
    """E f = λ, KL = λ²/2, log Z = λ²/2, up to the pool's own mean and spread of f."""
    pool, reports = fitted(LinearSpace(8))
    snapshot = last_snapshot(reports)
    flow = snapshot.proposal()
    slope = 1.0 / pool.potential.scale
    offset = (10.0 - pool.potential.shift) * slope
    for lam in (0.7, 1.9, 3.0):
        v = torch.randn(2000, 8, generator=torch.Generator().manual_seed(1))
        found, _ = flow_draws(flow, pool.potential, v, lam).estimate(lam)
        assert found.ess / found.samples > 0.99
        assert found.log_z == pytest.approx((lam * slope) ** 2 / 2 + lam * offset, abs=0.01)
        assert found.moments.kl == pytest.approx((lam * slope) ** 2 / 2, abs=0.1)
    assert math.sqrt(10.0) == pytest.approx(snapshot.lam_max, rel=0.06)


def test_a_law_of_two_humps_is_fitted_on_both() -> None:
    spec = FlowSpec(couplings=2, hidden=16, steps=60, batch=128, kl_max=5.0)
    pool, reports = fitted(TwoWaySpace(8), spec)
    snapshot = last_snapshot(reports)
    flow = snapshot.proposal()
    lam = 0.95 * snapshot.lam_max
    v = torch.randn(4000, 8, generator=torch.Generator().manual_seed(1))
    draws = flow_draws(flow, pool.potential, v, lam)
    found, share = draws.estimate(lam)
    assert flow.branches == 2
    assert found.valid
    assert found.ess / found.samples > 0.6
    assert found.log_z == pytest.approx(two_way_log_z(pool.potential, lam), abs=0.05)
    higher = (draws.u[:, 0] > draws.u[:, 1]).numpy()
    assert share[higher].sum() == pytest.approx(0.5, abs=0.05)


def test_training_brings_the_flow_closer() -> None:
    """From a core that knows nothing of the climb, so that all is learned."""
    pool = Pool.from_space(TwoWaySpace(6), PEAK, n=2048)
    spec = FlowSpec(couplings=4, hidden=16, steps=150, batch=128, lr=1e-2)
    flow = LambdaFlow(torch.eye(6), 2.0, 1, spec.couplings, spec.hidden)
    fit = FlowFit(spec, pool.potential, flow, torch.Generator().manual_seed(0))
    v = torch.randn(512, 6, generator=torch.Generator().manual_seed(1))
    before = check_flow(flow, pool.potential, [1.0, 2.0], v)
    while not fit.finished:
        fit.step()
    after = check_flow(flow, pool.potential, [1.0, 2.0], v)
    assert bool((after.gap < 0.5 * before.gap).all())
    assert bool((after.share > before.share).all())


def test_where_the_flow_is_exact_the_path_derivative_vanishes_sample_by_sample() -> None:
    pool = Pool.from_space(LinearSpace(5), PEAK, n=2048)
    *_, reached = climb(
        pool.potential, pool.draws, kl_max=4.0, generator=torch.Generator().manual_seed(0)
    )
    flow = start_flow(reached, pool.potential, TINY, seed=0)
    fit = FlowFit(TINY, pool.potential, flow, torch.Generator().manual_seed(0))
    fit.step()
    largest = max(float(p.grad.abs().max()) for p in flow.parameters() if p.grad is not None)
    assert largest < 1e-3


def test_with_steps_given_a_fit_repeats_itself() -> None:
    trees = [last_snapshot(fitted(TwoWaySpace(6))[1]).tree for _ in range(2)]
    first, again = (TreeView(tree, "").child("flow").child("weights").tree for tree in trees)
    for name, value in first.items():
        assert np.allclose(value, again[name], atol=1e-5), name


def test_reports_come_in_order_and_say_how_far() -> None:
    _, reports = fitted(TwoWaySpace(6), TINY.model_copy(update={"snapshot_every": 4}))
    kinds = [type(report) for report in reports]
    first_step = kinds.index(FlowStep)
    assert set(kinds[: first_step - 1]) == {ClimbReport}
    assert kinds[first_step - 1] is FlowSnapshot
    progress = [report.progress for report in reports if isinstance(report, FlowStep)]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    snapshots = [report for report in reports if isinstance(report, FlowSnapshot)]
    assert [snapshot.step for snapshot in snapshots] == [0, 4, 8, 10]
    assert [snapshot.final for snapshot in snapshots] == [False, False, False, True]
    assert bool((snapshots[-1].check.share <= 1.0).all())


def test_a_fit_ends_as_the_best_flow_it_was() -> None:
    """Steps far too long lead away from Gaussians that are exact already."""
    wild = TINY.model_copy(update={"lr": 0.3, "snapshot_every": 2})
    _, reports = fitted(LinearSpace(6), wild)
    shares = [r.check.share.mean() for r in reports if isinstance(r, FlowSnapshot)]
    assert min(shares) < 0.98
    assert shares[-1] == max(shares) > 0.99


def test_a_flow_good_enough_stops_early() -> None:
    _, reports = fitted(
        LinearSpace(6), TINY.model_copy(update={"steps": 1000, "enough_share": 0.9})
    )
    assert last_snapshot(reports).step < 1000


def test_the_range_ends_where_no_law_exists() -> None:
    pool, reports = fitted(QuadraticSpace(6), TINY.model_copy(update={"steps": 30}))
    assert last_snapshot(reports).lam_max < pool.potential.scale / 2


def test_base_draws_in_the_mixture_bound_the_weights() -> None:
    pool, reports = fitted(TwoWaySpace(6))
    flow = last_snapshot(reports).proposal()
    generator = torch.Generator().manual_seed(0)
    draws = mixture_draws(flow, pool.potential, pool.draws, [1.0, 2.0], 256, generator)
    assert len(draws.f) == 2048 + 512
    assert draws.log_ratio.max() <= math.log((2048 + 512) / 2048) + 1e-9
    assert draws.estimate(0.0)[0].log_z == pytest.approx(0.0, abs=0.05)


def test_a_job_crosses_to_another_process_and_gives_the_same_flow() -> None:
    space = ToyStreet(hidden=8)
    job = FlowJob(TINY.model_copy(update={"steps": 2}), space, "peak", seed=0, pool=1024)
    copy = pickle.loads(pickle.dumps(job))
    here, there = (list(each.run()) for each in (job, copy))
    assert last_snapshot(here).scale == last_snapshot(there).scale
    assert last_snapshot(here).lam_max == last_snapshot(there).lam_max
    assert pickle.loads(pickle.dumps(here[-1])).step == here[-1].step


def test_the_quiet_side_is_the_flow_of_less() -> None:
    """λ < 0 of a linear f: the flow of -f, whose law is N(-λ e₁, I)."""
    spec = TINY.model_copy(update={"steps": 2, "side": "less"})
    *_, last = FlowJob(spec, LinearSpace(4), "sustained", pool=1024).run()
    assert isinstance(last, FlowSnapshot)
    assert last.scale < 0.0
    v = torch.randn(2000, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        drawn = last.proposal()(v, 1.5)
    assert float(drawn[:, 0].mean()) == pytest.approx(-1.5, abs=0.2)


def test_splines_come_before_and_are_fitted_too() -> None:
    spec = TINY.model_copy(update={"splines": 2, "steps": 4})
    snapshot = last_snapshot(fitted(TwoWaySpace(6), spec)[1])
    splines = snapshot.proposal().flow.splines
    assert len(splines) == 2
    assert any(float(each.detach().abs().sum()) > 0.0 for each in splines[0].hyper[-1].parameters())
