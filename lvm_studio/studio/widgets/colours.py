"""Shades of the theme's colours that plots need: opaque mixtures for curves, veils for bands."""

from __future__ import annotations

from PySide6.QtGui import QColor


def mix(first: str, second: str, share: float) -> QColor:
    """Return `first` with `share` (0 … 1) of `second` in it, opaque.

    Many curves are drawn in a mixture with the background instead of a transparent colour:
    opaque segments raster several times faster.

    >>> mix("#000000", "#ffffff", 0.2).name()
    '#333333'
    """
    a, b = QColor(first), QColor(second)
    return QColor.fromRgbF(
        a.redF() + share * (b.redF() - a.redF()),
        a.greenF() + share * (b.greenF() - a.greenF()),
        a.blueF() + share * (b.blueF() - a.blueF()),
    )


def veil(colour: str, alpha: float) -> QColor:
    """Return the colour with an opacity of `alpha` (0 … 1): for filled bands only."""
    faded = QColor(colour)
    faded.setAlphaF(alpha)
    return faded
