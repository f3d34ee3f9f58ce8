"""The best Gaussians of a street by a fixed point: closed forms, all λ at once, unseen streets."""

from __future__ import annotations

import math
import sys
from itertools import islice

import pytest
import torch
from tuning_spaces import LinearSpace, QuadraticSpace, ToyStreet

from lvm_studio.data.london import load_london
from lvm_studio.models.trained import TrainedModel
from lvm_studio.storage.start import SHIPPED_MODEL, starting_workspace
from lvm_studio.tuning.criteria.criterion import CRITERIA, criterion_named
from lvm_studio.tuning.flows.composition_bank import random_streets
from lvm_studio.tuning.flows.proposals import check_flow
from lvm_studio.tuning.flows.settled import settled_flow
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.pools.smc import smc_pool
from lvm_studio.tuning.solve import solve_kl
from lvm_studio.tuning.specs import SmcSpec

PEAK = criterion_named("peak@mean")
FARTHEST = {"peak": 0.25, "sustained": 0.12, "flexibility": 0.12}
"""Nats at KL 6.9. The peak of forty households is high in twenty ways, which one Gaussian serves
only so well: the climb that follows has a Gaussian for each."""


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_linear_criterion_settles_at_its_closed_form() -> None:
    """f = u₁: p̂_λ = N(λ e₁, I), λ_max = √(2 KL)."""
    potential = Pool.from_space(LinearSpace(5), PEAK, n=2048).potential
    flow = settled_flow(potential, kl_max=4.5, generator=generator())
    slope = 1.0 / potential.scale
    assert float(flow.lam_max) * slope == pytest.approx(3.0, abs=0.02)
    u = flow(torch.zeros(1, 5), 2.0).detach()
    assert float(u[0, 0]) == pytest.approx(2.0 * slope, abs=1e-3)
    assert u[0, 1:].abs().max() < 1e-3


def test_a_quadratic_criterion_settles_at_its_closed_form() -> None:
    """f = u₁² / scale: the variance of u₁ is 1 / (1 - 2λ / scale)."""
    potential = Pool.from_space(QuadraticSpace(3), PEAK, n=4096).potential.mirrored()
    flow = settled_flow(potential, kl_max=0.5, generator=generator())
    lam = float(flow.lam_max)
    spread = (flow(torch.eye(3), lam) - flow(torch.zeros(3, 3), lam)).detach()
    expected = 1.0 / math.sqrt(1.0 - 2.0 * lam / potential.scale)
    assert float(spread[0, 0]) == pytest.approx(expected, rel=0.05)
    assert float(spread[1, 1]) == pytest.approx(1.0, abs=0.03)


def test_one_fit_serves_every_lam_of_a_street() -> None:
    pool = Pool.from_space(ToyStreet(hidden=16), CRITERIA["flexibility"], n=512)
    flow = settled_flow(pool.potential, kl_max=4.0, generator=generator(), pairs=48)
    v = torch.randn(512, pool.potential.dim, generator=generator(1))
    assert torch.equal(flow(v, 0.0), v)
    end = float(flow.lam_max)
    check = check_flow(flow, pool.potential, [0.3 * end, 0.7 * end, end], v)
    assert check.gap.max() < 0.13
    assert check.kl[-1] == pytest.approx(4.0, abs=0.6)


@pytest.mark.study
@pytest.mark.parametrize("criterion", CRITERIA)
def test_unseen_streets_need_no_training(
    criterion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shipped model, six streets of 4 to 40 households, KL 2.3, 4.6 and 6.9; log Z by SMC."""
    model = TrainedModel.from_tree(starting_workspace().models[SHIPPED_MODEL])
    for seed, street in enumerate(islice(random_streets(model, load_london(), seed=991), 6)):
        pool = Pool.from_space(street, CRITERIA[criterion], 2048, seed)
        smc = smc_pool(
            pool.potential, kl_max=7.2, seed=seed, spec=SmcSpec(particles=4096, components=1)
        )
        lams = [solve_kl(smc.moments, kl).lam for kl in (2.3, 4.6, 6.9)]
        flow = settled_flow(pool.potential, kl_max=7.2, generator=generator(seed))
        v = torch.randn(2048, street.dim, generator=generator(seed + 100))
        check = check_flow(flow, pool.potential, lams, v)
        told = f"{criterion} K {street.k}: gap {check.gap.round(3)} ESS/N {check.share.round(2)}"
        with capsys.disabled():
            sys.stdout.write(told + "\n")
        assert check.gap.max() < FARTHEST[criterion]
        assert check.share.min() > 0.5
        assert check.khat.max() < 0.7
