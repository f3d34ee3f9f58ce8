"""Models of vectors to be walked through: their space, and the observations they learned from."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from lvm_studio.analysis.latent.space import LatentCloud
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.vectors.conditions import places
from lvm_studio.data.vectors.digits import load_digits, told_digits
from lvm_studio.data.vectors.manifolds import ManifoldSpec
from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.data.vectors.sources import curves_named, week_curves
from lvm_studio.data.vectors.week_vectors import CONDITIONS, WeekVectors, rows_of, weeks_named
from lvm_studio.models.ladder import LadderVAE
from lvm_studio.models.ladder_space import LadderSpace
from lvm_studio.models.trained import TrainedModel
from lvm_studio.models.vector_space import VectorSpace
from lvm_studio.models.vectors import VectorVAE

POINTS = 5000
SEED = 0
AT_ONCE = 256
MOST_CLASSES = 12
"""Labels of more kinds than these are names: the last to colour by."""

_MANIFOLD: TypeAdapter[ManifoldSpec] = TypeAdapter(ManifoldSpec)


@dataclass(frozen=True, eq=False)
class Sources:
    """Where the observations of a model of vectors may be: a workspace's data, by name."""

    households: Mapping[str, HouseholdSet] = field(default_factory=dict)
    vectors: Mapping[str, VectorSet] = field(default_factory=dict)


def vector_space(model: TrainedModel, k: Tensor | None = None) -> VectorSpace | LadderSpace:
    """The latent space of a model of vectors; k [E] or [N, E] is what a conditional one is told.

    Raises:
        DataError: it is a model of something else.
    """
    if isinstance(model.module, LadderVAE):
        return LadderSpace(model.module)
    if isinstance(model.module, VectorVAE):
        return VectorSpace(model.module, k if model.module.spec.condition else None)
    raise DataError(f"{model.name} is no model of vectors; choose one that is.")


def vectors_behind(model: TrainedModel, sources: Sources | None = None) -> VectorSet:
    """What a model of vectors was trained on, as far as it can be had again.

    A table or weeks of households that the sources hold, the shipped digits, or fresh points of a
    manifold.

    Raises:
        DataError: it was trained on a set that is not there any more, or is another by now.
    """
    name = str(model.provenance.get("dataset", ""))
    found = _found(model, name, sources or Sources())
    if found is None:
        raise DataError(
            f"{model.name} was trained on {name or 'a set'} that is not part of this workspace; "
            "bring it in, or choose another model."
        )
    _check_sizes(model, found)
    return found


def _found(model: TrainedModel, name: str, sources: Sources) -> VectorSet | None:
    kept = sources.vectors.get(str(model.provenance.get("rows", "")))
    if kept is not None:
        return kept
    for households in sources.households.values():
        if weeks_named(households) == name:
            return _weeks(model, households)
        if curves_named(households) == name:
            return week_curves(households, tuple(c.name for c in model.columns.conditions))
    if name == load_digits().name:
        return told_digits() if getattr(model.spec, "condition", 0) else load_digits()
    try:
        manifold = _MANIFOLD.validate_python({"kind": name})
    except ValidationError:
        return None
    return VectorSet(name, manifold.draw(POINTS, np.random.default_rng(SEED)).astype(np.float32))


def _weeks(model: TrainedModel, households: HouseholdSet) -> VectorSet:
    """Training weeks of sound training households, as a search for anomalies learns them."""
    told = tuple(condition.name for condition in model.columns.conditions) or CONDITIONS
    codec = WeekVectors.fit(households, told)
    who = np.intersect1d(
        np.flatnonzero(codec.known), households.indices(households.split.train_households)
    )
    return codec.vectors(rows_of(households, who, np.flatnonzero(codec.train_weeks)))


def _check_sizes(model: TrainedModel, vectors: VectorSet) -> None:
    dim = int(getattr(model.spec, "dim", 0))
    told = int(getattr(model.spec, "condition", 0))
    if vectors.dim != dim:
        raise DataError(f"{vectors.name} has {vectors.dim} columns, {model.name} needs {dim}.")
    if told not in {0, vectors.condition_dim}:
        raise DataError(
            f"{vectors.name} tells {vectors.condition_dim} numbers of every row, {model.name} "
            f"needs {told}."
        )


def vector_cloud_slices(
    model: TrainedModel, vectors: VectorSet, n: int, seed: int
) -> Generator[float, None, LatentCloud]:
    """n of the vectors, drawn at random without replacement, where the posterior puts them."""
    space = vector_space(model)
    _check_sizes(model, vectors)
    chosen = np.random.default_rng(seed).permutation(len(vectors))[:n]
    rows = vectors.rows(np.sort(chosen))
    x = torch.from_numpy(rows.x)
    told = rows.k if getattr(model.spec, "condition", 0) else None
    k = None if told is None else torch.from_numpy(told)
    parts = []
    for start in range(0, len(x), AT_ONCE):
        yield start / len(x)
        part = slice(start, start + AT_ONCE)
        with torch.no_grad():
            own = space if k is None else vector_space(model, k[part])
            parts.append(own.encode(x[part]))
    kl = torch.cat([part.kl for part in parts]).double().numpy()
    known, titles = _columns(model, rows, kl.sum(axis=1), told)
    return LatentCloud(
        names=space.names,
        u=torch.cat([part.mean for part in parts]).numpy(),
        std=torch.cat([part.std for part in parts]).numpy(),
        info_nats=kl.mean(axis=0),
        metadata=known,
        x=rows.x,
        titles=titles,
        unit=rows.unit,
        conditions=told,
        told=() if told is None else model.columns.told(told.shape[1]),
        layers=space.layers if isinstance(space, LadderSpace) else (),
        columns=rows.columns.names,
        scale="standard deviations of each column" if rows.columns.scale else "",
    )


def _columns(
    model: TrainedModel, rows: VectorSet, nats: NDArray[np.float64], told: NDArray[Any] | None
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """What points can be coloured by: labels, what is told, scores, names; and titles of it all."""
    labels = {name: _as_names(column) for name, column in rows.labels.items()}
    names = [name for name, column in labels.items() if len(np.unique(column)) > MOST_CLASSES]
    found = [(name, name, labels[name]) for name in labels if name not in names]
    if told is not None:
        conditions = model.columns.told(told.shape[1])
        for condition, place in zip(conditions, places(conditions), strict=True):
            title = f"told: {condition.name}" + f", {condition.unit}" * bool(condition.unit)
            if condition.name not in labels:
                column = condition.column(told[:, place].astype(np.float64))
                found.append((condition.name, title, column))
    given = "x" if told is None else "x, k"
    found += [
        ("anomaly_nats", f"anomaly, type B: KL(q(z|{given}) ‖ p), nats", nats),
        ("mean", "mean of the coordinates", rows.x.mean(axis=1)),
        ("largest", "largest coordinate", rows.x.max(axis=1)),
        *((name, name, labels[name]) for name in names),
    ]
    return {name: column for name, _, column in found}, {name: title for name, title, _ in found}


def _as_names(column: NDArray[Any]) -> NDArray[Any]:
    """Classes are names, not amounts."""
    return column if column.dtype.kind == "f" else column.astype(str)
