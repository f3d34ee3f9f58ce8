"""A street whose law is known: level, heating, a daily curve, and noise with memory."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from lvm_studio.analysis.judging.records import WeekRecords
from lvm_studio.analysis.report_card.trial import Trial

HOUSEHOLDS, WEEKS, STEPS = 30, 24, 336
HEATING_W, MEMORY, NOISE_KW, LEVEL_SPREAD = 20.0, 0.8, 0.15, 0.1
HOURS = np.arange(STEPS) % 48 / 2
DAILY = 0.4 + 0.5 * np.exp(-0.5 * ((HOURS - 18.0) / 1.5) ** 2)


def expected(label, temperature):
    """Mean curve [T], kW, of a household of this label in this weather [T]."""
    daily_mean = temperature.reshape(7, 48).mean(axis=1).repeat(48)
    return np.exp(0.3 * label) * DAILY + HEATING_W / 1000 * np.clip(15.0 - daily_mean, 0.0, None)


def noise(rng, count):
    """Stationary noise with memory [count, T], kW."""
    shocks = rng.normal(size=(count, STEPS)) * NOISE_KW
    curves = np.empty_like(shocks)
    curves[:, 0] = shocks[:, 0] / np.sqrt(1 - MEMORY**2)
    for t in range(1, STEPS):
        curves[:, t] = MEMORY * curves[:, t - 1] + shocks[:, t]
    return curves


def records(seed=0):
    """Households of one label each, in weeks from frost to summer."""
    rng = np.random.default_rng(seed)
    labels = rng.normal(size=(HOUSEHOLDS, 1)).astype(np.float32)
    weekly = np.linspace(-2.0, 20.0, WEEKS)[rng.permutation(WEEKS)]
    daily = weekly[:, None] + rng.normal(size=(WEEKS, 7))
    temperature = daily.repeat(48, axis=1).astype(np.float32)
    level = np.exp(LEVEL_SPREAD * rng.normal(size=HOUSEHOLDS))
    mean = np.array([[expected(label[0], week) for week in temperature] for label in labels])
    power = mean * level[:, None, None]
    power += noise(rng, HOUSEHOLDS * WEEKS).reshape(HOUSEHOLDS, WEEKS, STEPS)
    context = np.stack([daily / 10.0, (daily / 10.0) ** 2], axis=2).astype(np.float32)
    return WeekRecords(
        power_kw=power.astype(np.float32),
        complete=np.ones((HOUSEHOLDS, WEEKS), dtype=np.bool_),
        labels=labels,
        context=context,
        temperature_c=temperature,
        season=np.zeros(WEEKS),
        week_ids=tuple(f"2013-W{week + 1:02d}" for week in range(WEEKS)),
    )


@dataclass(frozen=True)
class Truth:
    """Draws from the law that made the street, given labels and weather alone."""

    temperature: np.ndarray

    def __call__(self, labels, context, households, week, n, generator):
        rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
        k = len(labels)
        levels = np.exp(LEVEL_SPREAD * rng.normal(size=(n, k)))
        means = np.array([expected(label, self.temperature[week]) for label in labels[:, 0]])
        return levels @ means + np.sqrt(k) * noise(rng, n)


def trial(street=None, predictor=None):
    """Eighteen weeks to train on, six held out; everybody is known."""
    street = street if street is not None else records()
    return Trial(
        name="model",
        dataset="known street",
        attribution="made up",
        predictor=predictor or Truth(street.temperature_c),
        records=street,
        households=np.arange(HOUSEHOLDS),
        new_households=np.arange(0),
        train_weeks=np.arange(18),
        heldout_weeks=np.arange(18, 24),
        utc_offset_h=np.zeros(WEEKS),
    )


def spoiled(base, change):
    """The trial of a predictor whose draws are changed: change(curves, k, call) -> curves."""

    def predictor(labels, context, households, week, n, generator):
        curves = base.predictor(labels, context, households, week, n, generator)
        return change(curves, len(labels), (households, week))

    return replace(base, predictor=predictor)
