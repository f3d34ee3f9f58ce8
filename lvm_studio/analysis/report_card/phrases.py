"""Figures as people read them, and how a figure of the model differs, in one clause."""

from __future__ import annotations

import math
from collections.abc import Callable

Phrase = Callable[[float, float], str]
"""From the model's figure and the one it is held against to a clause."""

ALIKE, A_POINT = 0.0005, 0.01


def differing(subject: str, low: str, high: str) -> Phrase:
    """Says by how many per cent the figure is below or above.

    >>> differing("peaks", "too low", "too high")(1.1, 1.0)
    'peaks 10.0 % too high'
    """

    def phrase(value: float, against: float) -> str:
        if not (math.isfinite(value) and math.isfinite(against)) or against == 0:
            return f"{subject}: nothing to compare with"
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
        width = "right" if abs(value - due) < A_POINT else width
        return f"{subject} {width}: {100 * value:.1f} % inside where {100 * due:.0f} % belong"

    return phrase


def shifted(subject: str, unit: str, low: str, high: str) -> Phrase:
    """Says by how much the figure is below or above, in its unit.

    >>> shifted("peaks", "h", "earlier", "later")(18.5, 18.0)
    'peaks 0.50 h later'
    """

    def phrase(value: float, against: float) -> str:
        if not (math.isfinite(value) and math.isfinite(against)):
            return f"{subject}: nothing to compare with"
        return f"{subject} {abs(value - against):.2f} {unit} {low if value < against else high}"

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


def shown(value: float | None, unit: str, se: float | None = None) -> str:
    """A figure to three digits, with its error and unit; shares (unit '%') in per cent.

    '–' for what nobody knows.

    >>> shown(0.1234, "%"), shown(1.23456, "kW", 0.39), shown(None, "kW"), shown(0.97, "")
    ('12.3 %', '1.23 ± 0.39 kW', '–', '0.970')
    """
    if value is None or not math.isfinite(value):
        return "–"
    factor = 100.0 if unit == "%" else 1.0
    digits = 1 if unit == "%" else _digits(value)
    text = f"{factor * value:.{digits}f}".replace("-", "−")
    if se is not None and math.isfinite(se):
        text += f" ± {factor * se:.{digits}f}"
    return f"{text} {unit}".rstrip()


def _digits(value: float) -> int:
    """Decimals that leave three digits, and at most three."""
    if value == 0:
        return 3
    return min(3, max(0, 2 - math.floor(math.log10(abs(value)) + 1e-9) + (abs(value) < 1)))
