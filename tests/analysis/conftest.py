"""A small world whose law is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lvm_studio.analysis.judging.records import WeekRecords

HOUSEHOLDS, WEEKS, LABELS, CONTEXT = 30, 24, 2, 3

torch.set_num_threads(1)


@pytest.fixture
def linear_world() -> WeekRecords:
    """Curves exactly linear in label, context and label x context; nothing missing."""
    return make_world(noise_kw=0.0)


@pytest.fixture
def noisy_world() -> WeekRecords:
    """The same with independent noise of 0.3 kW in every household and half-hour."""
    return make_world(noise_kw=0.3)


def make_world(noise_kw: float) -> WeekRecords:
    rng = np.random.default_rng(5)
    labels = rng.normal(size=(HOUSEHOLDS, LABELS)).astype(np.float32)
    context = rng.normal(size=(WEEKS, 7, CONTEXT)).astype(np.float32)
    of_label = rng.normal(size=(LABELS, 48)) * 0.05
    of_context = rng.normal(size=(CONTEXT, 48)) * 0.05
    of_both = rng.normal(size=(LABELS, CONTEXT, 48)) * 0.02
    days = (
        1.0
        + (labels @ of_label)[:, None, None, :]
        + (context @ of_context)[None]
        + np.einsum("hf,ndc,fct->hndt", labels, context, of_both)
    )
    power = days.reshape(HOUSEHOLDS, WEEKS, 336)
    power = power + noise_kw * rng.normal(size=power.shape)
    return WeekRecords(
        power_kw=power.astype(np.float32),
        complete=np.ones((HOUSEHOLDS, WEEKS), dtype=np.bool_),
        labels=labels,
        context=context,
        temperature_c=np.repeat(np.arange(WEEKS, dtype=np.float32)[:, None], 336, axis=1),
        season=np.zeros(WEEKS),
        week_ids=tuple(f"2013-W{week + 1:02d}" for week in range(WEEKS)),
    )
