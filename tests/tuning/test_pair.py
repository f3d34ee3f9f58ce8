"""Two criteria as one in any direction: texts, closed forms of the plane, and the job."""

import math

import numpy as np
import pytest
from tuning_spaces import TwoTimes

from lvm_studio.tuning import pair_job
from lvm_studio.tuning.criteria.criterion import criterion_named
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.pair import Pair, combined_text
from lvm_studio.tuning.pair_job import LEVELS, PairJob, PairKnown, PairStep
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.vector import directions

TEXTS = ("energy:0-0.5", "energy:23.5-24")


@pytest.fixture(scope="module")
def pair() -> Pair:
    *_, made = Pair.growing(TwoTimes(3), TEXTS, n=2048, seed=1)
    assert made is not None
    return made


def test_a_sum_of_two_is_written_with_its_weights() -> None:
    text = combined_text(("peak+0.5*ramp:1h", "flexibility"), (2.0, -0.25))
    assert text == "+2.0000*peak+1.0000*ramp-0.2500*flexibility"
    assert criterion_named(text).name == "2*peak+ramp-0.25*flexibility"


def test_the_mean_curve_cannot_be_half_of_a_sum() -> None:
    with pytest.raises(TuningError, match="leave @mean out"):
        combined_text(("peak@mean", "flexibility"), (1.0, 1.0))


@pytest.mark.parametrize("second", ["peak", "-peak", "3*peak"])
def test_a_criterion_cannot_be_its_own_second_one(second: str) -> None:
    with pytest.raises(TuningError, match="say the same of every curve"):
        list(Pair.growing(TwoTimes(3), ("peak", second), n=512))


@pytest.mark.parametrize("blend", [0.0, 30.0, 90.0, 137.0, 250.0])
def test_a_direction_is_the_pool_of_its_own_criterion(pair: Pair, blend: float) -> None:
    """As a job makes it from the text alone, whose λ must mean the same."""
    along = pair.along(blend)
    assert along.draws.f.std(ddof=1) == pytest.approx(1.0, abs=1e-6)
    alone = Pool.from_space(
        TwoTimes(3), criterion_named(along.potential.criterion.name), n=2048, seed=1
    )
    np.testing.assert_allclose(alone.draws.f, along.draws.f, atol=1e-4)
    assert alone.potential.scale == pytest.approx(along.potential.scale, rel=1e-4)
    assert alone.potential.natural(0.0) == pytest.approx(along.potential.natural(0.0), rel=1e-4)


def test_the_vector_of_a_direction_tilts_as_its_lam_does(pair: Pair) -> None:
    vector = pair.vector(40.0, 1.3)
    np.testing.assert_allclose(pair.f @ vector, 1.3 * pair.along(40.0).draws.f, atol=1e-9)
    assert math.degrees(math.atan2(vector[1], vector[0])) == pytest.approx(40.0, abs=0.01)


def test_the_job_knows_every_direction_up_to_its_kl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linear criteria: E f moves by the covariance times λ, whatever the direction."""
    few = pair_job.vector_climbs

    def eight(*args: object, **kwargs: object) -> object:
        return few(*args, **kwargs, along=directions(2, 8), draws=256)  # type: ignore[arg-type]

    monkeypatch.setattr(pair_job, "vector_climbs", eight)
    reports = list(PairJob(TwoTimes(3), TEXTS, kl_max=7.2, seed=1, pool=1024).run())
    assert sum(isinstance(report, PairStep) for report in reports) == 8
    known = reports[-1]
    assert isinstance(known, PairKnown)
    surface = known.surface
    assert surface.kl.shape == (36, len(LEVELS))
    inner = surface.valid[:, :-1]
    assert inner.all()
    np.testing.assert_allclose(surface.kl[:, 2], LEVELS[2], atol=0.02)
    *_, pair = Pair.growing(TwoTimes(3), TEXTS, n=1024, seed=1)
    assert pair is not None
    scales = np.array([each.scale for each in pair.potentials])
    # half an hour of a kilowatt is half a kilowatt-hour, seven days, of which one moves
    covariance = 0.25 * np.array([[1.0, 0.6], [0.6, 1.0]]) / scales
    base = np.array([each.natural(0.0) for each in pair.potentials])
    exact = base + surface.lam[:, 2] @ covariance
    np.testing.assert_allclose(surface.expectation[:, 2], exact, atol=0.08)
