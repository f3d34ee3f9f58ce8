"""Several criteria at once: closed forms in the plane, the climbs, the surface."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from tuning_spaces import LinearSpace, PlainCurve, T

from lvm_studio.tuning.vector import (
    DIRECTIONS,
    VectorPool,
    VectorPotential,
    directions,
    pareto_surface,
)
from lvm_studio.tuning.vector_climbs import vector_climbs


class TwoLevels(LinearSpace):
    """The first half-hour is u₁, the last 0.6 u₁ + 0.8 u₂: two linear criteria, correlated."""

    def decode(self, u: Tensor) -> PlainCurve:
        mean = torch.zeros(*u.shape[:-1], T)
        mean[..., 0] = u[..., 0]
        mean[..., -1] = 0.6 * u[..., 0] + 0.8 * u[..., 1]
        return PlainCurve(mean, torch.zeros_like(mean))


class At:
    """The curve's value at one half-hour."""

    unit, noise_draws = "kW", 2

    def __init__(self, step: int) -> None:
        self.step = step
        self.name = self.title = f"at {step}"

    def __call__(self, curves_kw: Tensor) -> Tensor:
        return curves_kw[..., self.step]


class Low(At):
    """The same where it is low, and hardly any more where it is high."""

    def __call__(self, curves_kw: Tensor) -> Tensor:
        return -torch.nn.functional.softplus(-3.0 * super().__call__(curves_kw))


@pytest.fixture(scope="module")
def pool() -> VectorPool:
    potential, base = VectorPotential.from_space(TwoLevels(4), [At(0), At(-1)], n=2048)
    generator = torch.Generator().manual_seed(0)
    *_, known = vector_climbs(
        potential, base, kl_max=4.0, generator=generator, along=directions(2, 8), draws=256
    )
    return known


def exact_kl(pool: VectorPool, lam: np.ndarray) -> float:
    """½ λᵀ Cov f λ of linear criteria, f as the pool normalises it."""
    scales = np.array([each.scale for each in pool.potential.potentials])
    covariance = np.array([[1.0, 0.6], [0.6, 1.0]]) / np.outer(scales, scales)
    return float(0.5 * lam @ covariance @ lam)


@pytest.mark.parametrize("angle", [0.3, 1.1, 2.5, 4.0, 5.5])
def test_linear_criteria_have_their_closed_form_in_every_direction(
    pool: VectorPool, angle: float
) -> None:
    direction = np.array([math.cos(angle), math.sin(angle)])
    lam = pool.draws.reach(direction, 2.5) * direction
    moments = pool.draws.moments(lam)
    assert moments.kl == pytest.approx(2.5, abs=0.05)
    assert exact_kl(pool, lam) == pytest.approx(2.5, abs=0.2)
    slope = moments.covariance @ lam  # dKL/dλ = Cov f · λ
    assert float(slope @ lam) == pytest.approx(2.0 * moments.kl, rel=0.15)


def test_even_directions_have_tilts_that_differ_evenly(pool: VectorPool) -> None:
    rays = pool.draws.even_directions(8)
    covariance = pool.draws.moments(np.zeros(2)).covariance
    around = 2.0 * math.pi * np.arange(8) / 8
    assert np.allclose(rays @ covariance @ rays.T, np.cos(around[:, None] - around))


def test_climbs_go_all_around_and_then_between_the_ends_furthest_apart() -> None:
    potential, base = VectorPotential.from_space(TwoLevels(4), [At(0), Low(-1)], n=512)
    generator = torch.Generator().manual_seed(0)
    pools = list(vector_climbs(potential, base, kl_max=2.0, generator=generator, draws=64))
    assert len(pools) == DIRECTIONS
    for ray in base.even_directions(24):
        reached = pools[-1].draws.reach(ray, 1.9)
        assert pools[-1].draws.moments(reached * ray).kl == pytest.approx(1.9, abs=0.05)


def test_one_criterion_alone_is_the_scalar_tuning(pool: VectorPool) -> None:
    along = pool.draws.along(np.array([1.0, 0.0])).estimate(1.7)[0]
    both, _ = pool.draws.estimate(np.array([1.7, 0.0]))
    assert both.log_z == along.log_z
    assert both.moments == along.moments


def test_the_surface_is_bounded_by_kl(pool: VectorPool) -> None:
    surface = pareto_surface(pool, [0.5, 2.0], directions(2, 8))
    assert surface.valid.all()
    assert np.allclose(surface.kl, [[0.5, 2.0]] * 8, atol=0.01)
    sizes = np.linalg.norm(surface.lam, axis=-1)
    assert sizes.max() / sizes.min() > 1.5  # λ alone would be a poor limit
    ahead = np.einsum("dlm,dm->dl", surface.expectation, surface.direction)
    assert bool((ahead[:, 1] > ahead[:, 0]).all())
