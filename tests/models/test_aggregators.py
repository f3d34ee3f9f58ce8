"""What grows with the number of households and what does not (Eq. 9.16), and bounded decoders."""

import pytest
import torch

from lvm_studio.models.compvae import FURTHEST_SHAPE
from lvm_studio.models.specs import CompVAESpec, CurvePyramidSpec, LinearHeadSpec
from lvm_studio.models.trained import build_module

TINY = CompVAESpec(latent_w=4, latent_z=2, part_hidden=8, day_hidden=8, dropout=0.0)


def shaken(spec):
    module = build_module(spec, labels=5, context=13).eval().requires_grad_(False)
    g = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.add_(0.15 * torch.randn(parameter.shape, generator=g))
    return module


def mean_of(module, k, size=1.0, z_size=1.0):
    g = torch.Generator().manual_seed(1)
    w = size * torch.randn(1, 4, generator=g)
    z = z_size * torch.randn(1, 7, 2, generator=g)
    context = torch.randn(1, 7, 13, generator=g)
    return module.decode(k * w, z, torch.tensor([float(k)]), context).mean


def test_by_default_curves_are_homogeneous_in_the_number_of_households():
    module = shaken(TINY)
    torch.testing.assert_close(mean_of(module, 600), 100 * mean_of(module, 6), rtol=1e-4, atol=1e-3)


def test_with_chi_they_are_bounded():
    module = shaken(TINY.model_copy(update={"aggregator": "chi"}))
    far, further = mean_of(module, 10**6), mean_of(module, 10**8)
    torch.testing.assert_close(far, further, rtol=0, atol=0.02)
    assert not torch.allclose(mean_of(module, 3), mean_of(module, 30), rtol=1e-3)


def test_bounded_networks_add_no_more_than_their_bound():
    module = shaken(TINY.model_copy(update={"bounded": True}))
    near, far = mean_of(module, 1, z_size=1.0), mean_of(module, 1, z_size=1e6)
    most = 2 * FURTHEST_SHAPE * float(module.household_spread_kw)
    assert float((far - near).abs().max()) <= most + 1e-4


def test_a_head_and_chi_exclude_each_other():
    with pytest.raises(ValueError, match="aggregator 'mean'"):
        CompVAESpec(head=LinearHeadSpec(), aggregator="chi")


def test_a_model_of_two_levels_has_a_bound_and_a_gradient():
    module = build_module(
        TINY.model_copy(update={"noise": CurvePyramidSpec(positive=True)}), labels=5, context=13
    )
    law = module.decode(
        torch.randn(3, 4), torch.randn(3, 7, 2), torch.full((3,), 5.0), torch.randn(3, 7, 13)
    )
    law.log_prob(torch.rand(3, 336) + 1).sum().backward()
    assert float(module.observation.raw_share.grad.abs().sum()) > 0
    assert float(module.observation.couplings.grad.abs().sum()) > 0
