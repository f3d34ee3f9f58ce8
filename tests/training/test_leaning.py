"""After training the networks lean on the head again; before it the head learns shapes of days."""

import numpy as np
import pytest
import torch

from lvm_studio.data.sampler import AggregateBatch
from lvm_studio.models.seeded import seeded
from lvm_studio.models.specs import CompVAESpec, FittedPriorSpec, LinearHeadSpec
from lvm_studio.models.trained import build_module
from lvm_studio.training.day_shapes import DayShapes
from lvm_studio.training.fitted_prior import refit_prior
from lvm_studio.training.leaning import lean_on_head

F, C = 4, 13
SIZES = {"labels": F, "context": C}
SMALL = CompVAESpec(latent_w=F, latent_z=1, part_hidden=4, day_hidden=4)


def drawn(batch, generator):
    """Sums of three households in made-up weather."""
    return AggregateBatch(
        x=torch.ones(batch, 336),
        labels=torch.randn(batch, 3, F, generator=generator),
        mask=torch.ones(batch, 3),
        context=torch.randn(batch, 7, C, generator=generator),
        week=torch.zeros(batch, dtype=torch.long),
        households=torch.zeros(batch, 3, dtype=torch.long),
    )


def moved_away(leaning):
    """A head that is anything, under networks that hand on its scores shifted linearly."""
    head = LinearHeadSpec(rank=F, anchors=2, strangers=0.0, leaning=leaning)
    spec = CompVAESpec(latent_w=F, latent_z=1, part_hidden=4, day_hidden=4, dropout=0.0, head=head)
    model, g = build_module(spec, labels=F, context=C).eval(), torch.Generator().manual_seed(1)
    with torch.no_grad():
        model.head.to_scores[1 : 1 + F] = torch.eye(F)
        model.head.loadings.copy_(0.1 * torch.randn(model.head.loadings.shape, generator=g))
        weight = model.part_prior.direct.weight
        weight[:F, :F] += 0.3 * torch.randn(F, F, generator=g)
        for layer in (model.decoder.out, model.decoder.direct):
            torch.nn.init.zeros_(layer.weight)
    return model


@torch.no_grad()
def away_from_head(model, head, batch):
    path = model.prior_path(batch.labels, batch.mask, batch.context).curve.mean / 3
    return path - head(head.scores(batch.labels)[0].mean(1), batch.context)


@pytest.mark.parametrize("leaning", [0.0, 0.5, 1.0])
def test_the_mean_path_goes_the_share_of_the_way_back(leaning):
    model, head = moved_away(leaning), moved_away(leaning).head
    batch = drawn(32, torch.Generator().manual_seed(9))
    before = away_from_head(model, head, batch)
    lean_on_head(model, drawn, seed=0)
    after = away_from_head(model, head, batch)
    assert before.square().mean() > 1e-3
    off = after - (1 - leaning) * before
    assert off.square().mean() < 5e-3 * before.square().mean()  # a ridge goes no further


def test_a_prior_refitted_beside_a_head_depends_on_its_seed_alone():
    priors = []
    for other in (1, 2):
        head = LinearHeadSpec(rank=F, anchors=2, reach=3.0, strangers=0.5)
        flow = FittedPriorSpec(couplings=2, hidden=4, steps=3, sums=64)
        model = build_module(SMALL.model_copy(update={"head": head, "fitted_prior": flow}), **SIZES)
        model.head.anchors.zero_()
        with torch.no_grad():
            model.head.to_scores.fill_(1.0)
        with seeded(other):
            refit_prior(model, drawn, seed=0)
        priors.append(model.refined.state_dict())
    assert all(torch.equal(value, priors[1][name]) for name, value in priors[0].items())


def test_a_model_without_a_head_stays_as_it_is():
    model = build_module(SMALL, **SIZES)
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    lean_on_head(model, drawn, seed=0)
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())


@pytest.fixture(scope="module")
def evenings():
    """Households that differ by how much they use in the evening, under white noise."""
    rng = np.random.default_rng(0)
    evening = np.tile(np.exp(-0.5 * ((np.arange(48) - 38) / 4) ** 2), 7)
    own = rng.normal(1.0, 0.4, size=(60, 1, 1)) * evening
    power = (own + 0.3 * rng.normal(size=(60, 8, 336))).astype(np.float32)
    complete = rng.random((60, 8)) < 0.9
    return power, complete, evening[:48]


def test_the_shape_that_tells_households_apart_comes_last_and_alone(evenings):
    power, complete, evening = evenings
    shapes = DayShapes.of(power, complete, np.ones(60))
    found = shapes.to_curves[-1]
    assert abs(np.corrcoef(found, evening)[0, 1]) > 0.99
    assert shapes.told[-1] > 20 * shapes.told[-2]


def test_noise_is_white_in_the_shapes_and_the_way_back_is_exact(evenings):
    power, complete, _ = evenings
    shapes = DayShapes.of(power, complete, np.ones(60))
    np.testing.assert_allclose(shapes.to_shapes @ shapes.to_curves, np.eye(48), atol=1e-9)
    days = np.concatenate(
        [
            h[c].reshape(-1, 48) - h[c].reshape(-1, 48).mean(0)
            for h, c in zip(power, complete, strict=True)
        ]
    )
    covariance = np.cov((days @ shapes.to_shapes).T)
    np.testing.assert_allclose(covariance, np.eye(48), atol=0.02)
