"""Ten households at KL 6.91: one criterion by its flow, two by a few proposals (minutes)."""

from __future__ import annotations

import math
import sys
import time

import pytest
import torch

from lvm_studio.analysis.boltzmann.extremes import KL, ten_households
from lvm_studio.data.jobs import result_of
from lvm_studio.data.london import load_london
from lvm_studio.models.specs import VAESpec
from lvm_studio.models.street import VAESpace
from lvm_studio.training.recipes import recipe_named
from lvm_studio.tuning.certificate import certify
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.flows.fit import FlowSnapshot, fit_flow
from lvm_studio.tuning.flows.proposals import flow_draws
from lvm_studio.tuning.pair import Pair
from lvm_studio.tuning.pair_job import PairJob, PairKnown
from lvm_studio.tuning.pools.keeping import KEPT_DRAWS, NEAR, keeping
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.pools.smc import smc_pool
from lvm_studio.tuning.solve import solve_kl
from lvm_studio.tuning.specs import FlowSpec, SmcSpec
from lvm_studio.tuning.vector import VectorPool, directions

SPEC = FlowSpec(seconds=74.0, snapshot_every=10**6)
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
def test_two_criteria_are_within_a_tenth_of_a_nat_everywhere(
    ten: VAESpace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Peak and flexibility at KL 6.91, 16 directions even in λ and 16 even in their tilts.

    Nothing is fitted: of so many proposals of Gaussians one is kept. log Z beside two SMC seeds,
    which miss a fifth of the mass in a few directions: from 105° to 130° their log Z is .2 lower
    than that of these draws, of the climbs, and of SMC with four times as many particles.
    """
    job = PairJob(ten, ("peak", "flexibility"), kl_max=7.5)
    *_, known = job.run()
    assert isinstance(known, PairKnown)
    *_, pair = Pair.growing(ten, job.criteria)
    assert pair is not None
    potential, base = pair.vectors
    pool = VectorPool(potential, known.draws, known.gradient, known.kl_max)
    costs, agreed = [], []
    for ray in (*directions(2, 16), *base.even_directions(16)):
        blend = math.degrees(math.atan2(ray[1], ray[0]))
        lam = solve_kl(pair.seen(pool.draws, blend).moments, KL).lam
        began = time.process_time()
        along, spec = pair.along(blend).potential, SmcSpec(particles=4096)
        reached = pool.along(pair.unit(blend), lam)
        kept = result_of(keeping(along, reached, lam, KEPT_DRAWS, seed=0))
        seconds = time.process_time() - began
        smc = [smc_pool(along, kl_max=KL + 0.3, seed=seed, spec=spec) for seed in (50, 51)]
        reference = smc[0].log_z_at(lam)[0], smc[1].log_z_at(lam)[0]
        read = certify(lam, kept.draws.f, kept.draws.log_ratio)
        above = read.log_z - min(reference)
        told = (
            f"{blend:.0f}°: one of {kept.proposals}, gap {read.kl_to_target:.3f}, ESS/N "
            f"{read.ess_share:.2f}, k̂ {read.khat:.2f}, log Z {read.log_z:.2f} against "
            f"{reference[0]:.2f} and {reference[1]:.2f}, {seconds:.2f} s: {read.sentence}\n"
        )
        with capsys.disabled():
            sys.stdout.write(told)
        assert read.kl_to_target <= NEAR
        assert read.ok, read.sentence
        assert above >= -0.1
        agreed.append(above <= 0.15)
        costs.append(kept.proposals)
    assert sum(agreed) >= 26
    assert sum(costs) / len(costs) <= 6.0
