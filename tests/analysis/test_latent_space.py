"""Density against the prior, t-SNE, effects and judging: against what is known in closed form."""

import math

import numpy as np
import pytest
import torch

from lvm_studio.analysis.latent.density import plane_density
from lvm_studio.analysis.latent.embedding import Embedding, EmbeddingJob, EmbeddingSpec, place
from lvm_studio.analysis.latent.judging import HeldOut, judged, prior_check
from lvm_studio.analysis.latent.sensitivity import sensitivity
from lvm_studio.analysis.latent.space import LatentCloud
from lvm_studio.analysis.latent.vector_cloud import (
    vector_cloud_slices,
    vector_space,
    vectors_behind,
)
from lvm_studio.data.errors import DataError
from lvm_studio.data.jobs import result_of
from lvm_studio.data.vectors.digits import load_digits
from lvm_studio.models.noise.laws import DiagonalGaussian
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.street import Encoded
from lvm_studio.models.trained import TrainedModel, build_module


def density_of(mean, covariance):
    slices = plane_density(mean, covariance, (0.0, 0.0))
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def test_posteriors_that_make_up_the_prior_leave_no_hole():
    rng = np.random.default_rng(0)
    mean = rng.normal(size=(2000, 2)) * math.sqrt(0.5)
    density = density_of(mean, np.tile(0.5 * np.eye(2), (2000, 1, 1)))
    assert density.hole_share < 0.02
    middle = np.abs(density.bits[24:40, 24:40])
    assert np.nanmax(middle) < 0.5
    cell = np.prod((np.array(density.high) - density.low) / (len(density.q) - 1))
    assert density.p.sum() * cell == pytest.approx(1.0, abs=0.02)


def test_a_half_that_nobody_encodes_to_is_a_hole_of_half_the_mass():
    rng = np.random.default_rng(0)
    mean = rng.normal(size=(2000, 2))
    mean[:, 0] = np.abs(mean[:, 0])
    density = density_of(mean, np.tile(1e-4 * np.eye(2), (2000, 1, 1)))
    assert density.hole_share == pytest.approx(0.5, abs=0.1)


def test_tsne_keeps_neighbours_and_places_new_points_without_moving_old_ones():
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], 50)
    u = rng.normal(size=(150, 5)) + 8.0 * np.eye(5)[label]
    spec = EmbeddingSpec(points=120, perplexity=10, early=55, iterations=65)
    reports = list(EmbeddingJob(u, spec).run())
    made = reports[-1]
    assert isinstance(made, Embedding)
    assert [r.done for r in reports] == sorted({r.done for r in reports})
    assert made.done == made.total == 120
    assert 55 in {r.done for r in reports}
    assert len(made.rows) == 120
    np.testing.assert_array_equal(made.u, u[made.rows])
    before = made.xy.copy()
    others = np.setdiff1d(np.arange(150), made.rows)
    placed = place(made, u[others])
    np.testing.assert_array_equal(made.xy, before)
    for xy, row in zip(placed, others, strict=True):
        near = made.rows[((made.xy - xy) ** 2).sum(1).argmin()]
        assert label[near] == label[row]


def test_tsne_of_a_handful_is_refused():
    with pytest.raises(DataError, match="too few"):
        next(EmbeddingJob(np.zeros((5, 2)), EmbeddingSpec()).run())


class LinearGaussian:
    """x = u a + noise; everything about it is known."""

    def __init__(self, a: torch.Tensor, sigma: float) -> None:
        self.a, self.sigma = a, sigma

    def decode(self, u):
        mean = u @ self.a
        return DiagonalGaussian(mean, torch.full_like(mean, self.sigma))

    def encode(self, x):
        precision = 1.0 + (self.a**2).sum(-1) / self.sigma**2
        mean = (x @ self.a.T) / self.sigma**2 / precision
        std = precision.rsqrt().expand_as(mean)
        return Encoded(mean, std, torch.zeros_like(mean))


def test_the_importance_weighted_bound_reaches_the_known_likelihood():
    a = torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    space = LinearGaussian(a, 0.5)
    x = np.array([1.0, 0.3, -2.0])
    (example,) = (e for e in judged(iter([HeldOut("x", x, space)]), 4000, 0) if e is not None)
    law = torch.distributions.MultivariateNormal(torch.zeros(3), a.T @ a + 0.25 * torch.eye(3))
    known = float(law.log_prob(torch.tensor(x, dtype=torch.float32)))
    assert example.tight == pytest.approx(known, abs=0.02)
    assert example.elbo < example.tight
    assert 0.9 < example.ess_share <= 1.0
    np.testing.assert_allclose(example.residual, x - example.mean)


def test_effects_of_a_linear_model_are_its_coefficients():
    a = torch.zeros(2, 336)
    a[0, 100], a[1, :] = 2.0, 0.5
    space = LinearGaussian(a, 1.0)
    effects = sensitivity(space, [3.0, 0.0], weeks=True)
    peak, energy = effects.titles.index("Peak"), effects.titles.index("Energy")
    np.testing.assert_allclose(effects.effect[:, peak], [2.0, 0.5], rtol=1e-5)
    np.testing.assert_allclose(effects.effect[:, energy], [1.0, 84.0], rtol=1e-5)
    assert effects.value[peak] == pytest.approx(6.0)
    assert np.abs(effects.relative).max() == pytest.approx(1.0)


def cloud_of(u, std):
    return LatentCloud(
        tuple(f"z{i}" for i in range(u.shape[1])), u, std, np.ones(u.shape[1]), {}, u
    )


def test_a_posterior_off_its_prior_is_seen():
    rng = np.random.default_rng(7)
    u = (rng.normal(size=(4000, 3)) * [0.8, 0.8, 0.8] + [0.0, 1.0, 0.0]).astype(np.float32)
    std = np.full_like(u, 0.6)
    std[:, 2] = 0.05
    check = prior_check(cloud_of(u, std))
    np.testing.assert_allclose(check.mean, [0.0, 1.0, 0.0], atol=0.05)
    np.testing.assert_allclose(check.variance, [1.0, 1.0, 0.6425], atol=0.06)
    assert check.ks[0] < 0.03 < check.ks[2] < check.ks[1]


@pytest.fixture(scope="module")
def digits_model():
    spec = VectorVAESpec(dim=784, latent_z=4, hidden=16)
    return TrainedModel("d", spec, build_module(spec), None, None, {"dataset": "Digits"})


def test_digits_are_encoded_with_their_classes(digits_model):
    digits = vectors_behind(digits_model)
    assert digits.dim == 784
    cloud = result_of(vector_cloud_slices(digits_model, digits, 300, seed=1))
    assert cloud.u.shape == (300, 4)
    assert set(cloud.metadata["digit"]) <= set("0123456789")
    space = vector_space(digits_model)
    with torch.no_grad():
        alone = space.encode(torch.from_numpy(cloud.x[:3])).mean.numpy()
    np.testing.assert_allclose(cloud.u[:3], alone, atol=1e-5)


def test_a_model_of_a_set_that_is_not_there_says_so(digits_model):
    spec = VectorVAESpec(dim=3)
    stranger = TrainedModel("s", spec, build_module(spec), None, None, {"dataset": "mine.csv"})
    with pytest.raises(DataError, match=r"mine\.csv"):
        vectors_behind(stranger)
    with pytest.raises(DataError, match="784"):
        next(vector_cloud_slices(stranger, load_digits(), 10, 0))
