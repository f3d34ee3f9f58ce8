"""The state of one training run: what a step changes and what a checkpoint holds."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from pydantic import ValidationError
from torch import Tensor

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.models.elbo import Elbo
from lvm_studio.models.trained import TrainedModel, fill_weights, weights_to_tree
from lvm_studio.training.history import History
from lvm_studio.training.optimiser import fill_optimiser, new_optimiser, optimiser_to_tree
from lvm_studio.training.problem import Problem
from lvm_studio.training.reports import TrainingDiverged, TrainReport
from lvm_studio.training.spec import TrainSpec

HELDOUT_NOISE_SEED = 20_130_107


class TrainingRun:
    """Module, optimiser and clock of a run; each call of `train_step` moves it on.

    All randomness of a step comes from (seed, step): a continued run draws what an uninterrupted
    one would have drawn, and no generator state has to be kept.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.spec = problem.spec
        self.module = problem.new_module()
        self.step = 0
        self.seconds = 0.0
        self.history = History()
        self._optimiser = new_optimiser(self.module, self.spec)
        self._heldout = problem.heldout_batch()

    @property
    def progress(self) -> float:
        """Share of the run that is done, 0 to 1, by steps or by minutes."""
        share = self.step / self.spec.steps
        if self.spec.minutes is not None:
            share = max(share, self.seconds / (60.0 * self.spec.minutes))
        return min(share, 1.0)

    @property
    def finished(self) -> bool:
        """The steps or the minutes are used up."""
        return self.progress >= 1.0

    @property
    def lr(self) -> float:
        """Linear warm-up, then half a cosine down to zero."""
        warmup = min(1.0, (self.step + 1) / (self.spec.warmup_steps + 1))
        return self.spec.lr * warmup * 0.5 * (1.0 + math.cos(math.pi * self.progress))

    def train_step(self) -> TrainReport:
        """One step of the optimiser.

        Raises:
            TrainingDiverged: the loss is not a number; the weights are left as they were.
        """
        began = time.perf_counter()
        lr = self.lr
        elbo, size = self._gradient()
        norm = torch.nn.utils.clip_grad_norm_(self.module.parameters(), self.spec.clip_norm)
        report = self._report("train", elbo, size, lr)
        if not (math.isfinite(report.elbo) and math.isfinite(float(norm))):
            raise TrainingDiverged(
                f"The loss is no longer a number at step {self.step + 1}; start again with a "
                f"learning rate (lr) below {self.spec.lr:g}."
            )
        for group in self._optimiser.param_groups:
            group["lr"] = lr
        self._optimiser.step()
        self.step += 1
        self.seconds += time.perf_counter() - began
        self.history.train = dataclasses.replace(report, step=self.step, seconds=self.seconds)
        return self.history.train

    def _gradient(self) -> tuple[Elbo, Tensor]:
        self.module.train()
        with _randomness(self.spec.seed, self.step, self.problem.device) as (drawn, noise):
            batch = self.problem.draw(self.spec.batch, drawn)
            elbo = self.module.elbo(batch, noise)
            self._optimiser.zero_grad(set_to_none=True)
            loss = objective(elbo, self.spec.prior_path_weight, self.problem.size)
            torch.autograd.backward(loss)
        return elbo, batch.size

    @torch.no_grad()
    def evaluate(self) -> TrainReport | None:
        """The bound on the fixed held-out batch; None if the set holds nothing out."""
        report = None
        if self._heldout is not None:
            self.module.eval()
            noise = torch.Generator(self.problem.device).manual_seed(HELDOUT_NOISE_SEED)
            elbo = self.module.elbo(self._heldout, noise)
            report = self._report("heldout", elbo, self._heldout.size, self.lr)
        self.history.record(report)
        return report

    def _report(
        self, split: Literal["train", "heldout"], elbo: Elbo, size: Tensor, lr: float
    ) -> TrainReport:
        terms = (elbo.elbo, elbo.reconstruction, elbo.kl_w_total, elbo.kl_z_total, size)
        means = torch.stack([*(term.mean() for term in terms), self.module.sigma()])
        bound, reconstruction, kl_w, kl_z, k, sigma = means.tolist()  # one wait for the device
        return TrainReport(
            step=self.step,
            steps=self.spec.steps,
            seconds=self.seconds,
            split=split,
            elbo=bound,
            reconstruction=reconstruction,
            kl_w=kl_w,
            kl_z=kl_z,
            sigma=sigma,
            lr=lr,
            k=k,
        )

    def checkpoint(self) -> Tree:
        """Everything a bit-identical continuation needs; all arrays are copies."""
        return {
            "spec": self.spec.model_dump_json(),
            "dataset": self.problem.dataset,
            "step": self.step,
            "seconds": self.seconds,
            "weights": weights_to_tree(self.module),
            "optimiser": optimiser_to_tree(self._optimiser, self.module),
            "history": self.history.to_tree(),
        }

    def restore(self, tree: Tree) -> None:
        """Go on from a checkpoint of the same run.

        Raises:
            DataError: it belongs to another run, or a leaf does not fit.
        """
        view = TreeView(tree, "checkpoint")
        if _spec_of(view) != self.spec:
            raise DataError(
                "The checkpoint belongs to a run with other settings; continue it with its own."
            )
        fill_weights(self.module, view.child("weights"))
        fill_optimiser(self._optimiser, self.module, view.child("optimiser"))
        self.step = view.integer("step")
        self.seconds = view.number("seconds")
        self.history = History.from_tree(dict(view.child("history").tree))

    def figures(self) -> dict[str, float]:
        """The last held-out bound and its terms, if anything is held out."""
        last = self.history.last_heldout()
        return {f"heldout_{name}": value for name, value in last.items()}

    def trained_model(self) -> TrainedModel:
        """The model as it stands, on the CPU, with its provenance."""
        clock: dict[str, str | float | int] = {"steps": self.step, "seconds": self.seconds}
        provenance = {**clock, **self.figures()}
        return self.problem.trained_model(self.module, provenance, self.history.columns())


def _spec_of(view: TreeView) -> TrainSpec | None:
    """The spec a checkpoint was made under; settings it did not know yet have their defaults."""
    try:
        return TrainSpec.model_validate_json(view.text("spec"))
    except ValidationError:
        return None


def objective(elbo: Elbo, prior_path_weight: float, size: int) -> Tensor:
    """What is minimised: the negative bound plus the weighted prior path, nats per coordinate.

    `size` is the number of coordinates of an observation (half-hours of a week, pixels).

    The prior path is the curve at the prior means of w and z: asking that it be likely keeps the
    model from explaining by inference what labels and weather could have told.
    """
    return -(elbo.elbo + prior_path_weight * elbo.prior_path).mean() / size


@contextmanager
def _randomness(
    seed: int, step: int, device: torch.device
) -> Iterator[tuple[torch.Generator, torch.Generator]]:
    """Generators for drawing data (CPU) and latents (device) at a step; dropout is seeded too."""
    mixed = (seed * 1_000_003 + step) % (2**62)
    drawn = torch.Generator().manual_seed(3 * mixed)
    noise = torch.Generator(device).manual_seed(3 * mixed + 1)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(3 * mixed + 2)
        yield drawn, noise
