"""The model that anomalies are measured by: a VAE of vectors, told k or not, trained in passing."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

from lvm_studio.analysis.anomalies.steps import Step
from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.trained import TrainedModel
from lvm_studio.models.vectors import VectorVAE
from lvm_studio.training.problems import problem_of
from lvm_studio.training.run import TrainingRun
from lvm_studio.training.spec import TrainSpec

EVALUATIONS = 60
PATIENCE = 15
"""Evaluations of the bound on rows held back: in all, and in a row without a better one."""


@dataclass(frozen=True)
class FitSpec:
    """Sizes and length of the training of a VAE for anomalies.

    `conditional` tells the model the set's k; a plain VAE has the same sizes and is told nothing.
    """

    steps: int = 3000
    batch: int = 256
    hidden: int = 128
    latent_z: int = 5
    dropout: float = 0.0
    weight_decay: float = 0.01
    lr: float = 2e-3
    conditional: bool = True
    noise: str = "coordinate"
    seed: int = 0

    def train_spec(self, vectors: VectorSet) -> TrainSpec:
        """The run that learns these vectors."""
        told = vectors.condition_dim if self.conditional else 0
        model = VectorVAESpec(
            dim=vectors.dim,
            condition=told,
            latent_z=self.latent_z,
            hidden=self.hidden,
            dropout=self.dropout,
            noise=self.noise,
        )
        return TrainSpec(
            recipe="anomalies",
            model=model,
            seed=self.seed,
            steps=self.steps,
            batch=self.batch,
            lr=self.lr,
            weight_decay=self.weight_decay,
            prior_path_weight=0.0,
            eval_every=max(1, self.steps // EVALUATIONS),
            checkpoint_seconds=1e9,
        )


def fitted(spec: FitSpec, vectors: VectorSet) -> Generator[Step, None, TrainedModel]:
    """Train on nine tenths of the rows; yields how far it is, returns the model at its best.

    The best is the highest bound on the other tenth: what is learned by heart from few rows makes
    every other row look strange. Without a better one for a quarter of the steps it ends.

    Raises:
        DataError: the vectors cannot be trained on.
        TrainingDiverged: the loss is no number.
    """
    run = TrainingRun(problem_of(spec.train_spec(vectors), vectors))
    highest, best, patience = -math.inf, run.checkpoint(), PATIENCE
    while patience and not run.finished:
        run.train_steps()
        if run.step % 20 == 0:
            yield Step(run.step / spec.steps, f"training, step {run.step:,}")
        if run.step % run.spec.eval_every == 0 and (report := run.evaluate()) is not None:
            patience -= 1
            if report.elbo > highest:
                highest, best, patience = report.elbo, run.checkpoint(), PATIENCE
    run.restore(best)
    return run.trained_model()


def vectors_module(model: TrainedModel) -> VectorVAE:
    """The module of a model of vectors.

    Raises:
        TypeError: it is a model of something else.
    """
    if not isinstance(model.module, VectorVAE):
        raise TypeError(f"{model.name} is no model of vectors")
    return model.module


def week_fit(steps: int, seed: int) -> FitSpec:
    """Sizes that suit weeks of households (`data.week_vectors`)."""
    return FitSpec(
        steps=steps,
        batch=128,
        hidden=96,
        latent_z=8,
        dropout=0.1,
        weight_decay=0.05,
        seed=seed,
    )


def kept_model(tree: Tree, vectors: VectorSet) -> TrainedModel:
    """A stored model, if it is one of such vectors.

    Raises:
        DataError: it has other sizes, or is a model of something else.
    """
    model = TrainedModel.from_tree(tree)
    spec = model.spec
    told = 0 if not isinstance(spec, VectorVAESpec) else spec.condition
    if (
        not isinstance(spec, VectorVAESpec)
        or spec.dim != vectors.dim
        or told not in {0, vectors.condition_dim}
    ):
        raise DataError(
            f"{model.name} is no model of {vectors.dim} numbers told "
            f"{vectors.condition_dim}; leave it out, and one is trained."
        )
    return model
