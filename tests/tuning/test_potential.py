"""The criterion as a function of the latents."""

import pytest
import torch
from tuning_spaces import LinearSpace, ToyStreet

from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.criteria.potential import Potential, observation_noise
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.pools.pool import Pool

STREET = ToyStreet(hidden=32)


class Constant(LinearSpace):
    """Nothing varies."""

    def score(self, u: torch.Tensor) -> torch.Tensor:
        return 0.0 * u[..., 0] + 4.0


def test_noise_comes_in_antithetic_pairs() -> None:
    noise = observation_noise(336, draws=8, seed=1)
    assert noise.shape == (8, 336)
    assert torch.equal(noise[:4], -noise[4:])


def test_every_half_hour_has_the_same_noises_in_an_order_of_its_own() -> None:
    noise = observation_noise(336, draws=16, seed=1)
    levels = noise.sort(dim=0).values
    assert torch.equal(levels, levels[:, :1].expand_as(levels))
    assert noise.square().mean() == pytest.approx(1.0, abs=1e-6)
    neighbours = torch.corrcoef(noise.T).triu(diagonal=1)
    assert abs(float(neighbours.sum())) / (336 * 335 / 2) < 0.02


@pytest.mark.parametrize("name", CRITERIA)
def test_the_base_law_has_mean_zero_and_unit_spread(name: str) -> None:
    pool = Pool.from_space(STREET, CRITERIA[name], n=1024)
    assert pool.draws.f.mean() == pytest.approx(0.0, abs=1e-6)
    assert pool.draws.f.std(ddof=1) == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("name", CRITERIA)
def test_natural_units_are_those_of_fresh_curves(name: str) -> None:
    """The few noise draws of f̃ have an offset of their own; what is told has not."""
    pool = Pool.from_space(STREET, CRITERIA[name], n=1024)
    scores = CRITERIA[name](torch.from_numpy(pool.curves_kw))
    assert pool.potential.natural(0.0) == pytest.approx(float(scores.mean()), rel=1e-5)
    assert pool.potential.normalise(pool.potential.natural(1.7)) == pytest.approx(1.7)


def test_the_gradient_is_that_of_finite_differences() -> None:
    pool = Pool.from_space(STREET, CRITERIA["flexibility"], n=512)
    u = pool.draws.u[:4]
    _, gradient = pool.potential.value_and_gradient(u)
    step = torch.zeros(pool.potential.dim)
    for i in (0, 3, 17):
        step[i] = 1e-2
        ahead, behind = pool.potential.value(u + step), pool.potential.value(u - step)
        assert torch.allclose(gradient[:, i], (ahead - behind) / 2e-2, atol=5e-3)
        step[i] = 0.0


def test_the_same_seed_gives_the_same_pool_and_another_does_not() -> None:
    first, again, other = (
        Pool.from_space(STREET, CRITERIA["peak"], n=512, seed=seed) for seed in (3, 3, 4)
    )
    assert (first.curves_kw == again.curves_kw).all()
    assert (first.draws.f == again.draws.f).all()
    assert (first.curves_kw != other.curves_kw).any()


def test_the_mirror_turns_the_criterion_round() -> None:
    potential = Pool.from_space(STREET, CRITERIA["peak"], n=512).potential
    u = torch.randn(5, potential.dim)
    assert torch.allclose(potential.mirrored().value(u), -potential.value(u))
    assert potential.mirrored().natural(-1.5) == pytest.approx(potential.natural(1.5))


def test_a_criterion_that_does_not_vary_is_refused_in_a_sentence() -> None:
    with pytest.raises(TuningError, match="Peak does not vary"):
        Pool.from_space(Constant(), CRITERIA["peak"], n=256)


def test_averages_are_over_the_given_noise() -> None:
    noise = observation_noise(336, draws=4, seed=2)
    u = torch.randn(3, STREET.dim)
    peak = CRITERIA["peak"]
    curves = STREET.decode(u)
    by_hand = torch.stack([peak(curves.mean + curves.stddev * eps) for eps in noise]).mean(0)
    assert torch.allclose(Potential(STREET, peak, noise).value(u), by_hand)
