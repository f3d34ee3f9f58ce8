"""The climb over λ: mixtures by the gradient of f, and draws that answer any λ."""

import math

import numpy as np
import pytest
import torch
from scipy.special import log_ndtr
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal
from tuning_spaces import LinearSpace, QuadraticSpace, TwoWaySpace

from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.pools.close_mixture import close_mixture
from lvm_studio.tuning.pools.mixtures import Mixture, gradient_centres, nearest, stein_mixture
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.stages import Climb, climb, trusted_lam

PEAK = CRITERIA["peak"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def climbed(space: LinearSpace, kl_max: float = 4.0, seed: int = 0) -> tuple[Potential, Climb]:
    pool = Pool.from_space(space, PEAK, n=2048, seed=seed)
    *_, last = climb(pool.potential, pool.draws, kl_max=kl_max, generator=generator(seed))
    return pool.potential, last


def random_mixture(components: int = 3, dim: int = 4) -> Mixture:
    factors = torch.randn(components, dim, dim, generator=generator(1))
    covariance = torch.eye(dim) + 0.3 * factors @ factors.mT
    shares = torch.rand(components, generator=generator(2)) + 0.2
    return Mixture(
        (shares / shares.sum()).log(),
        torch.randn(components, dim, generator=generator(3)),
        torch.linalg.cholesky(covariance),
    )


def test_a_mixtures_density_is_torchs() -> None:
    mixture, u = random_mixture(), torch.randn(50, 4, generator=generator(4))
    torchs = MixtureSameFamily(
        Categorical(logits=mixture.log_share),
        MultivariateNormal(mixture.mean, scale_tril=mixture.cholesky),
    )
    base = MultivariateNormal(torch.zeros(4), torch.eye(4))
    expected = torchs.log_prob(u) - base.log_prob(u)
    assert torch.allclose(mixture.log_ratio(u), expected, atol=1e-4)


def test_draws_of_a_mixture_have_its_mean() -> None:
    mixture = random_mixture()
    mean = mixture.log_share.exp() @ mixture.mean
    assert torch.allclose(mixture.rsample(40_000, generator()).mean(0), mean, atol=0.03)


def test_one_way_to_be_high_needs_one_centre_and_two_need_two() -> None:
    share = torch.full((200,), 1 / 200)
    alike = torch.ones(200, 3)
    assert len(gradient_centres(alike, share, generator())) == 1
    split = torch.cat([2.0 * torch.tensor([[1.0, 0.0, 0.0]]).expand(100, 3), -2.0 * alike[:100]])
    assert len(gradient_centres(split, share, generator())) == 2


def test_steins_gaussian_of_a_linear_criterion_is_exact_however_few_draws() -> None:
    u = torch.randn(30, 5, generator=generator(5))
    gradient = torch.zeros(30, 5)
    gradient[:, 0] = 1.0
    share, label = torch.full((30,), 1 / 30), torch.zeros(30, dtype=torch.long)
    mixture = stein_mixture(2.0, u, gradient, share, label, components=1)
    assert mixture.mean[0].tolist() == pytest.approx([2.0, 0.0, 0.0, 0.0, 0.0])
    assert torch.allclose(mixture.cholesky[0], torch.eye(5), atol=1e-5)


def test_nearest_names_the_nearest() -> None:
    centres = torch.tensor([[0.0, 0.0], [5.0, 0.0]])
    assert nearest(torch.tensor([[1.0, 1.0], [4.0, 9.0]]), centres).tolist() == [0, 1]


def test_the_climb_reaches_the_known_lam_of_a_linear_criterion() -> None:
    """KL = λ²/2."""
    _, last = climbed(LinearSpace(12), kl_max=5.0)
    assert last.lam == pytest.approx(math.sqrt(10.0), rel=0.05)
    for lam in (0.5, 1.5, 2.5):
        found, _ = last.draws.estimate(lam)
        assert found.valid
        assert found.log_z == pytest.approx(lam**2 / 2, abs=0.15)


def two_way_log_z(potential: Potential, lam: float) -> float:
    """E e^{a max(u₁, u₂)} = 2 e^{a²/2} Φ(a/√2), with f normalised as the potential does."""
    a = lam / potential.scale
    return float(
        math.log(2.0) + a**2 / 2 + log_ndtr(a / math.sqrt(2.0)) - a * (potential.shift - 10.0)
    )


def test_the_climb_finds_both_ways_to_be_high() -> None:
    potential, last = climbed(TwoWaySpace(12), kl_max=5.0)
    lam = 0.9 * last.lam
    found, share = last.draws.estimate(lam)
    assert found.log_z == pytest.approx(two_way_log_z(potential, lam), abs=0.15)
    assert len(last.centres_at(lam, generator())) == 2
    first_higher = (last.draws.u[:, 0] > last.draws.u[:, 1]).numpy()
    assert share[first_higher].sum() == pytest.approx(0.5, abs=0.12)


def test_draws_of_the_climb_are_worth_much_more_than_base_draws() -> None:
    potential, last = climbed(TwoWaySpace(12), kl_max=5.0)
    base = Pool.from_space(TwoWaySpace(12), PEAK, n=len(last.draws.f)).draws
    assert potential.scale > 0
    assert last.draws.estimate(last.lam)[0].ess > 10.0 * base.estimate(last.lam)[0].ess


@pytest.mark.parametrize("seed", range(4))
def test_where_no_law_exists_nothing_is_trusted(seed: int) -> None:
    """f = u² over its spread: Z is infinite from λ = spread / 2 on, 1/√2 for the exact spread."""
    potential, last = climbed(QuadraticSpace(6), kl_max=7.0, seed=seed)
    edge = potential.scale / 2
    assert 0.5 * edge < trusted_lam(last.draws, last.lam) < edge
    beyond, _ = last.draws.estimate(1.1 * edge)
    assert not beyond.valid
    assert beyond.khat >= 0.7


def test_draws_without_worth_are_trusted_at_zero_only() -> None:
    few = Draws(torch.zeros(50, 2), np.random.default_rng(0).normal(size=50), np.zeros(50))
    assert trusted_lam(few, 3.0) == 0.0


def test_the_same_generator_gives_the_same_climb() -> None:
    first, again = (climbed(TwoWaySpace(8), seed=3)[1] for _ in range(2))
    assert first.lam == again.lam
    assert bool((first.draws.u == again.draws.u).all())


def test_a_close_mixture_of_two_ways_needs_hardly_more_than_one_decode_a_curve() -> None:
    """f = max(u₁, u₂): Gaussians of the climb are near, EM and a second look bring them nearer."""
    potential, reached = climbed(TwoWaySpace(4), kl_max=3.0)
    law = close_mixture(potential, reached, reached.lam, generator())
    u = law.rsample(2048, generator(1))
    draws = Draws(u, potential.values(u).numpy(), -law.log_ratio(u).double().numpy())
    estimate, _ = draws.estimate(reached.lam)
    assert estimate.ess > 0.85 * len(u)
    known = reached.draws.estimate(reached.lam)[0]
    assert estimate.log_z == pytest.approx(known.log_z, abs=0.1)
