"""A trained model with all that is needed to use it: sizes, weights, encoders, provenance.

A new kind of model is one line in `BUILDERS`, beside its spec in `specs.ModelSpec`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter, ValidationError

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.errors import DataError
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.data.vectors.conditions import VectorColumns
from lvm_studio.models.compvae import CompVAE
from lvm_studio.models.elbo import LatentVariableModel
from lvm_studio.models.ladder import LadderVAE
from lvm_studio.models.parts_anchors import ColourAnchorsVAE
from lvm_studio.models.parts_sines import SineSumsVAE
from lvm_studio.models.seeded import seeded
from lvm_studio.models.specs import (
    HOUSEHOLD_KINDS,
    AnchorsSpec,
    CompVAESpec,
    LadderSpec,
    ModelSpec,
    SinesSpec,
    VAESpec,
    VectorVAESpec,
)
from lvm_studio.models.vae import GaussianVAE
from lvm_studio.models.vectors import VectorVAE

Builder = Callable[[Any, int, int], LatentVariableModel]
"""(spec, label size F, context size C) -> a module; what a kind does not look at, it ignores."""

BUILDERS: Mapping[type[BaseModel], Builder] = {
    CompVAESpec: lambda spec, f, c: CompVAE(spec, labels=f, context=c),
    VAESpec: lambda spec, f, c: GaussianVAE(spec),
    VectorVAESpec: lambda spec, f, c: VectorVAE(spec),
    LadderSpec: lambda spec, f, c: LadderVAE(spec),
    SinesSpec: lambda spec, f, c: SineSumsVAE(spec),
    AnchorsSpec: lambda spec, f, c: ColourAnchorsVAE(spec),
}

_SPEC: TypeAdapter[ModelSpec] = TypeAdapter(ModelSpec)


def build_module(
    spec: ModelSpec, *, labels: int = 0, context: int = 0, seed: int = 0
) -> LatentVariableModel:
    """A fresh module for label and context sizes F and C; the same seed gives the same weights."""
    with seeded(seed):
        return BUILDERS[type(spec)](spec, labels, context)


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A module and everything needed to use it.

    Args:
        name: as shown to people.
        spec: sizes, and by `spec.kind` what is modelled.
        module: in evaluation mode, on the CPU.
        labels: how households become labels; None for a model that does not see them.
        context: how a week's weather and calendar become c; None for a model of anything else.
        provenance: recipe, seed, steps, seconds, hardware, data set, figures.
        history: columns of the training curves, each one array.
        columns: what the numbers of a model of vectors are, and what it is told.
    """

    name: str
    spec: ModelSpec
    module: LatentVariableModel
    labels: LabelEncoder | None
    context: ContextEncoder | None
    provenance: Mapping[str, str | float | int] = field(default_factory=dict)
    history: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    columns: VectorColumns = field(default_factory=VectorColumns)

    def __post_init__(self) -> None:
        self.module.eval()
        self.module.requires_grad_(False)

    @property
    def kind(self) -> str:
        """As its spec says: 'compvae', 'vae', 'sines'…"""
        return self.spec.kind

    @property
    def week_context(self) -> ContextEncoder:
        """How a week becomes c; DataError for a model of anything but weeks of households."""
        if self.context is None:
            raise DataError(f"{self.name} is no model of household weeks; choose one that is.")
        return self.context

    def to_tree(self) -> Tree:
        """Plain form; the spec as JSON, the weights as arrays."""
        return {
            "name": self.name,
            "kind": self.kind,
            "spec": self.spec.model_dump_json(),
            "weights": weights_to_tree(self.module),
            "labels": None if self.labels is None else self.labels.to_tree(),
            "context": None if self.context is None else self.context.to_tree(),
            "provenance": dict(self.provenance),
            "history": dict(self.history),
            "columns": self.columns.to_tree(),
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> TrainedModel:
        """The model a plain form describes.

        Raises:
            DataError: naming the path of the leaf that does not fit, and both shapes.
        """
        view = TreeView(tree, "model")
        history = view.child("history")
        spec = _read_spec(view.text("spec"))
        labels, context = _labels(view, spec), _context(view, spec)
        module = build_module(
            spec,
            labels=0 if labels is None else len(labels.names),
            context=0 if context is None else len(context.names),
        )
        fill_weights(module, view.child("weights"))
        return cls(
            name=view.text("name"),
            spec=spec,
            module=module,
            labels=labels,
            context=context,
            provenance=_scalars(view.child("provenance")),
            history={key: history.array(key) for key in history.tree},
            columns=_columns(view),
        )


def weights_to_tree(module: torch.nn.Module) -> Tree:
    """Copies of all parameters and buffers, by their dotted names."""
    return {
        name: value.detach().cpu().numpy().copy() for name, value in module.state_dict().items()
    }


def fill_weights(module: torch.nn.Module, weights: TreeView) -> None:
    """Fill the skeleton `module` with arrays; DataError names the first that does not fit."""
    state = module.state_dict()
    for name in weights.tree:
        if name not in state:
            raise DataError(f"{weights.path}/{name} is not part of this model.")
    for name, skeleton in state.items():
        array = weights.array(name)
        if array.shape != tuple(skeleton.shape):
            raise DataError(
                f"{weights.path}/{name} has shape {array.shape}, "
                f"the model needs {tuple(skeleton.shape)}."
            )
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise DataError(f"{weights.path}/{name} should hold finite numbers.")
        skeleton.copy_(torch.from_numpy(np.array(array)))


def _labels(view: TreeView, spec: ModelSpec) -> LabelEncoder | None:
    if view.tree.get("labels") is not None:
        return LabelEncoder.from_tree(_group(view, "labels"))
    if isinstance(spec, CompVAESpec):
        raise DataError("model/labels is missing: a CompVAE needs its label encoder.")
    return None


def _context(view: TreeView, spec: ModelSpec) -> ContextEncoder | None:
    if view.tree.get("context") is not None or spec.kind in HOUSEHOLD_KINDS:
        return ContextEncoder.from_tree(_group(view, "context"))
    return None


def _columns(view: TreeView) -> VectorColumns:
    """Models of the first versions did not keep them."""
    if "columns" not in view:
        return VectorColumns()
    return VectorColumns.from_tree(view.child("columns").tree, "model/columns")


def _read_spec(text: str) -> ModelSpec:
    try:
        return _SPEC.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"model/spec: {where or 'the text'}: {first['msg']}.") from None


def _group(view: TreeView, key: str) -> Tree:
    return dict(view.child(key).tree)


def _scalars(view: TreeView) -> dict[str, str | float | int]:
    for key in view.tree:
        if not isinstance(view.tree[key], str | float | int | np.number):
            raise DataError(f"{view.path}/{key} should be a text or a number.")
    return dict(view.tree)
