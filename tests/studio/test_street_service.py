"""The street service: each state of the page gets its own answers, and no other's."""

import threading
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from studio_fakes import FakeStreets, FakeTunings, tuned, workspace

from lvm_studio.data.errors import DataError
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studio.session import Session
from lvm_studio.studio.street.answers import StreetRequest, TunedAnswer
from lvm_studio.studio.street.service import QUIET_MS, StreetService
from lvm_studio.studio.street.tuned_keys import tuning_key
from lvm_studio.studio.street.tuned_work import Improved

PATIENCE = 5000


class Bench:
    """A service with stand-ins for its work, and all that it said."""

    def __init__(self) -> None:
        self.session = Session()
        self.session.restore(workspace(), None)
        self.streets, self.tunings = FakeStreets(), FakeTunings()
        self.service = StreetService(self.session, self.streets, self.tunings)  # type: ignore[arg-type]
        self.said: list[tuple[str, object]] = []
        for name in ("computing", "tuned_computing"):
            getattr(self.service, name).connect(getattr(self, f"hear_{name}"))
        self.service.fan_ready.connect(self.hear_fan)
        self.service.tuned_ready.connect(self.hear_tuned)
        self.service.unavailable.connect(self.hear_unavailable)
        self.service.failed.connect(self.hear_failed)

    def hear_computing(self) -> None:
        self.said.append(("computing", None))

    def hear_tuned_computing(self) -> None:
        self.said.append(("tuned computing", None))

    def hear_fan(self, answer: object) -> None:
        self.said.append(("fan", answer))

    def hear_tuned(self, answer: object) -> None:
        self.said.append(("tuned", answer))

    def hear_unavailable(self, sentence: str) -> None:
        self.said.append(("unavailable", sentence))

    def hear_failed(self, sentence: str, _details: str) -> None:
        self.said.append(("failed", sentence))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.said]

    def settle(self, qtbot: QtBot) -> None:
        """Wait until what is asked has been answered, then forget what was said before."""
        qtbot.waitUntil(self.is_settled, timeout=PATIENCE)

    def is_settled(self) -> bool:
        fan, tuned_, state = self.service.fan, self.service.tuned, self.session.state
        same = fan is not None and fan.state.composition == state.composition
        return same and tuned_ is not None and tuned_.state == state


@pytest.fixture
def bench(qapp: object) -> Iterator[Bench]:
    made = Bench()
    yield made
    made.service.stop()


@pytest.fixture
def running(bench: Bench, qtbot: QtBot) -> Bench:
    bench.service.start()
    bench.settle(qtbot)
    qtbot.wait(20)
    bench.said.clear()
    return bench


def test_the_model_is_loaded_after_the_start_and_then_everything_is_answered(
    bench: Bench, qtbot: QtBot
) -> None:
    assert bench.service.fan is None
    with qtbot.waitSignals([bench.service.model_loading, bench.service.device_found]):
        bench.service.start()
    bench.settle(qtbot)
    assert bench.service.fan.fan.mean[0] == 3.0
    assert bench.session.trained_model() is not None
    assert bench.kinds().index("computing") < bench.kinds().index("fan")


@pytest.mark.parametrize(
    ("opened", "word"),
    [(Workspace(), "import"), (workspace(model=False), "no trained model")],
)
def test_where_there_is_nothing_to_compute_it_says_why(
    bench: Bench, opened: Workspace, word: str
) -> None:
    bench.session.restore(opened, None)
    assert bench.said[-1][0] == "unavailable"
    assert word in str(bench.said[-1][1])


def test_an_empty_composition_withdraws_what_was_asked(running: Bench, qtbot: QtBot) -> None:
    running.session.set_lam(1.0)
    running.session.clear_composition()
    assert running.service.fan is None
    assert "Drag" in str(running.said[-1][1])
    qtbot.wait(50)
    assert "fan" not in running.kinds()
    assert "tuned" not in running.kinds()


def test_lam_asks_for_a_tuned_fan_only(running: Bench, qtbot: QtBot) -> None:
    running.session.set_lam(1.5)
    running.settle(qtbot)
    assert running.kinds() == ["tuned computing", "tuned"]
    assert running.service.tuned.lam == 1.5


def test_a_household_more_asks_for_both(running: Bench, qtbot: QtBot) -> None:
    running.session.add_households(["C"])
    running.settle(qtbot)
    assert {"computing", "fan", "tuned computing", "tuned"} <= set(running.kinds())
    assert running.service.fan.households == 4


def test_what_is_only_drawn_differently_asks_for_nothing(running: Bench, qtbot: QtBot) -> None:
    running.session.set_show_curves(3)
    qtbot.wait(30)
    assert running.said == []


def test_undo_asks_again(running: Bench, qtbot: QtBot) -> None:
    running.session.add_households(["C"])
    running.settle(qtbot)
    running.session.undo_stack.undo()
    running.settle(qtbot)
    assert running.service.fan.households == 3


def test_answers_to_states_that_have_passed_are_never_told(
    running: Bench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first λ of a drag is being worked on while the others come and go."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(request: StreetRequest) -> Generator[TunedAnswer | None, None, None]:
        begun.set()
        go_on.wait(5)
        yield tuned(request.state)

    monkeypatch.setattr(running.tunings, "answer", slow)
    gesture = running.session.new_gesture()
    running.session.set_lam(0.1, gesture)
    assert begun.wait(5)
    for lam in (0.2, 0.3, 0.4):
        running.session.set_lam(lam, gesture)
    go_on.set()
    running.settle(qtbot)
    told = [answer.lam for kind, answer in running.said if kind == "tuned"]  # type: ignore[attr-defined]
    assert told == [0.4]


def test_a_target_becomes_a_lam_in_one_step_of_undo(running: Bench, qtbot: QtBot) -> None:
    running.service.request_lam("kl", 4.5)
    qtbot.waitUntil(lambda: running.session.state.lam == 3.0, timeout=PATIENCE)
    running.settle(qtbot)
    assert running.session.undo_stack.undoText() == "KL = 4.50 nats"
    running.session.undo_stack.undo()
    assert running.session.state.lam == 0.0


def test_a_target_that_is_met_already_still_ends_the_computing(
    running: Bench, qtbot: QtBot
) -> None:
    running.service.request_lam("kl", 0.0)
    qtbot.waitUntil(lambda: "tuned" in running.kinds(), timeout=PATIENCE)
    running.settle(qtbot)
    assert set(running.kinds()) == {"tuned computing", "tuned"}
    assert running.kinds()[-1] == "tuned"


def test_a_frequency_is_held_when_the_street_changes(running: Bench, qtbot: QtBot) -> None:
    """The stand-in's λ for KL = k is √2k on any street; a λ set by hand is held no longer."""
    session = running.session
    running.service.request_lam("kl", 2.0)
    qtbot.waitUntil(lambda: session.state.lam == 2.0, timeout=PATIENCE)
    solved: list[float] = []

    def solve(request: StreetRequest, goal: str, target: float) -> Generator[float, None, None]:
        solved.append(target)
        yield 1.0 + request.state.composition.size

    running.tunings.solve = solve  # type: ignore[method-assign]
    session.add_households(["C"])
    qtbot.waitUntil(lambda: session.state.lam == 1.0 + session.state.composition.size)
    running.settle(qtbot)
    assert (session.state.goal, session.state.target, solved) == ("kl", 2.0, [2.0])
    assert running.service.tuned is not None
    assert running.service.tuned.state == session.state
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: session.state.lam == 1.0 + session.state.composition.size)
    session.set_lam(0.5)
    session.add_households(["D"])
    running.settle(qtbot)
    assert (session.state.lam, session.state.goal) == (0.5, "lam")


def test_better_draws_answer_again_without_computing_being_shown(
    running: Bench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settle(request: StreetRequest) -> Generator[Improved, None, None]:
        yield Improved(tuning_key(request), settled=True)

    monkeypatch.setattr(running.tunings, "settle", settle)
    running.session.set_criterion("flexibility")
    running.settle(qtbot)
    qtbot.waitUntil(lambda: running.kinds().count("tuned") == 2, timeout=PATIENCE)
    assert running.kinds().count("tuned computing") == 1


def test_a_fitted_flow_is_adopted_for_the_page_it_was_fitted_for_and_no_other(
    running: Bench, qtbot: QtBot
) -> None:
    session, service = running.session, running.service
    here = StreetRequest(session.state, session.households, session.trained_model())
    service._fits._fitter.fitted.emit(here, "flow of this street")
    qtbot.waitUntil(lambda: running.tunings.adopted == ["flow of this street"], timeout=PATIENCE)
    session.add_households(["D"])
    service._fits._fitter.fitted.emit(here, "flow of another street")
    running.settle(qtbot)
    assert running.tunings.adopted == ["flow of this street"]


def test_a_model_that_does_not_load_is_a_sentence(bench: Bench, qtbot: QtBot) -> None:
    bench.streets.error = DataError("model/weights: nothing is there.")
    bench.service.start()
    qtbot.waitUntil(lambda: "failed" in bench.kinds(), timeout=PATIENCE)
    assert "“m” cannot be used" in str(dict(bench.said)["failed"])


def test_a_model_chosen_before_does_not_fail_in_the_name_of_this_one(
    running: Bench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Event()

    def no_model(_tree: object) -> Generator[object, None, None]:
        tried.set()
        raise DataError("model/weights: nothing is there.")
        yield

    monkeypatch.setattr(running.streets, "load", no_model)
    running.session.add_model("broken", {"name": "broken"})
    running.session.choose_model("broken")
    assert tried.wait(PATIENCE / 1000)
    running.session.choose_model("m")  # its failure is on its way
    running.settle(qtbot)
    qtbot.wait(20)
    assert "failed" not in running.kinds()
    assert running.service.fan is not None


def test_work_that_fails_is_a_sentence_and_the_next_wish_is_served(
    running: Bench, qtbot: QtBot
) -> None:
    running.streets.error = RuntimeError("no such device")
    running.session.add_households(["C"])
    qtbot.waitUntil(lambda: "failed" in running.kinds(), timeout=PATIENCE)
    running.streets.error = None
    running.session.add_households(["D"])
    running.settle(qtbot)
    assert running.service.fan.households == 5


def test_panels_may_have_mailboxes_of_their_own(running: Bench, qtbot: QtBot) -> None:
    mailbox = running.service.open_mailbox()

    def work() -> Generator[Any, None, None]:
        yield "decoded"

    with qtbot.waitSignal(mailbox.answered, timeout=PATIENCE) as told:
        mailbox.post(work)
    assert told.args == ["decoded"]


def test_stopping_twice_is_stopping_once(running: Bench) -> None:
    running.service.stop()
    running.service.stop()
    assert running.service._thread.isFinished()


# Who makes the peak ---------------------------------------------------------------------------


def test_a_tuned_fan_at_rest_is_shared_out_once(running: Bench, qtbot: QtBot) -> None:
    with qtbot.waitSignal(running.service.parts_ready, timeout=PATIENCE) as first:
        pass
    assert first.args[0].state == running.session.state
    running.tunings.shared_out.clear()
    with qtbot.waitSignal(running.service.parts_ready, timeout=PATIENCE) as shared:
        for lam in (0.5, 1.0, 1.5):
            running.session.set_lam(lam)
            running.settle(qtbot)
    assert [state.lam for state in running.tunings.shared_out] == [1.5]
    assert shared.args[0].state.lam == 1.5


def test_nothing_is_shared_out_of_an_empty_street(running: Bench, qtbot: QtBot) -> None:
    running.session.clear_composition()
    running.tunings.shared_out.clear()
    qtbot.wait(2 * QUIET_MS)
    assert running.tunings.shared_out == []
