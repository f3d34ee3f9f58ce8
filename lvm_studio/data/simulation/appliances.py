"""What is switched on in a simulated household: random events with known rates and shapes.

An event is a rectangle: a power drawn from a Gamma law, held for a random number of half-hours.
Sums of independent events have closed moments (Campbell's theorem): with the expected number of
starts r(u) in each half-hour, the mean is r convolved with the mean shape, the covariance the sum
over u of r(u) times the shape's second moment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Appliance:
    """``power_kw`` on average, with relative ``spread``; ``lengths`` [L]: probability of lasting
    1, 2, … L half-hours.

    >>> Appliance("oven", 2.0, 0.5, (0.5, 0.5)).mean_shape
    array([2., 1.])
    """

    name: str
    power_kw: float
    spread: float
    lengths: tuple[float, ...]

    @property
    def still_on(self) -> NDArray[np.float64]:
        """Probability that an event is still on l half-hours after its start [L]."""
        return np.cumsum(self.lengths[::-1])[::-1]

    @property
    def mean_shape(self) -> NDArray[np.float64]:
        """Mean power l half-hours after the start [L], in kW."""
        shape: NDArray[np.float64] = self.power_kw * self.still_on
        return shape

    @property
    def second_moment(self) -> NDArray[np.float64]:
        """E of the power at lag l times that at lag m [L, L], in kW²."""
        later = np.maximum.outer(np.arange(len(self.lengths)), np.arange(len(self.lengths)))
        moment: NDArray[np.float64] = self.power_kw**2 * (1 + self.spread**2) * self.still_on[later]
        return moment

    def draw(
        self, count: int, generator: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Powers in kW and lengths in half-hours of `count` events."""
        shape = self.spread**-2
        power = generator.gamma(shape, self.power_kw / shape, count)
        ends = np.cumsum(self.lengths)[:-1]
        return power, 1 + np.searchsorted(ends, generator.random(count), side="right")


COLD = Appliance("refrigerator", 0.16, 0.3, (0.6, 0.4))
KETTLE = Appliance("kettle", 0.25, 0.5, (1.0,))
COOKING = Appliance("cooking", 1.2, 0.4, (0.6, 0.3, 0.1))
SCREENS = Appliance("screens", 0.15, 0.4, (0.1, 0.2, 0.2, 0.3, 0.2))
LIGHTS = Appliance("lights", 0.12, 0.4, (0.25, 0.25, 0.25, 0.25))
#: Switched on any number of times a day: independent Poisson counts in every half-hour.
REPEATED = (COLD, KETTLE, COOKING, SCREENS, LIGHTS)

WASHING = Appliance("washing", 0.7, 0.2, (0.0, 0.5, 0.5))
DISHES = Appliance("dishes", 0.8, 0.2, (0.0, 0.3, 0.7))
TANK = Appliance("water tank", 2.0, 0.15, (0.0, 0.1, 0.2, 0.25, 0.2, 0.15, 0.1))
CAR = Appliance("car", 3.5, 0.1, (0.0, 0.1, 0.15, 0.2, 0.2, 0.15, 0.1, 0.1))
#: Switched on at most once a day.
DAILY = (WASHING, DISHES, TANK, CAR)


def spread_out(starts: NDArray[np.float64], shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power [..., T] of expected starts [..., T]; the week is a circle.

    What runs past the end of the week is counted at its beginning, so that weeks are independent
    and no energy is lost.
    """
    total = np.zeros_like(starts)
    for lag, power in enumerate(shape):
        total += power * np.roll(starts, lag, axis=-1)
    return total


def add_kernel(
    covariance: NDArray[np.float64], starts: NDArray[np.float64], moment: NDArray[np.float64]
) -> None:
    """Add the covariance of Poisson events with expected starts [T] to [T, T], in place."""
    when = np.arange(len(starts))
    for first, row in enumerate(moment):
        for second, value in enumerate(row):
            a, b = (when + first) % len(when), (when + second) % len(when)
            covariance[a, b] += starts * value
