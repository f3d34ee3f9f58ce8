"""The k-th largest of many curves, fast, with a gradient."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lvm_studio.tuning.errors import TuningError


def kth_largest(x: Tensor, k: int) -> Tensor:
    """The k-th largest of x [..., T], [...]; the gradient goes to the place that holds it.

    numpy finds it ten times faster than torch, and half of a tuning's time would go here.

    Raises:
        TuningError: T is less than k.
    """
    if not 1 <= k <= x.shape[-1]:
        raise TuningError(f"There is no {k}-th largest of {x.shape[-1]} values; ask for fewer.")
    whole = x.detach()
    found = torch.from_numpy(np.partition(whole.cpu().numpy(), -k, axis=-1)[..., -k]).to(x)
    if not x.requires_grad:
        return found
    place = (whole == found[..., None]).to(torch.uint8).argmax(dim=-1, keepdim=True)
    return x.gather(-1, place).squeeze(-1)
