"""A household's own days: what its half-hours are usually like, and how quiet its days get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.units import DAY, DAYS, WEEK

FAR: Final = tuple(range(8, 41))
NEAR: Final = (0, 1, 2, 46, 47)
"""Half-hours by which a week is turned: a clock that is wrong, and one that may be right."""
MOST_OFF: Final = 9.0
"""A half-hour says no more than three standard deviations would, however far it is off."""
FLAT_SHARE: Final = 0.1
QUIET_PLACE: Final = 4
"""The fifth quietest of seven days: low only where most of a week is quiet."""
LEAST_SHARE: Final = 0.003
_KIND = np.array([0, 0, 0, 0, 0, 1, 1])
_PER_WEEK = np.bincount(_KIND)


@dataclass(frozen=True, eq=False)
class Days:
    """Days of N weeks: log power [N, 7, 48]."""

    logs: NDArray[np.float64]

    @property
    def by_kind(self) -> NDArray[np.float64]:
        """Sums over working days and over weekends, [N, 2, 48]."""
        return np.stack([self.logs[:, kind == _KIND].sum(1) for kind in (0, 1)], axis=1)

    @property
    def tops(self) -> NDArray[np.float64]:
        """The highest half-hour of every day, [N, 7]."""
        return np.asarray(self.logs.max(2))


@dataclass(frozen=True, eq=False)
class OwnDays:
    """Training weeks of H households, added up so that any one of them can be left out.

    Args:
        count: weeks, [H].
        total, square: sums of log power and of its square by kind of day, [H, 2, 48].
        tops: highest half-hours of all days, inf where a household has no more, [H, M].
    """

    count: NDArray[np.float64]
    total: NDArray[np.float64]
    square: NDArray[np.float64]
    tops: NDArray[np.float64]

    @classmethod
    def of(cls, days: Days, who: NDArray[np.int64], size: int) -> OwnDays:
        """From training weeks of the households `who` [N]."""
        count = np.bincount(who, minlength=size).astype(float)
        total, square = np.zeros((2, size, 2, DAY))
        np.add.at(total, who, days.by_kind)
        np.add.at(square, who, Days(days.logs**2).by_kind)
        tops = np.full((size, max(1, int(count.max())) * DAYS), np.inf)
        for household in np.flatnonzero(count):
            own = days.tops[who == household].ravel()
            tops[household, : len(own)] = own
        return cls(count, total, square, tops)

    def against(
        self,
        days: Days,
        who: NDArray[np.int64],
        recorded: Days,
        inside: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Six numbers of how weeks lie to their households' own days, [N, 6].

        Args:
            days: the weeks.
            who: their households, [N].
            recorded: the same weeks as they were recorded.
            inside: 1 where that record is part of the own days and is left out, [N].

        Returns:
            Gain in log-likelihood if the clock is turned far, daily and half-daily wave in step
            and out of step with its own, and the log share of own days that peak no higher than
            the fifth quietest of the week.
        """
        weeks = np.maximum(self.count[who] - inside, 1.0)[:, None, None]
        out = inside[:, None, None]
        per_kind = weeks * _PER_WEEK[:, None]
        mean = (self.total[who] - out * recorded.by_kind) / per_kind
        square = (self.square[who] - out * Days(recorded.logs**2).by_kind) / per_kind
        own_day = np.einsum("nks,k->ns", mean, _PER_WEEK / DAYS)
        gain = shift_gain(days.logs, mean, np.maximum(square - mean**2, 0.0))
        waves = _in_step(days.logs.mean(1), own_day)
        quiet = self._quiet(days, who, recorded, inside)
        return np.concatenate([gain[:, None], waves, quiet[:, None]], axis=1)

    def _quiet(
        self,
        days: Days,
        who: NDArray[np.int64],
        recorded: Days,
        inside: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        top = np.sort(days.tops, axis=1)[:, QUIET_PLACE, None]
        below = (self.tops[who] <= top).sum(1) - inside * (recorded.tops <= top).sum(1)
        share = below / np.maximum(DAYS * (self.count[who] - inside), 1.0)
        return np.asarray(np.log(share + LEAST_SHARE))


def shift_gain(
    logs: NDArray[np.float64], mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much likelier weeks are if their clock is turned by four hours or more, in nats, [N].

    Args:
        logs: log power, [N, 7, 48].
        mean, variance: of the household's own working days and weekends, [N, 2, 48].
    """
    week = logs.reshape(-1, WEEK)
    mean, variance = _smooth(mean), _smooth(variance)
    variance = variance + FLAT_SHARE * variance.mean(2, keepdims=True) + 1e-6
    usual = mean[:, _KIND].reshape(-1, WEEK)
    weight = 1.0 / variance[:, _KIND].reshape(-1, WEEK)
    total = weight.sum(1, keepdims=True)

    def likelihood(shift: int) -> NDArray[np.float64]:
        turned = np.roll(weight, shift, axis=1)
        off = week - np.roll(usual, shift, axis=1)
        off -= (off * turned).sum(1, keepdims=True) / total  # the level of a week says nothing
        return np.asarray(-0.5 * np.minimum(off**2 * turned, MOST_OFF).sum(1))

    far, near = (np.stack([likelihood(s) for s in shifts]).max(0) for shifts in (FAR, NEAR))
    return np.asarray(far - near)


def _smooth(by_half_hour: NDArray[np.float64]) -> NDArray[np.float64]:
    before, after = np.roll(by_half_hour, 1, axis=2), np.roll(by_half_hour, -1, axis=2)
    return np.asarray((before + by_half_hour + after) / 3)


def _in_step(day: NDArray[np.float64], own: NDArray[np.float64]) -> NDArray[np.float64]:
    """First two waves of a mean day [N, 48] turned by the phase of the own one, [N, 4]."""
    wave = np.fft.rfft(day, axis=1)[:, 1:3] / (DAY / 2)
    own_wave = np.fft.rfft(own, axis=1)[:, 1:3]
    turned = wave * np.conj(own_wave) / np.maximum(np.abs(own_wave), 1e-9)
    return np.concatenate([turned.real, turned.imag], axis=1)
