"""A file larger than memory: speed against polars' own scans, peak memory, time to cancel.

``python -m pytest tests/benchmarks/test_import.py -m study -s``; the full size with
``LVM_STUDIO_IMPORT_HOUSEHOLDS=5560`` (167 million rows, 11 GB on disk, deleted afterwards).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from big_readings import STEPS, make, measured
from figures import Record

HOUSEHOLDS = int(os.environ.get("LVM_STUDIO_IMPORT_HOUSEHOLDS", "560"))
MOST_MB = 2000
MOST_SECONDS_TO_CANCEL = 1.0


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("big") / "big.csv"
    assert make(path, HOUSEHOLDS) == HOUSEHOLDS * STEPS
    yield path
    path.unlink()


@pytest.mark.study
def test_a_long_file_streams_into_one_set(big: Path, record: Record) -> None:
    scans = {kind: measured(big, "scan", "--kind", kind) for kind in ("texts", "types", "times")}
    found = measured(big, "import")
    taken = found["import"]
    record("import", rows=found["rows"], gb=big.stat().st_size / 1e9, **taken)
    record("import_save", mb=found["out_mb"], **found["save"])
    record("import_memory", reading_mb=found["peak_mb_reading"], peak_mb=found["peak_mb"])
    for kind, scan in scans.items():
        record(
            f"import_against_scan_of_{kind}",
            wall=scan["seconds"] / taken["seconds"],
            cpu=scan["cpu"] / taken["cpu"],
        )
    assert found["rows"] == HOUSEHOLDS * STEPS
    assert found["peak_mb"] <= MOST_MB
    assert found["longest_wait"] <= MOST_SECONDS_TO_CANCEL


@pytest.mark.study
def test_it_can_be_cancelled_at_once(big: Path, record: Record) -> None:
    waited = measured(big, "cancel")["seconds"]
    record("import_cancel", seconds=waited)
    assert waited <= MOST_SECONDS_TO_CANCEL
