import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lvm_studio.analysis.fan import make_fan, quantiles

START = np.datetime64("2013-01-07T00:00")

values = arrays(np.float64, (7, 3), elements=st.floats(-100, 100))
counts = arrays(np.int64, 7, elements=st.integers(0, 4)).filter(lambda n: n.sum() > 0)
levels = st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99))


@given(values, levels)
def test_quantiles_without_weights_are_numpys(x, q):
    expected = np.quantile(x, q, axis=0, method="inverted_cdf")
    np.testing.assert_array_equal(quantiles(x, q), expected)


@given(values, counts, st.sampled_from([(0.1, 0.9), (0.05, 0.5), (0.3, 0.77)]))
def test_integer_weights_repeat_rows(x, n, q):
    repeated = np.repeat(x, n, axis=0)
    # a level that falls exactly on a step may round to either side of it
    steps = np.arange(1, n.sum()) / n.sum()
    if len(steps) and np.abs(np.subtract.outer(q, steps)).min() < 1e-9:
        return
    np.testing.assert_array_equal(quantiles(x, q, n / n.sum()), quantiles(repeated, q))


@given(values, st.floats(1e-3, 1e3))
def test_equal_weights_are_no_weights(x, scale):
    plain, weighted = make_fan(x, START), make_fan(x, START, weights=np.full(7, scale))
    np.testing.assert_allclose(weighted.mean, plain.mean, atol=1e-9)
    np.testing.assert_array_equal(weighted.p10, plain.p10)
    np.testing.assert_array_equal(weighted.p90, plain.p90)


@given(values, arrays(np.float64, 7, elements=st.floats(0.01, 10)))
def test_weighted_band_holds_at_least_its_share(x, w):
    low, high = quantiles(x, (0.1, 0.9), w)
    share = w / w.sum()
    assert (share @ (x <= low) >= 0.1 - 1e-9).all()
    assert (share @ (x < low) <= 0.1 + 1e-9).all()
    assert (share @ (x <= high) >= 0.9 - 1e-9).all()


def test_fan_states_energy_peak_and_time():
    curves = np.zeros((4, 336))
    curves[:, 100] = [2.0, 4.0, 6.0, 8.0]
    fan = make_fan(curves, START, measured_kw=np.ones(336))
    assert fan.energy_kwh.mean == pytest.approx(2.5)
    assert (fan.peak_kw.mean, fan.peak_kw.p10, fan.peak_kw.p90) == (5.0, 2.0, 8.0)
    assert fan.peak_time == START + np.timedelta64(50, "h")
    assert fan.times[0] == START
    assert fan.times[-1] == START + np.timedelta64(335 * 30, "m")
    assert fan.measured is not None


def test_weights_move_the_whole_fan_to_the_heavy_curve():
    curves = np.array([[1.0, 2.0], [10.0, 5.0]])
    fan = make_fan(curves, START, weights=np.array([0.0, 3.0]))
    np.testing.assert_allclose(fan.mean, [10.0, 5.0])
    np.testing.assert_allclose(fan.p10, [10.0, 5.0])
    assert fan.peak_time == START
    assert fan.energy_kwh.p10 == fan.energy_kwh.p90 == 7.5


def test_a_window_can_draw_without_torch():
    code = (
        "import sys; import lvm_studio.analysis.fan, lvm_studio.analysis.latent.paths, "
        "lvm_studio.analysis.latent.pca, "
        "lvm_studio.analysis.judging.report; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("curves", "measured", "weights", "message"),
    [
        (np.zeros(336), None, None, "shape"),
        (np.zeros((0, 336)), None, None, "shape"),
        (np.zeros((2, 336)), np.zeros(48), None, "measured"),
        (np.zeros((2, 336)), None, np.ones(3), "one weight a curve"),
        (np.zeros((2, 336)), None, np.zeros(2), "not all zero"),
        (np.zeros((2, 336)), None, np.array([1.0, -1.0]), "not negative"),
        (np.zeros((2, 336)), None, np.array([1.0, np.nan]), "finite"),
    ],
)
def test_what_does_not_fit_is_refused(curves, measured, weights, message):
    with pytest.raises(ValueError, match=message):
        make_fan(curves, START, measured, weights)
