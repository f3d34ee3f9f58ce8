"""Curves that are never negative, and curves drawn scale by scale."""

import pytest
import torch

from lvm_studio.models.autoregressive import AutoregressiveNoise
from lvm_studio.models.observation import GaussianCurve
from lvm_studio.models.positive import PositiveCurve
from lvm_studio.models.pyramid import CurvePyramidNoise


def test_positive_curves_have_a_density_that_sums_to_one():
    law = PositiveCurve(GaussianCurve(torch.tensor([0.3]), torch.tensor([0.1])), torch.tensor(0.05))
    x = torch.linspace(1e-5, 3.0, 300_001)[:, None]
    mass = torch.trapezoid(law.log_prob(x).exp(), x[:, 0])
    assert float(mass) == pytest.approx(1.0, abs=2e-3)


def test_no_draw_is_negative_and_high_loads_are_left_alone():
    raw = GaussianCurve(torch.full((5, 336), 0.05), torch.full((5, 336), 0.5))
    law = PositiveCurve(raw, torch.full((5, 1), 0.02))
    eps = torch.randn(5, 336, generator=torch.Generator().manual_seed(0))
    drawn, plain = law.transport(eps), raw.transport(eps)
    assert float(drawn.min()) >= 0.0
    high = plain > 0.4
    torch.testing.assert_close(drawn[high], plain[high])
    assert (law.mean > 0).all()


@pytest.mark.parametrize("scales", [1, 3])
def test_the_pyramid_keeps_the_variance_and_is_one_to_one(scales):
    noise = CurvePyramidNoise(scales)
    with torch.no_grad():
        noise.couplings.normal_(0, 0.2, generator=torch.Generator().manual_seed(1))
        noise.raw_share.normal_(0, 0.1, generator=torch.Generator().manual_seed(2))
        law = noise(torch.full((2, 336), 5.0), torch.tensor([10.0, 10.0]))
        unit = noise.law(336).stddev.square().mean()
        torch.testing.assert_close(unit, torch.tensor(1.0))
        eye = law.transport(torch.eye(336)[:, None].expand(-1, 2, -1)) - law.mean
        covariance = torch.einsum("nbt,nbs->bts", eye, eye)
        x = law.mean + 0.3 * torch.randn(2, 336, generator=torch.Generator().manual_seed(3))
        dense = torch.distributions.MultivariateNormal(law.mean, covariance)
        torch.testing.assert_close(law.log_prob(x), dense.log_prob(x), rtol=1e-3, atol=0.3)


def test_noise_that_must_be_positive_is():
    noise = AutoregressiveNoise(skewed=True, positive=True).requires_grad_(False)
    law = noise(torch.full((3, 336), 0.2), torch.ones(3))
    eps = 3 * torch.randn(3, 336, generator=torch.Generator().manual_seed(0))
    assert float(law.transport(eps).min()) >= 0.0
    assert torch.isfinite(law.log_prob(torch.zeros(3, 336))).all()
