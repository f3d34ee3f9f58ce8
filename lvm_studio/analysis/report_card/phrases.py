"""Figures as people read them, and how a figure of the model differs, in one clause."""

from __future__ import annotations

import math
from collections.abc import Callable

Phrase = Callable[[float, float], str]
"""From the model's figure and the one it is held against to a clause."""

ALIKE = 0.0005


def differing(subject: str, low: str, high: str) -> Phrase:
    """Says by how many per cent the figure is below or above.

    >>> differing("peaks", "too low", "too high")(1.1, 1.0)
    'peaks 10.0 % too high'
    """

    def phrase(value: float, against: float) -> str:
        if not (math.isfinite(value) and math.isfinite(against)) or against == 0:
            return f"{subject}: too little data"
        ratio = value / against - 1.0
        if abs(ratio) < ALIKE:
            return f"{subject} right to 0.1 %"
        return f"{subject} {abs(ratio):.1%} {low if ratio < 0 else high}".replace("%", " %")

    return phrase


def covering(subject: str) -> Phrase:
    """Says what share a band holds, and what it should.

    >>> covering("band")(0.71, 0.8)
    'band too narrow: 71.0 % inside where 80 % belong'
    """

    def phrase(value: float, due: float) -> str:
        width = "too narrow" if value < due else "too wide"
        width = "right" if abs(value - due) < ALIKE else width
        return f"{subject} {width}: {100 * value:.1f} % inside where {100 * due:.0f} % belong"

    return phrase


def shifted(subject: str, unit: str, low: str, high: str) -> Phrase:
    """Says by how much the figure is below or above, in its unit.

    >>> shifted("peaks", "h", "earlier", "later")(18.5, 18.0)
    'peaks 0.5 h later'
    """

    def phrase(value: float, against: float) -> str:
        if not (math.isfinite(value) and math.isfinite(against)):
            return f"{subject}: too little data"
        return f"{subject} {abs(value - against):.2g} {unit} {low if value < against else high}"

    return phrase


def sharing(value: float, due: float) -> str:
    """Says which share of generated weeks is nearer to training than fresh real ones.

    >>> sharing(0.42, 0.5)
    '42.0 % are nearer to a training week than fresh real ones; 50 % would be by chance'
    """
    return (
        f"{100 * value:.1f} % are nearer to a training week than fresh real ones; "
        f"{100 * due:.0f} % would be by chance"
    )


def shown(value: float | None, unit: str) -> str:
    """A figure with its unit; shares (unit '%') in per cent, '–' for what nobody knows.

    >>> shown(0.123, "%"), shown(1.23456, "kW"), shown(None, "kW"), shown(0.97, "")
    ('12.3 %', '1.235 kW', '–', '0.970')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if unit == "%":
        return f"{100 * value:.1f} %"
    digits = 3 if abs(value) < 10 else 1
    text = f"{value:.{digits}f}".replace("-", "−")
    return f"{text} {unit}".rstrip()
