"""What was drawn becomes findings: one function a family of measures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.judging.records import Ints
from lvm_studio.analysis.judging.report import Estimate, FidelityReport
from lvm_studio.analysis.report_card.card import Finding, Known
from lvm_studio.analysis.report_card.catalogue import BY_KEY
from lvm_studio.analysis.report_card.comparison import (
    Comparison,
    Distance,
    Measured,
    Rows,
    jackknife,
)
from lvm_studio.analysis.report_card.distances import (
    circular_wasserstein,
    relative,
    wasserstein,
)
from lvm_studio.analysis.report_card.features import Features, temperature_response
from lvm_studio.analysis.report_card.others import OTHERS
from lvm_studio.analysis.report_card.pairs import Pairs
from lvm_studio.analysis.report_card.verdicts import is_close, verdict
from lvm_studio.data.units import DAY

Array = NDArray[np.float64]
Statistic = Callable[[Features], float]

DUE = {"cover50": 0.5, "cover80": 0.8, "cover90": 0.9}
ADMD_FROM = 3
"""Smaller sums are outside of what the models are trained on: drawn, not judged."""


def finding(
    key: str,
    measured: Measured,
    value: float,
    real: float,
    against: float | None = None,
) -> Finding:
    """A finding of the catalogue; `against` is what the words compare with, by default `real`."""
    measure = BY_KEY[key]
    limit = measure.limit.at(measured.floor)
    found = verdict(measured.distance, measured.floor, limit)
    words = measure.phrase(value, real if against is None else against)
    if is_close(measured.distance, limit, measured.se):
        words += "; within two standard errors of the limit"
    return Finding(
        key=key,
        group=measure.group,
        title=measure.title,
        unit=measure.unit,
        value=known(value),
        real=known(real),
        distance_title=measure.distance_title,
        distance_unit=measure.distance_unit,
        distance=known(measured.distance),
        se=known(measured.se),
        floor=known(measured.floor),
        limit=known(limit),
        verdict=found,
        words=words[0].upper() + words[1:] + ".",
        definition=measure.definition,
        reason=measure.limit.reason,
    )


def known(value: float) -> Known:
    """None for what is not a number."""
    return float(value) if math.isfinite(value) else None


# scores and bands ---------------------------------------------------------------------------


def score_finding(
    key: str, report: FidelityReport, name: str, rivals: tuple[str, ...], metric: str
) -> Finding:
    """A score of `name` beside the better of these rivals, and of other real households."""
    rival = min(rivals, key=lambda one: report.estimate(one, metric).mean)
    ratio = report.ratio(name, rival, metric)
    floor = report.ratio(OTHERS, rival, metric).mean
    return finding(
        key,
        Measured(ratio.mean, ratio.se, floor),
        value=report.estimate(name, metric).mean,
        real=report.estimate(OTHERS, metric).mean,
        against=report.estimate(rival, metric).mean,
    )


def band_findings(report: FidelityReport, name: str) -> Iterator[Finding]:
    """Coverage of the bands of half-hours and of each criterion."""
    due = DUE | {f"{criterion}80": 0.8 for criterion in ("peak", "sustained", "flexibility")}
    for key, level in due.items():
        covered: Estimate = report.estimate(name, key)
        floor = abs(report.estimate(OTHERS, key).mean - level)
        off = Measured(abs(covered.mean - level), covered.se, floor)
        yield finding(key, off, covered.mean, level)


# distributions and shapes -------------------------------------------------------------------

COLUMNS: Mapping[str, Callable[[Features], Array]] = {
    "peak": lambda features: features.peak,
    "sustained": lambda features: features.sustained,
    "flexibility": lambda features: features.flexibility,
}
MEANS: Mapping[str, Statistic] = {
    "lag1": lambda features: float(features.autocorrelation[:, 1].mean()),
    "lag48": lambda features: float(features.autocorrelation[:, DAY].mean()),
    "roughness": lambda features: float(features.roughness.mean()),
}


def distribution_findings(pairs: Comparison) -> Iterator[Finding]:
    """The three criteria and the hour of the peak."""
    for key, column in COLUMNS.items():
        value, real = column(pairs.generated).mean(), column(pairs.real).mean()
        yield finding(key, pairs.measure(_by_wasserstein(column)), value, real)
    hours = pairs.measure(lambda a, b: circular_wasserstein(a.peak_hour, b.peak_hour, 24.0))
    real = circular_mean(pairs.real.peak_hour)
    shift = (circular_mean(pairs.generated.peak_hour) - real + 12.0) % 24.0 - 12.0
    yield finding("peak_hour", hours, real + shift, real)


def shape_findings(pairs: Comparison) -> Iterator[Finding]:
    """Autocorrelations and roughness, as means over curves."""
    for key, mean in MEANS.items():
        yield finding(key, pairs.measure(_by_mean(mean)), mean(pairs.generated), mean(pairs.real))


def _by_wasserstein(column: Callable[[Features], Array]) -> Distance:
    return lambda first, second: wasserstein(column(first), column(second))


def _by_mean(mean: Statistic) -> Distance:
    return lambda first, second: relative(mean(first), mean(second))


def temperature_finding(pairs: Comparison) -> Finding:
    """W/°C and household below 15 °C."""
    measured = pairs.measure(lambda a, b: abs(temperature_response(a) - temperature_response(b)))
    slope = temperature_response
    return finding("temperature", measured, slope(pairs.generated), slope(pairs.real))


def admd(features: Features) -> dict[int, float]:
    """Mean weekly peak per household, kW, by the number of households."""
    return {int(n): float(features.peak[features.k == n].mean()) for n in np.unique(features.k)}


def admd_finding(ladder: Comparison) -> Finding:
    """After-diversity maximum demand, all sizes from ADMD_FROM judged alike."""

    def off(one: Features, two: Features) -> float:
        first, second = admd(one), admd(two)
        sizes = [n for n in first if n >= ADMD_FROM] or list(first)
        return float(np.mean([relative(first[n], second[n]) for n in sizes]))

    generated, real = admd(ladder.generated), admd(ladder.real)
    largest = max(real)
    return finding("admd", ladder.measure(off), generated[largest], real[largest])


def privacy_finding(key: str, nearer: Measured) -> Finding:
    """The share of generated weeks that are nearer to training than measured ones; 1/2 is due."""
    return finding(key, nearer, nearer.distance, 0.5)


# labels, information ------------------------------------------------------------------------


def label_finding(pairs: Pairs, generated: Array, seed: int) -> Finding:
    """Error of a curve from the same labels, over that between independent real sums."""
    size = pairs.k[:, None]
    real, other = pairs.real / size, pairs.other / size
    rolled = np.random.default_rng(seed).permutation(len(pairs))
    apart = pairs.week != pairs.week[rolled]
    same = np.abs(generated / size - real).sum(axis=1)
    set_apart = np.abs(other - real).sum(axis=1)
    strangers = np.abs(real - real[rolled]).sum(axis=1)

    def ratio(errors: Array, rows: Rows) -> float:
        independent = strangers[rows & rows[rolled] & apart]
        return float(errors[rows].mean() / independent.mean()) if len(independent) else math.nan

    everything = np.ones(len(pairs), dtype=np.bool_)
    value, floor = ratio(same, everything), ratio(set_apart, everything)
    se = jackknife(lambda rows: ratio(same, rows), pairs.week)
    return finding("same_labels", Measured(value, se, floor), value, floor)


def bits_finding(key: str, *, heldout: Array, train: Array, other: Array, week: Ints) -> Finding:
    """Bits [M] of sums of held-out weeks (`week` [M]), training weeks, and other households."""
    against = float(train.mean()) or math.nan  # a model may store nothing

    def ratio(rows: Rows) -> float:
        return float(heldout[rows].mean()) / against

    value = float(heldout.mean())
    floor = 1.0 + relative(float(other.mean()), value)
    measured = Measured(value / against, jackknife(ratio, week), floor)
    return finding(key, measured, value, against)


def circular_mean(hours: Array) -> float:
    """Mean time of day, h.

    >>> round(circular_mean(np.array([22.0, 4.0])), 6)
    1.0
    """
    angle = np.exp(2j * np.pi * hours / 24.0).mean()
    return float(np.angle(angle) * 24.0 / (2 * np.pi) % 24.0)
