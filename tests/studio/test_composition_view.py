"""The composition: what it accepts, what it asks for, and what it says of itself."""

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtWidgets import QLabel, QSpinBox, QToolButton
from pytestqt.qtbot import QtBot
from street_fakes import drop

from lvm_studio.studio.widgets.compose.composition_table import BAR_ROLE, Column, Member, Part
from lvm_studio.studio.widgets.compose.composition_view import CompositionView
from lvm_studio.studio.widgets.compose.count_delegate import sign_areas
from lvm_studio.studio.widgets.compose.household_mime import households_to_mime

COUNTS = (("A", 2), ("B", 1), ("C", 3))


@pytest.fixture
def view(qtbot: QtBot) -> CompositionView:
    made = CompositionView()
    qtbot.addWidget(made)
    made.resize(320, 400)
    made.set_members({name: Member(500.0, f"house {name}") for name in "ABCD"})
    made.set_counts(COUNTS)
    made.show()
    return made


def text(view: CompositionView, name: str) -> str:
    label = view.findChild(QLabel, name)
    assert label is not None
    return label.text()


def press(view: CompositionView, key: Qt.Key, qtbot: QtBot, *, control: bool = False) -> None:
    modifier = Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(view.table, key, modifier)


def test_accepts_households_and_nothing_else(view: CompositionView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.dropped) as dropped:
        assert drop(households_to_mime(["D", "A"]), view.table)
    assert dropped.args == [("D", "A")]
    words = QMimeData()
    words.setText("D")
    with qtbot.assertNotEmitted(view.dropped):
        assert not drop(words, view.table)


def test_the_keyboard_goes_on_where_a_row_was_removed(view: CompositionView) -> None:
    for counts, row, current in (((("A", 2), ("B", 1)), 2, "B"), ((("B", 1),), 0, "B")):
        view.table.selectRow(row)
        view.set_counts(counts)
        assert view.table.currentIndex().siblingAtColumn(Column.HOUSEHOLD).data() == current
    view.set_counts(COUNTS)
    assert view.table.model().rowCount() == len(COUNTS)


def test_totals_count_multiplicity(view: CompositionView) -> None:
    assert text(view, "composition_size") == "6 households"
    assert text(view, "composition_energy") == "26.3 MWh a year, 3.0 kW on average"


def test_an_unknown_household_leaves_the_energy_out(view: CompositionView) -> None:
    view.set_counts((("gone", 1),))
    assert text(view, "composition_size") == "1 household"
    assert text(view, "composition_energy") == ""


@pytest.mark.parametrize(("sign", "count"), [(0, 1), (1, 3)])
def test_a_click_on_a_sign_asks_for_one_more_or_less(
    view: CompositionView, qtbot: QtBot, sign: int, count: int
) -> None:
    cell = view.table.visualRect(view.table.model().index(0, Column.COUNT))
    where: QPoint = sign_areas(cell)[sign].center()
    with qtbot.waitSignal(view.count_asked) as asked:
        qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert asked.args == ["A", count]
    assert view.table.model().index(0, Column.COUNT).data() == 2


def test_typing_a_count_asks_for_it(view: CompositionView, qtbot: QtBot) -> None:
    index = view.table.model().index(1, Column.COUNT)
    view.table.setCurrentIndex(index)
    view.table.edit(index)
    editor = view.table.findChild(QSpinBox)
    assert editor is not None
    qtbot.keyClicks(editor, "12")
    with qtbot.waitSignal(view.count_asked) as asked:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert asked.args == ["B", 12]


def test_plus_and_minus_keys_step_the_current_row(view: CompositionView, qtbot: QtBot) -> None:
    view.table.selectRow(2)
    with qtbot.waitSignal(view.count_asked) as asked:
        press(view, Qt.Key.Key_Plus, qtbot)
    assert asked.args == ["C", 4]
    with qtbot.waitSignal(view.count_asked) as asked:
        press(view, Qt.Key.Key_Minus, qtbot)
    assert asked.args == ["C", 2]


def test_delete_and_control_d_act_on_the_selection(view: CompositionView, qtbot: QtBot) -> None:
    view.table.selectRow(1)
    with qtbot.waitSignal(view.removed) as removed:
        press(view, Qt.Key.Key_Delete, qtbot)
    with qtbot.waitSignal(view.duplicated) as duplicated:
        press(view, Qt.Key.Key_D, qtbot, control=True)
    assert removed.args == duplicated.args == [("B",)]


def test_buttons_wake_with_something_to_act_on(view: CompositionView) -> None:
    remove = view.findChild(QToolButton, "composition_remove")
    clear = view.findChild(QToolButton, "composition_clear")
    assert remove is not None
    assert clear is not None
    assert not remove.isEnabled()
    view.table.selectRow(0)
    assert remove.isEnabled()
    view.set_counts(())
    assert not remove.isEnabled()
    assert not clear.isEnabled()


def test_selection_survives_a_new_composition(view: CompositionView) -> None:
    view.table.selectRow(2)
    view.set_counts((("A", 1), ("C", 5), ("D", 1)))
    assert view.selected_ids() == ("C",)
    view.set_counts((("A", 1), ("C", 5), ("D", 1), ("B", 1)))
    assert view.selected_ids() == ("C",)


def test_keys_without_a_selection_do_nothing(view: CompositionView, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.removed), qtbot.assertNotEmitted(view.duplicated):
        press(view, Qt.Key.Key_Delete, qtbot)
        press(view, Qt.Key.Key_D, qtbot, control=True)


def test_menu_clears(view: CompositionView, qtbot: QtBot) -> None:
    clear = next(a for a in view.menu().actions() if a.text().startswith("Clear"))
    with qtbot.waitSignal(view.cleared):
        clear.trigger()


# Who makes the peak ---------------------------------------------------------------------------

PARTS = {
    "A": Part(2.0, 0.25, 0.5, 80.0, 0.4),
    "B": Part(4.0, 0.5, 0.0, 90.0, 0.45),
    "C": Part(-0.5, -0.06, -0.1, 10.0, 0.05),
}


def column(view: CompositionView, which: Column) -> list[object]:
    model = view.table.model()
    return [model.index(row, which).data() for row in range(model.rowCount())]


def test_another_data_set_forgets_the_peak_of_the_one_before(view: CompositionView) -> None:
    view.set_parts(PARTS, 2.5)
    view.set_members({"X": Member(100.0, "")})
    view.fade_parts()
    label = view.findChild(QLabel, "composition_peak")
    assert label is not None
    assert label.isHidden()


def test_each_row_shows_its_part_of_the_peak(view: CompositionView) -> None:
    assert column(view, Column.PEAK) == [None, None, None]
    view.set_parts(PARTS, 2.5)
    assert column(view, Column.PEAK) == ["2.00", "4.00", "−0.50"]
    bars = [view.table.model().index(row, Column.PEAK).data(BAR_ROLE) for row in range(3)]
    assert bars == [0.5, 1.0, 0.0]
    assert text(view, "composition_peak") == "Peak 8.0 kW: 5.5 by households, 2.5 shared"
    view.set_without("Peak without A: −1.0 kW")
    assert text(view, "composition_peak") == "Peak without A: −1.0 kW"
    view.set_without("")
    assert text(view, "composition_peak").startswith("Peak 8.0 kW")
    tip = view.table.model().index(0, Column.PEAK).data(Qt.ItemDataRole.ToolTipRole)
    assert (
        tip
        == "2.00 kW of the mean peak (25.0 %), +0.50 kW against the base law; 80 kWh in the week "
        "(40.0 %)."
    )
    week = view.findChild(QToolButton, "composition_week")
    assert week is not None
    week.click()
    assert column(view, Column.PEAK) == ["80", "90", "10"]
    header = view.table.model().headerData(Column.PEAK, Qt.Orientation.Horizontal)
    assert header == "Week kWh"
    week.click()
    view.set_parts({})
    assert column(view, Column.PEAK) == [None, None, None]


def test_rows_are_sorted_by_a_click_and_keep_their_verbs(
    view: CompositionView, qtbot: QtBot
) -> None:
    view.set_parts(PARTS)
    header = view.table.horizontalHeader()
    where = QPoint(header.sectionViewportPosition(Column.PEAK) + 10, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert column(view, Column.HOUSEHOLD) == ["B", "A", "C"]
    view.table.selectRow(0)
    assert view.selected_ids() == ("B",)
    with qtbot.waitSignal(view.count_asked) as asked:
        press(view, Qt.Key.Key_Plus, qtbot)
    assert asked.args == ["B", 2]
    view.set_counts((("A", 2), ("B", 2), ("C", 3), ("D", 1)))
    assert view.selected_ids() == ("B",)
    assert column(view, Column.HOUSEHOLD) == ["B", "A", "C", "D"]  # nothing is known of D yet
    for _ in range(2):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert column(view, Column.HOUSEHOLD) == ["A", "B", "C", "D"]  # as they were added


def test_numbers_are_sorted_as_numbers(view: CompositionView) -> None:
    view.set_counts((("A", 2), ("B", 10), ("C", 1)))
    view.table.sortByColumn(Column.COUNT, Qt.SortOrder.DescendingOrder)
    assert column(view, Column.COUNT) == [10, 2, 1]


def test_a_selection_is_told(view: CompositionView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.selection_changed) as told:
        view.table.selectRow(1)
    assert told.args == [("B",)]
