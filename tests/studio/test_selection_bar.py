"""The bar above the pages: there only while something is picked out, and what it asks for."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lvm_studio.studio.selection import Selection
from lvm_studio.studio.session import Session
from lvm_studio.studio.widgets.latent.selection_page import SelectionPage
from lvm_studio.studio.widgets.selection_bar import SelectionBar

SUMS = Selection(
    "winter",
    np.ones((2, 336)),
    {"long": np.array([-0.123456, 1.0])},
    {"long": "a title that is too long for one line of the table: −1 midsummer, 1 midwinter"},
    "kW",
    members=(("A",), ("A", "B")),
    weeks=("2013-W01", "2013-W02"),
)
DIGIT = Selection("one digit", np.ones((1, 64)))


@pytest.fixture
def bar(qtbot: QtBot) -> SelectionBar:
    made = SelectionBar()
    qtbot.addWidget(made)
    return made


def test_it_tells_how_much_is_selected_and_hides_without(bar: SelectionBar) -> None:
    assert bar.isHidden()
    bar.show_selection(SUMS)
    assert not bar.isHidden()
    assert bar.about.text() == "2 sums selected: winter"
    bar.show_selection(None)
    assert bar.isHidden()


def test_what_is_no_sum_cannot_be_composed(bar: SelectionBar) -> None:
    bar.show_selection(DIGIT)
    assert bar.about.text() == "1 observation selected: one digit"
    assert not bar.compose.isEnabled()
    bar.show_selection(SUMS)
    assert bar.compose.isEnabled()


def test_its_buttons_ask(bar: SelectionBar, qtbot: QtBot) -> None:
    bar.show_selection(SUMS)
    for button, asked in (
        (bar.show_it, bar.show_asked),
        (bar.compose, bar.compose_asked),
        (bar.clear, bar.clear_asked),
    ):
        with qtbot.waitSignal(asked):
            button.click()


def test_a_selection_goes_with_the_file_it_was_made_in(qtbot: QtBot) -> None:
    session = Session()
    session.select(SUMS)
    with qtbot.waitSignal(session.selection_changed) as told:
        session.restore(session.workspace, None)
    assert told.args == [None]
    assert session.selection is None


def test_the_table_of_a_narrow_page_shows_all_columns_and_whole_titles(qtbot: QtBot) -> None:
    page = SelectionPage()
    qtbot.addWidget(page)
    page.resize(520, 300)
    page.show()
    page.show_selection(SUMS)
    table = page.table
    qtbot.waitUntil(lambda: table.horizontalHeader().length() <= table.viewport().width())
    assert table.rowHeight(0) > 1.5 * page.fontMetrics().lineSpacing()
    page.hide()
