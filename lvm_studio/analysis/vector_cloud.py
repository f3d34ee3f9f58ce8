"""Models of vectors to be walked through: their space, and the observations they learned from."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from lvm_studio.analysis.latent import LatentCloud
from lvm_studio.data.digits import load_digits
from lvm_studio.data.errors import DataError
from lvm_studio.data.manifolds import ManifoldSpec
from lvm_studio.data.vectors import VectorSet
from lvm_studio.models.noise.laws import Law
from lvm_studio.models.street import Encoded
from lvm_studio.models.trained import TrainedModel
from lvm_studio.models.vectors import VectorVAE

POINTS = 5000
SEED = 0
AT_ONCE = 256

_MANIFOLD: TypeAdapter[ManifoldSpec] = TypeAdapter(ManifoldSpec)


@dataclass(frozen=True, eq=False)
class VectorSpace:
    """The latent space of a VAE of vectors; `k` [1, E] is what a conditional one is told."""

    module: VectorVAE
    k: Tensor | None = None

    @property
    def dim(self) -> int:
        """Z."""
        return self.module.spec.latent_z

    @property
    def names(self) -> tuple[str, ...]:
        """'z1', 'z2', …"""
        return tuple(f"z{i + 1}" for i in range(self.dim))

    def decode(self, u: Tensor) -> Law:
        """Laws of vectors [N, D] for u [N, dim]."""
        return self.module.decode(u, self.k)

    def encode(self, x: Tensor) -> Encoded:
        """Posteriors over u of vectors x [N, D]."""
        q = self.module.posterior(x, self.k)
        return Encoded(q.mean, q.stddev, q.kl())


def vector_module(model: TrainedModel) -> VectorVAE:
    """The module of a model of vectors; DataError for any other."""
    if not isinstance(model.module, VectorVAE):
        raise DataError(f"{model.name} is no model of vectors; choose one that is.")
    return model.module


def vectors_behind(model: TrainedModel) -> VectorSet:
    """What a model of vectors was trained on, as far as it can be had again.

    The shipped digits, or fresh points of a manifold.

    Raises:
        DataError: it was trained on a set that does not come with the model.
    """
    spec = vector_module(model).spec
    name = str(model.provenance.get("dataset", ""))
    if name == "Digits" and spec.dim == load_digits().dim and not spec.condition:
        return load_digits()
    try:
        manifold = _MANIFOLD.validate_python({"kind": name})
    except ValidationError:
        raise DataError(
            f"{model.name} was trained on {name or 'a set'} that is not part of this workspace; "
            "choose a model of households, of digits or of a manifold."
        ) from None
    if manifold.dim != spec.dim:
        raise DataError(f"{model.name} has {spec.dim} numbers a vector, a {name} {manifold.dim}.")
    return VectorSet(name, manifold.draw(POINTS, np.random.default_rng(SEED)).astype(np.float32))


def vector_cloud_slices(
    model: TrainedModel, vectors: VectorSet, n: int, seed: int
) -> Generator[float, None, LatentCloud]:
    """n of the vectors, drawn at random without replacement, where the posterior puts them."""
    module = vector_module(model)
    if vectors.dim != module.spec.dim:
        raise DataError(
            f"{vectors.name} has {vectors.dim} columns, {model.name} needs {module.spec.dim}."
        )
    chosen = np.random.default_rng(seed).permutation(len(vectors))[:n]
    rows = vectors.rows(np.sort(chosen))
    x = torch.from_numpy(rows.x)
    k = None if rows.k is None or not module.spec.condition else torch.from_numpy(rows.k)
    parts = []
    for start in range(0, len(x), AT_ONCE):
        yield start / len(x)
        part = slice(start, start + AT_ONCE)
        with torch.no_grad():
            told = None if k is None else k[part]
            parts.append(VectorSpace(module, told).encode(x[part]))
    kl = torch.cat([part.kl for part in parts]).double().numpy()
    known = {
        "anomaly_nats": kl.sum(axis=1),
        "mean": rows.x.mean(axis=1),
        "largest": rows.x.max(axis=1),
    }
    titles = {
        "anomaly_nats": "anomaly, type B: KL(q(z|x) ‖ p), nats",
        "mean": "mean of the coordinates",
        "largest": "largest coordinate",
    }
    labels = {name: _as_names(column) for name, column in rows.labels.items()}
    return LatentCloud(
        names=VectorSpace(module).names,
        u=torch.cat([part.mean for part in parts]).numpy(),
        std=torch.cat([part.std for part in parts]).numpy(),
        info_nats=kl.mean(axis=0),
        metadata={**labels, **known},
        x=rows.x,
        titles={**{name: name for name in labels}, **titles},
        unit="",
        conditions=None if k is None else rows.k,
    )


def _as_names(column: np.ndarray) -> np.ndarray:
    """Classes are names, not amounts."""
    return column if column.dtype.kind == "f" else column.astype(str)
