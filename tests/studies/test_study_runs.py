"""Studies on real worker processes: killed, broken off, gone on with, refused."""

import os
import signal
import subprocess
import sys
from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_studies import TINY, job, lines_of, small

from lvm_studio.data.errors import DataError
from lvm_studio.data.london import load_london
from lvm_studio.engine.messages import Finished, Reports
from lvm_studio.engine.worker import Worker
from lvm_studio.storage.errors import StorageError
from lvm_studio.studies.candidates import Searched
from lvm_studio.studies.cluster import LocalCores, Scheduler
from lvm_studio.studies.execution import perform
from lvm_studio.studies.job import StudyJob
from lvm_studio.studies.plan import PlannedRun, Planner
from lvm_studio.studies.reports import RunChanged, RunLine, RunState, StudyEnd
from lvm_studio.studies.results import RunResult, read_model, read_results, write_result
from lvm_studio.studies.space import Search

LONG = {**TINY, "steps": 100_000, "minutes": 0.02, "eval_every": 50_000}


def test_one_run_gives_figures_curves_and_a_model(tmp_path: Path) -> None:
    study = small()
    planner = Planner(study, job(study, tmp_path).households)
    run = planner.all_runs()[0]
    words: list[int] = []
    outcome = perform(
        run, job(study, tmp_path).households, "here", lambda *w: words.append(w[0]), lambda: True
    )
    assert words[0] == 1
    assert outcome.result.figures["steps"] == 12
    np.testing.assert_array_equal(outcome.result.curves["heldout_step"], [4, 8, 12])
    for name in ("runs", "models"):
        (tmp_path / name).mkdir()
    write_result(tmp_path, outcome.result, outcome.model)
    kept = read_results(tmp_path)[run.key]
    assert kept.figures == outcome.result.figures
    assert dict(kept.settings) == {"model.latent_z": 2}
    assert read_model(tmp_path, run.key)["name"]


def test_a_run_that_fails_is_a_result_with_a_sentence(tmp_path: Path) -> None:
    study = small(settings={**TINY, "model.dim": 3})
    run = Planner(study, job(study, tmp_path).households).all_runs()[0]
    result = perform(run, job(study, tmp_path).households, "", lambda *_: None, lambda: True).result
    assert "set model.dim to 2" in result.sentence
    assert "Traceback" in result.details
    assert not result.figures


def test_a_worker_is_killed_in_the_middle_and_the_study_completes(tmp_path: Path) -> None:
    """In a process of its own, as the window does it: a two-process cluster, one of them killed."""
    study = small(settings=LONG)
    with Worker(job(study, tmp_path, workers=2)) as worker:
        killed, running, lines = False, set(), {}
        end: StudyEnd | None = None
        for message in worker.messages():
            if isinstance(message, Finished):
                end = message.result
            if not isinstance(message, Reports):
                continue
            for report in message.reports:
                if isinstance(report, RunChanged):
                    lines[report.line.key] = report.line
                    if report.line.worker and not report.line.state.ended:
                        running.add(report.line.worker)
            if len(running) == 2 and not killed:
                victims = training_processes(worker.pid)
                os.kill(victims[0], signal.SIGKILL)
                killed = True
    assert killed
    assert end is not None
    assert (end.finished, end.failed) == (4, 0)
    assert all(line.state is RunState.FINISHED for line in lines.values())
    assert len(read_results(tmp_path)) == 4


def training_processes(driver: int | None) -> list[int]:
    import psutil

    children = psutil.Process(driver).children(recursive=True)
    return [c.pid for c in children if "spawn_main" in " ".join(c.cmdline())]


BROKEN_OFF = """
import sys
from pathlib import Path
from small_studies import job, small
from test_study_runs import LONG
from lvm_studio.studies.reports import RunChanged
if __name__ == "__main__":
    for report in job(small(settings=LONG), Path(sys.argv[1]), workers=1).run():
        if isinstance(report, RunChanged) and report.line.state.ended:
            print("ended", flush=True)
"""


def test_a_study_killed_half_way_repeats_nothing_that_is_finished(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(BROKEN_OFF)
    folder = tmp_path / "study"
    process = subprocess.Popen(
        [sys.executable, str(program), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ended"  # one run of four
    import psutil

    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    process.stdout.close()
    gone, alive = psutil.wait_procs(family, timeout=20)
    assert gone
    assert not alive  # workers do not outlive the one who started them
    before = {key: result.seconds for key, result in read_results(folder).items()}
    assert before
    axes = {"model.latent_z": (2, 3), "model.dim": (2, 3)}
    lines, end = lines_of(job(small(settings=LONG, space={"axes": axes}, seeds=1), folder))
    assert end.again == 1  # the first candidate of the broken-off study is one of this one
    assert (end.finished, end.failed, len(lines)) == (2, 2, 4)
    after = read_results(folder)
    assert {key: after[key].seconds for key in before} == before
    failed = [line for line in lines.values() if line.state is RunState.FAILED]
    assert {line.settings["model.dim"] for line in failed} == {3}
    assert all("set model.dim to 2" in line.sentence for line in failed)


def test_the_same_study_on_a_cluster_of_somebody(tmp_path: Path) -> None:
    """A scheduler and its worker in processes of their own, found by their address."""
    address, processes = started_cluster(threads=1)
    try:
        there = replace(job(small(), tmp_path), place=Scheduler(address=address))
        lines, end = lines_of(there)
    finally:
        ended(processes)
    assert (end.finished, end.failed) == (4, 0)
    assert {line.state for line in lines.values()} == {RunState.FINISHED}


def started_cluster(threads: int) -> tuple[str, list[subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen(
        [*command, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert scheduler.stderr is not None
    address = ""
    for line in scheduler.stderr:
        if "Scheduler at:" in line:
            address = line.split("Scheduler at:")[1].strip()
            break
    options = ["--nthreads", str(threads), "--no-dashboard", "--host", "127.0.0.1"]
    worker = subprocess.Popen(
        [*command, "worker", address, *options], stderr=subprocess.PIPE, text=True
    )
    assert worker.stderr is not None
    for line in worker.stderr:
        if "Registered to" in line or "Starting established connection" in line:
            break
    return address, [worker, scheduler]


def ended(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.communicate(timeout=30)


UNREACHABLE = """
import logging
from pathlib import Path
from dataclasses import replace
from lvm_studio.data.errors import DataError
from lvm_studio.studies import cluster
from small_studies import job, small
cluster.CONNECT_SECONDS = 1
for address in ("tcp://127.0.0.1:1", "nonsense", "warp://x:1"):
    place = cluster.Scheduler(address=address)
    try:
        list(replace(job(small(), Path("{folder}")), place=place).run())
    except DataError as error:
        print(error)
print(logging.getLogger("distributed.scheduler").isEnabledFor(logging.ERROR))
"""


def test_a_scheduler_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNREACHABLE.format(folder=tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert done.stderr == ""
    *lines, dask_speaks = done.stdout.splitlines()
    assert dask_speaks == "False"
    assert len(lines) == 3
    for line, address in zip(lines, ("tcp://127.0.0.1:1", "nonsense", "warp://x:1"), strict=True):
        assert line.startswith(f"No scheduler answers at {address}; start one with")


def test_a_result_without_the_objective_counts_as_failed() -> None:
    result = RunResult("k", {"lr": 0.1}, 0, figures={"heldout_elbo": 1.0, "steps": 12.0})
    line = RunLine.of(result, "beauty")
    assert line.state is RunState.FAILED
    assert line.sentence == ("'beauty' is not among the figures of this run: heldout_elbo, steps.")
    assert RunLine.of(result, "heldout_elbo").state is RunState.FINISHED


def test_a_damaged_result_is_as_if_not_there(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for key in ("good", "bad"):
        write_result(tmp_path, RunResult(key, {"lr": 0.1}, 0))
    path = tmp_path / "runs" / "bad.h5"
    path.write_bytes(path.read_bytes()[:-100])
    assert set(read_results(tmp_path)) == {"good"}


def test_a_search_learns_and_goes_on_where_it_stood() -> None:
    axes = {"lr": {"low": 1e-4, "high": 1e-1, "log": True}, "model.latent_z": (2, 3)}
    study = small(space={"kind": "search", "trials": 3, "axes": axes})
    planner = Planner(study, load_london())
    assert isinstance(study.space, Search)
    known: dict[str, RunResult] = {}
    search = Searched(study, study.space, planner, known)
    for _ in range(5):  # of six: two seeds of three candidates
        run = search.next()
        assert run is not None
        known[run.key] = RunResult(run.key, run.settings, run.seed, {"heldout_elbo": 1.0})
        search.tell(known[run.key])
    again = Searched(study, study.space, planner, known)
    last = again.next()
    assert last is not None
    assert last.key not in known  # the seed that was missing
    assert last.key == search.next().key  # type: ignore[union-attr]
    assert again.next() is None


@pytest.mark.parametrize("workers", [1, 3])
def test_a_candidate_that_a_search_proposes_again_is_not_computed_again(workers: int) -> None:
    """Six candidates of two seeds; each is proposed several times, also while it is computed."""
    axes = {"model.latent_z": (2, 3), "batch": {"low": 16, "high": 18, "whole": True}}
    study = small(space={"kind": "search", "trials": 20, "axes": axes})
    assert isinstance(study.space, Search)
    search = Searched(study, study.space, Planner(study, load_london()), {})
    computing, told = deque[PlannedRun](), set()
    while True:
        while len(computing) < workers and (run := search.next()) is not None:
            computing.append(run)
        if not computing:
            break
        run = computing.popleft()
        assert run.key not in told
        told.add(run.key)
        search.tell(RunResult(run.key, run.settings, run.seed, {"heldout_elbo": 1.0}))
    assert len(told) == study.size == 12


def test_a_candidate_that_is_drawn_twice_is_computed_once() -> None:
    study = small(space={"kind": "random", "draws": 9, "axes": {"model.latent_z": (2, 3)}})
    runs = Planner(study, load_london()).all_runs()
    assert len({run.key for run in runs}) == len(runs) == 4


def test_a_search_finds_the_better_end() -> None:
    axes = {"lr": {"low": 1e-4, "high": 1e-1, "log": True}}
    study = small(space={"kind": "search", "trials": 25, "axes": axes}, seeds=1)
    assert isinstance(study.space, Search)
    search = Searched(study, study.space, Planner(study, load_london()), {})
    tried = []
    while (run := search.next()) is not None:
        distance = abs(np.log10(run.spec.lr) + 2.0)
        tried.append(distance)
        search.tell(RunResult(run.key, run.settings, 0, {"heldout_elbo": -distance}))
    assert len(tried) == 25
    assert np.mean(tried[-8:]) < np.mean(tried[:8])


def test_without_dask_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DataError, match="the extra 'cluster'"):
        list(job(small(), tmp_path).run())


def test_without_optuna_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    space = {"kind": "search", "trials": 3, "axes": {"lr": {"low": 1e-4, "high": 1e-1}}}
    with pytest.raises(DataError, match="the extra 'cluster'"):
        list(job(small(space=space), tmp_path).run())


def test_without_data_or_a_place_to_write(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="learns from households"):
        list(StudyJob(small(recipe="vae"), LocalCores(), tmp_path).run())
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        list(job(small(), tmp_path / "file").run())
