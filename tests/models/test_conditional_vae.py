"""A VAE that is told k uses it in both directions, and leaves it out of z (8.4.2)."""

import numpy as np
import pytest
import torch

from lvm_studio.data.errors import DataError
from lvm_studio.data.vectors.batch import VectorBatch
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.vectors import VectorVAE
from lvm_studio.training.loop import train
from lvm_studio.training.reports import Finished
from lvm_studio.training.spec import TrainSpec
from lvm_studio.training.vector_problem import VectorProblem

SPEC = VectorVAESpec(dim=3, condition=2, latent_z=2, hidden=16, blocks=1)


def told_set(n: int = 600) -> VectorSet:
    """x = 2 k_0 in every coordinate, and noise."""
    rng = np.random.default_rng(0)
    k = rng.normal(size=(n, 2))
    return VectorSet("told", 2.0 * k[:, :1] + 0.1 * rng.normal(size=(n, 3)), k)


def test_gradient_reaches_every_parameter_and_k():
    model, generator = VectorVAE(SPEC), torch.Generator().manual_seed(0)
    model.train()
    for parameter in model.parameters():  # a fresh model is constant on purpose
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    k = torch.randn(8, 2, generator=generator).requires_grad_()
    batch = VectorBatch(torch.randn(8, 3, generator=generator), k)
    torch.autograd.backward(model.elbo(batch, generator).elbo.sum())
    assert k.grad is not None
    assert k.grad.abs().sum() > 0
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize("samples", [1, 5])
def test_all_draws_of_a_vector_are_told_the_same(samples):
    batch = VectorBatch(torch.zeros(4, 3), torch.ones(4, 2))
    draws = VectorVAE(SPEC).sample_draws(batch, samples)
    assert draws.law.mean.shape == (samples, 4, 3)


def test_what_is_told_need_not_be_encoded():
    """Both explain the data; the conditional one without information in z."""
    kls = {}
    for told in (0, 2):
        spec = TrainSpec(
            recipe="vectors",
            model=SPEC.model_copy(update={"condition": told}),
            steps=250,
            lr=5e-3,
            prior_path_weight=0.0,
        )
        last = [r for r in train(spec, told_set()) if isinstance(r, Finished)][-1]
        kls[told] = last.figures["heldout_kl_z"]
    assert kls[2] < 0.5 < 1.5 < kls[0]


def test_a_set_that_tells_another_number_is_refused():
    spec = TrainSpec(model=SPEC.model_copy(update={"condition": 5}))
    with pytest.raises(DataError, match=r"tells 2 numbers .* set model.condition"):
        VectorProblem(spec, told_set())


def test_a_model_that_is_told_asks_for_k():
    with pytest.raises(ValueError, match="told 2 numbers"):
        VectorVAE(SPEC).posterior(torch.zeros(1, 3))


def test_a_condition_that_never_changes_is_told_in_its_own_unit():
    model = VectorVAE(VectorVAESpec(dim=3, condition=2))
    x = torch.arange(12.0).view(4, 3)
    model.set_scale(x, torch.tensor([[5.0, 1.0]]) + torch.zeros(4, 2) + x[:, :1] * torch.eye(2)[1])
    assert model.condition_spread[0] == 1.0
    assert model.condition_spread[1] == x[:, 0].std()


def test_vectors_that_are_all_alike_are_refused():
    spec = TrainSpec(model=VectorVAESpec(dim=3))
    with pytest.raises(DataError, match="all vectors are alike"):
        VectorProblem(spec, VectorSet("alike", np.ones((20, 3), np.float32))).new_module()


def test_what_is_told_must_be_numbers():
    with pytest.raises(DataError, match="row 1 holds a value that is no number"):
        VectorSet("gap", np.ones((2, 3)), np.array([[1.0], [np.nan]]))
