import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvm_studio.data.calendar import (
    ContextEncoder,
    temperature_profile,
    utc_offset_hours,
    week_id,
    week_start,
)
from lvm_studio.data.errors import DataError
from lvm_studio.data.units import STEP, WEEK
from lvm_studio.data.weeks import cut_weeks, fill_temperature


@given(st.dates(datetime.date(1980, 1, 1), datetime.date(2090, 1, 1)))
def test_a_week_holds_its_days(day: datetime.date) -> None:
    start = week_start(week_id(day))
    days_in = np.datetime64(day) - start.astype("datetime64[D]")
    assert 0 <= days_in.astype(int) < 7
    assert week_id(start) == week_id(day) == week_id(np.datetime64(day, "m"))


@pytest.mark.parametrize("name", ["2013-02", "2013-W60", "2013-W53", "last", "2013-W2", "0000-W01"])
def test_what_is_no_week_is_said(name: str) -> None:
    with pytest.raises(DataError, match=r"is not a week; write it like 2013-W02|has no week"):
        week_start(name)


@given(st.integers(0, 700), st.integers(0, 1400))
def test_weeks_are_cut_at_mondays(offset: int, steps: int) -> None:
    start = np.datetime64("2013-01-07T00:00", "m") + offset * STEP
    power = np.arange(2 * steps, dtype=np.float32).reshape(2, steps)
    weeks = cut_weeks(power, np.zeros(steps, np.float32), start)
    times = start + np.arange(steps) * STEP
    assert len(weeks.ids) == len(weeks.starts) == weeks.power_kw.shape[1]
    for n, monday in enumerate(weeks.starts):
        assert monday.astype("datetime64[D]").astype(object).weekday() == 0
        at = int(np.flatnonzero(times == monday)[0])
        np.testing.assert_allclose(weeks.power_kw[:, n] * 1000, power[:, at : at + WEEK], rtol=1e-6)
    # No whole week was forgotten: what is left over is shorter than a week at either end.
    assert steps - len(weeks.ids) * WEEK < 2 * WEEK


def test_a_missing_half_hour_makes_a_week_incomplete() -> None:
    power = np.ones((2, 2 * WEEK), np.float32)
    power[0, WEEK - 1] = np.nan
    weeks = cut_weeks(power, np.zeros(2 * WEEK, np.float32), week_start("2013-W02"))
    np.testing.assert_array_equal(weeks.complete, [[False, True], [True, True]])
    assert weeks.power_kw[0, 0, -1] == 0
    with pytest.raises(DataError, match="'2013-W09' is not in the data, which holds 2013-W02 to"):
        weeks.index("2013-W09")


def test_temperature_gaps_are_interpolated() -> None:
    np.testing.assert_allclose(
        fill_temperature(np.array([np.nan, 1, np.nan, 3, np.nan], np.float32)), [1, 1, 2, 3, 3]
    )
    np.testing.assert_allclose(fill_temperature(np.full(3, np.nan, np.float32)), [11, 11, 11])


def test_clock_offsets_follow_summer_time() -> None:
    times = np.array(["2013-03-31T00:30", "2013-03-31T01:00", "2013-10-27T01:00"], "datetime64[m]")
    np.testing.assert_array_equal(utc_offset_hours(times, "Europe/London"), [0, 1, 0])


def context(week: str = "2013-W22", country: str = "GB", **kwargs) -> dict[str, np.ndarray]:
    encoder = ContextEncoder()
    temperature = kwargs.get("temperature", np.full(336, 11.0))
    rows = encoder.context(temperature, week_start(week), "Europe/London", country)
    assert rows.dtype == np.float32
    return dict(zip(encoder.names, rows.T, strict=True))


def test_context_of_a_bank_holiday_week() -> None:
    found = context("2013-W22")  # 27 May 2013 was the spring bank holiday
    np.testing.assert_array_equal(found["holiday"], [1, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(found["summer_time"], np.ones(7))
    np.testing.assert_array_equal(found["saturday"] + found["sunday"], [0, 0, 0, 0, 0, 1, 1])
    assert context("2013-W22", country="")["holiday"].sum() == 0
    assert context("2013-W14")["holiday"][0] == 1  # Easter Monday is one in England
    with pytest.raises(DataError, match="Public holidays of 'XX' are not known"):
        context("2013-W22", country="XX")


def test_context_on_the_day_clocks_change() -> None:
    np.testing.assert_array_equal(context("2013-W13")["summer_time"], [0] * 6 + [1])


def test_context_sees_temperature_and_season() -> None:
    warm = context(temperature=np.repeat(np.arange(7) + 11.0, 48))
    np.testing.assert_allclose(warm["temperature_06_12"], np.arange(7) / 7, atol=1e-6)
    np.testing.assert_allclose(warm["temperature_day_before"], [0, *np.arange(6) / 7], atol=1e-6)
    assert context("2013-W02")["cos_year"][0] > 0.9
    assert context("2013-W27")["cos_year"][0] < -0.9


def test_context_refuses_an_unknown_temperature() -> None:
    with pytest.raises(DataError, match="336 half-hourly values"):
        context(temperature=np.full(336, np.nan))


def test_encoder_knows_its_own_features() -> None:
    encoder = ContextEncoder()
    assert ContextEncoder.from_tree(encoder.to_tree()) == encoder
    with pytest.raises(DataError, match="other calendar features"):
        ContextEncoder.from_tree({"names": ["wind"]})
    assert encoder.names[encoder.TEMPERATURE_BEFORE] == "temperature_day_before"
    assert all(n.startswith("temperature_") for n in encoder.names[encoder.TEMPERATURES])
    assert [encoder.names[i] for i in encoder.SEASON] == ["sin_year", "cos_year"]


def test_own_temperature_profiles() -> None:
    days = temperature_profile([1, 2, 3, 4, 5, 6, 7])
    np.testing.assert_array_equal(days.reshape(7, 48)[:, 17], [1, 2, 3, 4, 5, 6, 7])
    np.testing.assert_array_equal(temperature_profile(np.arange(336)), np.arange(336))
    with pytest.raises(DataError, match="7 daily means or 336"):
        temperature_profile([1, 2])


def test_the_weather_can_be_kept_from_a_model():
    told, kept = ContextEncoder(), ContextEncoder(("temperature",))
    start = week_start("2013-W02")
    cold, mild = np.full(336, -5.0), np.full(336, 15.0)
    features = [kept.context(t, start, "Europe/London", "GB") for t in (cold, mild)]
    np.testing.assert_array_equal(*features)
    np.testing.assert_array_equal(
        features[0][:, 5:], told.context(cold, start, "Europe/London", "GB")[:, 5:]
    )
    assert ContextEncoder.from_tree(kept.to_tree()) == kept
    assert ContextEncoder.from_tree({"names": list(told.names)}) == told
