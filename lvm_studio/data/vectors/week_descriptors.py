"""What is seen of a week beside its power: numbers that a fault moves and a usual week does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.units import DAY, DAYS, STEP_MINUTES, WEEK

FLOOR_KW: Final = 0.01
"""Added to powers before their logarithm is taken."""
BLOCK: Final = 4
DAY_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SAME_KW: Final = 5e-4
_WEEKEND = np.array([0, 0, 0, 0, 0, 1, 1])


def _clock(step: int) -> str:
    minutes = step % DAY * STEP_MINUTES
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


_BLOCKS = tuple(
    f"{DAY_NAMES[b // DAY]} {_clock(b)}-{_clock(b + BLOCK)}" for b in range(0, WEEK, BLOCK)
)
_OF_WEEK = (
    "longest constant run",
    "highest half-hour of the week",
    "energy of the week",
    "third highest daily peak",
    "second highest daily peak",
    "third roughest day",
    "second roughest day",
    "third highest daily energy",
    "second highest daily energy",
    "own days fit with the clock turned",
    "daily wave in step with its own",
    "half-daily wave in step with its own",
    "daily wave out of step",
    "half-daily wave out of step",
    "fifth quietest day among its own",
)
NAMES: Final = (
    *_BLOCKS,
    *(f"{day} highest half-hour" for day in DAY_NAMES),
    *(f"{day} roughness" for day in DAY_NAMES),
    *_OF_WEEK,
)
"""The coordinates of a week, times in UTC."""
GROUPS: Final[Mapping[str, slice]] = {
    "block": slice(0, 84),
    "top": slice(84, 91),
    "rough": slice(91, 98),
    "week": slice(98, 98 + len(_OF_WEEK)),
}


def _classes() -> NDArray[np.float64]:
    """[D, D]: averages over coordinates that one past is kept for: same hours, same kind of day."""
    block = np.arange(84)
    keys = np.concatenate(
        [
            100 * _WEEKEND[block // 12] + block % 12,
            1000 + _WEEKEND,
            2000 + _WEEKEND,
            3000 + np.arange(len(_OF_WEEK)),
        ]
    )
    same = (keys[:, None] == keys[None, :]).astype(float)
    return np.asarray(same / same.sum(0))


CLASSES: Final = _classes()
RELATIVE: Final = np.isin(
    NAMES, ("own days fit with the clock turned", "fifth quietest day among its own")
)
"""Coordinates that are measured by the household's own days already, and stay as they are."""


def log_days(curves: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithms of power in kW by day, [N, 7, 48]."""
    return np.asarray(np.log(curves.astype(np.float64) + FLOOR_KW).reshape(-1, DAYS, DAY))


def described(curves: NDArray[np.float32]) -> NDArray[np.float64]:
    """Descriptors that need no past, [N, 107]."""
    power = curves.astype(np.float64)
    by_day, logs = power.reshape(-1, DAYS, DAY), log_days(curves)
    top = np.log(by_day.max(2) + FLOOR_KW)
    rough = np.log(np.abs(np.diff(logs, axis=2)).mean(2) + FLOOR_KW)
    energy = np.log(by_day.mean(2) + FLOOR_KW)
    of_week = [
        np.log(longest_runs(curves)),
        np.log(power.max(1) + FLOOR_KW),
        np.log(power.mean(1) + FLOOR_KW),
        *(np.sort(days, axis=1)[:, place] for days in (top, rough, energy) for place in (4, 5)),
    ]
    blocks = logs.reshape(len(logs), -1, BLOCK).mean(2)
    parts = [blocks, top, rough, np.stack(of_week, axis=1)]
    return np.concatenate(parts, axis=1)


def longest_runs(curves: NDArray[np.float32]) -> NDArray[np.float64]:
    """Half-hours of the longest stretch of one value, [N].

    >>> longest_runs(np.array([[1.0, 2.0, 2.0, 2.0, 3.0]], np.float32))
    array([3.])
    """
    return np.array([len(longest_run(curve)) for curve in curves], dtype=float)


def longest_run(curve: NDArray[np.float32]) -> NDArray[np.int64]:
    """The half-hours of the first longest stretch of one value in a week."""
    changes = np.flatnonzero(np.abs(np.diff(curve)) >= SAME_KW)
    begins = np.concatenate([[0], changes + 1])
    lengths = np.diff(np.concatenate([begins, [len(curve)]]))
    longest = int(lengths.argmax())
    return np.arange(begins[longest], begins[longest] + lengths[longest])


def half_hours(coordinate: int, curve: NDArray[np.float32]) -> NDArray[np.int64]:
    """The half-hours of a week that a coordinate speaks of."""
    name = NAMES[coordinate]
    if coordinate < GROUPS["block"].stop:
        return np.arange(BLOCK * coordinate, BLOCK * coordinate + BLOCK)
    if coordinate < GROUPS["rough"].stop:
        day = (coordinate - GROUPS["top"].start) % DAYS * DAY
        inside = curve[day : day + DAY]
        return np.array([day + inside.argmax()]) if "highest" in name else day + np.arange(DAY)
    if name == "longest constant run":
        return longest_run(curve)
    if name == "highest half-hour of the week":
        return np.array([curve.argmax()])
    return np.arange(WEEK)
