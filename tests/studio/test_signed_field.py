"""Fields write the minus that all numbers of the window have, and take what people type."""

import pytest
from PySide6.QtCore import QLocale, Qt
from pytestqt.qtbot import QtBot

from lvm_studio.studio.app import prepared_application
from lvm_studio.studio.widgets.compose.temperature_editor import ShiftField
from lvm_studio.studio.widgets.signed_field import SignedField


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("-0.14", "−0.14"), ("-1,500", "−1,500.00"), ("2,5", "2.50"), ("-7,25", "−7.25")],
)
def test_a_hyphen_is_a_minus_and_a_comma_what_it_looks_like(
    qtbot: QtBot, typed: str, shown: str
) -> None:
    field = SignedField(minimum=-5000, maximum=5000, groupSeparatorShown=True)
    qtbot.addWidget(field)
    field.selectAll()
    qtbot.keyClicks(field, typed)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == shown
    assert field.textFromValue(field.valueFromText(shown)) == shown


def test_a_difference_has_its_sign(qtbot: QtBot) -> None:
    field = ShiftField(minimum=-20, decimals=1)
    qtbot.addWidget(field)
    field.setValue(-2.0)
    assert field.text() == "−2.0"
    field.setValue(2.0)
    assert field.text() == "+2.0"


def test_numbers_are_english_whatever_the_system_speaks(qapp: object) -> None:
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.German))
    try:
        prepared_application()
        assert QLocale().toString(0.5) == "0.5"
    finally:
        QLocale.setDefault(before)
