"""Recurrent inference: one part after the other, its bound, and where the information goes."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from lvm_studio.data.london import load_london
from lvm_studio.data.sampler import AggregateBatch
from lvm_studio.models.information import information_per_rank
from lvm_studio.models.recurrent import SequentialGaussian
from lvm_studio.models.specs import CompVAESpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import RECIPES, with_overrides

F, C, KINDS = 5, 3, ("recurrent", "accumulator")
TINY = CompVAESpec(latent_w=4, latent_z=2, part_hidden=8, day_hidden=8, dropout=0.0)


def model_of(kind, seed=0):
    torch.manual_seed(seed)
    module = build_module(TINY.model_copy(update={"inference": kind}), labels=F, context=C)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.15 * torch.randn(parameter.shape))
    return module.eval()


def batch_of(parts, absent=0, seed=0):
    g = torch.Generator().manual_seed(seed)
    mask = torch.ones(3, parts + absent)
    mask[:, parts:] = 0
    return AggregateBatch(
        x=0.4 * parts * torch.rand(3, 336, generator=g),
        context=torch.randn(3, 7, C, generator=g),
        labels=torch.cat([torch.randn(3, parts, F, generator=g), torch.zeros(3, absent, F)], 1),
        mask=mask,
        week=torch.zeros(3, dtype=torch.long),
        households=torch.zeros(3, parts + absent, dtype=torch.long),
    )


def random_walk(shift=0.5, log_scale=-0.3):
    """Each part leans on the sum of those before it: w_i ~ N(shift * sum, e^2 log_scale)."""

    def step(i, state, total):
        return shift * total, torch.full_like(total, log_scale), state

    one = torch.ones(4000, 3, 1)
    return SequentialGaussian(step, torch.zeros(4000, 0), 0 * one, one, torch.ones(4000, 3))


def test_draws_follow_the_recursion():
    """Sum of three: S_i = 1.5 S_(i-1) + sigma e_i, whatever order its terms come in."""
    q = random_walk()
    sums, _ = q.draw(q.m, q.s, torch.Generator().manual_seed(0))
    variance = torch.tensor(-0.6).exp() * (1 + 1.5**2 + 1.5**4)
    assert sums.var().item() == pytest.approx(variance.item(), rel=0.08)
    assert q.sum_mean().abs().max() == 0


def test_kl_along_a_path_is_that_of_the_normals():
    q = random_walk(shift=0.0)
    one, wide = torch.ones(4000, 1), 2 * q.s
    expected = 3 * kl_divergence(Normal(0.0, torch.tensor(-0.3).exp()), Normal(0.0, 2.0)) * one
    torch.testing.assert_close(q.draw(q.m, wide, None)[1], expected)
    torch.testing.assert_close(q.kl(q.m, wide), expected)
    torch.testing.assert_close(q.part_kl(q.m, wide, None).sum(1), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_and_what_each_part_tells_agree(kind):
    model, batch = model_of(kind), batch_of(4, absent=2)
    elbo = model.elbo(batch, torch.Generator().manual_seed(3))
    per_rank = information_per_rank(model, batch, torch.Generator().manual_seed(3))
    assert per_rank.shape == (6,)
    assert per_rank[4:].abs().max() == 0
    torch.testing.assert_close(per_rank.sum(), elbo.kl_w_total.mean().detach())


@pytest.mark.parametrize("kind", KINDS)
def test_parts_that_are_not_there_change_nothing(kind):
    model = model_of(kind)
    bare, padded = batch_of(4), batch_of(4, absent=3)

    def sums(batch):
        prior = model.prior_path(batch.labels, batch.mask, batch.context)
        return model.posterior_w(batch.x, batch.labels, batch.mask, prior).sum_mean()

    torch.testing.assert_close(sums(bare), sums(padded))


@pytest.mark.parametrize("kind", [*KINDS, "correlated"])
def test_order_matters_to_recurrent_inference_only(kind):
    model, batch = model_of(kind), batch_of(5)

    def sums(labels):
        prior = model.prior_path(labels, batch.mask, batch.context)
        return model.posterior_w(batch.x, labels, batch.mask, prior).sum_mean()

    moved = (sums(batch.labels) - sums(batch.labels.flip(1))).abs().max()
    assert bool(moved > 1e-3) is (kind != "correlated")


@pytest.mark.parametrize("kind", KINDS)
def test_a_prior_widened_after_training_is_no_information(kind):
    """q starts as the prior, whatever its width: nothing is known of any part."""
    spec = TINY.model_copy(update={"inference": kind, "prior_widening": 1.5})
    model = build_module(spec, labels=F, context=C).eval()
    assert information_per_rank(model, batch_of(4)).abs().max() < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_recurrent_models_train_and_come_back(kind):
    settings = {"model.inference": kind, "model.part_hidden": 8, "model.day_hidden": 8}
    settings |= {"model.head": None, "model.fitted_prior": None}
    changes = {"steps": 4, "batch": 4, "k_max": 6, "device": "cpu", "eval_every": 4}
    spec = with_overrides(RECIPES["households"], settings | changes).spec
    tree = list(train(spec, load_london()))[-1].tree
    assert TrainedModel.from_tree(tree).spec.inference == kind
