"""Every observation model of vectors keeps the same promises, whatever it is."""

import math

import pytest
import torch

from lvm_studio.data.errors import DataError
from lvm_studio.data.vectors.batch import VectorBatch
from lvm_studio.models.noise.build import build_noise
from lvm_studio.models.noise.laws import (
    DiagonalGaussian,
    DiscretisedLogistic,
    Grid,
    Scaled,
    TemperedLevels,
)
from lvm_studio.models.noise.optimal import mean_square
from lvm_studio.models.noise.pyramid import PyramidGaussian, halvings, merge, split
from lvm_studio.models.noise.specs import (
    AugmentedFloor,
    EpochOptimalNoiseSpec,
    FixedNoiseSpec,
    GlobalNoiseSpec,
    LocalNoiseSpec,
    MaxFloor,
    SoftplusFloor,
)
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.vectors import VectorVAE

KINDS = (
    "fixed", "global", "batch_optimal", "epoch_optimal", "coordinate", "local", "diagonal",
    "logistic", "pyramid",
)  # fmt: skip
GAUSSIAN = tuple(kind for kind in KINDS if kind != "logistic")


def vae(kind, dim=8):
    torch.manual_seed(0)
    model = VectorVAE(VectorVAESpec(dim=dim, latent_z=3, hidden=8, blocks=1, noise=kind))
    x = torch.rand(64, dim)
    model.set_scale(x)
    return model, VectorBatch(x, x[:, :0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_vae_with_any_noise_has_a_bound_whose_gradient_reaches_what_learns(kind):
    model, batch = vae(kind)
    model.elbo(batch, torch.Generator().manual_seed(1)).elbo.mean().backward()
    for name, parameter in model.noise.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("kind", KINDS)
def test_noise_starts_at_the_spread_of_the_data_and_goes_where_it_is_put(kind):
    model, _ = vae(kind)
    if kind != "fixed":
        assert model.sigma().item() == pytest.approx(model.spread.item(), rel=1e-4)
    model.noise.set_sigma(0.07)
    assert model.sigma().item() == pytest.approx(0.07, rel=1e-4)
    with pytest.raises(DataError, match="above 0"):
        model.noise.set_sigma(0.0)


@pytest.mark.parametrize("kind", GAUSSIAN)
def test_a_gaussian_law_is_the_one_of_its_transport(kind):
    model, _ = vae(kind)
    law = model.noise(torch.zeros(1, 8), torch.full((1, model.noise.outputs), 2.0))
    matrix = law.transport(torch.eye(8)).double()
    torch.testing.assert_close(law.stddev[0].double(), (matrix**2).sum(0).sqrt())
    exact = torch.distributions.MultivariateNormal(
        torch.zeros(8, dtype=torch.float64), matrix.T @ matrix
    )
    x = torch.randn(5, 8, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(
        law.log_prob(x).double(), exact.log_prob(x.double()), rtol=1e-4, atol=1e-3
    )


@pytest.mark.parametrize("kind", KINDS)
def test_state_is_kept(kind):
    model, batch = vae(kind)
    model.elbo(batch, torch.Generator().manual_seed(1))
    other, _ = vae(kind)
    other.load_state_dict(model.state_dict())
    model.eval(), other.eval()
    first, second = (m.elbo(batch, torch.Generator().manual_seed(3)).elbo for m in (model, other))
    torch.testing.assert_close(first, second)


def test_a_coupled_pyramid_is_still_a_density():
    g = torch.Generator().manual_seed(0)
    law = PyramidGaussian(
        torch.randn(8, generator=g), torch.tensor([0.5, 0.4, 0.3]), torch.randn(2, 3, generator=g)
    )
    matrix = law.transport(torch.eye(8)) - law.mean
    exact = torch.distributions.MultivariateNormal(law.mean, matrix.T @ matrix)
    x = torch.randn(4, 8, generator=g)
    torch.testing.assert_close(law.log_prob(x), exact.log_prob(x), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(law.stddev, exact.stddev)


def test_halving_and_back():
    x = torch.randn(3, 12)
    torch.testing.assert_close(merge(*split(x)), x)
    assert (halvings(12, 5), halvings(12, 1), halvings(5, 3)) == (2, 1, 0)


def test_the_optimum_of_a_batch_is_its_mean_squared_error():
    model, batch = vae("batch_optimal")
    draws = model.draws(batch.x, *model.fresh_noise(batch.x, 1, torch.Generator().manual_seed(0)))
    square = mean_square(draws.x, draws.law.mean)
    assert model.sigma().item() == pytest.approx(square.sqrt().item())
    # Eq. 7.3: nothing larger or smaller is more likely
    best = draws.law.log_prob(draws.x).sum()
    for factor in (0.97, 1.03):
        other = DiagonalGaussian(draws.law.mean, factor * draws.law.stddev)
        assert other.log_prob(draws.x).sum() < best


def test_the_optimum_of_an_epoch_comes_when_it_is_over():
    noise = build_noise(EpochOptimalNoiseSpec(batches=2), 1)
    for error, expected in ((3.0, 1.0), (1.0, math.sqrt(5.0)), (7.0, math.sqrt(5.0))):
        noise.fit(torch.full((4, 1), error), torch.zeros(4, 1))
        assert noise.sigma().item() == pytest.approx(expected)


def test_floors():
    smooth = build_noise(GlobalNoiseSpec(floor=SoftplusFloor(sigma_min=0.1), start=1e-4), 2)
    assert 0.1 < smooth.sigma().item() < 0.101
    hard = build_noise(GlobalNoiseSpec(floor=MaxFloor(sigma_min=0.1), start=1e-4), 2)
    assert hard.sigma().item() == pytest.approx(0.1)
    added = build_noise(FixedNoiseSpec(floor=AugmentedFloor(sigma_min=0.5)), 2)
    x, eps = torch.zeros(3, 2), torch.ones(3, 2)
    torch.testing.assert_close(added.perturbed(x, eps), torch.full((3, 2), 0.5))


def test_a_local_noise_over_a_floor_is_put_where_it_is_told():
    noise = build_noise(LocalNoiseSpec(floor=SoftplusFloor(sigma_min=0.5)), 2)
    noise.log_factor.fill_(1.0)
    noise.set_sigma(0.7)
    assert noise.sigma().item() == pytest.approx(0.7)


@pytest.mark.parametrize("beta", [0.3, 1.0, 5.0])
def test_tempered_levels_are_probabilities_that_follow_the_power(beta):
    grid = Grid(0.0, 1.0, 9)
    base = DiscretisedLogistic(torch.tensor([0.2]), torch.tensor([0.15]), grid)
    law = base.tempered(beta)
    levels = torch.linspace(0, 1, 9)[:, None]
    p = law.log_prob(levels)
    assert p.exp().sum().item() == pytest.approx(1.0, abs=1e-5)
    expected = torch.log_softmax(base.log_prob(levels) / beta, 0)
    torch.testing.assert_close(p, expected)
    assert isinstance(law.tempered(2.0), TemperedLevels)


@pytest.mark.parametrize(
    ("of_law", "of_x"), [((5, 4, 3), (4, 3)), ((4, 3), (5, 4, 3)), ((3,), (4, 3))]
)
def test_tempered_levels_serve_many_draws_of_a_vector_and_many_vectors(
    of_law: tuple[int, ...], of_x: tuple[int, ...]
) -> None:
    generator = torch.Generator().manual_seed(0)
    mean, x = torch.rand(of_law, generator=generator), torch.rand(of_x, generator=generator)
    law = DiscretisedLogistic(mean, torch.full_like(mean, 0.2), Grid(0.0, 1.0, 9)).tempered(4.0)
    both = torch.broadcast_shapes(of_law, of_x)
    alone = DiscretisedLogistic(mean.expand(both), torch.tensor(0.2), Grid(0.0, 1.0, 9)).tempered(
        4.0
    )
    torch.testing.assert_close(law.log_prob(x), alone.log_prob(x.expand(both)))


@pytest.mark.parametrize("kind", GAUSSIAN)
def test_tempering_a_gaussian_widens_it(kind):
    model, _ = vae(kind)
    law = model.noise(torch.zeros(1, 8), torch.zeros(1, model.noise.outputs))
    torch.testing.assert_close(law.tempered(4.0).stddev, 2.0 * law.stddev)


def test_another_unit_is_the_same_law():
    base = DiagonalGaussian(torch.ones(4), torch.full((4,), 0.5))
    scaled = Scaled(base, torch.tensor([3.0]))
    direct = DiagonalGaussian(3 * base.mean, 3 * base.stddev)
    x = torch.randn(2, 4)
    torch.testing.assert_close(scaled.log_prob(x), direct.log_prob(x))
    torch.testing.assert_close(scaled.transport(x), direct.transport(x))
