"""What people would otherwise use, theory curves, difficulty and the three figures of 1 in N."""

import math
from statistics import NormalDist

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tuning_spaces import LinearSpace

from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.criteria.difficulty import difficulty
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.extremes import one_in_n_figures, with_bootstrap
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.references import (
    kept_best,
    langevin,
    rejection,
    reweighting,
    smc_reference,
)
from lvm_studio.tuning.pools.smc import smc_pool
from lvm_studio.tuning.solve import solve_quantile
from lvm_studio.tuning.specs import SmcSpec
from lvm_studio.tuning.theory import theory

PEAK = CRITERIA["peak"]
NOISE = torch.zeros(2, 336)
LINEAR = Potential(LinearSpace(4), PEAK, NOISE, 10.0, 1.0)
LAM = 1.5


class PlateauSpace(LinearSpace):
    """Flat, but for one steep step far out."""

    def score(self, u: torch.Tensor) -> torch.Tensor:
        return 10.0 + torch.sigmoid(40.0 * (u[..., 0] - 2.0))


@pytest.mark.parametrize(
    "reference",
    [
        lambda: reweighting(LINEAR, LAM, 8192, seed=0),
        lambda: langevin(LINEAR, LAM, chains=128, steps=400, seed=0),
        lambda: smc_reference(LINEAR, LAM, kl_max=2.0, seed=0),
    ],
)
def test_each_method_finds_the_tuned_mean_within_its_error(reference) -> None:
    found = reference()
    assert found.expectation == pytest.approx(LAM, abs=4 * found.standard_error + 0.03)
    assert found.share.sum() == pytest.approx(1.0)
    assert 0 < found.effective <= found.decodes
    assert found.decodes_each >= 1.0


def test_rejection_is_another_law_and_says_so() -> None:
    """The mean beyond the 1-in-100 level of a normal law is φ(2.33)/0.01 = 2.67, not λ = 3.03."""
    found = rejection(LINEAR, math.log(100.0), 20_000, seed=0)
    assert found.effective == 200
    assert found.expectation == pytest.approx(2.665, abs=0.1)
    assert found.caveat


def test_the_error_of_a_mean_beyond_a_level_counts_that_the_level_is_drawn_too() -> None:
    """Of exponential draws it is √2 times the spread of what is kept ÷ √kept."""
    f = np.random.default_rng(0).exponential(size=(400, 2000))
    each = [kept_best(torch.zeros(2000, 1), row, math.log(40.0), 0.0) for row in f]
    told = np.mean([found.standard_error for found in each])
    assert np.std([found.expectation for found in each]) == pytest.approx(told, rel=0.15)


def test_values_that_do_not_vary_have_no_extreme() -> None:
    with pytest.raises(TuningError, match="no extreme among them"):
        one_in_n_figures(np.full(500, 3.0), 10.0)


def test_reweighting_too_far_says_why_not() -> None:
    assert reweighting(LINEAR, 4.0, 4096, seed=0).caveat


def test_theory_curves_are_the_base_laws_near_and_smcs_beyond() -> None:
    base = reweighting(LINEAR, 0.0, 4096, seed=0)
    draws = Draws(base.u, base.f, np.zeros(len(base.f)))
    reference = smc_pool(LINEAR, kl_max=5.0, seed=1, spec=SmcSpec(particles=1024))
    lams = np.linspace(0.0, 4.0, 17)
    curves = theory(draws, reference, lams.tolist())
    assert curves.by_base[0]
    assert not curves.by_base[-1]
    assert not np.any(np.diff(curves.by_base.astype(int)) > 0)
    assert curves.known[:-4].all()
    assert not curves.known[-1]
    known = curves.known
    assert curves.kl[known] == pytest.approx(lams[known] ** 2 / 2, abs=0.3)
    assert curves.expectation[known] == pytest.approx(lams[known], abs=0.12)
    assert (curves.kl_band[0] <= curves.kl).all()
    assert (curves.expectation_band[1] >= curves.expectation).all()


def test_without_a_reference_nothing_is_known_beyond_the_base_draws() -> None:
    base = reweighting(LINEAR, 0.0, 2048, seed=0)
    draws = Draws(base.u, base.f, np.zeros(2048))
    curves = theory(draws, None, [0.5, 4.0])
    assert curves.known.tolist() == [True, False]


def test_other_draws_answer_beyond_the_base_draws_as_far_as_they_are_sound() -> None:
    generator = np.random.default_rng(0)
    z, far = generator.standard_normal(2048), 3.0 + generator.standard_normal(2048)
    draws = Draws(torch.zeros(2048, 1), z, np.zeros(2048))
    shifted = Draws(torch.zeros(2048, 1), far, 4.5 - 3.0 * far)
    curves = theory(draws, shifted, [0.5, 3.0, 9.0])
    assert curves.by_base.tolist() == [True, False, False]
    assert curves.known.tolist() == [True, True, False]
    low, high = curves.variance_band
    assert (low[:2] < 1.0).all()
    assert (high[:2] > 1.0).all()
    assert (high - low)[0] == pytest.approx(4 * 1.96 / np.sqrt(2 * 2048 / 1.3), rel=0.5)


def test_bands_of_the_base_law_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(200):
        z = rng.standard_normal(1000)
        draws = Draws(torch.zeros(1000, 1), z, np.zeros(1000))
        curves = theory(draws, None, [0.7])
        low, high = curves.kl_band[:, 0]
        hits.append(low <= 0.245 <= high)
    assert 0.85 < np.mean(hits) <= 1.0


def test_a_slope_is_easy_and_a_plateau_with_a_cliff_is_hard() -> None:
    u = torch.randn(1000, 4, generator=torch.Generator().manual_seed(0))
    slope = difficulty(LINEAR, u)
    assert slope.verdict == "easy"
    assert slope.norms == pytest.approx(1.0)
    plateau = difficulty(Potential(PlateauSpace(4), PEAK, NOISE, 10.02, 0.14), u)
    assert plateau.verdict == "hard"
    assert plateau.flat > 0.5
    assert plateau.counts.sum() > 900


def test_the_three_figures_differ_and_are_in_order() -> None:
    f = np.random.default_rng(1).gamma(4.0, 2.0, 50_000)
    found = one_in_n_figures(f, 1000.0)
    assert found.quantile < found.mean_beyond < found.tilted_mean
    assert (f > found.quantile).mean() == pytest.approx(1e-3, rel=0.1)


@given(shift=st.floats(-50, 50), scale=st.floats(0.1, 20))
def test_the_figures_keep_the_unit(shift: float, scale: float) -> None:
    f = np.random.default_rng(2).gamma(4.0, size=2000)
    plain, moved = one_in_n_figures(f, 50.0), one_in_n_figures(shift + scale * f, 50.0)
    for name in ("quantile", "mean_beyond", "tilted_mean"):
        expected = shift + scale * getattr(plain, name)
        assert getattr(moved, name) == pytest.approx(expected, rel=2e-3, abs=1e-2)


def test_bands_come_from_resamples() -> None:
    rng = np.random.default_rng(3)
    f = rng.normal(size=5000)
    found = with_bootstrap(f, 100.0, [rng.choice(f, 5000) for _ in range(40)])
    assert found.quantile_band is not None
    low, high = found.quantile_band
    assert low < found.quantile < high
    assert high - low < 0.4


def test_too_small_a_sample_is_refused() -> None:
    with pytest.raises(TuningError, match="cannot be read off 10 values"):
        one_in_n_figures(np.arange(10.0), 1000.0)


@given(lam=st.floats(-1.5, 1.5), share=st.floats(0.1, 0.9), start=st.floats(0.05, 10))
def test_a_quantile_is_reached_from_anywhere(lam: float, share: float, start: float) -> None:
    z = np.random.default_rng(4).standard_normal(4000)
    weights = np.exp(lam * z)
    order = np.argsort(z)
    place = np.searchsorted(np.cumsum(weights[order]) / weights.sum(), share)
    level = 0.5 * float(z[order][place] + z[order][min(place + 1, 3999)])
    # of a sample, a level has the shares between which a draw jumps: here exactly this one
    below = float(weights[z <= level].sum() / weights.sum())
    found = solve_quantile(z, np.zeros(4000), level, below, start=start)
    assert found.lam == pytest.approx(lam, abs=0.01)
    assert found.updates <= 8


@pytest.mark.parametrize(("level", "share"), [(2.0, 0.5), (0.5, 0.3), (1.0, 0.9), (3.0, 0.1)])
def test_a_quantile_is_reached_from_draws_of_another_law_too(level: float, share: float) -> None:
    """Of N(λ, 1) a share lies below λ + its quantile; the draws are those of a flow's four λ."""
    means = torch.tensor([1.0, 2.0, 3.0, 4.0])
    z = (torch.randn(20_000, 4, generator=torch.Generator().manual_seed(0)) + means).flatten()
    log_q = torch.logsumexp(z[:, None] * means - 0.5 * means**2, dim=1) - math.log(4.0)
    found = solve_quantile(z.double().numpy(), -log_q.double().numpy(), level, share)
    assert found.reached
    assert found.lam == pytest.approx(level - NormalDist().inv_cdf(share), abs=0.05)
