"""What reports, evaluations and checkpoints cost: a training run beside the barest loop."""

import time
from collections.abc import Iterator

import numpy as np
import torch
from figures import Record

from lvm_studio.data.london import load_london
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import recipe_named, with_overrides
from lvm_studio.training.reports import TrainReport

STEPS, PAIRS, WARM = 60, 5, 10
LEAST_RATIO = 0.95

SPEC = with_overrides(recipe_named("households"), {"device": "cpu", "steps": 10**6}).spec


def bare() -> Iterator[None]:
    """Draw, bound, gradient, step: and nothing else."""
    problem = HouseholdProblem(SPEC, load_london())
    module, generator = problem.new_module().train(), torch.Generator().manual_seed(1)
    rest = {"betas": SPEC.betas, "weight_decay": SPEC.weight_decay, "fused": True}
    optimiser = torch.optim.AdamW(module.parameters(), lr=SPEC.lr, **rest)
    while True:
        elbo = module.elbo(problem.draw(SPEC.batch, generator), generator)
        loss = -(elbo.elbo + SPEC.prior_path_weight * elbo.prior_path).mean() / problem.size
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), SPEC.clip_norm)
        optimiser.step()
        yield


def whole() -> Iterator[None]:
    """The steps of a run as a user's."""
    for report in train(SPEC, load_london()):
        if isinstance(report, TrainReport) and report.split == "train":
            yield


def pace(steps: Iterator[None], count: int) -> float:
    """Steps a second."""
    began = time.perf_counter()
    for _ in range(count):
        next(steps)
    return count / (time.perf_counter() - began)


def test_the_loop_keeps_up_with_a_bare_one(record: Record) -> None:
    torch.set_num_threads(1)
    one, other = bare(), whole()
    for steps in (one, other):
        pace(steps, WARM)
    paces = np.array([(pace(one, STEPS), pace(other, STEPS)) for _ in range(PAIRS)])
    ratio = float(np.median(paces[:, 1] / paces[:, 0]))
    record("training_loop", bare=paces[:, 0].mean(), whole=paces[:, 1].mean(), ratio=ratio)
    assert ratio >= LEAST_RATIO
