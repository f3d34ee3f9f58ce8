"""The household library: what is found, in which order, and what is asked to be added."""

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QLineEdit, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot
from street_fakes import IDS, small_street

from lvm_studio.studio.widgets.compose.household_mime import (
    HOUSEHOLDS_MIME,
    households_from_mime,
    households_to_mime,
)
from lvm_studio.studio.widgets.compose.library import LibraryView


@pytest.fixture
def library(qtbot: QtBot) -> LibraryView:
    view = LibraryView()
    qtbot.addWidget(view)
    view.set_households(small_street())
    return view


def search(library: LibraryView, text: str) -> None:
    field = library.findChild(QLineEdit, "library_search")
    assert field is not None
    field.setText(text)


def choose(library: LibraryView, category: str) -> None:
    box = next(b for b in library.findChildren(QComboBox) if b.findText(category) >= 0)
    box.setCurrentText(category)


def select(library: LibraryView, *rows: int) -> None:
    model = library.table.model()
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row in rows:
        library.table.selectionModel().select(model.index(row, 0), flags)


def add_like(library: LibraryView) -> QPushButton:
    button = library.findChild(QPushButton, "library_add_like")
    assert button is not None
    return button


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", IDS),
        ("h0", IDS[:10]),
        ("tou h1", ("H11",)),
        ("mean>900", ("H00", "H10", "H11")),
        ("mean<=20", ("H01",)),
        ("mean>=1000 std", ("H00", "H10")),
        ("suspect", ("H03",)),
        ("nobody", ()),
        ("mean>", ()),
    ],
)
def test_search_finds(library: LibraryView, text: str, found: tuple[str, ...]) -> None:
    search(library, text)
    assert library.shown_ids() == found


def test_filters_narrow_together_and_with_the_search(library: LibraryView) -> None:
    choose(library, "ToU")
    assert library.shown_ids() == IDS[1::2]
    choose(library, "suspect")
    assert library.shown_ids() == ("H03",)
    search(library, "H11")
    assert library.shown_ids() == ()


def test_held_out_households_can_be_filtered(library: LibraryView) -> None:
    choose(library, "held out")
    assert set(library.shown_ids()) == set(small_street().split.heldout_households)


def test_numbers_sort_by_value_and_unknown_ones_come_last(library: LibraryView) -> None:
    library.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert library.shown_ids()[:3] == ("H01", "H03", "H04")
    assert library.shown_ids()[-1] == "H02"
    assert library.table.model().index(11, 1).data() == ""


def test_another_set_without_mean_or_categories_shows_its_own(library: LibraryView) -> None:
    street = small_street()
    bare = {"suspect": street.metadata["suspect"]}
    power = street.power_w.copy()
    power[0] = np.nan
    library.set_households(type(street)(**{**vars(street), "metadata": bare, "power_w": power}))
    shown = [library.table.model().index(row, 1).data() for row in (0, 1)]
    assert shown == ["", f"{float(np.mean(power[1], dtype=np.float64)):,.0f}"]


def test_enter_adds_the_selection_in_the_order_on_screen(
    library: LibraryView, qtbot: QtBot
) -> None:
    select(library, 4, 1)
    with qtbot.waitSignal(library.add_requested) as asked:
        qtbot.keyClick(library.table, Qt.Key.Key_Return)
    assert asked.args == [("H01", "H04"), 1]


def test_enter_in_the_search_goes_to_the_first_match(library: LibraryView, qtbot: QtBot) -> None:
    search(library, "tou")
    qtbot.keyClick(library.findChild(QLineEdit, "library_search"), Qt.Key.Key_Return)
    assert library.selected_ids() == ("H01",)


def test_double_click_adds_one(library: LibraryView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(library.add_requested) as asked:
        library.table.doubleClicked.emit(library.table.model().index(2, 0))
    assert asked.args == [("H02",), 1]


def test_like_these_means_all_sound_matches(library: LibraryView, qtbot: QtBot) -> None:
    choose(library, "ToU")
    library.findChild(QSpinBox, "library_number").setValue(40)
    assert add_like(library).text() == "Add 40 like these 5"
    with qtbot.waitSignal(library.like_requested) as asked:
        add_like(library).click()
    assert asked.args == [("H01", "H05", "H07", "H09", "H11"), 40]


def test_like_these_means_the_selection_where_there_is_one(library: LibraryView) -> None:
    select(library, 3)
    assert library.candidates() == ("H03",)
    assert add_like(library).text() == "Add 10 like H03"
    select(library, 0)
    assert library.candidates() == ("H00", "H03")


def test_suspects_are_drawn_from_only_when_filtered_for(library: LibraryView) -> None:
    assert "H03" not in library.candidates()
    choose(library, "suspect")
    assert library.candidates() == ("H03",)


def test_nothing_found_cannot_be_added(library: LibraryView) -> None:
    search(library, "nobody")
    assert not add_like(library).isEnabled()


def test_a_drag_carries_the_selected_ids(library: LibraryView) -> None:
    select(library, 0, 2)
    mime = library.table.model().mimeData(library.table.selectionModel().selectedIndexes())
    assert mime.data(HOUSEHOLDS_MIME).data() == b'["H00", "H02"]'
    assert library.table.dragDropMode() == QAbstractItemView.DragDropMode.DragOnly


@pytest.mark.parametrize("payload", [b"", b"{", b'{"a": 1}', b"[1, 2]"])
def test_a_payload_that_is_not_ids_is_empty(payload: bytes) -> None:
    mime = households_to_mime([])
    mime.setData(HOUSEHOLDS_MIME, payload)
    assert households_from_mime(mime) == ()


def test_tooltip_says_why_a_household_is_suspect(library: LibraryView) -> None:
    index = library.table.model().index(3, 0)
    assert "Suspect: mostly zero" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_context_menu_adds_the_selection_five_times(library: LibraryView, qtbot: QtBot) -> None:
    select(library, 0, 1)
    five = next(a for a in library.menu().actions() if a.text().endswith("5 times"))
    with qtbot.waitSignal(library.add_requested) as asked:
        five.trigger()
    assert asked.args == [("H00", "H01"), 5]
