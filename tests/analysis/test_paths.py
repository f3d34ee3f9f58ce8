import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lvm_studio.analysis.latent.paths import spherical, straight, traversal

points = arrays(np.float64, 5, elements=st.floats(-3, 3))


@given(points, points)
@pytest.mark.parametrize("path", [straight, spherical])
def test_paths_include_both_ends(path, a, b):
    rows = path(a, b, 7)
    np.testing.assert_allclose(rows[[0, -1]], [a, b], atol=1e-6)


@given(points, points)
def test_the_length_changes_evenly_along_the_sphere(a, b):
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    assume(min(lengths) > 0.1)
    assume(abs(a @ b) < 0.999 * lengths[0] * lengths[1])
    found = np.linalg.norm(spherical(a, b, 9), axis=1)
    np.testing.assert_allclose(found, np.linspace(*lengths, 9), rtol=1e-6)


def test_the_straight_path_is_shorter_in_the_middle():
    a, b = np.eye(2)
    assert np.linalg.norm(straight(a, b, 3)[1]) == pytest.approx(np.sqrt(0.5))
    np.testing.assert_allclose(spherical(a, b, 3)[1], np.sqrt([0.5, 0.5]))


@pytest.mark.parametrize("path", [straight, spherical])
def test_the_other_coordinates_stay(path):
    a, b = np.array([1.0, 7.0, 0.5]), np.array([-2.0, 9.0, 3.0])
    rows = path(a, b, 5, coordinates=[0, 2])
    np.testing.assert_array_equal(rows[:, 1], 7.0)
    np.testing.assert_allclose(rows[-1, [0, 2]], b[[0, 2]])


def test_opposite_ends_and_the_origin_are_joined_by_a_line():
    a = np.array([1.0, 2.0])
    for b in (-a, 2 * a, np.zeros(2)):
        np.testing.assert_allclose(spherical(a, b, 5), straight(a, b, 5))


def test_traversal_moves_one_coordinate():
    u = np.arange(4.0)
    rows = traversal(u, 2, np.linspace(-2, 2, 5))
    np.testing.assert_array_equal(rows[:, 2], [-2, -1, 0, 1, 2])
    np.testing.assert_array_equal(np.delete(rows, 2, axis=1), np.tile([0.0, 1.0, 3.0], (5, 1)))


def test_ends_of_different_spaces_are_refused():
    with pytest.raises(ValueError, match="same coordinates"):
        straight(np.zeros(3), np.zeros(4), 5)
