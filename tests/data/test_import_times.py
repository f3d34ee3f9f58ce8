"""Import: times however they are written, on whatever clock, and temperatures beside them."""

from __future__ import annotations

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from reading_files import LONG, MONDAY, half_hours, iso, long_rows, read, week, write

from lvm_studio.data.calendar import week_start
from lvm_studio.data.errors import DataError
from lvm_studio.data.importing.guessing import guess_mapping
from lvm_studio.data.importing.weather import read_temperature_profile


def test_stamps_at_the_end_start_half_an_hour_earlier(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", long_rows({"a": week(weeks=2)}, iso))
    households, _ = read(path, LONG.corrected({"interval": "end"}))
    assert households.start == np.datetime64("2013-01-06T23:30", "m")


@pytest.mark.parametrize(
    ("form", "family"),
    [
        ("%Y-%m-%dT%H:%M:%SZ", "iso"),
        ("%Y-%m-%d %H:%M:%S.0000000", "iso"),
        ("%Y-%m-%d %H:%M:%S+00:00", "iso"),
        ("%d/%m/%Y %H:%M", "day/month/year"),
        ("%m/%d/%Y %H:%M:%S", "month/day/year"),
        ("%m/%d/%Y %I:%M %p", "month/day/year"),
        ("%d.%m.%Y %H:%M", "day.month.year"),
        ("%s", "seconds since 1970"),
    ],
)
def test_written_times(tmp_path: Path, form: str, family: str) -> None:
    values = week(weeks=3)
    path = write(tmp_path / "a.csv", long_rows({"a": values}, lambda t: t.strftime(form)))
    mapping = guess_mapping(path)
    assert mapping.time_format == family
    households, report = read(path, mapping)
    assert report.rejected == {}
    assert households.start == week_start("2013-W02")
    np.testing.assert_allclose(households.power_w[0], np.array(values) * 2000, rtol=1e-6)


def test_local_clocks_through_both_changes(tmp_path: Path) -> None:
    """A year on London clocks: the skipped hour is no gap, the doubled hour comes out in order."""
    london = ZoneInfo("Europe/London")
    count = 48 * 364
    values = (np.arange(count) % 997 + 1).tolist()
    rows = long_rows({"a": values}, lambda t: iso(t.astimezone(london)))
    mapping = LONG.corrected({"unit": "W", "time_zone": "Europe/London"})
    households, report = read(write(tmp_path / "up.csv", rows), mapping)
    assert report.rejected == {}
    np.testing.assert_array_equal(households.power_w[0], values)
    again, report = read(write(tmp_path / "down.csv", rows[::-1]), mapping)
    assert report.rejected == {}
    np.testing.assert_array_equal(again.power_w, households.power_w)


def test_impossible_and_unclear_local_times_are_counted(tmp_path: Path) -> None:
    rows = long_rows({"a": week(weeks=2)}, iso)
    rows += [("a", "2013-03-31 01:30", "1"), ("a", "2013-10-27 01:30", "1")]
    path = write(tmp_path / "a.csv", rows)
    _, report = read(path, LONG.corrected({"time_zone": "Europe/London"}))
    assert report.rejected == {
        "a time that clocks skip in spring": 1,
        "a time that comes twice in autumn, given once": 1,
    }
    assert report.examples["a time that clocks skip in spring"] == (
        "row 674, column 'time': '2013-03-31 01:30'"
    )


def test_temperature_is_brought_to_the_half_hours(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", long_rows({"a": week()}, iso))
    hourly = [(iso(t), f"{i}") for i, t in enumerate(half_hours(100, minutes=60))]
    weather = write(tmp_path / "weather.csv", hourly, ("time", "temp"))
    households, _ = read(path, LONG, temperature=weather)
    np.testing.assert_allclose(households.temperature_c[:4], [0.25, 0.75, 1.25, 1.75])
    assert np.isnan(households.temperature_c[-1])  # no observation within six hours
    assert np.isfinite(households.weeks.temperature_c).all()
    old = write(tmp_path / "old.csv", [("1999-01-01 00:00", "3")] * 2, ("time", "temp"))
    with pytest.raises(DataError, match=r"old\.csv holds no temperature for the time"):
        read(path, LONG, temperature=old)


def test_temperature_profiles(tmp_path: Path) -> None:
    start = week_start("2013-W02")
    days = write(tmp_path / "d.csv", [(str(d),) for d in range(1, 8)], ("temp",))
    assert read_temperature_profile(days, start) == [1, 2, 3, 4, 5, 6, 7]
    steps = [(iso(t), f"{i}") for i, t in enumerate(half_hours(336))]
    ordered = write(tmp_path / "o.csv", steps, ("time", "temp"))
    assert read_temperature_profile(ordered, start) == list(range(336))
    earlier = MONDAY - datetime.timedelta(days=1)
    longer = [(iso(t), f"{i}") for i, t in enumerate(half_hours(500, earlier))]
    found = read_temperature_profile(write(tmp_path / "l.csv", longer, ("time", "temp")), start)
    np.testing.assert_allclose(found, np.arange(336) + 48.5)
    with pytest.raises(DataError, match=r"l\.csv does not cover the week of 2013-01-14"):
        read_temperature_profile(tmp_path / "l.csv", week_start("2013-W03"))
    with pytest.raises(DataError, match=r"s\.csv has 3 rows below the names.*give 7"):
        read_temperature_profile(write(tmp_path / "s.csv", [("1",)] * 3, ("temp",)), start)
    broken = write(tmp_path / "b.csv", [*(("1",),) * 6, ("cold",)], ("temp",))
    with pytest.raises(DataError, match=r"b\.csv, row 8, column 'temp': not a temperature"):
        read_temperature_profile(broken, start)
