"""What a step costs, and steps that a GPU takes by itself."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lvm_studio.data.london import load_london
from lvm_studio.models.networks import GraphNN, _Packed, _Padded
from lvm_studio.training.graphed import STEPS_AT_ONCE, can_be_recorded
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import RECIPES, with_overrides
from lvm_studio.training.reports import DeviceReport, TrainingDiverged, TrainReport, Wish
from lvm_studio.training.run import TrainingRun
from lvm_studio.training.speed import Workload

needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA GPU: steps are recorded only there"
)
TINY = {
    "model.latent_w": 4,
    "model.latent_z": 2,
    "model.part_hidden": 8,
    "model.day_hidden": 8,
    "model.dropout": 0.0,
    "model.head": None,
    "model.fitted_prior": None,
    "k_max": 12,
    "batch": 8,
    "steps": 40,
    "eval_every": 20,
    "warmup_steps": 2,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def london():
    return load_london()


def tiny(**changes):
    return with_overrides(RECIPES["households"], TINY | changes).spec


def test_padded_parts_give_what_packed_parts_give():
    generator = torch.Generator().manual_seed(1)
    network = GraphNN(5, 3, 16, 7)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    mask = torch.tensor([[1, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0]], dtype=torch.float32)
    parts, g = torch.randn(3, 4, 5, generator=generator), torch.randn(3, 3, generator=generator)
    layer = network.layers[0]
    found = []
    for places in (_Packed(mask), _Padded(mask)):
        h = network.lift(places.rows(parts))
        found.append(places.put_back(layer(h, places, g)))
    assert torch.allclose(found[0], found[1], atol=1e-6)
    assert found[0].abs().max() > 0.1
    assert not found[1][mask == 0].any()


def test_the_share_of_the_peak_is_operations_over_what_was_possible():
    assert Workload(flops=3e9, peak=6e10).share(steps=20, seconds=4.0) == pytest.approx(0.25)
    assert Workload(flops=3e9, peak=6e10).share(steps=0, seconds=0.0) == 0.0


def test_operations_grow_with_the_batch_and_are_kept_with_the_model(london):
    small, large = (TrainingRun(HouseholdProblem(tiny(batch=b), london)) for b in (8, 32))
    assert 3.0 < large.workload.flops / small.workload.flops < 5.0
    small.train_steps()
    provenance = small.trained_model().provenance
    assert provenance["flops_per_step"] == small.workload.flops
    assert 0.0 < provenance["share_of_peak"] < 1.0


def test_a_product_is_counted_as_two_operations_a_term():
    a, b = torch.ones(3, 5), torch.ones(5, 7)
    with FlopCounterMode(display=False) as counter:
        a @ b
    assert counter.get_total_flops() == 2 * 3 * 5 * 7


def test_the_device_is_told_with_what_a_step_costs(london):
    report = next(train(tiny(), london))
    assert isinstance(report, DeviceReport)
    assert report.flops > 1e5
    assert report.peak > 1e8


def test_nothing_is_recorded_without_a_gpu(london):
    assert not can_be_recorded(HouseholdProblem(tiny(), london))


def diverges(run):
    while True:
        run.train_steps()


def test_after_divergence_the_weights_stay(london):
    run = TrainingRun(HouseholdProblem(tiny(lr=1e6, warmup_steps=0, clip_norm=1e30), london))
    with pytest.raises(TrainingDiverged, match="no longer a number"):
        diverges(run)
    weights = {name: value.clone() for name, value in run.module.state_dict().items()}
    step = run.step
    with pytest.raises(TrainingDiverged):
        run.train_steps()
    assert run.step == step
    for name, value in run.module.state_dict().items():
        torch.testing.assert_close(value, weights[name], rtol=0, atol=0, equal_nan=True)


@needs_cuda
def test_recorded_steps_learn_what_steps_in_turn_learn(london):
    """The same draws, once replayed from a graph and once called one by one."""
    from lvm_studio.training import graphed

    recorded = TrainingRun(HouseholdProblem(tiny(device="cuda"), london))
    called = TrainingRun(HouseholdProblem(tiny(device="cuda"), london))
    assert called._graphed is not None
    called._graphed._record = lambda: None
    bounds = []
    for run in (recorded, called):
        reports = [report for _ in range(4) for report in run.train_steps()]
        bounds.append([report.elbo for report in reports])
    assert recorded._graphed._graph is not None
    assert len(bounds[0]) > graphed.EAGER_STEPS
    np.testing.assert_allclose(bounds[0], bounds[1], rtol=1e-4)


@needs_cuda
def test_a_gpu_run_goes_on_where_it_was(london):
    spec = tiny(device="cuda")
    whole = [r for r in train(spec, london) if isinstance(r, TrainReport)]
    running = train(spec, london)
    report = next(running)
    while not (isinstance(report, TrainReport) and report.step == 20):
        report = next(running)
    checkpoint = running.send(Wish.CHECKPOINT)
    running.close()
    resumed = [r for r in train(spec, london, resume=checkpoint.tree) if isinstance(r, TrainReport)]
    assert whole[-1].elbo == pytest.approx(resumed[-1].elbo, rel=1e-3)


@needs_cuda
def test_a_gpu_run_reports_every_step_and_leaves_the_generators_alone(london):
    torch.cuda.manual_seed(3)
    expected = torch.rand(2, device="cuda")
    torch.cuda.manual_seed(3)
    reports = [r for r in train(tiny(device="cuda"), london) if isinstance(r, TrainReport)]
    assert torch.equal(torch.rand(2, device="cuda"), expected)
    assert [r.step for r in reports if r.split == "train"] == list(range(1, 41))
    assert [r.step for r in reports if r.split == "heldout"] == [20, 40]
    assert STEPS_AT_ONCE > 1


@needs_cuda
def test_divergence_on_a_gpu_is_one_sentence(london):
    spec = tiny(device="cuda", lr=1e18, warmup_steps=0, clip_norm=1e30)
    with pytest.raises(TrainingDiverged, match="no longer a number"):
        list(train(spec, london))
