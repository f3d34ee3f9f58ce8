"""The training loop: reports, resuming to the bit, and how a run ends badly."""

import json
import pickle

import numpy as np
import pytest
import torch

from lvm_studio.data.errors import DataError
from lvm_studio.data.london import load_london
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.job import TrainingJob
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import RECIPES, with_overrides
from lvm_studio.training.reports import (
    Checkpoint,
    DeviceReport,
    Finished,
    TrainingDiverged,
    TrainReport,
    Wish,
)

TINY = {
    "households": {
        "model.latent_w": 4,
        "model.latent_z": 2,
        "model.part_hidden": 8,
        "model.day_hidden": 8,
        "model.head": None,
        "model.fitted_prior": None,
        "k_max": 12,
    },
    "vae": {
        "model.latent_z": 3,
        "model.hidden": 16,
        "model.settled": 64,
        "model.fitted_prior": {"couplings": 2, "steps": 4, "sums": 64, "matched": True},
    },
}
WITH_CLOSED_FORMS = {
    "model.head": {"rank": 3, "anchors": 2},
    "model.fitted_prior": {"couplings": 2, "steps": 4, "sums": 64},
}


@pytest.fixture(scope="module")
def london():
    return load_london()


def tiny(name="households", **changes):
    settings = {"steps": 12, "batch": 4, "eval_every": 4, "device": "cpu", "warmup_steps": 2}
    return with_overrides(RECIPES[name], TINY[name] | settings | changes).spec


def weights(tree):
    return {name: array.tobytes() for name, array in tree["weights"].items()}


def finished(reports):
    return list(reports)[-1]


@pytest.mark.parametrize("name", ["households", "vae"])
def test_a_run_reports_and_ends_with_a_model(name, london):
    spec = tiny(name)
    reports = list(TrainingJob(spec, london).run())
    assert isinstance(reports[0], DeviceReport)
    steps = [r.step for r in reports if isinstance(r, TrainReport) and r.split == "train"]
    heldout = [r.step for r in reports if isinstance(r, TrainReport) and r.split == "heldout"]
    assert steps == list(range(1, 13))
    assert heldout == [4, 8, 12]
    last = reports[-1]
    assert isinstance(last, Finished)
    model = TrainedModel.from_tree(last.tree)
    assert model.kind == spec.model.kind
    assert model.provenance["steps"] == 12
    assert model.history["heldout_elbo"].shape == (3,)
    assert last.figures["heldout_elbo"] == model.history["heldout_elbo"][-1]


def test_terms_add_up(london):
    for report in train(tiny(), london):
        if isinstance(report, TrainReport):
            parts = report.reconstruction - report.kl_w - report.kl_z
            assert report.elbo == pytest.approx(parts, abs=0.01)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("households", {"model.noise": "independent"}),
        ("households", {"model.noise": "autoregressive"}),
        ("households", WITH_CLOSED_FORMS),
        ("vae", {}),
    ],
)
def test_a_resumed_run_is_the_same_to_the_bit(name, changes, london):
    spec = tiny(name, **changes)
    whole = finished(train(spec, london))
    running = train(spec, london)
    report = next(running)
    while not (isinstance(report, TrainReport) and report.step == 6):
        report = next(running)
    checkpoint = running.send(Wish.CHECKPOINT)
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.step == 6
    running.close()
    torch.manual_seed(99)  # whatever else draws random numbers does not matter
    resumed = finished(train(spec, london, resume=pickle.loads(pickle.dumps(checkpoint.tree))))
    assert weights(resumed.tree) == weights(whole.tree)
    np.testing.assert_array_equal(
        resumed.tree["history"]["heldout_elbo"], whole.tree["history"]["heldout_elbo"]
    )


def test_a_run_that_is_stopped_ends_with_the_model_it_has(london):
    running = train(tiny(), london)
    report = next(running)
    while not (isinstance(report, TrainReport) and report.step == 3):
        report = next(running)
    following = running.send(Wish.STOP)
    later = [following, *running]
    assert not any(isinstance(each, TrainReport) and each.split == "train" for each in later)
    end = later[-1]
    assert isinstance(end, Finished)
    assert end.step == 3
    assert "heldout_elbo" in end.figures


def test_a_checkpoint_is_a_copy(london):
    running = train(tiny(), london)
    next(running)
    next(running)
    checkpoint = running.send(Wish.CHECKPOINT)
    before = weights(checkpoint.tree)
    next(running)
    assert weights(checkpoint.tree) == before


def test_checkpoints_come_by_themselves(london):
    reports = list(train(tiny(checkpoint_seconds=1e-6), london))
    assert [r.step for r in reports if isinstance(r, Checkpoint)] == list(range(1, 13))


def test_two_seeds_differ_and_one_repeats(london):
    same = [weights(finished(train(tiny(steps=2), london)).tree) for _ in range(2)]
    other = weights(finished(train(tiny(steps=2, seed=1), london)).tree)
    assert same[0] == same[1] != other


def test_training_leaves_the_global_generator_alone(london):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    list(train(tiny(steps=2), london))
    assert torch.equal(torch.rand(3), expected)


def test_a_diverging_run_says_so_in_one_sentence(london):
    with pytest.raises(TrainingDiverged, match=r"no longer a number at step \d+.*learning rate"):
        list(train(tiny(steps=60, lr=1e18, warmup_steps=0, clip_norm=1e30), london))


def test_a_checkpoint_of_another_run_is_refused(london):
    running = train(tiny(), london)
    next(running)
    checkpoint = running.send(Wish.CHECKPOINT)
    with pytest.raises(DataError, match="other settings"):
        next(train(tiny(batch=8), london, resume=checkpoint.tree))


def test_a_checkpoint_from_before_a_setting_existed_goes_on(london):
    spec = tiny(**{"model.noise": "independent"})
    running = train(spec, london)
    next(running)
    tree = running.send(Wish.CHECKPOINT).tree
    old = json.loads(tree["spec"])
    del old["model"]["noise"]
    resumed = train(spec, london, resume={**tree, "spec": json.dumps(old)})
    assert isinstance(next(resumed), DeviceReport)


def test_a_checkpoint_from_before_objectives_and_guards_goes_on(london):
    spec = tiny()
    running = train(spec, london)
    next(running)
    tree = running.send(Wish.CHECKPOINT).tree
    old = {name: branch for name, branch in tree.items() if name not in {"objective", "guard"}}
    assert isinstance(next(train(spec, london, resume=old)), DeviceReport)


def test_minutes_end_a_run_early(london):
    reports = list(train(tiny(steps=100_000, minutes=1e-4), london))
    assert reports[-1].step < 100_000


def test_a_job_can_be_pickled(london):
    job = pickle.loads(pickle.dumps(TrainingJob(tiny(steps=1), london)))
    assert isinstance(finished(job.run()), Finished)


def test_cuda_that_is_not_there_is_said(london):
    if torch.cuda.is_available():
        assert next(train(tiny(device="cuda"), london)).device == "cuda"
        return
    with pytest.raises(DataError, match="No CUDA device"):
        next(train(tiny(device="cuda"), london))
