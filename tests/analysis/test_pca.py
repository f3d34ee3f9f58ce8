import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.analysis.latent.pca import PCA


def rows(seed, n=40, dim=6):
    rng = np.random.default_rng(seed)
    return 3.0 + rng.normal(size=(n, dim)) @ rng.normal(size=(dim, dim))


@given(st.integers(0, 1000))
def test_projection_and_inverse_are_each_others(seed):
    u = rows(seed)
    pca = PCA.fit(u)
    np.testing.assert_allclose(pca.inverse(pca.project(u)), u, atol=1e-8)
    two = np.random.default_rng(seed).normal(size=(5, 2))
    np.testing.assert_allclose(pca.project(pca.inverse(two), 2), two, atol=1e-8)


@given(st.integers(0, 1000))
def test_components_are_orthonormal_and_carry_the_covariance(seed):
    u = rows(seed)
    pca = PCA.fit(u)
    np.testing.assert_allclose(pca.components @ pca.components.T, np.eye(6), atol=1e-9)
    assert (np.diff(pca.variance) <= 1e-9).all()
    covariance = pca.components.T @ np.diag(pca.variance) @ pca.components
    np.testing.assert_allclose(covariance, np.cov(u.T), atol=1e-8)
    assert pca.explained.sum() == pytest.approx(1.0)


def test_fewer_rows_than_coordinates_still_come_back():
    u = rows(0, n=3)
    pca = PCA.fit(u)
    assert pca.components.shape == (3, 6)
    np.testing.assert_allclose(pca.inverse(pca.project(u)), u, atol=1e-8)


def test_moving_on_the_map_keeps_what_the_map_does_not_show():
    u = rows(1)
    pca = PCA.fit(u)
    moved = pca.moved(u[0], [1.0, -2.0])
    before, after = pca.project(u[:1])[0], pca.project(moved)
    np.testing.assert_allclose(after[:2], [1.0, -2.0], atol=1e-8)
    np.testing.assert_allclose(after[2:], before[2:], atol=1e-8)


def test_signs_do_not_depend_on_the_order_of_rows():
    u = rows(2)
    np.testing.assert_allclose(PCA.fit(u).components, PCA.fit(u[::-1]).components, atol=1e-8)


def test_one_row_is_refused():
    with pytest.raises(ValueError, match="two rows"):
        PCA.fit(np.zeros((1, 3)))
