"""What the hypersphere explorer wishes for: a map, a training, and the two compared in words."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from lvm_studio.analysis.sigma.hypersphere import RadiusMap, optimal_radius, radius_map, threshold
from lvm_studio.data.vectors.manifolds import Sphere
from lvm_studio.models.noise.specs import FixedNoiseSpec
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.studio.numerals import format_value, percent
from lvm_studio.studio.widgets.training.series import Floats, Scale
from lvm_studio.training.frames import Frame
from lvm_studio.training.objectives.specs import ImportanceSpec, ObjectiveSpec
from lvm_studio.training.spec import TrainSpec
from lvm_studio.training.vector_recipes import manifold_spec

MOST_LATENT = 64
HIGHEST_RATIO = 1e4
CELLS = 120
SLICES = 24
STEPS = 3000
LINEAR, LOGARITHMIC = range(2)


@dataclass(frozen=True)
class SphereView:
    """Which map is wished for."""

    dim: int
    kind: int

    @property
    def scale(self) -> Scale:
        """Of both axes."""
        return Scale("log" if self.kind == LOGARITHMIC else "linear")

    def compute(self) -> Generator[RadiusMap | None, None, None]:
        """The map, some columns at a time (None): what is composed must not wait for it."""
        a, b = self._cells()
        maps = []
        for columns in np.array_split(a, SLICES):
            maps.append(radius_map(self.dim, columns, b))
            yield None
        gain = np.hstack([one.gain for one in maps])
        yield RadiusMap(self.dim, a, b, gain, np.concatenate([one.optimum for one in maps]))

    def _cells(self) -> tuple[Floats, Floats]:
        """R/σ and r/σ, even under the scale."""
        edge = threshold(self.dim)
        if self.kind == LOGARITHMIC:
            a = np.geomspace(min(0.1, 0.1 * edge), HIGHEST_RATIO, CELLS)
            return a, a
        top = 4.0 * edge
        return np.linspace(0.02 * edge, top, CELLS), np.linspace(0.0, top, CELLS)


def sphere_training(dim: int, ratio: float, seed: int) -> TrainSpec:
    """A VAE of the unit sphere with σ = 1 / ratio, by an importance-weighted bound.

    Theorem 6.1 speaks of the likelihood: with the ELBO of a Gaussian q the radius falls short
    close to the threshold.
    """
    base = manifold_spec("sphere", Sphere(dimensions=dim), FixedNoiseSpec(sigma=1.0 / ratio))
    assert isinstance(base.model, VectorVAESpec)
    model = base.model.model_copy(
        update={"latent_z": min(dim, MOST_LATENT), "hidden": 32, "blocks": 1}
    )
    return base.model_copy(
        update={
            "model": model,
            "objective": ObjectiveSpec(bound=ImportanceSpec(samples=16)),
            "steps": STEPS,
            "batch": 64,
            "lr": 4e-3,
            "eval_every": STEPS,
            "eval_samples": 0,
            "seed": seed,
            "device": "cpu",
        }
    )


def radius_of(frame: Frame) -> float:
    """Mean |f(z)| for z ~ p."""
    return float(np.linalg.norm(frame.mean, axis=1).mean())


def compared(dim: int, ratio: float, radius: float) -> str:
    """A trained radius beside the theory, in words."""
    best = float(optimal_radius(ratio, dim))
    off = (
        f"{percent(radius / best - 1, 1, sign='+')} off theory"
        if best
        else f"{percent(radius / ratio, 1)} of R; theory 0"
    )
    return (
        f"<b>Trained</b> (D = {dim}, R/σ = {format_value(ratio)}): "
        f"r = {format_value(radius)} σ, {off.replace('-', '−')}."
    )
