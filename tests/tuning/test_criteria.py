"""Criteria against plain definitions."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from tuning_spaces import LinearSpace, PlainCurve, ToyStreet

from lvm_studio.tuning.criteria.criterion import (
    CRITERIA,
    Judges,
    criterion_named,
    value_and_gradient,
)
from lvm_studio.tuning.criteria.order import kth_largest
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.pools.pool import Pool

CLASSIFIER = nn.Linear(336, 10).requires_grad_(False)
JUDGES = Judges(CLASSIFIER, nn.Linear(336, 1).requires_grad_(False))
TEXTS = (
    "peak", "log-peak", "sustained", "sustained:0.5h", "sustained:24h", "flexibility",
    "energy:17-20", "energy:22-6", "ramp", "ramp:3h", "distance:10=1,2,3", "class:3",
    "logclass:3", "logit", "peak+0.5*flexibility", "-ramp", "peak@mean",
)  # fmt: skip


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def curves(seed: int, n: int = 3) -> torch.Tensor:
    return 5.0 + torch.randn(n, 336, generator=generator(seed))


@pytest.mark.parametrize("text", TEXTS)
def test_a_criterion_scores_each_curve_and_lets_gradients_through(text: str) -> None:
    criterion = criterion_named(text, JUDGES)
    value, gradient = value_and_gradient(criterion, curves(0))
    assert value.shape == (3,)
    assert bool((gradient.abs().sum(-1) > 0).all())
    assert torch.equal(criterion(curves(0)), value)


@pytest.mark.parametrize("text", TEXTS)
def test_a_gradient_is_that_of_finite_differences(text: str) -> None:
    """On curves whose half-hours are far enough apart that none overtakes another."""
    criterion = criterion_named(text, JUDGES)
    x = 2.0 + torch.linspace(0, 3, 336)[torch.randperm(336, generator=generator(7))][None] ** 2
    _, gradient = value_and_gradient(criterion, x)
    direction = torch.randn(1, 336, generator=generator(8))
    ahead, behind = criterion(x + 1e-3 * direction), criterion(x - 1e-3 * direction)
    slope = (gradient * direction).sum()
    assert float((ahead - behind) / 2e-3) == pytest.approx(float(slope), rel=0.1, abs=0.05)


@pytest.mark.parametrize("text", TEXTS)
def test_a_criterion_is_found_again_by_its_name(text: str) -> None:
    criterion = criterion_named(text, JUDGES)
    again = criterion_named(criterion.name, JUDGES)
    assert torch.equal(again(curves(1)), criterion(curves(1)))
    assert again.noise_draws == criterion.noise_draws
    assert criterion.noise_draws % 2 == 0


@pytest.mark.parametrize("k", [1, 2, 16, 335, 336])
def test_the_kth_largest_is_that_of_sorting(k: int) -> None:
    x = curves(1).requires_grad_()
    values = x.sort(dim=-1, descending=True).values[:, k - 1]
    assert torch.equal(kth_largest(x, k), values)
    (gradient,) = torch.autograd.grad(kth_largest(x, k).sum(), x)
    (expected,) = torch.autograd.grad(values.sum(), x)
    assert torch.equal(gradient, expected)


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


@given(seed=st.integers(0, 99), window=st.tuples(st.integers(0, 23), st.integers(1, 24)))
def test_the_energies_of_a_window_and_of_the_rest_are_all_energy(
    seed: int, window: tuple[int, int]
) -> None:
    first, last = window
    if first == last or (first, last) == (0, 24):
        return
    x = curves(seed)
    inside = criterion_named(f"energy:{first}-{last}")(x)
    outside = criterion_named(f"energy:{last % 24}-{first or 24}")(x)
    assert torch.allclose(inside + outside, 0.5 * x.sum(-1), rtol=1e-4)


def test_a_ramp_is_the_largest_rise_within_its_hours() -> None:
    x = curves(3, n=1)[0].numpy()
    rises = [x[t + s] - x[t] for s in (1, 2) for t in range(336 - s)]
    assert float(criterion_named("ramp")(torch.from_numpy(x))) == pytest.approx(
        float(np.max(rises))
    )


def test_a_sum_adds_in_natural_units() -> None:
    x = curves(4)
    expected = CRITERIA["peak"](x) - 0.5 * CRITERIA["flexibility"](x)
    both = criterion_named("peak-0.5*flexibility")
    assert torch.allclose(both(x), expected)
    assert both.unit == "mixed units"
    assert criterion_named("peak-ramp").unit == "kW"


def test_class_probabilities_sum_to_one_and_their_log_is_their_log() -> None:
    x = curves(5)
    each = torch.stack([criterion_named(f"class:{label}", JUDGES)(x) for label in range(10)])
    assert torch.allclose(each.sum(0), torch.ones(3))
    assert torch.allclose(criterion_named("logclass:7", JUDGES)(x), each[7].log(), atol=1e-5)


def test_what_is_asked_of_a_judge_needs_one() -> None:
    with pytest.raises(TuningError, match="asks a classifier, and none is open"):
        criterion_named("class:3")
    with pytest.raises(TuningError, match="there is no class 10"):
        criterion_named("class:10", JUDGES)(curves(0))


def test_a_drawn_curve_must_lie_inside_the_week() -> None:
    with pytest.raises(TuningError, match="draw inside the week"):
        criterion_named("distance:335=1,2")(curves(0))


def test_at_the_mean_the_noise_does_not_count() -> None:
    street = ToyStreet(hidden=8)
    plain, mean = (
        Pool.from_space(street, criterion_named(text), n=512).potential
        for text in ("peak", "peak@mean")
    )
    u = torch.randn(4, street.dim)
    by_hand = street.decode(u).mean.amax(-1)
    assert torch.allclose(mean.natural_value_of(street.decode(u)), by_hand)
    assert plain.natural(0.0) > mean.natural(0.0) + 2.0  # noise of 3.3 kW adds to the highest
    assert mean.bias == 0.0


class Images(LinearSpace):
    """Ten pixels, each the first latent."""

    def decode(self, u: torch.Tensor) -> PlainCurve:
        mean = u[..., :1].expand(*u.shape[:-1], 10)
        return PlainCurve(mean, torch.full_like(mean, 0.1))


def test_images_have_another_length() -> None:
    classifier = nn.Linear(10, 3).requires_grad_(False)
    pool = Pool.from_space(Images(), criterion_named("logclass:2", Judges(classifier)), n=256)
    assert pool.curves_kw.shape == (256, 10)


def test_an_unknown_criterion_is_named_with_those_there_are() -> None:
    with pytest.raises(TuningError, match="'valley'; choose one of peak, log-peak, sustained"):
        criterion_named("valley")
