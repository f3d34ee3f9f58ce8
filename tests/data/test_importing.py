"""Import: every unit, clock and layout gives the same set; nothing is repaired in silence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from reading_files import LONG, MONDAY, half_hours, iso, long_rows, read, week, write

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.importing.columns import make_mapping
from lvm_studio.data.importing.guessing import guess_mapping
from lvm_studio.data.importing.job import import_readings
from lvm_studio.data.importing.tables import preview
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.sampler import AggregateSampler


def test_the_shared_table_is_read_as_the_shipped_set(tmp_path: Path, london: HouseholdSet) -> None:
    """The long table as published (kWh, stamps at the end), for four households."""
    at = london.indices(["MAC000002", "MAC000003", "MAC000016", "MAC000018"])
    ends = (london.times + np.timedelta64(30, "m")).astype("datetime64[us]")
    table = pl.concat(
        [
            pl.DataFrame(
                {
                    "household_id": [london.household_ids[i]] * len(ends),
                    "timestamp_utc": pl.Series(ends).dt.replace_time_zone("UTC"),
                    "kwh": (london.power_w[i] / 2000).astype(np.float32),
                }
            ).filter(pl.col("kwh").is_not_nan())
            for i in at
        ]
    ).with_columns(pl.col("household_id").cast(pl.Categorical))
    path = tmp_path / "consumption.parquet"
    table.write_parquet(path)
    weather = tmp_path / "temperature.csv"
    with np.load(Path(__file__).parents[2] / "resources/london/temperature.npz") as archive:
        times = archive["t0"] + np.arange(len(archive["tenths_c"])) * np.timedelta64(30, "m")
        rows = [
            (f"{t}+00:00".replace("T", " "), f"{c / 10}")
            for t, c in zip(times, archive["tenths_c"], strict=True)
        ]
    write(weather, rows, ("timestamp_utc", "temp_c"))

    mapping = guess_mapping(path)
    assert mapping == make_mapping(
        {"layout": "long", "time": "timestamp_utc", "household": "household_id", "value": "kwh"}
    )
    households, report = import_readings(
        path,
        mapping.corrected({"interval": "end", "lives_in": "Europe/London", "country": "GB"}),
        name="again",
        temperature=weather,
    )
    np.testing.assert_array_equal(households.power_w, london.power_w[at])
    np.testing.assert_allclose(households.temperature_c, london.temperature_c, atol=1e-5)
    assert households.start == london.start
    assert households.time_zone == "Europe/London"
    assert households.metadata["suspect"][2] == "short record"
    assert report.rows == report.accepted == table.height
    assert report.rejected == {}
    assert "wh" in households.to_tree()["readings"]


@pytest.mark.parametrize(("unit", "factor"), [("W", 500), ("kW", 0.5), ("Wh", 250), ("kWh", 0.25)])
def test_units(tmp_path: Path, unit: str, factor: float) -> None:
    path = write(tmp_path / "a.csv", long_rows({"a": [factor] * 336}, iso))
    households, _ = read(path, LONG.corrected({"unit": unit}))
    np.testing.assert_array_equal(households.power_w, 500.0)


@pytest.mark.parametrize(("unit", "factor"), [("W", 500), ("kWh", 0.125)])
def test_quarter_hours_are_averaged(tmp_path: Path, unit: str, factor: float) -> None:
    values = np.full(672, factor)
    values[1] = 3 * factor
    path = write(tmp_path / "a.csv", long_rows({"a": values.tolist()}, iso, minutes=15))
    assert guess_mapping(path).step_minutes == 15
    households, _ = read(path, LONG.corrected({"unit": unit, "step_minutes": "15"}))
    assert households.power_w.shape == (1, 336)
    assert households.power_w[0, 0] == 1000.0
    np.testing.assert_array_equal(households.power_w[0, 1:], 500.0)


def test_an_incomplete_half_hour_is_missing(tmp_path: Path) -> None:
    rows = long_rows({"a": [1.0] * 672, "b": [1.0] * 672}, iso, minutes=15)
    path = write(tmp_path / "a.csv", [row for i, row in enumerate(rows) if i != 10])
    households, report = read(path, LONG.corrected({"step_minutes": 15}))
    assert np.isnan(households.power_w[0, 5])
    assert np.isnan(households.power_w).sum() == 1
    assert report.rejected == {"part of an incomplete half-hour": 1}


def test_hourly_readings_are_spread_and_the_report_says_so(tmp_path: Path) -> None:
    values = [1.0 + hour % 24 for hour in range(168)]
    path = write(tmp_path / "a.csv", long_rows({"a": values}, iso, minutes=60))
    mapping = guess_mapping(path)
    assert mapping.step_minutes == 60
    households, report = read(path, mapping)
    np.testing.assert_array_equal(households.power_w[0], np.repeat(values, 2) * 1000)
    assert "168 readings of 60 minutes were spread evenly" in " ".join(report.notes)
    assert report.notes[0] in households.provenance.notes


@pytest.mark.parametrize("minutes", [5, 10, 20, 60])
def test_every_step_keeps_the_energy(tmp_path: Path, minutes: int) -> None:
    count = 7 * 24 * 60 // minutes
    kwh = [round(0.01 * (1 + i % 7), 2) for i in range(count)]
    path = write(tmp_path / "a.csv", long_rows({"a": kwh}, iso, minutes=minutes))
    households, report = read(path, LONG.corrected({"step_minutes": minutes}))
    assert report.rejected == {}
    assert households.power_w.shape == (1, 336)
    assert households.power_w.sum() / 2000 == pytest.approx(sum(kwh), rel=1e-6)


def test_a_two_hour_step_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", long_rows({"a": [1.0] * 84}, iso, minutes=120))
    with pytest.raises(DataError, match="every 120 minutes cannot be brought to half-hours; exp"):
        guess_mapping(path)


def test_bad_rows_are_counted_with_their_reason(tmp_path: Path) -> None:
    good = long_rows({"a": week()}, iso)
    bad = [
        ("a", "2013-01-14 00:00", ""),
        ("a", "2013-01-14 00:30", "NULL"),
        ("a", "2013-01-14 01:00", "1.5.2"),
        ("a", "2013-01-14 01:30", "inf"),
        ("a", "2013-01-14 02:00", "-1"),
        ("a", "yesterday", "1"),
        ("a", "2013-01-14 02:07", "1"),
        ("", "2013-01-14 02:30", "1"),
        good[3],
        ("a", "2013-01-14 03:00", "1"),
        ("a", "2013-01-14 03:00", "2"),
    ]
    households, report = read(write(tmp_path / "a.csv", [*good, *bad]))
    assert report.rejected == {
        "no household name": 1,
        "no value": 2,
        "not a number": 2,
        "negative value": 1,
        "not a time": 1,
        "not on a 30-minute mark": 1,
        "one time with different values": 2,
        "repeats an earlier row": 1,
    }
    assert report.examples["not a number"] == "row 340, column 'kwh': '1.5.2'"
    assert report.rows == 336 + len(bad)
    assert report.accepted == 336
    assert households.power_w.shape == (1, 336)
    assert "336 of 347 readings were taken over." in households.provenance.notes
    assert any("(first: row 343, column 'time': 'yesterday')" in s for s in report.sentences())


def wide_rows(values: dict[str, Sequence[float]], number: str = "{:g}") -> list[tuple[str, ...]]:
    columns = list(values.values())
    times = half_hours(len(columns[0]))
    return [(iso(t), *(number.format(c[i]) for c in columns)) for i, t in enumerate(times)]


def test_wide_files(tmp_path: Path) -> None:
    values = {"house_1": week(0.1, weeks=2), "house_2": week(0.3, weeks=2)}
    rows = wide_rows(values)
    rows[5] = (rows[5][0], "", "bad")
    path = write(tmp_path / "kwh.csv", rows, ("time", *values))
    mapping = guess_mapping(path)
    assert (mapping.layout, mapping.households, mapping.unit) == ("wide", tuple(values), "kWh")
    households, report = read(path, mapping)
    assert households.household_ids == tuple(values)
    expected = np.array(list(values.values())) * 2000
    expected[:, 5] = np.nan
    np.testing.assert_allclose(households.power_w, expected, rtol=1e-6)
    assert report.rejected == {"no value": 1, "not a number": 1}
    assert report.examples == {
        "no value": "row 7, column 'house_1': empty",
        "not a number": "row 7, column 'house_2': 'bad'",
    }


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    values = {"kW a": week(0.1), "kW b": week(0.3)}
    rows = [tuple(cell.replace(".", ",") for cell in row) for row in wide_rows(values)]
    path = write(tmp_path / "a.csv", rows, ("time", *values), separator=";")
    mapping = guess_mapping(path)
    assert mapping.decimal_comma
    assert mapping.unit == "kW"
    households, report = read(path, mapping)
    assert report.rejected == {}
    np.testing.assert_allclose(
        households.power_w, np.array(list(values.values())) * 1000, rtol=1e-6
    )


def test_households_named_by_numbers(tmp_path: Path) -> None:
    rows = long_rows({"1001": week(0.1), "1002": week(0.3)}, iso)
    path = write(tmp_path / "a.csv", rows, ("meter_id", "read_at", "energy_wh"))
    mapping = guess_mapping(path)
    assert (mapping.layout, mapping.household, mapping.value) == ("long", "meter_id", "energy_wh")
    assert mapping.unit == "Wh"


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    rows = long_rows({"a": week()}, iso)
    with pytest.raises(DataError, match=r"There is no file 'no\.csv'"):
        read(tmp_path / "no.csv")
    with pytest.raises(DataError, match=r"e\.csv holds no rows"):
        read(write(tmp_path / "e.csv", []))
    noise = tmp_path / "noise.parquet"
    noise.write_bytes(b"not a table at all")
    with pytest.raises(DataError, match=r"noise\.parquet cannot be read as Parquet"):
        read(noise)
    good = write(tmp_path / "g.csv", rows)
    with pytest.raises(DataError, match="has no column 'watts'; choose one of 'id', 'time', 'kwh'"):
        read(good, LONG.corrected({"value": "watts"}))
    with pytest.raises(DataError, match=r"g\.csv can be used: not a time \(336 rows, first: row 2"):
        read(good, LONG.corrected({"time_format": "day/month/year"}))
    with pytest.raises(DataError, match=r"short\.csv holds no whole week"):
        read(write(tmp_path / "short.csv", rows[:300]))
    starred = [("a*b", *row[1:]) for row in rows]
    with pytest.raises(DataError, match=r"s\.csv: Household name 'a\*b' cannot be used"):
        read(write(tmp_path / "s.csv", starred))
    far = [
        *rows,
        ("a", "9999-01-01 00:00", "1"),
        *(("b" + str(i), *rows[0][1:]) for i in range(20)),
    ]
    with pytest.raises(DataError, match="look for a wrong year"):
        read(write(tmp_path / "far.csv", far))
    with pytest.raises(DataError, match="no column of times"):
        guess_mapping(write(tmp_path / "t.csv", [("1", "2")], ("a", "b")))
    with pytest.raises(DataError, match="no column of numbers beside 'time'"):
        guess_mapping(write(tmp_path / "n.csv", [(iso(MONDAY), "x")], ("time", "note")))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "MWh"}, "at unit"),
        ({"speed": "1"}, "A column mapping has no 'speed'; it has layout, time"),
        ({"time_zone": "Nowhere"}, "'Nowhere' is not a known time zone"),
        ({"household": ""}, "a long file needs the column of 'household'"),
        ({"time_format": "dd/mm"}, "write one of iso"),
    ],
)
def test_mappings_that_do_not_fit(change: dict[str, str], said: str) -> None:
    with pytest.raises(DataError, match=said):
        LONG.corrected(change)


def test_preview_shows_the_file_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [("a", "2013-01-07", ""), ("b", "x", "2")])
    shown = preview(path)
    assert shown.columns == ("id", "time", "kwh")
    assert shown.rows == (("a", "2013-01-07", ""), ("b", "x", "2"))


def test_an_imported_set_is_whole(tmp_path: Path) -> None:
    values = {f"h{i}": week(0.1 * (i + 1), weeks=6) for i in range(6)}
    households, _ = read(write(tmp_path / "a.csv", long_rows(values, iso)))
    assert len(households.split.heldout_weeks) == 1
    assert len(households.split.heldout_households) == 1
    assert households.provenance.source == "a.csv"
    assert HouseholdSet.from_tree(households.to_tree()).provenance == households.provenance


def test_sums_of_held_out_weeks_are_there_where_most_weeks_have_gaps(tmp_path: Path) -> None:
    """Of ten weeks three are whole: one of these is held out, so that training can judge."""
    rows = []
    for household in "abcd":
        kept = long_rows({household: week(weeks=10)}, iso)
        rows += [row for i, row in enumerate(kept) if i // 336 in (1, 4, 8) or i % 336 != 100]
    found, _ = read(write(tmp_path / "gaps.csv", rows))
    whole = [found.weeks.ids[i] for i in (1, 4, 8)]
    assert sorted(found.split.train_weeks + found.split.heldout_weeks) == whole
    sampler = AggregateSampler.for_heldout_weeks(found, LabelEncoder.fit(found), ContextEncoder())
    seen = sampler.sample(4, torch.Generator().manual_seed(0))
    assert seen.week.unique().tolist() == found.weeks.indices(found.split.heldout_weeks).tolist()
