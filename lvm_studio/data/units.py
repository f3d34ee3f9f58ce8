"""Constants that every floor shares: the half-hour grid and the neutral temperature.

Times are the START of the half-hour, in UTC, as ``numpy.datetime64[m]``. Household sets hold
watts; models and curves inside torch are in kilowatts.
"""

from __future__ import annotations

import numpy as np

STEP_MINUTES = 30
STEP = np.timedelta64(STEP_MINUTES, "m")
HOURS_PER_STEP = STEP_MINUTES / 60
DAY = 48  # half-hours
DAYS = 7
WEEK = DAY * DAYS
WEEK_SPAN = np.timedelta64(WEEK * STEP_MINUTES, "m")

WATTS_PER_KW = 1000.0

#: The year of seasons: what is told by the day of the year comes round after so many.
DAYS_PER_YEAR = 365.25

#: Stands in for a temperature nobody knows: the centre of the context's temperature scale, so
#: that an unknown temperature is the feature 0.
NEUTRAL_TEMPERATURE_C = 11.0

#: Heating is taken to start below this outdoor temperature.
HEATING_BASE_C = 15.0
