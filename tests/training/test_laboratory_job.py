"""The laboratory: frames, a sigma that is grabbed, steps taken one by one, alone and driven."""

import pickle
from queue import SimpleQueue

import numpy as np
import pytest

from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.engine.driver import drive
from lvm_studio.engine.messages import Command, Finished, Paused, Reports, Resumed
from lvm_studio.training.frames import Frame, SetSigma, TakeSteps
from lvm_studio.training.laboratory import LaboratoryJob
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import RECIPES, with_overrides
from lvm_studio.training.reports import Checkpoint, TrainReport, Wish


def tiny(name="sinusoid", **changes):
    settings = {"steps": 30, "batch": 20, "eval_every": 10, "device": "cpu", "warmup_steps": 2}
    sizes = {"model.hidden": 8, "model.latent_z": 2, "eval_samples": 4}
    return with_overrides(RECIPES[name], settings | sizes | changes).spec


def job(**changes):
    return LaboratoryJob(tiny(**changes), frames_per_second=1e9, points=25)


def test_every_step_is_in_one_frame_and_the_run_is_the_ordinary_one():
    reports = list(job().run())
    frames = [r for r in reports if isinstance(r, Frame)]
    steps = [r.step for frame in frames for r in frame.reports]
    assert steps == list(range(1, 31))
    assert frames[-1].reconstruction.shape == frames[-1].sample.shape == (25, 2)
    assert (np.diff(frames[-1].sigma) >= 0).all()
    assert frames[-1].walk.shape == frames[-1].walk_stddev.shape == (161, 2)
    assert (frames[-1].walk_stddev > 0).all()
    ordinary = list(train(tiny()))[-1].tree["weights"]
    watched = reports[-1].tree["weights"]
    assert all(np.array_equal(ordinary[name], watched[name]) for name in ordinary)


def test_frames_can_cross_to_another_process():
    frame = next(r for r in job().run() if isinstance(r, Frame))
    assert pickle.loads(pickle.dumps(frame)).x.shape == (25, 2)


@pytest.mark.parametrize("name", ["sinusoid", "sinusoid-fixed", "sinusoid-local"])
def test_a_grabbed_sigma_is_there_at_once_and_the_run_goes_on(name):
    reports = job(name=name).run()
    for report in reports:
        if isinstance(report, Frame) and report.step == 5:
            break
    frame = reports.send(SetSigma(0.5))
    assert isinstance(frame, Frame)
    assert frame.step == 5
    assert frame.sigma[2] == pytest.approx(0.5, rel=0.05)
    assert list(reports)[-1].step == 30


def test_steps_on_request():
    reports = job().run()
    next(reports), next(reports)
    frame = reports.send(TakeSteps(4))
    assert isinstance(frame, Frame)
    assert frame.step == 4
    assert [r.step for r in frame.reports] == [1, 2, 3, 4]
    assert isinstance(reports.send(Wish.CHECKPOINT), Checkpoint)


def test_a_paused_job_answers_a_request_and_rests_again():
    commands = SimpleQueue()
    commands.put(Command.PAUSE)
    messages = drive(job(), commands)
    assert isinstance(next(messages), Paused)
    commands.put(TakeSteps(3))
    commands.put(Command.RESUME)
    seen = list(messages)
    assert isinstance(seen[0], Resumed)
    assert isinstance(seen[-1], Finished)
    frames = [r for m in seen if isinstance(m, Reports) for r in m.reports if isinstance(r, Frame)]
    assert 3 in [frame.step for frame in frames]


def test_while_paused_a_request_brings_one_frame():
    commands = SimpleQueue()
    messages = drive(job(), commands)
    next(messages), next(messages)  # the device, the first frame
    commands.put(Command.PAUSE)
    commands.put(TakeSteps(2))
    assert isinstance(next(messages), Paused)
    (frame,) = next(messages).reports
    assert frame.step == 2
    commands.put(SetSigma(0.2))
    (frame,) = next(messages).reports
    assert frame.step == 2
    assert frame.sigma[0] == pytest.approx(0.2)


def test_points_of_a_file_are_learned_too():
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    spec = tiny(**{"model.dim": 3, "steps": 5})
    reports = list(LaboratoryJob(spec, VectorSet("mine", x), points=9).run())
    assert any(isinstance(r, TrainReport) and r.split == "heldout" for r in reports)
    assert [r for r in reports if isinstance(r, Frame)][-1].x.shape == (6, 3)
