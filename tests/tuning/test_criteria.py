"""Criteria against plain definitions."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.tuning.criteria import CRITERIA, criterion_named
from lvm_studio.tuning.errors import TuningError


def curves(seed: int, n: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 5.0 + torch.randn(n, 336, generator=generator)


@pytest.mark.parametrize("name", CRITERIA)
def test_a_criterion_scores_each_curve_and_lets_gradients_through(name: str) -> None:
    x = curves(0).requires_grad_()
    score = CRITERIA[name](x)
    assert score.shape == (3,)
    score.sum().backward()
    assert bool((x.grad.abs().sum(-1) > 0).all())


def test_sustained_is_the_sixteenth_largest_half_hour() -> None:
    x = curves(1)
    assert torch.equal(CRITERIA["sustained"](x), x.sort(dim=-1, descending=True).values[:, 15])


def test_sustained_is_held_for_eight_hours_in_total() -> None:
    x = curves(2, n=1)
    held = (x >= CRITERIA["sustained"](x)[:, None]).sum() * 0.5
    assert float(held) == 8.0


@given(level=st.floats(-10, 10), scale=st.floats(0.1, 10), seed=st.integers(0, 99))
def test_flexibility_ignores_the_level_and_scales_with_the_curve(
    level: float, scale: float, seed: int
) -> None:
    x, f = curves(seed), CRITERIA["flexibility"]
    assert torch.allclose(f(level + scale * x), scale * f(x), rtol=1e-3)


@given(seed=st.integers(0, 99))
def test_the_peak_bounds_the_sustained_power(seed: int) -> None:
    x = curves(seed)
    assert bool((CRITERIA["peak"](x) >= CRITERIA["sustained"](x)).all())


def test_an_unknown_criterion_is_named_with_those_there_are() -> None:
    with pytest.raises(TuningError, match="'valley'; choose one of peak, sustained, flexibility"):
        criterion_named("valley")
