"""Fresh draws of one λ, one of a few proposals each: two criteria in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tuning_spaces import TwoTimes

from lvm_studio.data.jobs import result_of
from lvm_studio.tuning.certificate import certify
from lvm_studio.tuning.pair import Pair
from lvm_studio.tuning.pools.keeping import NEAR, _Keeping, keeping
from lvm_studio.tuning.pools.mixtures import Mixture
from lvm_studio.tuning.vector import VectorPool, directions
from lvm_studio.tuning.vector_climbs import vector_climbs

TEXTS = ("energy:0-0.5", "energy:23.5-24")


@pytest.fixture(scope="module")
def pair() -> Pair:
    *_, made = Pair.growing(TwoTimes(3), TEXTS, n=2048, seed=1)
    assert made is not None
    return made


@pytest.fixture(scope="module")
def pool(pair: Pair) -> VectorPool:
    potential, base = pair.vectors
    around, generator = directions(2, 8), torch.Generator().manual_seed(0)
    *_, known = vector_climbs(
        potential, base, kl_max=4.0, generator=generator, along=around, draws=256
    )
    return known


@pytest.mark.parametrize("blend", [0.0, 46.0, 115.0, 190.0, 286.0])
def test_fresh_draws_of_any_direction_are_near(pair: Pair, pool: VectorPool, blend: float) -> None:
    """d · f is linear of variance one: log Z = λ² / 2 and E f = λ."""
    lam, direction = 2.4, pair.unit(blend)
    kept = result_of(
        keeping(pair.along(blend).potential, pool.along(direction, lam), lam, 512, seed=1)
    )
    read = certify(lam, kept.draws.f, kept.draws.log_ratio)
    assert read.ok, read.sentence
    assert read.kl_to_target <= NEAR
    assert read.log_z == pytest.approx(0.5 * lam**2, abs=0.2)
    assert kept.draws.f.mean() == pytest.approx(lam, abs=0.2)
    np.testing.assert_allclose(
        kept.draws.f, pool.potential.values(kept.draws.u) @ direction, atol=1e-3
    )


def test_where_gaussians_are_far_off_one_of_several_proposals_is_kept(
    pair: Pair, pool: VectorPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here they are the base law itself."""
    for law in ("by_slopes", "by_places"):
        monkeypatch.setattr(_Keeping, law, lambda *_: Mixture.standard(3))
    lam = math.sqrt(2.0)
    reached = pool.along(pair.unit(150.0), lam)
    kept = result_of(keeping(pair.along(150.0).potential, reached, lam, 512, seed=1))
    assert kept.proposals > 4
    read = certify(lam, kept.draws.f, kept.draws.log_ratio)
    assert read.ok, read.sentence
    assert read.kl_to_target <= NEAR
