"""How many weeks are drawn, and from which seed: asked for on the page, undone like all else."""

import pytest
from pytestqt.qtbot import QtBot
from street_fakes import WEEK_IDS, FakeService, small_street

from lvm_studio.data.composition import Composition
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studio.panels.compose import ComposePanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.widgets.compose.sampling_fields import MOST_WEEKS, SamplingFields


@pytest.fixture
def session(qapp: object) -> Session:
    state = StreetState("Street", "m", Composition((("H00", 2),)), WEEK_IDS[1])
    made = Session()
    made.restore(Workspace(datasets={"Street": small_street()}, street=state.to_tree()), None)
    return made


@pytest.fixture
def fields(qtbot: QtBot, session: Session) -> SamplingFields:
    panel = ComposePanel(session, FakeService())  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    found = panel.findChild(SamplingFields)
    assert found is not None
    return found


def test_another_number_of_weeks_and_another_seed_can_be_asked_for(
    session: Session, fields: SamplingFields
) -> None:
    fields.weeks.setValue(500)
    fields.seed.setValue(7)
    assert (session.state.samples, session.state.seed) == (500, 7)


def test_they_are_taken_back_with_everything_else(session: Session, fields: SamplingFields) -> None:
    fields.seed.setValue(7)
    session.undo_stack.undo()
    assert (session.state.seed, fields.seed.value()) == (0, 0)


def test_more_weeks_than_can_be_asked_for_are_shown_as_they_are(
    session: Session, fields: SamplingFields
) -> None:
    session.set_samples(10 * MOST_WEEKS)
    assert fields.weeks.value() == 10 * MOST_WEEKS
    assert session.state.samples == 10 * MOST_WEEKS
