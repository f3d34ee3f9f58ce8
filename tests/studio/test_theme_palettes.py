"""Light and dark: palettes alone, which reach the widgets that are there already."""

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from lvm_studio.studio.banner import Banner
from lvm_studio.studio.theme import DARK, LIGHT, MUTED, Colours, Scheme, theme


@pytest.fixture
def schemes(qapp: QApplication) -> Iterator[dict[Scheme, Colours]]:
    yield {Scheme.LIGHT: LIGHT, Scheme.DARK: DARK}
    theme().set_scheme(Scheme.SYSTEM)


def seen(widget: QWidget, role: QPalette.ColorRole) -> str:
    return widget.palette().color(role).name().upper()


def test_a_change_of_theme_recolours_what_is_there(
    qtbot: QtBot, schemes: dict[Scheme, Colours]
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    caption, box, banner = QLabel("caption", window), QCheckBox(window), Banner("news", window)
    caption.setForegroundRole(MUTED)
    for scheme, colours in schemes.items():
        theme().set_scheme(scheme)
        QApplication.processEvents()
        assert seen(window, QPalette.ColorRole.Window) == colours.window
        assert seen(caption, caption.foregroundRole()) == colours.muted
        assert seen(banner, banner.backgroundRole()) == colours.warning
        outline = box.palette().window().color().darker(140)  # as the style draws it
        assert outline.lightnessF() == pytest.approx(
            QLabel().palette().color(MUTED).lightnessF(), abs=0.05
        )


def test_no_style_sheet_is_worked_through_at_a_change(schemes: dict[Scheme, Colours]) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    for scheme in schemes:
        theme().set_scheme(scheme)
        assert app.styleSheet() == ""
