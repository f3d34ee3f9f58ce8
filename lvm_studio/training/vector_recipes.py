"""Settings of the recipes that learn vectors: manifolds (chapters 6, 7), digits, single weeks."""

from __future__ import annotations

from lvm_studio.data.units import WEEK
from lvm_studio.data.vectors.manifolds import Circle, ManifoldSpec, Sinusoid, Sphere, Spiral
from lvm_studio.data.vectors.sources import DigitsData, WeeksData
from lvm_studio.models.noise.specs import (
    CoordinateNoiseSpec,
    FixedNoiseSpec,
    GlobalNoiseSpec,
    LocalNoiseSpec,
    VectorNoiseSpec,
)
from lvm_studio.models.specs import LadderSpec, VectorVAESpec
from lvm_studio.training.spec import TrainSpec

EPOCH = 100
"""Steps of 100 fresh points: an epoch of the thesis has 10,000 (6.3.2)."""


def manifold_spec(recipe: str, data: ManifoldSpec, noise: VectorNoiseSpec) -> TrainSpec:
    """A run of 40 epochs of 10,000 fresh points each, latent of 10, residual nets (6.3.2)."""
    return TrainSpec(
        recipe=recipe,
        model=VectorVAESpec(dim=data.dim, noise=noise),
        data=data,
        steps=40 * EPOCH,
        batch=100,
        weight_decay=0.0,
        prior_path_weight=0.0,
        eval_every=EPOCH,
        eval_samples=32,
    )


def set_spec(recipe: str, data: DigitsData | WeeksData, model: VectorVAESpec) -> TrainSpec:
    """A run over the rows of a set, a tenth of which is held out."""
    return TrainSpec(
        recipe=recipe,
        model=model,
        data=data,
        steps=2500,
        batch=128,
        k_min=1,
        k_max=1,
        prior_path_weight=0.0,
        eval_every=EPOCH,
    )


DIGITS = VectorVAESpec(dim=784, hidden=192, latent_z=10, dropout=0.1)
WEEKS = VectorVAESpec(dim=WEEK, hidden=96, latent_z=8, dropout=0.1, noise=CoordinateNoiseSpec())

SET_RUNS: tuple[tuple[str, str, TrainSpec], ...] = (
    (
        "Digits (VAE)",
        "5,000 handwritten digits as images of 28 × 28, to walk through on the latent page.",
        set_spec("digits", DigitsData(), DIGITS),
    ),
    (
        "Digits, told which (conditional VAE)",
        "The same, and the model is told which digit it is: z keeps to the handwriting (8.4.2).",
        set_spec("digits-told", DigitsData(told=True), DIGITS),
    ),
    (
        "Weeks of single households (conditional VAE)",
        "p(x | z, k) of one household's week, told the weather and the season; data.told = "
        "temperature, season, and any column of the metadata tells it more (8.4.2).",
        set_spec("weeks-told", WeeksData(), WEEKS),
    ),
)
"""Title, reason and settings of each."""

MANIFOLD_RUNS: tuple[tuple[str, str, TrainSpec], ...] = (
    (
        "Sinusoid, one learned σ",
        "A curve in the plane whose curvature and noise vary along it, and a VAE with one noise "
        "for all of it, learned: an annealing one can watch (7.3).",
        manifold_spec("sinusoid", Sinusoid(), GlobalNoiseSpec()),
    ),
    (
        "Sinusoid, σ(z)",
        "The same curve, and a noise that the decoder gives for every z (7.1.2).",
        manifold_spec("sinusoid-local", Sinusoid(), LocalNoiseSpec()),
    ),
    (
        "Sinusoid, σ fixed",
        "The same curve, and a noise that is chosen and kept: try 0.01, 0.1 and 1 (6.3.2).",
        manifold_spec("sinusoid-fixed", Sinusoid(), FixedNoiseSpec(sigma=0.1)),
    ),
    (
        "Circle",
        "A circle, which a Gaussian latent must tear once to cover.",
        manifold_spec("circle", Circle(), GlobalNoiseSpec()),
    ),
    (
        "Spiral",
        "A spiral of two turns, whose neighbouring arms only a small σ tells apart.",
        manifold_spec("spiral", Spiral(), GlobalNoiseSpec()),
    ),
    (
        "Sphere in ten dimensions",
        "A sphere of radius 1 seen through a fixed noise: above σ = R/√D the model learns "
        "nothing (Theorem 6.1).",
        manifold_spec("sphere", Sphere(dimensions=10), FixedNoiseSpec(sigma=0.2)),
    ),
    (
        "Spiral, a ladder of three",
        "The spiral again, by a chain of three latent variables whose inference runs along with "
        "the model (Eq. 4.3); see which layers stay dead.",
        manifold_spec("ladder", Spiral(), GlobalNoiseSpec()).model_copy(
            update={"model": LadderSpec(dim=2)}
        ),
    ),
)
"""Title, reason and settings of each."""
