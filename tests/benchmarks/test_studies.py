"""Two workers against one, on the same study of trainings that take seconds.

`LVM_STUDIO_STUDY_STEPS` sets the length of a run. Runs an hour are counted from the start of the
first run, and by the whole clock: from the call to the end, processes and imports included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from figures import Record

RUNS = 8
STEPS = 1500
LEAST_RATIO = 1.8

TIMED = """
import time
began = time.perf_counter()
import json, sys
from pathlib import Path
from lvm_studio.studies.cluster import LocalCores
from lvm_studio.studies.job import StudyJob
from lvm_studio.studies.reports import RunChanged, RunState
from lvm_studio.studies.spec import StudySpec
if __name__ == "__main__":
    workers, steps, runs, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    study = StudySpec(
        name="timed",
        recipe="sinusoid",
        settings={"steps": steps, "eval_every": steps, "device": "cpu"},
        space={"axes": {"model.latent_z": (4,)}},
        seeds=runs,
    )
    first, ends = None, []
    for report in StudyJob(study, LocalCores(workers=workers), Path(folder)).run():
        if not isinstance(report, RunChanged):
            continue
        if report.line.worker and first is None:  # its first word: it has begun
            first = time.perf_counter()
        if report.line.state is RunState.FINISHED:
            ends.append(time.perf_counter() - first)
    whole = time.perf_counter() - began
    print(json.dumps({"whole": whole, "start": whole - ends[-1], "runs": ends[-1]}))
"""


def seconds(workers: int, steps: int, folder: Path) -> dict[str, float]:
    """Of the whole study, until its first run began, and from then to the last run's end."""
    program = folder / "timed.py"
    program.write_text(TIMED)
    arguments = [str(workers), str(steps), str(RUNS), str(folder / f"with-{workers}")]
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_two_workers_do_nearly_twice_the_runs_of_one(record: Record, tmp_path: Path) -> None:
    steps = int(os.environ.get("LVM_STUDIO_STUDY_STEPS", STEPS))
    one, two = (seconds(workers, steps, tmp_path) for workers in (1, 2))
    record("study_seconds, 1 worker", **one)
    record("study_seconds, 2 workers", **two)
    record("study_ratio", runs=one["runs"] / two["runs"], whole=one["whole"] / two["whole"])
    assert one["runs"] / two["runs"] >= LEAST_RATIO
