"""The background flow: begun at rest, given up when the page moves on, never in the way."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from studio_fakes import FakeModel, households
from test_job_thread import Counting

from lvm_studio.data.composition import Composition
from lvm_studio.storage.street_state import StreetState
from lvm_studio.studio.jobs.job_thread import JobThread
from lvm_studio.studio.street.answers import StreetRequest
from lvm_studio.studio.street.flow_fitter import FlowFitter, progress_text
from lvm_studio.tuning.flows.fit import ClimbReport, FlowSnapshot, FlowStep
from lvm_studio.tuning.flows.proposals import FlowCheck
from lvm_studio.tuning.pools.pool import Preparing

PATIENCE = 20_000
MODEL, HOUSEHOLDS = FakeModel(), households()


def request(street: str = "A,B", lam: float = 1.0) -> StreetRequest:
    state = StreetState(composition=Composition.parse(street), week="2013-W03", lam=lam)
    return StreetRequest(state, HOUSEHOLDS, MODEL)  # type: ignore[arg-type]


def snapshot(share: float, *, final: bool = False) -> FlowSnapshot:
    shares = np.full(3, share)
    check = FlowCheck(**dict.fromkeys((field.name for field in fields(FlowCheck)), shares))
    return FlowSnapshot(1, 0.5, 1.0, 3.0, 0.0, 1.0, check, {}, final)


@pytest.fixture
def make(qapp: object) -> Iterator[Callable[..., FlowFitter]]:
    made: list[FlowFitter] = []

    def make_fitter(rest_seconds: float = 0.01) -> FlowFitter:
        made.append(FlowFitter(rest_seconds=rest_seconds))
        return made[-1]

    yield make_fitter
    for fitter in made:
        fitter.stop()


def test_the_job_is_wanted_when_the_page_has_come_to_rest(
    qtbot: QtBot, make: Callable[..., FlowFitter]
) -> None:
    fitter = make(0.1)
    wanted: list[StreetRequest] = []
    fitter.wanted.connect(wanted.append)
    for street in ("A", "A,B", "A,B,C"):
        fitter.consider(request(street))  # the loop does not run in between: no time passes
    qtbot.waitUntil(lambda: bool(wanted), timeout=PATIENCE)
    qtbot.wait(150)
    assert [str(one.state.composition) for one in wanted] == ["A,B,C"]


def test_the_base_law_needs_no_flow(qtbot: QtBot, make: Callable[..., FlowFitter]) -> None:
    fitter = make()
    with qtbot.assertNotEmitted(fitter.wanted, wait=60):
        fitter.consider(request(lam=0.0))
    with qtbot.waitSignal(fitter.wanted, timeout=PATIENCE):
        fitter.consider(request(lam=0.5))


def test_a_fit_is_given_up_when_the_street_changes(
    qtbot: QtBot, make: Callable[..., FlowFitter]
) -> None:
    fitter = make()
    here = request()
    with qtbot.waitSignal(fitter.wanted, timeout=PATIENCE):
        fitter.consider(here)
    fitter.run(here, Counting(100_000))
    assert len(fitter.findChildren(JobThread)) == 1
    fitter.consider(request("A,B,C"))
    qtbot.waitUntil(lambda: not fitter.findChildren(JobThread), timeout=PATIENCE)


def test_a_cancelled_fit_is_begun_again_only_when_that_is_allowed(
    qtbot: QtBot, make: Callable[..., FlowFitter]
) -> None:
    fitter = make()
    here = request()
    with qtbot.waitSignal(fitter.wanted, timeout=PATIENCE):
        fitter.consider(here)
    fitter.run(here, Counting(100_000))
    fitter.cancel(here)
    assert not fitter.busy
    with qtbot.assertNotEmitted(fitter.wanted, wait=60):
        fitter.consider(request(lam=1.1))  # the same street and criterion
    fitter.allow()
    with qtbot.waitSignal(fitter.wanted, timeout=PATIENCE):
        fitter.consider(here)


def test_a_job_that_comes_too_late_is_not_begun(
    qtbot: QtBot, make: Callable[..., FlowFitter]
) -> None:
    fitter = make(10.0)
    fitter.consider(request("A,B,C"))
    fitter.run(request("A"), Counting(10))
    assert not fitter.findChildren(JobThread)


def test_only_flows_that_are_better_are_passed_on(make: Callable[..., FlowFitter]) -> None:
    fitter = make(10.0)
    fitter.consider(request())
    passed: list[object] = []
    fitter.fitted.connect(lambda _request, found: passed.append(found))
    first, worse, better, last = (
        snapshot(0.4),
        snapshot(0.41),
        snapshot(0.6),
        snapshot(0.6, final=True),
    )
    for found in (first, worse, better, last):
        fitter._hear((found,))
    assert passed == [first, better, last]


def test_it_says_how_far_it_is_and_only_when_that_changes(make: Callable[..., FlowFitter]) -> None:
    fitter, said = make(10.0), []
    fitter.status.connect(said.append)
    for report in (ClimbReport(1, 0.5, 0.2), FlowStep(0, 0.0, 0.0, 1.0)):
        fitter._hear((report,))
    for step in range(3):
        fitter._hear((FlowStep(step, 0.25 + step / 1000, 4.0, 1.0),))
    assert said == [
        "Fitting a flow: climbing, λ = 0.5, KL 0.2 nats so far.",
        "Fitting a flow: 0 %.",
        "Fitting a flow: 25 %, about 15 s left at most.",
    ]


def test_a_fit_that_fails_is_said_and_not_tried_again(
    qtbot: QtBot, make: Callable[..., FlowFitter]
) -> None:
    fitter = make()
    here, said = request(), []
    fitter.status.connect(said.append)
    with qtbot.waitSignal(fitter.wanted, timeout=PATIENCE):
        fitter.consider(here)
    fitter.run(here, Counting(10, fails_at=0))
    qtbot.waitUntil(lambda: any("No flow" in sentence for sentence in said), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not fitter.findChildren(JobThread), timeout=PATIENCE)
    fitter.forget()
    with qtbot.assertNotEmitted(fitter.wanted, wait=60):
        fitter.consider(here)


def test_the_base_weeks_that_come_first_are_said() -> None:
    assert "base law first" in progress_text(Preparing())


def test_no_flow_is_fitted_for_two_criteria(qtbot: QtBot, make: Callable[..., FlowFitter]) -> None:
    fitter = make()
    wanted: list[StreetRequest] = []
    fitter.wanted.connect(wanted.append)
    one = request()
    fitter.consider(replace(one, state=one.state.with_changes(second="flexibility")))
    qtbot.wait(40)
    fitter.consider(one)
    qtbot.waitUntil(lambda: bool(wanted), timeout=PATIENCE)
    assert wanted == [one]
