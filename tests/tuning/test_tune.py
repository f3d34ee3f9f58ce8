"""A whole tuning: aims, both signs, limits, and importance weighting of many base draws."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tuning_spaces import LinearSpace, QuadraticSpace, ToyStreet

from lvm_studio.data.composition import Composition
from lvm_studio.data.london import load_london
from lvm_studio.data.shipped import model_path
from lvm_studio.models.street import BaseSpace, Street, compose_street
from lvm_studio.models.trained import TrainedModel
from lvm_studio.storage.hdf5 import read_tree
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.flows.fit import FlowSnapshot
from lvm_studio.tuning.pools.estimates import estimate, moments_at
from lvm_studio.tuning.pools.pool import Pool, Preparing
from lvm_studio.tuning.solve import solve_one_in_n
from lvm_studio.tuning.specs import Aim, FlowSpec, SmcSpec, TuneSpec
from lvm_studio.tuning.tune import PoolReport, TuneResult, tune

FLOW = FlowSpec(couplings=2, hidden=16, steps=20, batch=128, climb_draws=512)


def spec(kind: str, value: float, criterion: str = "peak", **changes: object) -> TuneSpec:
    aim = Aim.model_validate({"kind": kind, "value": value})
    return TuneSpec(criterion=criterion, aim=aim, flow=FLOW, samples=64).model_copy(update=changes)


def result(asked: TuneSpec, space: BaseSpace) -> TuneResult:
    *_, last = tune(asked, space)
    assert isinstance(last, TuneResult)
    return last


@pytest.mark.parametrize(
    ("kind", "value", "lam"),
    [("kl", 2.0, 2.0), ("lam", 2.0, 2.0), ("expectation", 12.0, 2.0), ("one_in_n", 7.389056, 2.0)],
)
def test_every_aim_of_a_linear_criterion_is_met(kind: str, value: float, lam: float) -> None:
    """f = 10 + u₁: E f = 10 + λ, KL = λ²/2."""
    found = result(spec(kind, value), LinearSpace(6))
    assert found.reached
    assert found.valid
    assert found.method == "flow"
    assert found.lam == pytest.approx(lam, abs=0.12)
    assert found.kl == pytest.approx(lam**2 / 2, abs=0.25)
    assert found.expectation == pytest.approx(10.0 + lam, abs=0.1)
    assert found.curves_kw.shape == (64, 336)


def test_a_small_lam_needs_no_flow() -> None:
    reports = list(tune(spec("lam", 0.3), LinearSpace(6)))
    kinds = [type(report) for report in reports]
    assert kinds[-2:] == [PoolReport, TuneResult]
    assert set(kinds[:-2]) == {Preparing}
    assert reports[-1].method == "pool"


def test_less_of_a_criterion_is_the_mirror() -> None:
    found = result(spec("expectation", 8.0), LinearSpace(6))
    assert found.lam == pytest.approx(-2.0, abs=0.12)
    assert found.normalised_expectation == pytest.approx(-2.0, abs=0.1)
    assert found.expectation == pytest.approx(8.0, abs=1e-2)
    assert found.curves_kw.mean() < 9.0


class Bounded(LinearSpace):
    """f = 10 + tanh u₁ never reaches 11."""

    def score(self, u: torch.Tensor) -> torch.Tensor:
        return 10.0 + torch.tanh(u[..., 0])


def test_an_aim_out_of_reach_is_said_to_be() -> None:
    found = result(spec("expectation", 12.0), Bounded(4))
    assert not found.reached
    assert found.expectation < 11.0


def test_a_lam_without_a_law_is_refused() -> None:
    with pytest.raises(TuningError, match=r"no tuned law from λ = 0\.7.* λ = 0\.9 was asked"):
        result(spec("lam", 0.9), QuadraticSpace(4))


@pytest.mark.parametrize("method", ["auto", "smc"])
def test_a_tuned_set_is_vouched_for_by_two_runs_of_the_reference(method: str) -> None:
    """f = 10 + u₁: log Z = λ²/2, whoever says it."""
    reference = SmcSpec(particles=512)
    found = result(spec("kl", 2.0, method=method, reference=reference), LinearSpace(4))
    certificate = found.certificate
    assert certificate.ok, certificate.sentence
    assert certificate.log_z == pytest.approx(found.lam**2 / 2, abs=0.1)
    assert certificate.reference_log_z == pytest.approx((found.lam**2 / 2,) * 2, abs=0.15)
    assert found.method == ("smc" if method == "smc" else "flow")
    assert found.trace[-1].lam == pytest.approx(found.lam)


def test_updates_towards_less_of_f_are_told_on_its_side() -> None:
    found = result(spec("expectation", 9.0), LinearSpace(4))
    last = found.trace[-1]
    assert last.lam == pytest.approx(found.lam)
    assert found.normalised_expectation < 0.0
    assert last.moments.expectation == pytest.approx(found.normalised_expectation)


@pytest.mark.parametrize(("level", "lam"), [(11.0, 1.0), (9.5, -0.5)])
def test_a_quantile_of_f_is_reached(level: float, lam: float) -> None:
    """The median of f = 10 + u₁ under p̂_λ is 10 + λ."""
    found = result(spec("quantile", level), LinearSpace(4))
    assert found.lam == pytest.approx(lam, abs=0.12)
    assert np.median(found.curves_kw[:, 0]) == pytest.approx(level, abs=0.4)


def test_the_same_spec_gives_the_same_curves() -> None:
    first, again = (result(spec("kl", 2.0), ToyStreet(hidden=8)) for _ in range(2))
    assert first.lam == pytest.approx(again.lam, rel=1e-4)
    assert float(np.abs(first.curves_kw - again.curves_kw).mean()) < 0.1


def test_fitting_stops_when_the_flow_is_good_at_the_aim() -> None:
    reports = list(tune(spec("kl", 3.0, good_share=0.2), ToyStreet(hidden=8)))
    steps = [report.step for report in reports if isinstance(report, FlowSnapshot)]
    assert steps == [0]


def test_a_tuning_and_its_answer_can_be_sent_to_another_process() -> None:
    asked, space = pickle.loads(pickle.dumps((spec("lam", 0.3), LinearSpace(4))))
    *_, last = tune(asked, space)
    assert pickle.loads(pickle.dumps(last)).lam == last.lam


def test_an_unknown_criterion_or_field_is_refused() -> None:
    with pytest.raises(TuningError, match="no criterion 'valley'"):
        result(spec("kl", 1.0, criterion="valley"), LinearSpace())
    with pytest.raises(ValidationError):
        TuneSpec.model_validate({"aim": {"kind": "kl", "value": 1.0}, "speed": 3})


def base_values(pool: Pool, n: int, seed: int) -> np.ndarray:
    generator = torch.Generator().manual_seed(seed)
    values = []
    with torch.no_grad():
        for _ in range(n // 512):
            u = torch.randn(512, pool.potential.dim, generator=generator)
            values.append(pool.potential.value(u))
    return torch.cat(values).double().numpy()


def compare_with_base_draws(space: BaseSpace, criterion: str, n_weeks: float, n: int) -> None:
    """Tuned mean at "1 week in n_weeks", against weighting n base draws to the same KL."""
    found = result(spec("one_in_n", n_weeks, criterion), space)
    pool = Pool.from_space(space, CRITERIA[criterion])
    f = base_values(pool, n, seed=77)
    zeros = np.zeros(len(f))
    weighted = solve_one_in_n(lambda lam: moments_at(lam, f, zeros), n_weeks)
    by_weights, _ = estimate(weighted.lam, f, zeros)
    error = pool.potential.scale * by_weights.standard_error
    expected = pool.potential.natural(by_weights.moments.expectation)
    assert found.valid
    assert found.standard_error < error
    assert found.expectation == pytest.approx(expected, abs=2.5 * error)
    if by_weights.valid:  # where its tail is too heavy, weighting misses the KL more than E f
        assert found.lam == pytest.approx(weighted.lam, rel=0.1)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_one_week_in_ten_agrees_with_weighted_base_draws(criterion: str) -> None:
    compare_with_base_draws(ToyStreet(hidden=16), criterion, n_weeks=10.0, n=65_536)


@pytest.mark.study
@pytest.mark.parametrize("criterion", CRITERIA)
def test_one_week_in_a_hundred_agrees_with_a_million_weighted_base_draws(criterion: str) -> None:
    compare_with_base_draws(ToyStreet(hidden=96), criterion, n_weeks=100.0, n=1_000_000)


@pytest.mark.study
@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_shipped_street_of_forty_agrees_with_a_million_weighted_base_draws(
    criterion: str,
) -> None:
    compare_with_base_draws(shipped_street(40), criterion, n_weeks=100.0, n=1_000_000)


def shipped_street(size: int) -> Street:
    """London training households, in the coldest held-out week, under the shipped model."""
    london = load_london()
    model = TrainedModel.from_tree(read_tree(model_path("london-households.h5")))
    composition = Composition(tuple((h, 1) for h in london.split.train_households[:size]))
    weeks = london.weeks
    heldout = weeks.indices(london.split.heldout_weeks)
    at = heldout[weeks.temperature_c[heldout].mean(axis=1).argmin()]
    context = model.context.context(
        weeks.temperature_c[at], weeks.starts[at], london.time_zone, london.country
    )
    return compose_street(model, london, composition, context)


@pytest.mark.parametrize(
    ("method", "decodes"), [("rejection", 100_000), ("reweighting", 100_000), ("langevin", 51_200)]
)
def test_what_people_would_otherwise_use_tells_its_price(method: str, decodes: int) -> None:
    """f linear at KL 1: E f is √2 = λ for the tuned law, φ(t)/e^{-1} beyond the level t."""
    aim = Aim(kind="kl", value=1.0)
    spec = TuneSpec(criterion="peak@mean", aim=aim, method=method, samples=20, pool=16_384)
    *_, result = tune(spec, LinearSpace(3))
    expected = 1.0225 if method == "rejection" else 2.0**0.5
    assert result.method == method
    assert result.decodes == decodes
    assert result.normalised_expectation == pytest.approx(expected, abs=0.06)
    assert result.standard_error > 0.0
    assert result.certificate.ok == (method == "reweighting")
    assert result.certificate.sentence


def test_the_thesis_way_finds_the_lam_of_a_kl_and_says_every_update() -> None:
    """f linear: λ = √(2 KL), whose flow is a shift of one axis."""
    asked = spec("kl", 2.0, method="one by one", flow=FLOW.model_copy(update={"steps": 60}))
    found = result(asked, LinearSpace(4))
    assert found.method == "one by one"
    assert found.reached
    assert found.lam == pytest.approx(2.0, abs=0.15)
    assert found.kl == pytest.approx(2.0, abs=0.3)
    assert len(found.trace) == found.updates + 1
    assert found.certificate.ok


@pytest.mark.parametrize(("kind", "value", "lam"), [("kl", 2.0, 2.0), ("expectation", 8.5, -1.5)])
def test_one_of_a_few_proposals_is_kept(kind: str, value: float, lam: float) -> None:
    found = result(spec(kind, value, method="kept"), LinearSpace(6))
    assert found.method == "kept"
    assert found.proposals == 1  # Gaussians are all there is to know of a linear f
    assert found.reached
    assert found.lam == pytest.approx(lam, abs=0.1)
    assert found.kl == pytest.approx(lam**2 / 2, abs=0.2)
    assert found.certificate.ok
    assert found.certificate.kl_to_target <= 0.1
    assert found.curves_kw.shape == (64, 336)


def test_the_thesis_way_is_asked_for_a_kl_alone() -> None:
    with pytest.raises(TuningError, match="λ of a KL"):
        result(spec("expectation", 12.0, method="one by one"), LinearSpace(4))
