"""Faults put into weeks of readings, each as a meter or a household would make it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.units import DAY, WEEK

Curve = NDArray[np.float32]
CATCH_UP = 2 * DAY
QUIET_SHARE = 0.25


@dataclass(frozen=True)
class FaultKind:
    """A fault: what happens, in words with its severity, and the type it has by construction.

    `type` is 'A' where one reading alone is wrong, 'B' where one cause changes all of them, and
    None where a stretch of readings is lost or moved, which is neither.
    """

    words: str
    type: Literal["A", "B"] | None
    make: Callable[[Curve, np.random.Generator], Curve]


def plant(kind: str, curves: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Weeks [N, 336] in kW, each with the fault of this kind (a key of `FAULTS`), at random times.

    >>> week = np.linspace(0.1, 2.0, 336, dtype=np.float32)[None]
    >>> bool(plant("dead meter", week, np.random.default_rng(0))[0, -1] == 0)
    True
    """
    return np.stack([FAULTS[kind].make(curve.copy(), rng) for curve in curves])


def _dead(curve: Curve, rng: np.random.Generator) -> Curve:
    curve[rng.integers(DAY, 4 * DAY) :] = 0.0
    return curve


def _stuck(curve: Curve, rng: np.random.Generator) -> Curve:
    begin, length = rng.integers(3 * DAY), rng.integers(3 * DAY, 4 * DAY)
    curve[begin : begin + length] = curve[begin]
    return curve


def _catch_up(curve: Curve, rng: np.random.Generator) -> Curve:
    at = rng.integers(CATCH_UP, WEEK)
    curve[at] += curve[at - CATCH_UP : at].sum()
    return curve


def _unit(curve: Curve, rng: np.random.Generator) -> Curve:
    scaled: Curve = curve * np.float32(rng.choice([0.1, 10.0]))
    return scaled


def _clock(curve: Curve, rng: np.random.Generator) -> Curve:
    moved: Curve = np.roll(curve, rng.choice([-1, 1]) * rng.integers(12, 25))
    return moved


def _away(curve: Curve, rng: np.random.Generator) -> Curve:
    quiet = np.sort(curve)[: int(QUIET_SHARE * WEEK)]
    begin, days = rng.integers(3), rng.integers(5, 8)
    empty = slice(begin * DAY, min(WEEK, (begin + days) * DAY))
    curve[empty] = rng.choice(quiet, size=len(curve[empty]))
    return curve


FAULTS: Mapping[str, FaultKind] = {
    "dead meter": FaultKind("0 from the second to fourth day to the end of the week", None, _dead),
    "stuck value": FaultKind("one value, repeated for three to four days", None, _stuck),
    "catch-up reading": FaultKind(
        "the energy of the two days before, booked once more in one half-hour", "A", _catch_up
    ),
    "wrong unit": FaultKind("all readings ten times too high or too low", "B", _unit),
    "shifted clock": FaultKind("all readings 6 to 12 hours early or late", None, _clock),
    "household away": FaultKind(
        "five to seven days of what the household draws in its quietest quarter", None, _away
    ),
}
