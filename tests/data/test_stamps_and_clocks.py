"""Fast ways of reading times agree with the general ones, whatever is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvm_studio.data.importing.clocks import NEVER, ONCE, TWICE, clock
from lvm_studio.data.importing.fixed_width import read_fixed_width
from lvm_studio.data.importing.stamps import instants, read_stamps

FORMS = {
    "iso": ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S%z"),
    "day/month/year": ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"),
    "month/day/year": ("%m/%d/%Y %H:%M",),
    "day.month.year": ("%d.%m.%Y %H:%M",),
    "day-month-year": ("%d-%m-%Y %H:%M",),
    "year/month/day": ("%Y/%m/%d %H:%M",),
}
CASES = [(family, form) for family, forms in FORMS.items() for form in forms]
times = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1))
torn = st.sampled_from(["", "x", "2013-02-30 00:00", "2013-13-01 00:00", "2013-01-01 24:00", None])


def general(texts: pl.Series, family: str) -> tuple[list[float | None], list[bool]]:
    """What the general parser makes of it, in whole seconds."""
    zoned, local = instants("t", texts.dtype, family)
    found = texts.alias("t").to_frame().select(s=pl.coalesce(zoned, local).dt.epoch("s"))
    return found["s"].to_list(), found["s"].is_not_null().to_list()


@pytest.mark.parametrize(("family", "form"), CASES)
@settings(max_examples=30)
@given(moments=st.lists(times, min_size=1, max_size=30), bad=st.lists(torn, max_size=3))
def test_digits_and_patterns_agree(
    family: str, form: str, moments: list[datetime], bad: list[str | None]
) -> None:
    written = [moment.replace(tzinfo=UTC).strftime(form) for moment in moments]
    texts = pl.Series([written[0], *bad, *written[1:]], dtype=pl.String)
    expected, expected_read = general(texts, family)
    seconds, read, zoned = read_stamps(texts, family)
    assert read.tolist() == expected_read
    assert [s for s, r in zip(seconds.tolist(), read, strict=True) if r] == [
        s for s in expected if s is not None
    ]
    assert set(zoned[read].tolist()) == {"%z" in form}


def test_it_is_the_fast_way_that_reads_such_times() -> None:
    texts = pl.Series(["2013-01-07T00:30:00.0000000+01:00", "2013-07-07T00:30:00.0000000+02:00"])
    found = read_fixed_width(texts, "iso")
    assert found is not None
    assert found.zoned
    assert found.read.all()
    expected = np.array(["2013-01-06T23:30", "2013-07-06T22:30"], "datetime64[s]")
    np.testing.assert_array_equal(found.seconds, expected.astype(np.int64))
    assert read_fixed_width(pl.Series(["7 Jan 2013"]), "%d %b %Y") is None
    assert read_fixed_width(pl.Series([None, None], dtype=pl.String), "iso") is None


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/London", "Europe/Paris", "Australia/Sydney", "Asia/Kolkata"]
)
@given(moment=st.datetimes(datetime(1980, 1, 1), datetime(2037, 1, 1)))
def test_clocks_agree_with_the_standard_library(zone: str, moment: datetime) -> None:
    local = moment.replace(second=0, microsecond=0)
    seconds = np.array([np.datetime64(local, "s").astype(np.int64)])
    utc, kind = clock(zone).to_utc(seconds)
    early, late = (local.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if early.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local:
        assert kind[0] == NEVER
        return
    assert kind[0] == (ONCE if early.utcoffset() == late.utcoffset() else TWICE)
    assert utc[0] == early.timestamp()
    if kind[0] == TWICE:
        assert clock(zone).later(seconds)[0] == late.timestamp()


def test_a_year_of_half_hours_around_both_changes() -> None:
    zone = ZoneInfo("Europe/Paris")
    first = datetime(2024, 1, 1, tzinfo=UTC)
    moments = [first + timedelta(minutes=30 * i) for i in range(366 * 48)]
    local = np.array([m.astimezone(zone).replace(tzinfo=None) for m in moments], "datetime64[s]")
    utc, kind = clock("Europe/Paris").to_utc(local.astype(np.int64))
    assert (kind == TWICE).sum() == 4  # two half-hours, each twice
    once = kind == ONCE
    expected = np.array([m.timestamp() for m in moments])
    np.testing.assert_array_equal(utc[once], expected[once])
