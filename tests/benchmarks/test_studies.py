"""Two workers against one, on the same study of trainings that take seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from figures import Record

RUNS = 8
LEAST_RATIO = 1.8

TIMED = """
import json, sys
from pathlib import Path
from lvm_studio.studies.cluster import LocalCores
from lvm_studio.studies.job import StudyJob
from lvm_studio.studies.reports import RunChanged, RunState
from lvm_studio.studies.spec import StudySpec
import time
if __name__ == "__main__":
    workers, steps, runs, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    study = StudySpec(
        name="timed",
        recipe="sinusoid",
        settings={"steps": steps, "eval_every": steps, "device": "cpu"},
        space={"axes": {"model.latent_z": (4,)}},
        seeds=runs + workers,
    )
    ends = []
    for report in StudyJob(study, LocalCores(workers=workers), Path(folder)).run():
        if isinstance(report, RunChanged) and report.line.state is RunState.FINISHED:
            ends.append(time.perf_counter())
    # The first run of each worker loads torch and starts the clock.
    print(json.dumps((len(ends) - workers) / (ends[-1] - ends[workers - 1]) * 3600))
"""


def runs_per_hour(workers: int, steps: int, folder: Path) -> float:
    program = folder / "timed.py"
    program.write_text(TIMED)
    arguments = [str(workers), str(steps), str(RUNS), str(folder / f"w{workers}-{time.time_ns()}")]
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


def test_two_workers_do_nearly_twice_the_runs_of_one(record: Record, tmp_path: Path) -> None:
    steps = int(os.environ.get("LVM_STUDIO_STUDY_STEPS", "250"))
    one = runs_per_hour(1, steps, tmp_path)
    two = runs_per_hour(2, steps, tmp_path)
    record("study_runs_per_hour", one=one, two=two, ratio=two / one)
    assert two / one >= LEAST_RATIO
