"""The law of a simulated street's weeks by what is told of them: weather, date, both or neither.

What is told goes into the covariance of what is not: given labels, temperature and date the law
is exact (`StreetTruth`), and not knowing one of them adds how the exact mean differs over what
it may have been.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.simulation.residents import Label
from lvm_studio.data.simulation.truth import StreetTruth
from lvm_studio.data.simulation.weather import draw_temperature
from lvm_studio.data.units import DAY, DAYS

Array = NDArray[np.float64]
Weather = NDArray[np.float32]
WEEKS_OF_A_YEAR = 52
DRAWS_OF_A_DATE = 200
"""Weathers of each date that the law of the weather there is read off."""
LEAST_CHANCE = 4e-3
"""Dates less likely than that, given the weather, are left out."""
COVARIANCES = 6
"""Covariances that stand for those of all that is not told: they differ little beside means."""
WARMEST_HOUR = 15
LEAST_SWING_C = 0.05


@dataclass(frozen=True, eq=False)
class ToldWeeks:
    """Covariances [N, 336, 336] in kW² of a street in N weeks, by what is told of each.

    `nothing` is one covariance, [1, 336, 336]: without weather and date all weeks are alike.
    """

    everything: Array
    temperature: Array
    date: Array
    nothing: Array


def told_weeks(
    who: Sequence[Label], starts: Sequence[np.datetime64], seed: int, weathers: int = 120
) -> ToldWeeks:
    """The law of a sum of `who` in weeks of these dates, each with a weather of its own drawn.

    `weathers` weeks are drawn for what is not told: of the same date, or of any date of a year.
    """
    drawing = _Drawing(who, np.random.default_rng(seed), weathers, StreetTruth())
    year = starts[0] + np.timedelta64(DAYS, "D") * np.arange(WEEKS_OF_A_YEAR)
    behind = DatesBehind.of(year, drawing.generator)
    weeks = [(drawing.weather(start), start) for start in starts]
    everything = np.stack([drawing.law.covariance(who, *week) for week in weeks])
    return ToldWeeks(
        everything=everything,
        temperature=np.stack([drawing.given_weather(weather, behind) for weather, _ in weeks]),
        date=np.stack([drawing.given_date(start) for start in starts]),
        nothing=(everything.mean(axis=0) + drawing.of_any_date(year))[None],
    )


@dataclass(frozen=True, eq=False)
class _Drawing:
    """A street, and the chance that weeks are drawn by."""

    who: Sequence[Label]
    generator: np.random.Generator
    weathers: int
    law: StreetTruth

    def weather(self, start: np.datetime64) -> Weather:
        return draw_temperature(start, DAYS, self.generator)

    def given_weather(self, weather: Weather, behind: DatesBehind) -> Array:
        """Covariance of the sum where the date is known by the weather alone."""
        chance = behind.chance(weather)
        dates, chance = behind.dates[chance > LEAST_CHANCE], chance[chance > LEAST_CHANCE]
        chance = chance / chance.sum()
        means = np.stack([self.law.mean(self.who, weather, at) for at in dates])
        drawn = self.generator.choice(dates, COVARIANCES, p=chance)
        within = [self.law.covariance(self.who, weather, at) for at in drawn]
        between: Array = np.cov(means.T, aweights=chance, ddof=0)
        whole: Array = np.mean(within, axis=0) + between
        return whole

    def given_date(self, start: np.datetime64) -> Array:
        """Covariance of the sum where the weather is known by the date alone."""
        weathers = [self.weather(start) for _ in range(self.weathers)]
        within = [self.law.covariance(self.who, one, start) for one in weathers[:COVARIANCES]]
        means = np.stack([self.law.mean(self.who, one, start) for one in weathers])
        whole: Array = np.mean(within, axis=0) + np.cov(means.T)
        return whole

    def of_any_date(self, year: NDArray[np.datetime64]) -> Array:
        """Covariance of the exact mean over dates and weathers of a year."""
        dates = self.generator.choice(year, self.weathers)
        means = np.stack([self.law.mean(self.who, self.weather(at), at) for at in dates])
        spread: Array = np.cov(means.T)
        return spread


@dataclass(frozen=True, eq=False)
class DatesBehind:
    """How likely each of the dates [D] is behind a weather, all having been as likely before.

    By eight figures of a weather, each date's law of them taken for Gaussian: the means of the
    seven days, and the logarithm of the week's mean daily swing, which is wide in summer.
    """

    dates: NDArray[np.datetime64]
    means: Array
    precisions: Array

    @classmethod
    def of(cls, dates: NDArray[np.datetime64], generator: np.random.Generator) -> DatesBehind:
        """From weathers drawn at each date."""
        figures = [
            np.stack(
                [_figures(draw_temperature(at, DAYS, generator)) for _ in range(DRAWS_OF_A_DATE)]
            )
            for at in dates
        ]
        precisions = np.stack([np.linalg.inv(np.cov(of_date.T)) for of_date in figures])
        return cls(dates, np.stack([of_date.mean(axis=0) for of_date in figures]), precisions)

    def chance(self, weather: Weather) -> Array:
        """Probability of each date [D] given temperatures [336] in °C."""
        off = _figures(weather) - self.means
        squared = np.einsum("di,dij,dj->d", off, self.precisions, off)
        log_chance = 0.5 * (np.linalg.slogdet(self.precisions)[1] - squared)
        share = np.exp(log_chance - log_chance.max())
        chance: Array = share / share.sum()
        return chance


def _figures(weather: Weather) -> Array:
    by_day = weather.reshape(DAYS, DAY).astype(np.float64)
    rhythm = np.cos(2 * np.pi * (np.arange(DAY) / DAY - WARMEST_HOUR / 24))
    swing = max(LEAST_SWING_C, float((by_day @ rhythm).mean()) * 2 / DAY)
    return np.append(by_day.mean(axis=1), np.log(swing))
