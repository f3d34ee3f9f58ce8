"""Ten households at KL 6.91: flows for one criterion and for two (studies of some minutes)."""

from __future__ import annotations

import sys

import pytest
import torch

from lvm_studio.analysis.boltzmann.extremes import KL, ten_households
from lvm_studio.data.london import load_london
from lvm_studio.models.specs import VAESpec
from lvm_studio.models.street import VAESpace
from lvm_studio.training.recipes import recipe_named
from lvm_studio.tuning.certificate import certify
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.flows.fit import FlowSnapshot, fit_flow
from lvm_studio.tuning.flows.proposals import flow_draws
from lvm_studio.tuning.flows.vector_flow import (
    PAD_FLOW,
    VectorFlow,
    fit_vector_flow,
    vector_certificate,
)
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.pools.smc import smc_pool
from lvm_studio.tuning.solve import solve_kl
from lvm_studio.tuning.specs import FlowSpec, SmcSpec
from lvm_studio.tuning.vector import VectorPotential, directions
from lvm_studio.tuning.vector_climbs import vector_climbs

SPEC = FlowSpec(seconds=74.0, climb_draws=2048, polish=0.4, snapshot_every=10**6)
"""Climb and pool take the rest of ninety seconds."""


@pytest.fixture(scope="module")
def ten() -> VAESpace:
    spec = recipe_named("vae").spec
    assert isinstance(spec.model, VAESpec)
    assert spec.model.fitted_prior is not None
    training = ten_households(load_london(), spec.steps, spec.model.fitted_prior.steps, 0)
    while True:
        try:
            next(training)
        except StopIteration as end:
            space: VAESpace = end.value
            return space


@pytest.mark.study
@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_reference_repeats_itself(
    ten: VAESpace, criterion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """log Z of five seeds within 0.03 nats; the seconds of each are told, not asked."""
    pool = Pool.from_space(ten, CRITERIA[criterion], 4096, 0)
    spec = SmcSpec(particles=4096)
    runs = [smc_pool(pool.potential, kl_max=KL + 0.3, seed=seed, spec=spec) for seed in range(5)]
    lam = solve_kl(runs[0].moments, KL).lam
    log_z = [run.log_z_at(lam)[0] for run in runs]
    with capsys.disabled():
        sys.stdout.write(
            f"{criterion}: log Z {min(log_z):.3f} to {max(log_z):.3f}, "
            f"{max(run.seconds for run in runs):.2f} s, {runs[0].decodes} decodes\n"
        )
    assert max(log_z) - min(log_z) <= 0.03


@pytest.mark.study
@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_flow_is_ready_in_ninety_seconds(
    ten: VAESpace, criterion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gap ≤ 0.12 nats, ESS / N ≥ 0.7, k̂ < 0.7, log Z within 0.05 of two SMC seeds; on a core."""
    pool = Pool.from_space(ten, CRITERIA[criterion], 4096, 0)
    smc = [smc_pool(pool.potential, kl_max=KL + 0.3, seed=seed) for seed in (50, 51)]
    lam = solve_kl(smc[0].moments, KL).lam
    *_, last = fit_flow(SPEC, pool.potential, pool.draws, seed=0)
    assert isinstance(last, FlowSnapshot)
    v = torch.randn(8192, ten.dim, generator=torch.Generator().manual_seed(9))
    drawn = flow_draws(last.proposal(), pool.potential, v, lam)
    log_z = [run.log_z_at(lam)[0] for run in smc]
    said = certify(lam, drawn.f, drawn.log_ratio, reference=(log_z[0], log_z[1]))
    told = (
        f"{criterion}: {last.step} steps, gap {said.kl_to_target:.3f}, ESS/N {said.ess_share:.2f}, "
        f"k̂ {said.khat:.2f}, log Z {said.log_z:.3f} against {log_z[0]:.3f} and {log_z[1]:.3f}\n"
    )
    with capsys.disabled():
        sys.stdout.write(told)
    assert said.kl_to_target <= 0.12
    assert said.ess_share >= 0.7
    assert said.khat < 0.7
    assert max(abs(said.log_z - each) for each in log_z) <= 0.05


@pytest.mark.study
def test_a_flow_for_a_pad_of_two_criteria(
    ten: VAESpace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Peak and flexibility at KL 6.91, 16 directions even in λ and 16 even in their tilts.

    log Z of the flow beside the climbs' own; of so many proposals one is kept.
    """
    wanted = [CRITERIA["peak"], CRITERIA["flexibility"]]
    potential, base = VectorPotential.from_space(ten, wanted, 4096)
    generator = torch.Generator().manual_seed(0)
    climbs = vector_climbs(potential, base, kl_max=7.5, generator=generator, draws=1024)
    *_, pool = climbs
    fit = fit_vector_flow(PAD_FLOW, pool, seed=0)
    while True:
        try:
            next(fit)
        except StopIteration as end:
            flow: VectorFlow = end.value
            break
    v = torch.randn(2048, ten.dim, generator=torch.Generator().manual_seed(9))
    for rays, limit in ((directions(2, 16), 0.15), (base.even_directions(16), 0.25)):
        gaps, costs = [], []
        for ray in rays:
            lam = pool.draws.reach(ray, KL) * ray
            known = pool.draws.estimate(lam)[0]
            assert known.valid
            assert known.moments.kl > 6.5
            said = vector_certificate(
                flow.draws(potential, lam, v), lam, (known.log_z, known.log_z)
            )
            gaps.append(said.kl_to_target)
            cost, kept = flow.proposals(potential, lam, v)
            costs.append(cost)
            told = (
                f"{ray.round(2)}: gap {said.kl_to_target:.3f}, ESS/N {said.ess_share:.2f}, k̂ "
                f"{said.khat:.2f}, log Z {said.log_z:.2f} against {known.log_z:.2f}; "
                f"one of {cost} kept {kept:.3f}\n"
            )
            with capsys.disabled():
                sys.stdout.write(told)
            assert kept <= 0.1
        assert sum(gaps) / len(gaps) < limit
        assert sum(costs) / len(costs) <= 3.0
