"""Smoothing against its recursion, decimation against what must survive it, scales both ways."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.studio.numerals import format_value
from lvm_studio.studio.widgets.training.series import (
    RunningEma,
    Scale,
    debiased_ema,
    min_max_decimate,
    shown_range,
)


@given(
    values=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=300),
    factor=st.floats(0.01, 0.99),
)
def test_ema_is_the_debiased_recursion(values: list[float], factor: float) -> None:
    average, weight, expected = 0.0, 0.0, []
    for value in values:
        average = factor * average + (1 - factor) * value
        weight = factor * weight + (1 - factor)
        expected.append(average / weight)
    np.testing.assert_allclose(debiased_ema(np.array(values), factor), expected, atol=1e-7)


def test_gaps_stay_gaps_and_do_not_pull_the_average() -> None:
    smooth = debiased_ema(np.array([4.0, np.nan, 4.0, 4.0]), 0.6)
    assert np.isnan(smooth[1])
    np.testing.assert_allclose(smooth[[0, 2, 3]], 4.0)


@given(cuts=st.lists(st.integers(0, 1000), max_size=5), factor=st.floats(0.0, 0.99))
def test_a_growing_series_is_smoothed_as_the_whole(cuts: list[int], factor: float) -> None:
    values = np.random.default_rng(0).normal(size=1000)
    growing = RunningEma(factor)
    for cut in sorted(cuts):
        growing.extended(values[:cut])
    np.testing.assert_allclose(growing.extended(values), debiased_ema(values, factor), atol=1e-9)


def test_no_smoothing_is_a_copy() -> None:
    values = np.array([1.0, 2.0])
    smooth = debiased_ema(values, 0.0)
    smooth[0] = 9.0
    assert values[0] == 1.0


@pytest.mark.parametrize("factor", [-0.1, 1.0])
def test_factor_outside_its_range_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match=r"must be in \[0, 1\)"):
        debiased_ema(np.ones(3), factor)


@given(spike=st.integers(0, 9_999), sign=st.sampled_from([-1.0, 1.0]))
def test_a_spike_survives_decimation(spike: int, sign: float) -> None:
    y = np.zeros(10_000)
    y[spike] = sign
    thin_x, thin_y = min_max_decimate(np.arange(10_000.0), y, 100, (0.0, 9_999.0))
    assert len(thin_x) <= 202
    assert sign in thin_y
    assert thin_x[thin_y == sign][0] == spike
    assert (np.diff(thin_x) > 0).all()


def test_few_points_are_left_alone_and_the_view_is_clipped() -> None:
    x = np.arange(100.0)
    thin_x, _ = min_max_decimate(x, x, 100, (10.0, 20.0))
    np.testing.assert_array_equal(thin_x, np.arange(9.0, 22.0))


def test_decimation_drops_what_is_not_finite() -> None:
    x, y = np.arange(4.0), np.array([0.0, np.nan, np.inf, 1.0])
    thin_x, _ = min_max_decimate(x, y, 10, (0.0, 3.0))
    np.testing.assert_array_equal(thin_x, [0.0, 3.0])


@pytest.mark.parametrize("kind", ["linear", "log", "symlog"])
def test_a_scale_goes_there_and_back(kind: str) -> None:
    values = np.array([1e-3, 0.5, 3.0, 1e4])
    scale = Scale(kind)  # type: ignore[arg-type]
    np.testing.assert_allclose(scale.backward(scale.forward(values)), values)


def test_log_has_no_height_for_zero_or_less() -> None:
    assert np.isnan(Scale("log").forward(np.array([0.0, -1.0]))).all()
    assert Scale("symlog").forward(np.array([-9.0]))[0] == pytest.approx(-1.0)


def test_the_first_steps_do_not_flatten_the_rest() -> None:
    elbo = np.r_[np.full(5, -1e4), np.linspace(-50.0, -10.0, 995)]
    low, high = shown_range([elbo], ignore_outliers=True)
    assert -60 < low < -40
    assert high > -10
    whole_low, _ = shown_range([elbo], ignore_outliers=False)
    assert whole_low < -1e4
    assert shown_range([np.array([np.nan])], ignore_outliers=True) is None


def test_a_constant_series_still_has_a_range() -> None:
    low, high = shown_range([np.full(3, 2.0)], ignore_outliers=False)
    assert low < 2.0 < high
    low, high = shown_range([np.zeros(3)], ignore_outliers=False)
    assert low < 0.0 < high


def test_numbers_read_well() -> None:
    assert format_value(123456.7) == "123,457"
    assert format_value(2.0) == "2"
