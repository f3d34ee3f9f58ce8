"""The ladder VAE: Eq. 4.3, never wider than p, information per layer."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from lvm_studio.data.vectors.batch import VectorBatch
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.models.ladder import LadderVAE, combined, kl
from lvm_studio.models.ladder_space import LadderSpace
from lvm_studio.models.specs import LadderSpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import RECIPES
from lvm_studio.training.reports import Finished
from lvm_studio.training.spec import TrainSpec


def test_q_multiplies_both_gaussians_and_is_never_wider_than_p() -> None:
    generator = torch.Generator().manual_seed(0)
    mu_p, mu_hat, log_p, log_hat = torch.randn(4, 100, generator=generator).double() * 2
    mu, log_q = combined(mu_p, log_p, mu_hat, log_hat)
    precision = log_p.exp() + log_hat.exp()
    assert torch.allclose(log_q.exp(), precision)
    assert torch.allclose(mu, (mu_p * log_p.exp() + mu_hat * log_hat.exp()) / precision)
    assert (log_q >= log_p).all()
    q, p = Normal(mu, (-0.5 * log_q).exp()), Normal(mu_p, (-0.5 * log_p).exp())
    assert torch.allclose(kl(mu, log_q, mu_p, log_p), kl_divergence(q, p))


def test_gradient_reaches_every_parameter() -> None:
    model = LadderVAE(LadderSpec(dim=3, layers=(2, 3, 4), hidden=8))
    with torch.no_grad():  # away from the constant start, where some gradients are exactly 0
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    x = torch.randn(16, 3)
    elbo = model.elbo(VectorBatch(x, x[:, :0]))
    assert elbo.kl_z.shape == (16, 9)
    elbo.elbo.mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_it_starts_with_dead_layers_and_training_wakes_one_up() -> None:
    rng = np.random.default_rng(0)
    cause = rng.normal(size=(800, 1))
    x = cause @ np.array([[1.0, -1.0, 0.5, 2.0]]) + 0.1 * rng.normal(size=(800, 4))
    vectors = VectorSet("line", x.astype(np.float32))
    model = LadderSpec(dim=4, layers=(1, 2), hidden=16)
    generator = torch.Generator().manual_seed(0)
    fresh = LadderVAE(model)
    assert sum(fresh.bits(torch.from_numpy(vectors.x), generator)) < 0.2
    spec = TrainSpec(
        recipe="ladder", model=model, steps=250, batch=64, lr=5e-3, prior_path_weight=0.0
    )
    (end,) = [r for r in train(spec, vectors) if isinstance(r, Finished)]
    kept = TrainedModel.from_tree(end.tree)
    assert {"bits_layer_1", "bits_layer_2"} <= set(kept.provenance)
    trained = kept.module
    assert isinstance(trained, LadderVAE)
    bits = trained.bits(torch.from_numpy(vectors.x), generator)
    assert len(bits) == 2
    # One cause of spread 2.5 under noise of 0.1: 4.6 bits at the best, and training is short.
    assert 2.0 < sum(bits) < 6.0
    assert trained.sample(10, generator).shape == (10, 4)


def test_the_optimal_noise_follows_the_errors_of_a_chain() -> None:
    x = torch.rand(16, 3, generator=torch.Generator().manual_seed(0))
    model = LadderVAE(LadderSpec(dim=3, layers=(2, 3), hidden=8, noise="batch_optimal"))
    model.set_scale(x)
    with torch.no_grad():
        for parameter in model.decoder.parameters():  # whatever z is, the centre is decoded
            parameter.zero_()
    model.noise.set_sigma(0.01)
    model.elbo(VectorBatch(x, x[:, :0]))
    error = (x - x.mean(0)).square().mean().sqrt().item()
    assert model.sigma().item() == pytest.approx(error, rel=1e-5)
    model.noise.set_sigma(0.01)
    model.eval().elbo(VectorBatch(x, x[:, :0]))
    assert model.sigma().item() == pytest.approx(0.01), "only training tells it the errors"


def test_there_is_a_recipe_that_needs_no_data() -> None:
    recipe = RECIPES["ladder"]
    assert recipe.spec.model.kind == "ladder"
    assert not recipe.spec.needs_households


def test_the_space_of_a_chain_draws_like_the_model_and_encodes_by_layer() -> None:
    model = build_module(LadderSpec(dim=3, layers=(2, 3), hidden=8, blocks=0), seed=1)
    assert isinstance(model, LadderVAE)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.Generator().manual_seed(parameter.numel())
            parameter += 0.3 * torch.randn(parameter.shape, generator=noise)
    space = LadderSpace(model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        drawn = space.decode(torch.randn(4000, space.dim, generator=generator)).mean
        known = model.sample(4000, generator)
        spread = known.std(0)
        assert ((drawn.mean(0) - known.mean(0)).abs() < 0.1 * spread).all()
        assert ((drawn.std(0) / spread - 1).abs() < 0.1).all()
        found = space.encode(known[:500])
    assert found.mean.shape == found.std.shape == found.kl.shape == (500, 5)
    assert (found.std <= 1.0 + 1e-6).all()  # q is never wider than p
    bits = model.bits(known[:500], torch.Generator().manual_seed(0))
    by_layer = [layer.sum(-1).mean() / math.log(2.0) for layer in found.kl.split([2, 3], dim=-1)]
    assert by_layer == pytest.approx(bits, rel=1e-5)
