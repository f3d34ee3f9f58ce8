"""The solver: targets reached from anywhere, in few updates."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.pools.estimates import Moments
from lvm_studio.tuning.pools.sums import CriterionSums
from lvm_studio.tuning.solve import MomentsAt, solve_expectation, solve_kl, solve_one_in_n

MOST_UPDATES = 6
MOST_ON_STAIRS = 12
STAIRS = ("cliff", "two humps")
"""Where the curve rises in stairs, flatter at their ends than a polynomial can follow."""


def gaussian(lam: float) -> Moments:
    """f standard normal: everything is known."""
    return Moments(lam, 0.5 * lam**2, 1.0, 0.0)


def empirical(f: np.ndarray) -> MomentsAt:
    f = (f - f.mean()) / f.std()
    return CriterionSums.of(f, np.zeros(len(f))).at


def of_two_laws(n: int) -> MomentsAt:
    """f standard normal, half of its draws from 2.5 further: their weights do not sum to one."""
    f = RNG.normal(size=n) + np.where(np.arange(n) % 2, 2.5, 0.0)
    return CriterionSums.of(f, -np.log(0.5 + 0.5 * np.exp(2.5 * f - 3.125))).at


RNG = np.random.default_rng(0)
LAWS: dict[str, MomentsAt] = {
    "gaussian": gaussian,
    "normal draws": empirical(RNG.normal(size=4096)),
    "gamma": empirical(RNG.gamma(2.0, size=4096)),
    "lognormal": empirical(np.exp(0.8 * RNG.normal(size=4096))),
    "bounded": empirical(RNG.random(4096)),
    "cliff": empirical(np.where(RNG.random(4096) < 0.01, 1.0, 0.0)),
    "two humps": empirical(
        np.where(RNG.random(4096) < 0.02, RNG.normal(8, 0.1, 4096), RNG.normal(size=4096))
    ),
}
DRAWS_OF_TWO_LAWS = of_two_laws(1024)
starts = st.floats(0.01, 19.9)


def most_updates(law: str) -> int:
    return MOST_ON_STAIRS if law in STAIRS else MOST_UPDATES


@pytest.mark.parametrize("law", LAWS)
@settings(max_examples=60, deadline=None)
@given(kl=st.floats(0.01, 7.0), start=starts)
def test_a_kl_is_reached_from_anywhere(law: str, kl: float, start: float) -> None:
    found = solve_kl(LAWS[law], kl, start=start)
    assert found.updates <= most_updates(law)
    if found.reached:
        assert found.moments.kl == pytest.approx(kl, abs=3e-3)
    else:
        assert found.moments.kl < kl


@given(kl=st.floats(0.5, 6.0), start=st.floats(1e-3, 19.9))
def test_weights_that_do_not_sum_to_one_lead_nowhere_else(kl: float, start: float) -> None:
    """Next to λ = 0 such draws read a KL off zero, below it too, which no start may stumble on."""
    found = solve_kl(DRAWS_OF_TWO_LAWS, kl, start=start)
    assert found.updates <= MOST_UPDATES
    assert found.moments.kl == pytest.approx(kl, abs=3e-3)


@pytest.mark.parametrize("law", LAWS)
@settings(max_examples=60, deadline=None)
@given(expectation=st.floats(-2.0, 4.0), start=starts)
def test_an_expectation_is_reached_from_anywhere(
    law: str, expectation: float, start: float
) -> None:
    found = solve_expectation(LAWS[law], expectation, start=start)
    # a lognormal ends a little below its mean: towards that end E f bends as on stairs
    near_end = law == "lognormal" and expectation < 0.0
    assert found.updates <= (MOST_ON_STAIRS if near_end else most_updates(law))
    if found.reached:
        assert found.moments.expectation == pytest.approx(expectation, abs=2e-3)
    else:
        assert abs(found.moments.expectation) < abs(expectation)


def newton_trace(moments: MomentsAt, kl: float, lam: float) -> list[float]:
    """Plain Newton steps on the KL with slope λ Var f (Eq. 10.6), mirrored at zero."""
    trace = [lam]
    for _ in range(60):
        at = moments(lam)
        lam = abs(lam - (at.kl - kl) / (lam * at.variance))
        trace.append(lam)
    return trace


def test_where_plain_updates_go_round_for_ever_the_bracket_settles() -> None:
    law = LAWS["two humps"]
    gaps = [abs(law(lam).kl - 3.0) for lam in newton_trace(law, 3.0, 0.5)]
    assert min(gaps[-20:]) > 0.1
    found = solve_kl(law, 3.0, start=0.5)
    assert found.reached
    assert found.updates <= MOST_ON_STAIRS


@given(law=st.sampled_from(sorted(LAWS)), kl=st.floats(0.01, 7.0), start=starts)
def test_no_update_leaves_the_bracket_that_those_before_it_made(law, kl, start) -> None:
    low, high = 0.0, math.inf
    for update in solve_kl(LAWS[law], kl, start=start).trace:
        assert low < update.lam < high
        if update.moments.kl < kl:
            low = update.lam
        else:
            high = update.lam


def test_one_week_in_n_is_a_kl_of_log_n() -> None:
    found = solve_one_in_n(gaussian, 100.0)
    assert found.lam == pytest.approx(math.sqrt(2.0 * math.log(100.0)), rel=1e-4)


def test_nothing_asked_is_lam_zero() -> None:
    assert solve_kl(gaussian, 0.0).lam == 0.0
    assert solve_expectation(gaussian, 0.0).lam == 0.0


def test_beyond_the_limit_the_answer_says_so() -> None:
    found = solve_kl(gaussian, 50.0, limit=4.0)
    assert (found.lam, found.reached) == (4.0, False)


@pytest.mark.parametrize(
    "call", [lambda: solve_kl(gaussian, -1.0), lambda: solve_one_in_n(gaussian, 0.5)]
)
def test_impossible_aims_are_refused_in_a_sentence(call) -> None:
    with pytest.raises(TuningError, match="at least"):
        call()
