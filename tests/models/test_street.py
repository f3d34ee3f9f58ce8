"""Streets and trained models on the shipped data, with a fresh small network."""

import json

import numpy as np
import pytest
import torch

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.london import load_london
from lvm_studio.models.specs import AutoregressiveNoiseSpec, CompVAESpec, VAESpec
from lvm_studio.models.street import base_noise, base_space, compose_street
from lvm_studio.models.trained import TrainedModel, build_module

TINY = CompVAESpec(latent_w=6, latent_z=2, part_hidden=8, day_hidden=8)
RICH = TINY.model_copy(
    update={"noise": AutoregressiveNoiseSpec(), "week_in_z": True, "prior_widening": 2.0}
)
STREET = Composition.parse("MAC000002*3,MAC000003,MAC000006*2,MAC000007,MAC000009,MAC000011")


@pytest.fixture(scope="module")
def london():
    return load_london()


@pytest.fixture(scope="module")
def context(london):
    weeks = london.weeks
    return ContextEncoder().context(
        weeks.temperature_c[5], weeks.starts[5], london.time_zone, london.country
    )


def model_of(spec, london, seed=0):
    labels = LabelEncoder.fit(london)
    module = build_module(spec, labels=labels.dim, context=ContextEncoder().dim, seed=seed)
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=g))
    known = labels if isinstance(spec, CompVAESpec) else None
    return TrainedModel("tiny", spec, module, known, ContextEncoder(), {"seed": seed}, {})


@pytest.fixture(scope="module")
def model(london):
    return model_of(TINY, london)


def curves(street, n=400, seed=0):
    u, eps = base_noise(n, street.dim, seed)
    with torch.no_grad():
        return street.decode(u).transport(eps)


def test_street_has_the_exact_sum_of_its_parts(model, london, context):
    street = compose_street(model, london, Composition.parse("MAC000002*2,MAC000003"), context)
    counts = torch.tensor([2.0, 1.0])[:, None]
    assert street.k == 3
    torch.testing.assert_close(street.sum_mean, (counts * street.m).sum(0))
    torch.testing.assert_close(street.sum_std**2, (counts * street.s**2).sum(0))
    assert len(street.names) == street.dim == 6 + 7 * 2


def test_dimension_does_not_depend_on_the_composition(model, london, context):
    one = compose_street(model, london, Composition.parse("MAC000003"), context)
    assert one.dim == compose_street(model, london, STREET, context).dim


def test_base_noise_is_common_to_all_sample_counts():
    (u, eps), (more_u, more_eps) = base_noise(5, 9, 3), base_noise(50, 9, 3)
    assert torch.equal(u, more_u[:5])
    assert torch.equal(eps, more_eps[:5])
    assert not torch.equal(u, base_noise(5, 9, 4)[0])


def test_one_more_household_bends_the_curves(model, london, context):
    before = curves(compose_street(model, london, STREET, context))
    after = curves(compose_street(model, london, STREET.add("MAC000012"), context))
    centred = [c - c.mean(0) for c in (before, after)]
    bent = torch.nn.functional.cosine_similarity(*centred, dim=1)
    reshuffled = torch.nn.functional.cosine_similarity(centred[0], centred[1].roll(1, 0), dim=1)
    assert bent.mean() > 0.9
    assert reshuffled.mean().abs() < 0.3


def test_decode_gives_the_base_law(model, london, context):
    street = compose_street(model, london, STREET, context)
    u, _ = base_noise(20_000, street.dim, 0)
    sums = street.sum_w(u)
    torch.testing.assert_close(sums.std(0) / street.sum_std, torch.ones(6), atol=0.03, rtol=0)
    torch.testing.assert_close(
        (sums.mean(0) - street.sum_mean) / street.sum_std, torch.zeros(6), atol=0.03, rtol=0
    )


def test_encode_of_a_fresh_model_is_near_the_prior_and_shaped(model, london, context):
    street = compose_street(model, london, STREET, context)
    with torch.no_grad():
        encoded = street.encode(curves(street, 3))
    for value in (encoded.mean, encoded.std, encoded.kl):
        assert value.shape == (3, street.dim)
    assert (encoded.std > 0).all()


@pytest.mark.parametrize("spec", [TINY, RICH, VAESpec(latent_z=3, hidden=8)])
def test_tree_round_trip_gives_the_same_curves(spec, london, context):
    model = model_of(spec, london)
    again = TrainedModel.from_tree(model.to_tree())
    assert (again.name, again.spec, again.provenance) == (model.name, spec, {"seed": 0})
    before, after = (curves(base_space(m, london, STREET, context), 3) for m in (model, again))
    assert torch.equal(before, after)


def test_files_from_before_a_setting_existed_still_load(model, london, context):
    tree = model.to_tree()
    spec = json.loads(tree["spec"])
    for setting in ("noise", "week_in_z", "prior_widening"):
        del spec[setting]
    again = TrainedModel.from_tree({**tree, "spec": json.dumps(spec)})
    assert again.spec == model.spec
    before, after = (curves(base_space(m, london, STREET, context), 3) for m in (model, again))
    assert torch.equal(before, after)


def test_a_leaf_that_does_not_fit_is_named_with_both_shapes(model):
    tree = model.to_tree()
    tree["weights"]["sum_to_curve.weight"] = np.zeros((336, 5), np.float32)
    with pytest.raises(DataError, match=r"sum_to_curve\.weight has shape \(336, 5\).*\(336, 6\)"):
        TrainedModel.from_tree(tree)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t["weights"].pop("sum_to_curve.bias"), "sum_to_curve.bias is missing"),
        (lambda t: t["weights"].update(extra=np.zeros(1)), "extra is not part"),
        (lambda t: t["weights"].update({"sum_to_curve.bias": np.full(336, np.nan)}), "finite"),
        (lambda t: t.update(spec='{"kind": "compvae", "latent_w": -1}'), "latent_w"),
        (lambda t: t.update(labels=None), "labels"),
    ],
)
def test_a_damaged_tree_is_refused_in_a_sentence(model, change, says):
    tree = model.to_tree()
    change(tree)
    with pytest.raises(DataError, match=says):
        TrainedModel.from_tree(tree)


def test_what_cannot_be_composed_is_said(model, london, context):
    with pytest.raises(DataError, match="empty"):
        compose_street(model, london, Composition(()), context)
    with pytest.raises(DataError, match="MAC999"):
        compose_street(model, london, Composition.parse("MAC999"), context)
    with pytest.raises(DataError, match="compositional"):
        compose_street(model_of(VAESpec(), london), london, STREET, context)
