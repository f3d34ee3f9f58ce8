"""Typed scores against models whose scores are known."""

import numpy as np
import pytest
import torch

from lvm_studio.analysis.anomalies.scores import typed_scores, weighted_scores
from lvm_studio.analysis.anomalies.verdicts import Thresholds
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.models.noise.specs import FixedNoiseSpec
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.vectors import VectorVAE

LOADING = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
SIGMA = 0.5


def linear_model() -> VectorVAE:
    """x = W z + sigma eps with W above, and its exact posterior: probabilistic PCA."""
    spec = VectorVAESpec(dim=4, latent_z=2, hidden=4, blocks=0, noise=FixedNoiseSpec(sigma=SIGMA))
    model = VectorVAE(spec).eval()
    precision = np.eye(2) + LOADING.T @ LOADING / SIGMA**2  # diagonal for this W
    gain = np.linalg.solve(precision, LOADING.T) / SIGMA**2
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        model.decoder.direct.weight[:4].copy_(torch.from_numpy(LOADING))
        model.encoder.direct.weight[:2].copy_(torch.from_numpy(gain))
        model.encoder.direct.bias[2:].fill_(-0.5 * float(np.log(precision[0, 0])))
    return model


def exact_kl(x: np.ndarray) -> np.ndarray:
    """KL of the posterior to N(0, I), [N]."""
    precision = 1.0 + 2.0 / SIGMA**2
    mean = x @ LOADING / SIGMA**2 / precision
    return 0.5 * ((mean**2 + 1 / precision - 1 + np.log(precision)).sum(axis=1))


@pytest.fixture
def vectors() -> VectorSet:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 2)) @ LOADING.T + SIGMA * rng.normal(size=(300, 4))
    return VectorSet("linear", x)


def test_type_b_is_the_kl_of_the_exact_posterior(vectors):
    scores = typed_scores(linear_model(), vectors)
    np.testing.assert_allclose(scores.b, exact_kl(vectors.x), rtol=1e-4)


def test_weighted_scores_agree_where_q_is_exact(vectors):
    weighted = weighted_scores(linear_model(), vectors, 400, torch.Generator().manual_seed(0))
    exact = exact_kl(vectors.x)
    # weights are all equal, so log p(x) has no error; E log p(x | z) has that of 400 draws
    assert np.corrcoef(weighted.b, exact)[0, 1] > 0.995
    assert abs(np.mean(weighted.b - exact)) < 0.02


def test_weights_mend_a_poor_q(vectors):
    """With q twice too wide the KL of q is off by more than the weighted one."""
    model = linear_model()
    with torch.no_grad():
        model.encoder.direct.bias[2:] += float(np.log(2.0))
    exact = exact_kl(vectors.x)
    weighted = weighted_scores(model, vectors, 400, torch.Generator().manual_seed(0)).b
    plain = typed_scores(model, vectors).b
    assert abs(np.mean(weighted - exact)) < 0.1 * abs(np.mean(plain - exact))


def test_the_guilty_coordinate_and_dimension_are_named(vectors):
    x = vectors.x.copy()
    x[0, 2] += 20 * SIGMA
    x[1, 2:] += 6.0
    scores = typed_scores(linear_model(), VectorSet("shifted", x))
    clean = typed_scores(linear_model(), vectors)
    limits = Thresholds.from_clean(clean, percentile=99.0)
    assert scores.guilty_coordinate[0] in {2, 3}  # the linear model spreads it over both
    assert scores.guilty_dimension[1] == 1
    assert limits.quarters(scores)[0] == "both types"
    assert limits.quarters(scores)[1] == "type B"
    assert set(limits.ranking(scores)[:2].tolist()) == {0, 1}


def test_vectors_of_any_number_are_scored_in_order(vectors):
    whole = typed_scores(linear_model(), vectors)
    last = typed_scores(linear_model(), vectors.rows(np.arange(290, 300)))
    np.testing.assert_allclose(whole.off[290:], last.off, atol=1e-5)
