"""Repeatable draws where torch takes no generator: first weights, dropout, the linear head."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

CPU = torch.device("cpu")


@contextmanager
def seeded(seed: int, device: torch.device = CPU) -> Iterator[None]:
    """Within, torch's global generators start from `seed`; afterwards they are as they were before.

    Args:
        seed: of the generators within.
        device: where draws are made; its generator is put back as well as the processor's.

    >>> with seeded(1):
    ...     first = torch.rand(3)
    >>> with seeded(1):
    ...     again = torch.rand(3)
    >>> bool((first == again).all())
    True
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        if device.type == "cuda":
            torch.manual_seed(seed)
        else:  # `torch.manual_seed` would seed every graphics card too, which nothing puts back
            torch.default_generator.manual_seed(seed)
        yield
