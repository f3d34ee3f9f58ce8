"""Data sets that people bring, in the form in which they come: recognised, and read to the watt."""

from __future__ import annotations

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.importing import blocks
from lvm_studio.data.importing.guessing import guess, guess_mapping
from lvm_studio.data.importing.job import ImportReport, import_readings, read_readings
from lvm_studio.data.importing.profiles import PROFILES, named_profile

MONDAY = datetime.datetime(2013, 1, 7, tzinfo=datetime.UTC)


def steps(count: int, minutes: int = 30) -> list[datetime.datetime]:
    return [MONDAY + datetime.timedelta(minutes=minutes * i) for i in range(count)]


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def brought(path: Path, expected: str) -> tuple[HouseholdSet, ImportReport]:
    found = guess(path)
    assert found.profile is not None
    assert found.profile.key == expected
    return import_readings(path, found.mapping, name="x", profile=found.profile)


def test_low_carbon_london(tmp_path: Path) -> None:
    rows = [
        f"{home},{tariff},{t + datetime.timedelta(minutes=30):%Y-%m-%d %H:%M:%S}.0000000,"
        f" {0.1 + i % 48 / 1000:.3f} ,{acorn},{group}"
        for home, tariff, acorn, group in (
            ("MAC000002", "Std", "ACORN-A", "Affluent"),
            ("MAC000003", "ToU", "ACORN-P", "Adversity"),
        )
        for i, t in enumerate(steps(336))
    ]
    rows += ["MAC000003,ToU,2013-01-14 00:30:00.0000000,Null,ACORN-P,Adversity", rows[400]]
    header = "LCLid,stdorToU,DateTime,KWH/hh (per half hour) ,Acorn,Acorn_grouped"
    households, report = brought(written(tmp_path / "a.csv", header, *rows), "low-carbon-london")
    assert households.start == np.datetime64("2013-01-07T00:00")
    assert households.power_w[1, :3].tolist() == [200, 202, 204]
    assert report.rejected == {"no value": 1, "repeats an earlier row": 1}
    assert households.metadata["tariff"].tolist() == ["Std", "ToU"]
    assert households.metadata["acorn_group"].tolist() == ["Affluent", "Adversity"]
    assert (households.time_zone, households.country) == ("Europe/London", "GB")
    assert households.provenance.licence == "CC BY 4.0"


def test_enedis_mixes_steps_directions_and_order(tmp_path: Path) -> None:
    """Ten minutes, half-hours and hours of one week, shuffled; injection beside consumption."""
    paris = ZoneInfo("Europe/Paris")

    def row(meter: str, start: datetime.datetime, minutes: int, watts: int, way: str) -> str:
        end = (start + datetime.timedelta(minutes=minutes)).astimezone(paris)
        return (
            f"{meter};2013-01-07;2013-01-14;PA;{way};BRUT;W;{end.isoformat()};{watts};R;"
            f"PT{minutes}M"
        )

    rows = [row("01234567890123", t, 10, 600, "CONS") for t in steps(300, 10)]
    rows += [row("01234567890123", t, 30, 900, "CONS") for t in steps(300)[100:]]
    rows += [row("01234567890123", t, 60, 300, "CONS") for t in steps(168, 60)[150:]]
    rows += [row("01234567890123", t, 30, 77, "INJ") for t in steps(336)]
    np.random.default_rng(0).shuffle(rows)
    header = (
        "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Étape métier;"
        "Unité;Horodate;Valeur;Nature;Pas"
    )
    households, report = brought(written(tmp_path / "a.csv", header, *rows), "enedis")
    assert households.household_ids == ("01234567890123",)
    expected = np.repeat([600, 900, 300], [100, 200, 36])
    np.testing.assert_array_equal(households.power_w[0], expected)
    assert report.rejected == {"'Grandeur métier' is not CONS or Consommation or Cons": 336}
    assert "18 readings of 60 minutes were spread evenly" in report.notes[0]


def test_enedis_own_meter_has_lines_above_its_header(tmp_path: Path) -> None:
    zone = ZoneInfo("Europe/Paris")
    ends = [(t + datetime.timedelta(minutes=30)).astimezone(zone) for t in steps(336)]
    written(
        tmp_path / "maison.csv",
        "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Unite",
        "01234567890123;Courbe de charge;07/01/2013;14/01/2013;Energie active;W",
        "Horodate;Valeur",
        *(f"{end.isoformat()};{i % 48 * 10}" for i, end in enumerate(ends)),
        "2013-01-14T00:30:00+01:00;x",
    )
    households, report = brought(tmp_path / "maison.csv", "enedis-customer")
    assert households.household_ids == ("maison",)
    assert households.power_w[0, :49].tolist() == [*(i * 10 for i in range(48)), 0]
    assert report.examples["not a number"] == "row 340, column 'Valeur': 'x'"


def test_ausgrid_days_add_controlled_load(tmp_path: Path) -> None:
    slots = [f"{(i + 1) // 2 % 24}:{(i + 1) % 2 * 30:02d}" for i in range(48)]
    header = ["Customer", "Generator Capacity", "Postcode", "Consumption Category", "date"]
    days = [f"{day}/07/2012" for day in range(1, 16)]
    rows = []
    for day in days:
        rows.append(",".join(["1", "3.78", "2076", "GC", day, *["0.5"] * 48, "NA"]))
        rows.append(",".join(["1", "3.78", "2076", "GG", day, *["9"] * 48, ""]))
        rows.append(",".join(["1", "3.78", "2076", "CL", day, *["0"] * 47, "1", ""]))
        rows.append(
            ",".join(["2", "1.5", "2011", "GC", day, *[str(i / 100) for i in range(48)], ""])
        )
    path = written(
        tmp_path / "a.csv",
        "2012-2013 Solar home electricity data" + "," * 53,
        ",".join([*header, *slots, "Row Quality"]),
        *rows,
    )
    households, report = brought(path, "ausgrid")
    assert households.household_ids == ("1", "2")
    first = np.datetime64("2012-06-30T14:00")  # midnight in Sydney
    assert households.start == first
    assert households.power_w[0, :48].tolist() == [1000.0] * 47 + [3000.0]
    assert households.power_w[1, :3].tolist() == [0, 20, 40]
    assert report.rejected == {"'Consumption Category' is not GC or CL": 15 * 48}
    assert report.rows == 60 * 48
    assert households.metadata["postcode"].tolist() == [2076, 2011]


@pytest.mark.parametrize("minutes", [15, 60])
def test_opsd_counters(tmp_path: Path, minutes: int) -> None:
    count = 8 * 24 * 60 // minutes
    wide = "utc_timestamp,cet_cest_timestamp,DE_KN_residential1_grid_import,"
    wide += "DE_KN_residential1_pv,DE_KN_residential2_grid_import,interpolated"
    rows = [
        f"{t:%Y-%m-%dT%H:%M:%SZ},{t:%Y-%m-%dT%H:%M:%S}+0100,{100 + i * minutes / 60:.4f},7,"
        f"{5000 + i * minutes / 30 - (1000 if i > count - 4 else 0):.4f},"
        for i, t in enumerate(steps(count, minutes))
    ]
    path = written(tmp_path / "household_data.csv", wide, *rows)
    mapping = guess_mapping(path)
    assert (mapping.cumulative, mapping.step_minutes) == (True, minutes)
    households, report = brought(path, "opsd-households")
    assert households.household_ids == (
        "DE_KN_residential1_grid_import",
        "DE_KN_residential2_grid_import",
    )
    np.testing.assert_allclose(households.power_w[0, :336], 1000)
    np.testing.assert_allclose(households.power_w[1, :336], 2000)
    assert report.rejected == {"the counter ran backwards": 1}


def test_synthetic_curves_with_contract_plan_and_temperature(tmp_path: Path) -> None:
    rows = [
        f"c{home},{t:%Y-%m-%d %H:%M:%S},{1000 * home + i % 48},{3 * home},HPHC,{i % 20 - 5}"
        for home in (1, 2)
        for i, t in enumerate(steps(400))
    ]
    header = "id,horodate,puissance_w,puissance_souscrite,option_tarifaire,temperature"
    households, report = brought(written(tmp_path / "a.csv", header, *rows), "edf-enedis-synthetic")
    assert report.rejected == {}
    assert households.metadata["contracted_power"].tolist() == [3, 6]
    assert households.metadata["tariff"].tolist() == ["HPHC", "HPHC"]
    assert households.temperature_c[:3].tolist() == [-5, -4, -3]
    assert households.time_zone == "Europe/Paris"


@pytest.mark.parametrize(
    ("header", "unit", "interval"),
    [
        ("Compteur;Heure de fin;Consommation (kWh)", "kWh", "end"),
        ("Zählernummer;Zeitstempel bis;Verbrauch kWh", "kWh", "end"),
        ("contador;fecha_hora;consumo_Wh", "Wh", "start"),
        ("contatore;data e ora;potenza_kW", "kW", "start"),
        ("aansluiting;tijd tot;verbruik kWh", "kWh", "end"),
    ],
)
def test_headers_in_other_languages(tmp_path: Path, header: str, unit: str, interval: str) -> None:
    rows = [
        f"{home};{t:%d/%m/%Y %H:%M};0,{i % 9}5"
        for home in (11, 12)
        for i, t in enumerate(steps(400))
    ]
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join([header, *rows]).encode("cp1252"))
    mapping = guess_mapping(path)
    columns = tuple(header.split(";"))
    assert (mapping.household, mapping.time, mapping.value) == columns
    assert (mapping.unit, mapping.interval, mapping.decimal_comma) == (unit, interval, True)
    households, report = import_readings(path, mapping, name="x")
    assert report.rejected == {}
    assert households.household_ids == ("11", "12")


@pytest.mark.parametrize("meter", ["1EMH1;", ""])
@pytest.mark.parametrize("clocks", ["Von;Bis", "Bis", "Von"])
def test_day_and_clock_time_may_stand_in_two_columns(
    tmp_path: Path, meter: str, clocks: str
) -> None:
    """As grid operators write load profiles; through the autumn change, on local clocks.

    Beside ends the day is that of the interval: its last one ends at 0:00.
    """
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime.datetime(2013, 10, 20, 22, tzinfo=datetime.UTC)
    quarters = [first + datetime.timedelta(minutes=15 * i) for i in range(14 * 96)]
    values = [0.01 * (i % 9 + 1) for i in range(len(quarters))]
    stamps = [t.astimezone(berlin) for t in quarters]
    ends = [(t + datetime.timedelta(minutes=15)).astimezone(berlin) for t in quarters]
    rows = [
        f"{meter}{t:%d.%m.%Y};"
        + clocks.replace("Von", f"{t:%H:%M}").replace("Bis", f"{end:%H:%M}")
        + f";{v:.2f}".replace(".", ",")
        for t, end, v in zip(stamps, ends, values, strict=True)
    ]
    head = "Zählernummer;" if meter else ""
    path = written(tmp_path / "a.csv", f"{head}Datum;{clocks};Verbrauch [kWh]", *rows)
    mapping = guess_mapping(path)
    assert mapping.layout == ("long" if meter else "wide")
    assert mapping.clock == clocks.split(";")[0]
    assert mapping.interval == ("end" if clocks == "Bis" else "start")
    local = mapping.corrected({"time_zone": "Europe/Berlin"})
    households, report = import_readings(path, local, name="x")
    assert report.rejected == {}
    half_hours = 2000 * np.array(values).reshape(-1, 2).sum(axis=1)
    skipped = int((households.start - np.datetime64("2013-10-20T22:00")) / np.timedelta64(30, "m"))
    found = households.power_w[0]
    np.testing.assert_allclose(found, half_hours[skipped : skipped + len(found)])


def test_days_of_any_table_are_recognised(tmp_path: Path) -> None:
    slots = ",".join(f"{i // 4:02d}:{i % 4 * 15:02d}" for i in range(96))
    rows = [
        f"{home},{(MONDAY + datetime.timedelta(days=d)):%Y-%m-%d}," + ",".join(["0.25"] * 96)
        for home in ("m1", "m2")
        for d in range(8)
    ]
    path = written(tmp_path / "kwh.csv", f"meter,day,{slots}", *rows)
    mapping = guess_mapping(path)
    assert (mapping.layout, mapping.reading_minutes, mapping.unit) == ("days", 15, "kWh")
    households, report = import_readings(path, mapping, name="x")
    assert report.rows == report.accepted == 2 * 8 * 96
    assert households.power_w.shape == (2, 8 * 48)
    np.testing.assert_array_equal(households.power_w, 1000)


def test_parquet_wide_and_long_are_the_same(tmp_path: Path) -> None:
    stamps = [t.replace(tzinfo=None) for t in steps(336)]
    wide = pl.DataFrame({"time": stamps, "a": [0.1] * 336, "b": [0.2] * 336})
    wide.write_parquet(tmp_path / "wide.parquet")
    wide.unpivot(index="time", variable_name="home", value_name="kwh").write_parquet(
        tmp_path / "long.parquet"
    )
    both = [
        import_readings(path, guess_mapping(path).corrected({"unit": "kWh"}), name="x")[0]
        for path in (tmp_path / "wide.parquet", tmp_path / "long.parquet")
    ]
    assert both[0].household_ids == both[1].household_ids == ("a", "b")
    np.testing.assert_array_equal(both[0].power_w, both[1].power_w)


def test_blocks_change_nothing_and_reading_stops_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        f"h{home},{t:%Y-%m-%d %H:%M},{home}.{i % 7}"
        for home in range(7)
        for i, t in enumerate(steps(700))
    ]
    rows[4000] = "h5,broken,1"
    path = written(tmp_path / "a.csv", "id,time,kwh", *rows)
    mapping = guess_mapping(path)
    whole, report = import_readings(path, mapping, name="x")
    monkeypatch.setattr(blocks, "_BLOCK_BYTES", 5_000)
    monkeypatch.setattr(blocks, "_FIRST_BYTES", 900)
    listed = tmp_path / "rejected.csv"
    small, again = import_readings(path, mapping, name="x", rejected=listed)
    np.testing.assert_array_equal(small.power_w, whole.power_w)
    assert again == report
    assert listed.read_text().splitlines() == [
        "file,row,household,column,content,reason",
        "a.csv,4002,h5,time,broken,not a time",
    ]
    reading = read_readings(path, mapping, name="x")
    told = [next(reading) for _ in range(5)]
    shares = [one.share for one in told]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] < 1
    assert told[-1].rows > told[0].rows
    reading.close()  # the thread that reads ahead ends with it: the fixture would name it


def test_a_folder_of_parts_is_one_table(tmp_path: Path) -> None:
    for part, home in enumerate(("a", "b")):
        rows = [f"{home},{t:%Y-%m-%d %H:%M},0.2" for t in steps(336)]
        written(tmp_path / f"block_{part}.csv", "id,time,kwh", *rows, f"{home},x,1")
    mapping = guess_mapping(tmp_path)
    assert mapping.layout == "long"
    households, report = import_readings(tmp_path, mapping, name="x")
    assert households.household_ids == ("a", "b")
    assert report.rejected == {"not a time": 2}
    assert report.examples["not a time"] == "block_0.csv, row 338, column 'time': 'x'"
    (tmp_path / "block_2.csv").write_text("id,when,kwh\na,2013-01-07 00:00,1\n")
    with pytest.raises(DataError, match=r"block_2\.csv has no column 'time'; choose one of 'id'"):
        import_readings(tmp_path, mapping, name="x")


def test_profiles_by_name(tmp_path: Path) -> None:
    assert len(PROFILES) == 6
    with pytest.raises(DataError, match="There is no profile 'x'; choose one of low-carbon-london"):
        named_profile("x")
    path = written(tmp_path / "a.csv", "id,time,kwh", "a,2013-01-07 00:00,1")
    with pytest.raises(DataError, match="does not look like 'Ausgrid solar homes'"):
        guess(path, named_profile("ausgrid"))
    assert guess(path).profile is None
