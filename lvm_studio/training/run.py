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
from lvm_studio.models.seeded import seeded
from lvm_studio.models.trained import TrainedModel, fill_weights, weights_to_tree
from lvm_studio.training.graphed import STEPS_AT_ONCE, GraphedSteps, can_be_recorded
from lvm_studio.training.guard import MOST_IN_A_ROW, StepGuard
from lvm_studio.training.history import History
from lvm_studio.training.objectives.objective import Drawing, build_objective, importance_bound
from lvm_studio.training.optimiser import fill_optimiser, new_optimiser, optimiser_to_tree
from lvm_studio.training.problem import Problem, Refined, Showing, hardware
from lvm_studio.training.reports import (
    DeviceReport,
    Finished,
    Refining,
    TrainingDiverged,
    TrainReport,
)
from lvm_studio.training.spec import TrainSpec
from lvm_studio.training.speed import workload

HELDOUT_NOISE_SEED = 20_130_107
FIGURES = 8
"""Numbers that a step gives: see `TrainingRun._figures`."""


class TrainingRun:
    """Module, optimiser and clock of a run; each call of `train_steps` moves it on.

    All randomness of a step comes from (seed, step): a continued run draws what an uninterrupted
    one would have drawn, and no generator state has to be kept.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.spec = problem.spec
        self.module = problem.new_module()
        self.step = 0
        self.seconds = 0.0
        self._stopped = False
        self.history = History()
        self._optimiser = new_optimiser(self.module, self.spec)
        self._unsound = torch.zeros((), device=problem.device)
        self._optimiser.found_inf = self._unsound  # where it is 1, the optimiser does nothing
        self._guard = StepGuard(self.spec.explosion).to(problem.device)
        self._objective = build_objective(
            self.spec.objective, self.module, self.spec.prior_path_weight
        ).to(problem.device)
        self._graphed = self._recorded() if can_be_recorded(problem) else None
        self._heldout = problem.heldout_batch()
        self.workload = workload(problem, self.module)

    def _recorded(self) -> GraphedSteps:
        lr = torch.zeros((), device=self.problem.device)
        for group in self._optimiser.param_groups:
            group |= {"lr": lr, "capturable": True}
        return GraphedSteps(self._descend, FIGURES, lr, self._seed_of)

    def _seed_of(self, step: int) -> int:
        return 3 * _mixed(self.spec.seed, step)

    @property
    def progress(self) -> float:
        """Share of the run that is done, 0 to 1, by steps or by minutes."""
        return self._progress_at(self.step)

    def _progress_at(self, step: int) -> float:
        share = step / self.spec.steps
        if self.spec.minutes is not None:
            share = max(share, self.seconds / (60.0 * self.spec.minutes))
        return min(share, 1.0)

    @property
    def finished(self) -> bool:
        """The steps or the minutes are used up, or somebody stopped it."""
        return self._stopped or self.progress >= 1.0

    def stop(self) -> None:
        """Take no further step."""
        self._stopped = True

    @property
    def lr(self) -> float:
        """Linear warm-up, then half a cosine down to zero."""
        return self._lr_at(self.step)

    def _lr_at(self, step: int) -> float:
        warmup = min(1.0, (step + 1) / (self.spec.warmup_steps + 1))
        return self.spec.lr * warmup * 0.5 * (1.0 + math.cos(math.pi * self._progress_at(step)))

    def train_steps(self) -> tuple[TrainReport, ...]:
        """One step of the optimiser; on a GPU several, up to the next evaluation at most.

        Raises:
            TrainingDiverged: the loss is not a number; the weights are left as they were.
        """
        began = time.perf_counter()
        lrs = [self._lr_at(self.step + ahead) for ahead in range(self._steps_at_once())]
        rows = self._take(lrs)
        each = (time.perf_counter() - began) / len(rows)
        reports = []
        for row, lr in zip(rows, lrs, strict=True):
            if row[-1] >= MOST_IN_A_ROW:
                raise TrainingDiverged(
                    f"The loss explodes or is no longer a number at step {self.step + 1}, as in "
                    f"the {MOST_IN_A_ROW - 1} before it; start again with a learning rate (lr) "
                    f"below {self.spec.lr:g}."
                )
            self.step += 1
            self.seconds += each
            reports.append(self._report("train", row, lr))
        self.history.train = reports[-1]
        return tuple(reports)

    def _steps_at_once(self) -> int:
        if self._graphed is None:
            return 1
        to_evaluation = self.spec.eval_every - self.step % self.spec.eval_every
        return min(STEPS_AT_ONCE, to_evaluation, self.spec.steps - self.step)

    def _take(self, lrs: list[float]) -> list[list[float]]:
        if self._graphed is not None:
            return self._graphed.take(self.step, lrs)
        for group in self._optimiser.param_groups:
            group["lr"] = lrs[0] * group["lr_factor"]
        with _randomness(self.spec.seed, self.step, self.problem.device) as (drawn, noise):
            return [self._descend(drawn, noise).tolist()]

    def _descend(self, drawn: torch.Generator, noise: torch.Generator) -> Tensor:
        """One step and its figures; the optimiser does nothing where the step is not sound.

        No number comes to the host on the way.
        """
        self.module.train()
        self._objective.train()
        batch = self.problem.draw(self.spec.batch, drawn)
        worth, elbo = self._objective(batch, noise)
        self._optimiser.zero_grad(set_to_none=True)
        # nats per coordinate (half-hours of a week, pixels): sizes of steps do not depend on D
        torch.autograd.backward(-worth.mean() / self.problem.size)
        norm = torch.nn.utils.clip_grad_norm_(self.module.parameters(), self.spec.clip_norm)
        self._unsound.copy_(~self._guard(worth.detach().mean(), norm))
        self._optimiser.step()
        self._objective.advance()
        return self._figures(elbo, batch.size).detach()

    @torch.no_grad()
    def evaluate(self) -> TrainReport | None:
        """The bound on the fixed held-out batch; None if the set holds nothing out."""
        report = None
        if self._heldout is not None:
            self.module.eval()
            noise = torch.Generator(self.problem.device).manual_seed(HELDOUT_NOISE_SEED)
            elbo = self.module.elbo(self._heldout, noise)
            figures = self._figures(elbo, self._heldout.size).tolist()
            tight = self._tight_bound(noise)
            report = dataclasses.replace(self._report("heldout", figures, self.lr), tight=tight)
        self.history.record(report)
        if isinstance(self.problem, Showing) and self.history.wants_whole(self.progress):
            self.history.keep_whole(self.step, self.problem.shown_whole(self.module))
        return report

    def _tight_bound(self, noise: torch.Generator) -> float | None:
        """Eq. 3.5 on the held-out batch, where it is asked for and the model gives draws."""
        if not (self.spec.eval_samples and isinstance(self.module, Drawing)):
            return None
        bound = importance_bound(self.module, self._heldout, self.spec.eval_samples, noise)
        return float(bound.mean())

    def _figures(self, elbo: Elbo, size: Tensor) -> Tensor:
        """The bound, its terms, parts, sigma, and what was skipped, [8], on the device."""
        terms = (elbo.elbo, elbo.reconstruction, elbo.kl_w_total, elbo.kl_z_total, size)
        skipped = (self._guard.skipped, self._guard.in_a_row)
        return torch.stack([*(term.mean() for term in terms), self.module.sigma(), *skipped])

    def _report(
        self, split: Literal["train", "heldout"], figures: list[float], lr: float
    ) -> TrainReport:
        bound, reconstruction, kl_w, kl_z, k, sigma, skipped, _ = figures
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
            skipped=int(skipped),
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
            "objective": weights_to_tree(self._objective),
            "guard": weights_to_tree(self._guard),
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
        for name, module in (("objective", self._objective), ("guard", self._guard)):
            if name in view:  # a run from before there were any goes on with fresh ones
                fill_weights(module, view.child(name))
        self.step = view.integer("step")
        self.seconds = view.number("seconds")
        self.history = History.from_tree(dict(view.child("history").tree))

    def figures(self) -> dict[str, float]:
        """The last held-out bound and its terms, if anything is held out."""
        last = self.history.last_heldout()
        return {f"heldout_{name}": value for name, value in last.items()}

    def refine(self) -> Iterator[Refining]:
        """Fit what is fitted last (the prior over z); one report for every percent of it."""
        if not isinstance(self.problem, Refined):
            return
        told = 0.0
        for share in self.problem.refine(self.module):
            if share >= told:
                yield Refining(share)
                told = share + 0.01

    def result(self) -> Finished:
        """The last report of the run: the model as it stands."""
        return Finished(self.step, self.trained_model().to_tree(), self.figures())

    def device_report(self) -> DeviceReport:
        """Where the run computes, and how much."""
        device, cost = self.problem.device, self.workload
        parameters = sum(p.numel() for p in self.module.parameters())
        return DeviceReport(str(device), hardware(device), parameters, cost.flops, cost.peak)

    def trained_model(self) -> TrainedModel:
        """The model as it stands, on the CPU, with its provenance."""
        made: dict[str, str | float | int] = {
            "steps": self.step,
            "seconds": self.seconds,
            "flops_per_step": self.workload.flops,
            "peak_flops": self.workload.peak,
            "share_of_peak": self.workload.share(self.step, self.seconds),
        }
        provenance = {**made, **self.figures()}
        return self.problem.trained_model(self.module, provenance, self.history.columns())


def _spec_of(view: TreeView) -> TrainSpec | None:
    """The spec a checkpoint was made under; settings it did not know yet have their defaults."""
    try:
        return TrainSpec.model_validate_json(view.text("spec"))
    except ValidationError:
        return None


def _mixed(seed: int, step: int) -> int:
    return (seed * 1_000_003 + step) % (2**61)  # three times that is still a seed


@contextmanager
def _randomness(
    seed: int, step: int, device: torch.device
) -> Iterator[tuple[torch.Generator, torch.Generator]]:
    """Generators for drawing data (CPU) and latents (device) at a step; dropout is seeded too."""
    mixed = _mixed(seed, step)
    drawn = torch.Generator().manual_seed(3 * mixed)
    noise = torch.Generator(device).manual_seed(3 * mixed + 1)
    with seeded(3 * mixed + 2, device):
        yield drawn, noise
