"""What a run learns from, whatever it is: fresh batches, a held-out one, and a module to fill."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.data.errors import DataError
from lvm_studio.models.elbo import LatentVariableModel
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.spec import TrainSpec

Provenance = Mapping[str, str | float | int]


class Batch(Protocol):
    """B observations in the form that the problem's own module reads."""

    @property
    def size(self) -> Tensor:
        """Parts of each observation, [B], as floats; 1 for what has none."""
        ...


class Problem(Protocol):
    """A source of batches without end, and the module that is to learn them."""

    spec: TrainSpec
    device: torch.device

    @property
    def dataset(self) -> str:
        """Name of the data set, or of the problem that makes its data."""
        ...

    @property
    def size(self) -> int:
        """Coordinates of one observation: the loss is in nats for each of them."""
        ...

    def new_module(self) -> LatentVariableModel:
        """A fresh module on the device."""
        ...

    def draw(self, batch: int, generator: torch.Generator) -> Batch:
        """A batch; the same state of the generator (on the CPU) gives the same batch."""
        ...

    def heldout_batch(self) -> Batch | None:
        """The same batch for every run that is never trained on, None if nothing is held out."""
        ...

    def trained_model(
        self,
        module: LatentVariableModel,
        provenance: Provenance,
        history: Mapping[str, NDArray[Any]],
    ) -> TrainedModel:
        """A copy of the module on the CPU with all that is needed to use it."""
        ...


@runtime_checkable
class Showing(Protocol):
    """A problem of which a fixed whole is worth looking at while it is learned (Fig. 9.9)."""

    def shown_whole(self, module: LatentVariableModel) -> NDArray[np.float32]:
        """What the module makes of the fixed composition now, [D], on the CPU."""
        ...


@runtime_checkable
class Refined(Protocol):
    """A problem whose module has a part that is fitted once the rest is trained."""

    def refine(self, module: LatentVariableModel) -> Iterator[float]:
        """Fit it, in place, yielding now and then which share is done."""
        ...


def choose_device(wanted: str) -> torch.device:
    """'auto' takes CUDA where it is there.

    Raises:
        DataError: CUDA was asked for and is not there.
    """
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise DataError("No CUDA device is available; choose the device 'auto' or 'cpu'.")
    return torch.device("cuda" if available and wanted != "cpu" else "cpu")


def hardware(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {os.cpu_count()} cores, {torch.get_num_threads()} used"


def common_provenance(spec: TrainSpec, device: torch.device) -> dict[str, str | float | int]:
    """What every trained model remembers of its making."""
    return {
        "recipe": spec.recipe,
        "train_spec": spec.model_dump_json(),
        "seed": spec.seed,
        "hardware": hardware(device),
        "torch": torch.__version__,
    }
