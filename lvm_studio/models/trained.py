"""A trained model with all that is needed to use it: sizes, weights, encoders, provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.errors import DataError
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.models.compvae import CompVAE
from lvm_studio.models.specs import CompVAESpec, ModelSpec, VAESpec
from lvm_studio.models.vae import GaussianVAE

Module = CompVAE | GaussianVAE

_SPEC: TypeAdapter[CompVAESpec | VAESpec] = TypeAdapter(ModelSpec)


def build_module(
    spec: CompVAESpec | VAESpec, *, labels: int, context: int, seed: int = 0
) -> Module:
    """A fresh module for label and context sizes F and C; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if isinstance(spec, CompVAESpec):
            return CompVAE(spec, labels=labels, context=context)
        return GaussianVAE(spec)


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A module and everything needed to use it on households and weeks.

    Args:
        name: as shown to people.
        spec: sizes; `spec.kind` is 'compvae' or 'vae'.
        module: in evaluation mode, on the CPU.
        labels: how households become labels; None for a model that does not see them.
        context: how a week's weather and calendar become c.
        provenance: recipe, seed, steps, seconds, hardware, data set, figures.
        history: columns of the training curves, each one array.
    """

    name: str
    spec: CompVAESpec | VAESpec
    module: Module
    labels: LabelEncoder | None
    context: ContextEncoder
    provenance: Mapping[str, str | float | int] = field(default_factory=dict)
    history: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.module.eval()
        self.module.requires_grad_(False)

    @property
    def kind(self) -> str:
        """'compvae' or 'vae'."""
        return self.spec.kind

    def renamed(self, name: str) -> TrainedModel:
        """The same model under another name."""
        return replace(self, name=name)

    def to_tree(self) -> Tree:
        """Plain form; the spec as JSON, the weights as arrays."""
        return {
            "name": self.name,
            "kind": self.kind,
            "spec": self.spec.model_dump_json(),
            "weights": weights_to_tree(self.module),
            "labels": None if self.labels is None else self.labels.to_tree(),
            "context": self.context.to_tree(),
            "provenance": dict(self.provenance),
            "history": dict(self.history),
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
        labels = (
            None if tree.get("labels") is None else LabelEncoder.from_tree(_group(view, "labels"))
        )
        context = ContextEncoder.from_tree(_group(view, "context"))
        width = 0 if labels is None else len(labels.names)
        if isinstance(spec, CompVAESpec) and labels is None:
            raise DataError("model/labels is missing: a CompVAE needs its label encoder.")
        module = build_module(spec, labels=width, context=len(context.names))
        fill_weights(module, view.child("weights"))
        return cls(
            name=view.text("name"),
            spec=spec,
            module=module,
            labels=labels,
            context=context,
            provenance=_scalars(view.child("provenance")),
            history={key: history.array(key) for key in history.tree},
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


def _read_spec(text: str) -> CompVAESpec | VAESpec:
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
