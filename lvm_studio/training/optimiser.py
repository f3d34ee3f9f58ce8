"""AdamW and its state as a tree."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.models.elbo import LatentVariableModel
from lvm_studio.training.spec import TrainSpec

MOMENTS = ("exp_avg", "exp_avg_sq")


class GuardedAdamW(torch.optim.AdamW):
    """AdamW whose fused step does nothing while `found_inf`, a number on the device, is 1."""

    grad_scale: torch.Tensor | None = None
    found_inf: torch.Tensor | None = None


def new_optimiser(module: LatentVariableModel, spec: TrainSpec) -> GuardedAdamW:
    """AdamW; only matrices decay: biases and noise levels have nothing to be pulled to.

    p and q have groups of their own, which is as good as an optimiser each (4.2.4): Adam keeps
    nothing that several parameters share.
    """
    inference = [p for name in module.inference for p in module.get_submodule(name).parameters()]
    told = {id(p) for p in inference}
    generative = [p for p in module.parameters() if id(p) not in told]
    groups = [
        *_groups(generative, spec, 1.0, spec.betas),
        *_groups(inference, spec, spec.q_lr, spec.q_betas or spec.betas),
    ]
    return GuardedAdamW(groups, lr=spec.lr, betas=spec.betas, fused=True)


def _groups(
    parameters: list[nn.Parameter], spec: TrainSpec, lr_factor: float, betas: tuple[float, float]
) -> list[dict[str, Any]]:
    common = {"lr_factor": lr_factor, "betas": betas}
    matrices = [p for p in parameters if p.ndim > 1]
    others = [p for p in parameters if p.ndim <= 1]
    return [
        {"params": matrices, "weight_decay": spec.weight_decay, **common},
        {"params": others, "weight_decay": 0.0, **common},
    ]


def optimiser_to_tree(optimiser: torch.optim.AdamW, module: nn.Module) -> Tree:
    """Copies of the moments, by parameter name; empty before the first step."""
    tree: Tree = {}
    for name, parameter in module.named_parameters():
        state = optimiser.state.get(parameter)
        if state:
            moments: Tree = {m: state[m].detach().cpu().numpy().copy() for m in MOMENTS}
            tree[name] = {**moments, "step": int(state["step"])}
    return tree


def fill_optimiser(optimiser: torch.optim.AdamW, module: nn.Module, view: TreeView) -> None:
    """Set the moments from a tree; DataError names the leaf that does not fit."""
    for name, parameter in module.named_parameters():
        if name not in view:
            continue
        saved = view.child(name)
        step = torch.tensor(float(saved.integer("step")), device=parameter.device)
        state = {"step": step}
        for moment in MOMENTS:
            state[moment] = _fitting(saved, moment, parameter)
        optimiser.state[parameter] = state


def _fitting(saved: TreeView, moment: str, parameter: nn.Parameter) -> torch.Tensor:
    array = saved.array(moment, tuple(parameter.shape))
    if array.dtype != np.float32:
        raise DataError(f"{saved.path}/{moment} should hold 32-bit numbers, not {array.dtype}.")
    return torch.from_numpy(array.copy()).to(parameter.device)
