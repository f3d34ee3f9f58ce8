"""A long CSV of any size in the form of Low Carbon London, and the import of it in a process.

    python tests/benchmarks/big_readings.py make big.csv --households 5560
    python tests/benchmarks/big_readings.py import big.csv

5,560 households of 30,000 half-hours are 167 million rows, 11 GB. The second verb prints one JSON
object: seconds and processor seconds of the import (to the finished set, and to the saved
workspace), of three of polars' own scans of the same file, and the process' peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

STEPS = 30_000
HEADER = b"LCLid,stdorToU,DateTime,KWH/hh (per half hour) ,Acorn,Acorn_grouped\n"
#: One row in so many is wrong, so that rejecting is part of what is measured.
WRONG = 10_007


def make(path: Path, households: int, seed: int = 0) -> int:
    """Write the file, a household after the other; returns its number of rows."""
    generator = np.random.default_rng(seed)
    moments = np.datetime64("2012-05-01T00:30", "us") + np.arange(STEPS) * np.timedelta64(30, "m")
    stamps = pl.Series(moments).dt.strftime("%Y-%m-%d %H:%M:%S") + ".0000000"
    with path.open("wb") as file:
        file.write(HEADER)
        for number in range(households):
            wh = generator.gamma(1.2, 180.0, STEPS).astype(np.int64)
            values = pl.Series(wh / 1000).cast(pl.String) + " "
            wrong = (number * STEPS + np.arange(STEPS)) % WRONG == 0
            pl.DataFrame({"time": stamps}).select(
                household=pl.lit(f"MAC{number:06d}"),
                tariff=pl.lit("ToU" if number % 5 == 0 else "Std"),
                time="time",
                value=pl.when(pl.Series(wrong)).then(pl.lit("Null")).otherwise(values),
                acorn=pl.lit("ACORN-E"),
                group=pl.lit("Affluent"),
            ).write_csv(file, include_header=False)
    return households * STEPS


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Seconds on the wall and on the processors."""
    wall, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    used = after.user - before.user + after.system - before.system
    return {"seconds": round(time.perf_counter() - wall, 2), "cpu": round(used, 2)}


def scan(path: Path, kind: str) -> None:
    """Polars alone, streaming over every row and column: as texts, with its types, with times."""
    match kind:
        case "texts":
            lazy = pl.scan_csv(path, infer_schema=False)
            touched = pl.all().str.len_bytes().sum()
        case "types":
            lazy, touched = pl.scan_csv(path), pl.all().null_count()
        case _:
            lazy = pl.scan_csv(path, try_parse_dates=True)
            touched = pl.all().null_count()
    lazy.select(touched).collect(engine="streaming")


def import_all(path: Path, out: Path) -> dict[str, object]:
    """Import the file and save the set; what it took, and the longest time between two reports."""
    from lvm_studio.data.importing.guessing import guess
    from lvm_studio.data.importing.job import read_readings
    from lvm_studio.storage import workspace as workspace_file
    from lvm_studio.storage.start import starting_state
    from lvm_studio.storage.workspace import Workspace

    found = guess(path)
    figures: dict[str, object] = {}
    waits, kept = [0.0], []

    def read() -> None:
        reading = read_readings(path, found.mapping, name="big", profile=found.profile)
        at = time.perf_counter()
        while True:
            try:
                next(reading)
            except StopIteration as end:
                kept.append(end.value)
                break
            waits.append(time.perf_counter() - at)
            at = time.perf_counter()

    figures["import"] = timed(read)
    households, report = kept.pop()
    figures["peak_mb_reading"] = _peak_mb()

    def save() -> None:
        state = starting_state(households.name, households, model="").to_tree()
        workspace_file.save(out, Workspace({households.name: households}, street=state))

    figures["save"] = timed(save)
    figures |= {
        "rows": report.rows,
        "rejected": dict(report.rejected),
        "households": len(households.household_ids),
        "longest_wait": round(max(waits), 3),
        "peak_mb": _peak_mb(),
        "out_mb": round(out.stat().st_size / 1e6),
    }
    return figures


def _peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def cancel(path: Path, share: float = 0.3) -> float:
    """Seconds from the wish to cancel, somewhere inside the file, until all is at rest."""
    from lvm_studio.data.importing.guessing import guess
    from lvm_studio.data.importing.job import read_readings

    reading = read_readings(path, guess(path).mapping, name="big")
    while next(reading).share < share:
        pass
    asked = time.perf_counter()
    reading.close()
    return round(time.perf_counter() - asked, 3)


def measured(path: Path, *words: str) -> dict[str, object]:
    """Run a verb in a process of its own, whose peak memory is then its own."""
    said = subprocess.run(
        [sys.executable, __file__, *words, str(path)], capture_output=True, text=True, check=True
    )
    found: dict[str, object] = json.loads(said.stdout.splitlines()[-1])
    return found


def main() -> None:
    """The verbs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["make", "import", "scan", "cancel"])
    parser.add_argument("path", type=Path)
    parser.add_argument("--households", type=int, default=560)
    parser.add_argument("--kind", choices=["texts", "types", "times"], default="texts")
    given = parser.parse_args()
    match given.verb:
        case "make":
            said: dict[str, object] = {"rows": make(given.path, given.households)}
        case "import":
            with tempfile.TemporaryDirectory() as folder:
                said = import_all(given.path, Path(folder) / "big.h5")
        case "cancel":
            said = {"seconds": cancel(given.path)}
        case _:
            said = {**timed(lambda: scan(given.path, given.kind)), "peak_mb": _peak_mb()}
    print(json.dumps(said))  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()
