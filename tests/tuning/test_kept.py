"""One of a few proposals kept by weight: its law against a Gaussian that is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lvm_studio.tuning.flows.kept import keep_one, kept_gap

SHIFT = 0.6


def log_weights(n: int) -> np.ndarray:
    """Of N(0, 1) as a proposal for N(SHIFT, 1): SHIFT x - SHIFT² / 2."""
    x = np.random.default_rng(0).standard_normal(n)
    return SHIFT * x - 0.5 * SHIFT**2


def test_one_proposal_has_the_gap_of_the_proposals() -> None:
    assert kept_gap(log_weights(20_000), 1) == pytest.approx(0.5 * SHIFT**2, rel=0.05)


def test_the_gap_told_is_that_of_what_is_kept() -> None:
    """KL of the kept draws' own histogram to N(SHIFT, 1)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400_000, 2, generator=generator, dtype=torch.float64)
    kept = x.gather(1, keep_one(SHIFT * x, generator)[:, None]).squeeze(1).numpy()
    edges = np.linspace(-4.0, 4.6, 60)
    seen = np.histogram(kept, edges)[0] / len(kept)
    exact = np.diff([0.5 * math.erfc((SHIFT - edge) / math.sqrt(2.0)) for edge in edges])
    full = seen > 0
    measured = float((seen[full] * np.log(seen[full] / exact[full])).sum())
    assert measured == pytest.approx(kept_gap(log_weights(20_000), 2), rel=0.1)
    assert measured < 0.4 * 0.5 * SHIFT**2
