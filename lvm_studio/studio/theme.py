"""Colours and looks: light or dark as the system says, Okabe–Ito for everything that has data.

Figures are exported in the light theme whatever the window shows (`LIGHT`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, cast

import pyqtgraph as pg
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QToolTip

# Okabe & Ito (2008), told apart by all common kinds of colour blindness.
BLACK: Final = "#000000"
ORANGE: Final = "#E69F00"
SKY_BLUE: Final = "#56B4E9"
BLUISH_GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
REDDISH_PURPLE: Final = "#CC79A7"
OKABE_ITO: Final = (
    ORANGE,
    SKY_BLUE,
    BLUISH_GREEN,
    YELLOW,
    BLUE,
    VERMILLION,
    REDDISH_PURPLE,
)


MUTED: Final = QPalette.ColorRole.PlaceholderText
"""Foreground of captions: `label.setForegroundRole(MUTED)`."""
BANNER: Final = QPalette.ColorRole.LinkVisited
"""Ground of messages; no text here has links that have been visited."""
HEADLINE_POINTS: Final = 15
DARKENED: Final = 140
"""Per cent by which Fusion darkens an outline."""


@dataclass(frozen=True)
class Colours:
    """The colours of one theme, by what they mean; "#rrggbb".

    `base` is the model's own law, `tuned` the law at λ, `measured` what meters said; a curve
    keeps its colour in every panel.
    """

    window: str
    plot: str
    card: str
    text: str
    muted: str
    grid: str
    accent: str
    base: str
    tuned: str
    measured: str
    warning: str
    good: str


LIGHT: Final = Colours(
    window="#F4F5F7",
    plot="#FFFFFF",
    card="#FFFFFF",
    text="#1B1F24",
    muted="#5B6570",
    grid="#D5DAE0",
    accent=BLUE,
    base=BLUE,
    tuned=VERMILLION,
    measured="#1B1F24",
    warning="#FFF1D6",
    good=BLUISH_GREEN,
)
DARK: Final = Colours(
    window="#1B1E22",
    plot="#14171A",
    card="#23272C",
    text="#E8EAED",
    muted="#9AA4AF",
    grid="#3A4149",
    accent=SKY_BLUE,
    base=SKY_BLUE,
    tuned=ORANGE,
    measured="#F2F2F2",
    warning="#4A3A14",
    good=BLUISH_GREEN,
)


class Scheme(StrEnum):
    """What the View menu offers."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """The colours in force; tells its listeners when they change.

    Args:
        parent: owner; usually the application.
    """

    changed = Signal(object)
    """Colours: redraw with these."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scheme = Scheme.SYSTEM
        self._applied = False
        self.colours = self._resolve()
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._system_changed)

    @property
    def scheme(self) -> Scheme:
        """What the user chose."""
        return self._scheme

    @property
    def is_dark(self) -> bool:
        """Whether the colours in force are the dark ones."""
        return self.colours is DARK

    def set_scheme(self, scheme: Scheme) -> None:
        """Follow the system, or hold one of the two."""
        if scheme is not self._scheme or not self._applied:
            self._scheme = scheme
            self.apply()

    def apply(self) -> None:
        """Give palettes and pyqtgraph the colours in force, then tell listeners.

        No style sheet: Qt works the smallest one through for every widget there is, which for the
        window takes more than a second.
        """
        self._applied = True
        self.colours = self._resolve()
        app = QGuiApplication.instance()
        if app is None:
            return
        QGuiApplication.setPalette(palette(self.colours))
        if isinstance(app, QApplication):
            QToolTip.setPalette(palette(self.colours))
            for name in ("QCheckBox", "QRadioButton"):
                # PySide's stub says bytes, which it refuses
                QApplication.setPalette(box_palette(self.colours), cast("bytes", name))
        configure_plots(self.colours)
        self.changed.emit(self.colours)

    def _system_changed(self, _scheme: Qt.ColorScheme) -> None:
        if self._scheme is Scheme.SYSTEM:
            self.apply()

    def _resolve(self) -> Colours:
        if self._scheme is not Scheme.SYSTEM:
            return DARK if self._scheme is Scheme.DARK else LIGHT
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return DARK if dark else LIGHT


def theme() -> Theme:
    """Return the application's theme, made on first use (needs a QApplication)."""
    app = QGuiApplication.instance()
    if app is None:
        raise RuntimeError("theme() needs a running QApplication.")
    found = app.findChild(Theme)
    return found if found is not None else Theme(app)


def configure_plots(colours: Colours) -> None:
    """Set pyqtgraph's defaults for plots made from now on.

    No antialiasing: with 200 curves it costs several frames (FACTS: 1-px opaque pens).
    """
    pg.setConfigOptions(background=colours.plot, foreground=colours.text, antialias=False)


def palette(colours: Colours) -> QPalette:
    """Return the Qt palette of a theme."""
    made = QPalette()
    role = QPalette.ColorRole
    for name, colour in (
        (role.Window, colours.window),
        (role.Base, colours.card),
        (role.AlternateBase, colours.window),
        (role.Button, colours.card),
        (role.ToolTipBase, colours.card),
        (role.WindowText, colours.text),
        (role.Text, colours.text),
        (role.ButtonText, colours.text),
        (role.ToolTipText, colours.text),
        (MUTED, colours.muted),
        (BANNER, colours.warning),
        (role.Highlight, colours.accent),
        (role.HighlightedText, colours.plot),
        (role.Link, colours.accent),
        (role.Mid, colours.grid),
        (role.Light, colours.grid),  # the line under tabs; left out it is white in the dark too
    ):
        made.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours.muted))
    return made


def box_palette(colours: Colours) -> QPalette:
    """Return the palette of boxes to tick: Fusion takes their outline from Window, darkened."""
    made = palette(colours)
    made.setColor(QPalette.ColorRole.Window, QColor(colours.muted).lighter(DARKENED))
    off = QColor(colours.grid).lighter(DARKENED)
    made.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Window, off)
    return made


def headline(font: QFont) -> QFont:
    """Return the font of big figures."""
    big = QFont(font)
    big.setPointSize(HEADLINE_POINTS)
    big.setWeight(QFont.Weight.DemiBold)
    return big
