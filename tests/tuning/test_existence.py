"""Where a tuned law exists, against laws that are known."""

import math

import pytest
import torch
from tuning_spaces import LinearSpace, PlainCurve, QuadraticSpace, ToyStreet

from lvm_studio.tuning.criteria.criterion import CRITERIA, criterion_named
from lvm_studio.tuning.criteria.existence import existence
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.pools.pool import Pool

PEAK = CRITERIA["peak"]


class LognormalSpace(LinearSpace):
    """Half-hours e^u₁: under this noise the peak has no tuned law."""

    def score(self, u: torch.Tensor) -> torch.Tensor:
        return u[..., 0].exp()


class StudentSpace(LinearSpace):
    """Half-hours with a Student-t tail of 3 degrees of freedom, far out like e^{u²/6}."""

    def decode(self, u: torch.Tensor) -> PlainCurve:
        mean = (u[..., :1].square() / 6.0).exp().expand(*u.shape[:-1], 336)
        return PlainCurve(mean, torch.zeros_like(mean))


@pytest.mark.parametrize("dim", [1, 6])
def test_a_quadratic_criterion_ends_at_its_limit(dim: int) -> None:
    """f = (u₁² - 1)/√2 exists below λ = 1/√2."""
    potential = Potential(QuadraticSpace(dim), PEAK, torch.zeros(2, 336), 1.0, math.sqrt(2.0))
    found = existence(potential)
    assert found.limit == pytest.approx(1 / math.sqrt(2), rel=1e-3)
    found.check(0.7, potential)
    with pytest.raises(TuningError, match=r"from λ = 0\.707 on .* λ = 0\.71 was asked"):
        found.check(0.71, potential)


@pytest.mark.parametrize("space", [LinearSpace(1), LinearSpace(6), ToyStreet(hidden=8)])
def test_what_grows_linearly_has_no_limit(space: LinearSpace) -> None:
    potential = Pool.from_space(space, PEAK, n=512).potential
    assert existence(potential).limit == math.inf
    assert existence(potential.mirrored()).limit == math.inf


class KinkedSpace(LinearSpace):
    """Half-hours whose slope in u₁ becomes seven times as steep at `kink`, as a ReLU's does."""

    def __init__(self, kink: float) -> None:
        super().__init__(4)
        self.kink = kink

    def score(self, u: torch.Tensor) -> torch.Tensor:
        return 10.0 + u[..., 0] + 6.0 * (u[..., 0] - self.kink).relu()


@pytest.mark.parametrize("kink", [2.0, 12.0, 20.0, 28.0, 40.0, 60.0])
def test_a_kink_is_no_growth(kink: float) -> None:
    """Between 16, 32 and 64 alone a kink at 40 looked like the cube of the distance."""
    potential = Potential(KinkedSpace(kink), PEAK, torch.zeros(2, 336), 10.0, 1.0)
    assert existence(potential).limit == math.inf


@pytest.mark.parametrize("space", [LognormalSpace(4), StudentSpace(4)])
def test_a_raw_peak_under_heavy_noise_is_refused_and_log_peak_offered(space: LinearSpace) -> None:
    potential = Potential(space, PEAK, torch.zeros(2, 336), 0.0, 1.0)
    found = existence(potential)
    assert found.limit == 0.0
    with pytest.raises(TuningError, match="no tuned law; tune log-peak instead"):
        found.check(0.1, potential)


def test_the_log_peak_under_lognormal_noise_exists() -> None:
    log_peak = criterion_named("log-peak")
    potential = Potential(LognormalSpace(4), log_peak, torch.zeros(2, 336), 0.0, 1.0)
    assert existence(potential).limit == math.inf
