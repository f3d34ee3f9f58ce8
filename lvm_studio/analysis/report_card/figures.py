"""The figures of a card: histograms, coincidence, autocorrelation, hour of the peak, weather."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.report_card.card import Band, Figure, Series
from lvm_studio.analysis.report_card.comparison import Comparison
from lvm_studio.analysis.report_card.features import Features
from lvm_studio.analysis.report_card.findings import COLUMNS, admd, known
from lvm_studio.analysis.report_card.spec import CardSpec
from lvm_studio.data.units import HOURS_PER_STEP

Array = NDArray[np.float64]
BINS = 24
HALVES = "real halves"
INNER = (0.1, 0.9)

CRITERION_TITLES = {
    "peak": ("Peak", "peak, kW per household"),
    "sustained": ("16th largest", "held for 8 h, kW per household"),
    "flexibility": ("Flexibility", "away from flat, kWh per household"),
}


def figures_of(pairs: Comparison, ladder: Comparison, spec: CardSpec) -> tuple[Figure, ...]:
    """All figures, in the order in which to show them."""
    return (
        *(_histogram(pairs, key, spec) for key in COLUMNS),
        _admd(ladder, spec),
        _autocorrelation(pairs, spec),
        _peak_hours(pairs, spec),
        _weather(pairs, spec),
    )


def _figure(
    pairs: Comparison,
    spec: CardSpec,
    names: tuple[str, str, str, str],
    x: Array,
    line: Callable[[Features], Array],
) -> Figure:
    """A figure of one line a group; the band holds the inner 80 % of both halves of all splits."""
    key, title, x_label, y_label = names
    halves = np.array(
        [
            line(half.at(pairs.split == split))
            for split in np.unique(pairs.split)
            for half in (pairs.real, pairs.other)
        ]
    )
    return Figure(
        key=key,
        title=title,
        x_label=x_label,
        y_label=y_label,
        x=tuple(map(float, x)),
        series=(
            Series("measured", "real", _plain(line(pairs.real))),
            Series("generated", "generated", _plain(line(pairs.generated))),
        ),
        band=Band(HALVES, *(_plain(edge) for edge in np.quantile(halves, INNER, axis=0))),
        note=_note(pairs, spec),
    )


def _note(pairs: Comparison, spec: CardSpec) -> str:
    k = pairs.real.k
    return (
        f"{len(pairs.week):,} sums of {k.min():.0f} to {k.max():.0f} households in "
        f"{len(np.unique(pairs.week))} held-out weeks, each with one curve generated from the "
        f"same labels and weather; grey: the inner 80 % of {2 * spec.splits} halves of the "
        f"real households; seed {spec.seed}."
    )


def _histogram(pairs: Comparison, key: str, spec: CardSpec) -> Figure:
    column = COLUMNS[key]
    groups = (pairs.real, pairs.generated, pairs.other)
    values = np.concatenate([column(group) for group in groups])
    low, high = np.quantile(values, (0.001, 0.999))
    edges: Array = np.linspace(low, max(high, low + 1e-6), BINS + 1)
    title, label = CRITERION_TITLES[key]
    return _figure(
        pairs, spec, (key, title, label, "density"), edges, lambda f: _density(column(f), edges)
    )


def _density(values: Array, edges: Array) -> Array:
    """Share by bin over its width; what lies outside the edges is in the share's divisor."""
    return np.histogram(values, edges)[0] / (len(values) * np.diff(edges))


def _admd(ladder: Comparison, spec: CardSpec) -> Figure:
    sizes = np.unique(ladder.real.k)
    names = ("admd", "Coincidence", "households n", "mean weekly peak ÷ n, kW")
    return _figure(ladder, spec, names, sizes, lambda f: np.array(list(admd(f).values())))


def _autocorrelation(pairs: Comparison, spec: CardSpec) -> Figure:
    lags = np.arange(pairs.real.autocorrelation.shape[1], dtype=np.float64)
    names = ("autocorrelation", "Autocorrelation", "lag, h", "autocorrelation")
    return _figure(
        pairs, spec, names, HOURS_PER_STEP * lags, lambda f: f.autocorrelation.mean(axis=0)
    )


def _peak_hours(pairs: Comparison, spec: CardSpec) -> Figure:
    edges = np.arange(25.0)
    names = ("peak_hour", "Hour of the peak", "local time, h", "density, 1/h")
    return _figure(pairs, spec, names, edges, lambda f: _density(f.peak_hour, edges))


def _weather(pairs: Comparison, spec: CardSpec) -> Figure:
    temperature = pairs.real.temperature
    edges = np.linspace(temperature.min(), temperature.max() + 1e-6, 13)
    names = ("weather", "Answer to the weather", "mean of the day, °C", "W per household")
    return _figure(
        pairs, spec, names, (edges[1:] + edges[:-1]) / 2, lambda f: _by_temperature(f, edges)
    )


def _by_temperature(features: Features, edges: Array) -> Array:
    """Mean load by bin of temperature; nan where there is no day."""
    place = np.digitize(features.temperature, edges) - 1
    return np.array(
        [
            features.daily[place == i].mean() if (place == i).any() else np.nan
            for i in range(len(edges) - 1)
        ]
    )


def _plain(values: Array) -> tuple[float | None, ...]:
    return tuple(known(value) for value in values)
