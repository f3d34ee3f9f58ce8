"""Every noise serves every model of curves; every bound serves those with parts."""

import pytest
import torch

from lvm_studio.data.errors import DataError
from lvm_studio.data.sampler import AggregateBatch
from lvm_studio.models.noise.build import NOISES, build_noise
from lvm_studio.models.noise.specs import (
    AugmentedFloor,
    BatchOptimalNoiseSpec,
    FixedNoiseSpec,
    GlobalNoiseSpec,
)
from lvm_studio.models.noise.summed import SummedNoise
from lvm_studio.models.specs import CompVAESpec, VAESpec
from lvm_studio.models.trained import build_module
from lvm_studio.training.objectives.objective import build_objective, importance_bound
from lvm_studio.training.objectives.specs import ObjectiveSpec

F, C, K = 3, 2, 4
KINDS = ["independent", "autoregressive", "bursts", *(spec().kind for spec in NOISES)]
SIZES = {"latent_w": 4, "latent_z": 2, "part_hidden": 8, "day_hidden": 8, "dropout": 0.0}
MODELS = {
    "compvae": lambda noise: CompVAESpec(noise=noise, **SIZES),
    "vae": lambda noise: VAESpec(noise=noise, k=K, latent_z=2, hidden=8),
}


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def batch_of(size, seed=0):
    g = seeded(seed)
    return AggregateBatch(
        x=0.45 * K * (1 + 0.5 * torch.randn(size, 336, generator=g)).clamp(min=0.05),
        labels=torch.randn(size, K, F, generator=g),
        mask=torch.ones(size, K),
        context=torch.randn(size, 7, C, generator=g),
        week=torch.zeros(size, dtype=torch.long),
        households=torch.zeros(size, K, dtype=torch.long),
    )


def module_of(spec, seed=0):
    sizes = {} if isinstance(spec, VAESpec) else {"labels": F, "context": C}
    return build_module(spec, seed=seed, **sizes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kind_of_model", MODELS)
def test_every_model_of_curves_learns_with_every_noise(kind_of_model, kind):
    model, batch = module_of(MODELS[kind_of_model](kind)).train(), batch_of(6)
    objective = build_objective(ObjectiveSpec(), model)
    adam = torch.optim.Adam(model.parameters(), lr=5e-3)
    sigmas, bounds = [], []
    for _ in range(4):
        bound, _ = objective(batch, seeded(1))
        adam.zero_grad()
        (-bound.mean()).backward()
        adam.step()
        sigmas.append(model.sigma().item())
        bounds.append(bound.mean().item())
    assert bounds[-1] > bounds[0]
    assert (sigmas[0] != sigmas[-1]) == (kind not in {"fixed", "epoch_optimal"})  # 100 steps


@pytest.mark.parametrize("bound", ["path_derivative", "importance"])
@pytest.mark.parametrize("kind", ["global", "batch_optimal", "epoch_optimal"])
def test_a_noise_that_is_fitted_to_the_batch_serves_every_bound(kind, bound):
    model = module_of(MODELS["compvae"](kind)).train()
    objective = build_objective(ObjectiveSpec(bound=bound), model, prior_path_weight=0.5)
    worth, _ = objective(batch_of(4), seeded(1))
    worth.sum().backward()
    gradient = model.decoder.out.weight.grad
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0


@pytest.mark.parametrize("kind", ["local", "diagonal"])
def test_a_noise_that_depends_on_z_may_move_as_far_as_its_reach(kind):
    noise = SummedNoise(build_noise(next(s for s in NOISES if s().kind == kind)(), 336)).eval()
    one, k = torch.ones(1, 336), torch.tensor([3.0])
    wide, plain = noise(one, k, 1e3 * one).stddev, noise(one, k).stddev
    torch.testing.assert_close((wide / plain).log(), torch.full((1, 336), 3.0))


@pytest.fixture(scope="module")
def compvae():
    """A CompVAE whose posterior differs from its prior, and a batch of two curves."""
    model = module_of(CompVAESpec(**SIZES)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=seeded(1)))
    return model, batch_of(2)


def worth(model, batch, seed, bound):
    return build_objective(ObjectiveSpec(bound=bound), model)(batch, seeded(seed))[0]


@torch.no_grad()
def test_draws_of_parts_tighten_the_bound(compvae):
    model, batch = compvae
    elbo = torch.stack([model.elbo(batch, seeded(s)).elbo.mean() for s in range(100)])
    drawn = torch.stack([worth(model, batch, s, "path_derivative").mean() for s in range(100)])
    error = ((elbo.var() + drawn.var()) / 100).sqrt()
    assert abs(drawn.mean() - elbo.mean()) < 5 * error
    tight = importance_bound(model, batch, 256, seeded(2)).mean()
    assert tight > elbo.mean() + 3 * error


def test_the_plain_bound_of_draws_is_the_models_own(compvae):
    model, batch = compvae
    of_draws, own = model.sample_draws(batch, 1, seeded(3)), model.elbo(batch, seeded(3))
    told = of_draws.elbo()
    torch.testing.assert_close(told.kl_w, own.kl_w)
    assert told.kl_z.shape == own.kl_z.shape
    torch.testing.assert_close(of_draws.kl(), told.kl_w_total + told.kl_z_total)


def test_the_path_derivative_has_the_elbos_gradient_on_average(compvae):
    model, batch = compvae
    weights = [model.w_posterior.out.bias, model.z_posterior.out.bias]
    found = []
    for bound in ("elbo", "path_derivative"):
        draws = [
            torch.cat(torch.autograd.grad(worth(model, batch, s, bound).sum(), weights))
            for s in range(150)
        ]
        found.append(torch.stack(draws))
    error = sum(draws.var(0) / len(draws) for draws in found).sqrt()
    apart = found[0].mean(0) - found[1].mean(0)
    assert (apart.abs() < 5 * error + 1e-4).all()


def test_parts_inferred_one_by_one_give_no_draws():
    model = module_of(CompVAESpec(inference="recurrent", **SIZES))
    with pytest.raises(DataError, match="correlated"):
        worth(model, batch_of(2), 0, "importance")


def test_a_sum_scatters_as_its_size_says():
    noise = SummedNoise(build_noise(FixedNoiseSpec(sigma=0.5), 336))
    k = torch.tensor([4.0])
    law = noise(torch.ones(1, 336), k)
    torch.testing.assert_close(law.stddev, torch.full((1, 336), 4 * 0.45 * 0.5))
    exact = torch.distributions.Normal(torch.ones(336), law.stddev[0])
    x = torch.randn(1, 336)
    torch.testing.assert_close(law.log_prob(x), exact.log_prob(x).sum(-1))


def test_the_optimum_is_that_of_the_batch_itself():
    noise = SummedNoise(build_noise(BatchOptimalNoiseSpec(), 336))
    x, k = torch.rand(3, 336), torch.tensor([2.0, 3.0, 4.0])
    noise.expect(x)
    unit = 0.45 * k[:, None]
    law = noise(torch.zeros(3, 336), k)
    told = (x / unit).square().mean().sqrt()
    torch.testing.assert_close(law.stddev / unit, told.expand(3, 336))


def test_a_floor_adds_its_noise_to_sums_too():
    floored = build_noise(GlobalNoiseSpec(floor=AugmentedFloor(sigma_min=0.3)), 336)
    x, k = torch.ones(400, 336), torch.full((400,), 2.0)
    added = SummedNoise(floored).perturbed(x, k, seeded(0)) - x
    assert added.std().item() == pytest.approx(0.3 * 2.0 * 0.45, rel=0.02)
