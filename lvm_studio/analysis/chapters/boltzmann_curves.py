"""Curves on the page of chapter 10: extremes at KL 6.91, what they cost, how sure "1 in N" is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.boltzmann.costs import MethodCost, break_even, of_method
from lvm_studio.analysis.boltzmann.extremes import Extreme
from lvm_studio.analysis.chapters.base import spread
from lvm_studio.analysis.pages.drawing import INK, OKABE_ITO, draw_panels
from lvm_studio.analysis.pages.page import PageFigure, PageTable, Section
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.extremes import Band, OneInN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUPERPOSED = 5
"""Curves in a panel, as in Fig. 10.5."""


def extremes_section(
    title: str, name: str, who: str, found: Sequence[Extreme], real_kw: NDArray[np.float32] | None
) -> Section:
    """All three criteria at KL 6.91 on one space."""
    updates = max(each.updates for each in found)
    spreads = [float(np.ptp(each.log_z)) for each in found]
    sure = all(each.certificate.ok for each in found)
    words = (
        f"{who} Each criterion is tuned to KL 6.91 (1 in 1000) by the reference, SMC; λ took at "
        f"most {updates} {'update' if updates == 1 else 'updates'} from a cold start (thesis: "
        "fewer than 10).",
        f"Runs of the reference from {len(found[0].log_z)} seeds differ by at most "
        f"{max(spreads):.3f} nats in log Z. "
        + (
            "Every certificate is in order."
            if sure
            else "Not every certificate is in order: see the table."
        ),
    )
    return Section(title, words, (_curves(name, found, real_kw),), (_extremes_table(found),))


def _extremes_table(found: Sequence[Extreme]) -> PageTable:
    rows = tuple(
        (
            CRITERIA[each.criterion].title,
            each.answer.unit,
            each.answer.base_expectation,
            spread(each.expectations, 3),
            each.answer.lam,
            each.updates,
            spread(each.log_z, 3),
            f"{each.seconds:.1f}",
            each.certificate.sentence,
        )
        for each in found
    )
    columns = (
        "criterion",
        "unit",
        "base mean",
        "tuned mean",
        "λ, per sd of f",
        "updates of λ",
        "log Z, nats",
        "s a run",
        "certificate",
    )
    note = "± is the standard deviation between runs of the reference of different seeds."
    return PageTable("Tuned to KL 6.91", columns, rows, note)


def _curves(name: str, found: Sequence[Extreme], real_kw: NDArray[np.float32] | None) -> PageFigure:
    days = np.arange(found[0].base_kw.shape[1]) / 48.0

    def paint(figure: Figure) -> None:
        panels = figure.subplots(len(found) + (real_kw is not None), 1, sharex=True, sharey=True)
        if real_kw is not None:
            panels[0].plot(days, real_kw[:SUPERPOSED].T, color=OKABE_ITO[0], linewidth=0.6)
            panels[0].set_title("measured sums")
            panels[0].set_ylabel("kW")
        for axes, each in zip(panels[-len(found) :], found, strict=True):
            axes.plot(days, each.base_kw[:SUPERPOSED].T, color=OKABE_ITO[2], linewidth=0.6)
            tuned = _apart(each.answer.curves_kw)
            axes.plot(days, tuned.T, color=OKABE_ITO[1], linewidth=0.6, alpha=0.8)
            axes.plot(days, each.answer.mean_kw, color=INK, linewidth=1.0)
            axes.set_title(CRITERIA[each.criterion].title)
            axes.set_ylabel("kW")
        panels[-1].set_xlabel("day of the week")

    data: dict[str, NDArray[np.float64]] = {"day": days}
    for each in found:
        data[f"{each.criterion}_base"] = each.base_kw[:SUPERPOSED].T.astype(np.float64)
        data[f"{each.criterion}_tuned"] = _apart(each.answer.curves_kw).T.astype(np.float64)
    caption = (
        f"{SUPERPOSED} curves each (as Fig. 10.5): green of the base law, orange of the tuned one, "
        "black the tuned mean" + ("; blue measured sums." if real_kw is not None else ".")
    )
    return draw_panels(name, caption, paint, data, size=(8.0, 6.5 if real_kw is not None else 5.0))


def _apart(curves: NDArray[np.float32]) -> NDArray[np.float32]:
    """A few rows far from each other: resampled neighbours may be copies."""
    rows: NDArray[np.float32] = curves[np.linspace(0, len(curves) - 1, SUPERPOSED).astype(int)]
    return rows


def costs_section(found: Mapping[str, Sequence[MethodCost]]) -> Section:
    """What an effective curve costs at KL 6.91."""
    words = [
        "Decodes and time of one effective curve at KL 6.91 on the ten-household VAE, all methods "
        "in one run; every method corrected by its weights where it has any. An effective curve is "
        "one independent draw's worth (N / ESS; for SMC and Langevin by the spread of groups).",
    ]
    for criterion, costs in found.items():
        smc, mixture, flow, single = (
            of_method(costs, name) for name in ("SMC", "mixture", "flow", "flow for one λ")
        )
        words.append(
            f"{CRITERIA[criterion].title}: mixture {mixture.decodes_each:.2f} and flow "
            f"{flow.decodes_each:.2f} decodes a curve. Counting the decodes of its fit, the "
            f"mixture breaks even with SMC after {_curves_number(break_even(mixture, smc))}, the "
            f"flow after {_curves_number(break_even(flow, smc))}; the flow with the mixture after "
            f"{_curves_number(break_even(flow, mixture))}. The thesis' own way, a flow for one λ "
            f"fitted anew as Algorithm 10.1 moves it, takes {single.setup_decodes:,.0f} decodes "
            f"before its first curve at this one λ and {single.decodes_each:.2f} a curve."
        )
    tables = tuple(_cost_table(criterion, costs) for criterion, costs in found.items())
    return Section("What an effective curve costs", tuple(words), (), tables)


def _curves_number(curves: float) -> str:
    return "no number of curves" if math.isinf(curves) else f"{max(curves, 1.0):,.0f} curves"


def _cost_table(criterion: str, costs: Sequence[MethodCost]) -> PageTable:
    unit = CRITERIA[criterion].unit
    rows = tuple(
        (
            each.method,
            f"{each.setup_decodes:,.0f}",
            f"{each.setup_seconds:.1f}",
            f"{each.decodes_each:,.2f}",
            f"{1e3 * each.seconds_each:.3g}",
            f"{each.expectation:.2f} ± {each.standard_error:.2f}",
            each.caveat or "none known",
        )
        for each in costs
    )
    columns = (
        "method",
        "decodes before the first curve",
        "s before",
        "decodes a curve",
        "ms a curve",
        f"E f, {unit}",
        "what speaks against it",
    )
    return PageTable(f"{CRITERIA[criterion].title} at KL 6.91", columns, rows)


def one_in_n_section(found: Mapping[str, OneInN], k: int) -> Section:
    """The three figures that 1 in 1000 may mean, with bands."""
    rows = tuple(
        (
            CRITERIA[name].title,
            CRITERIA[name].unit,
            _banded(each.quantile, each.quantile_band),
            _banded(each.mean_beyond, each.mean_beyond_band),
            _banded(each.tilted_mean, each.tilted_mean_band),
        )
        for name, each in found.items()
    )
    columns = (
        "criterion",
        "unit",
        "exceeded by 1 in 1000",
        "mean of those beyond",
        "tuned mean at KL 6.91",
    )
    words = (
        f"Real sums of {k} London households in training weeks. One in 1000 names three figures; "
        "each stands with the 95 % band of households and weeks drawn again with replacement.",
    )
    note = "In brackets the band, and its half width as a share of the figure."
    table = PageTable("What 1 in 1000 may mean, measured", columns, rows, note)
    return Section("One in a thousand, and how sure it is", words, (), (table,))


def _banded(value: float, band: Band | None) -> str:
    if band is None:
        return f"{value:.1f}"
    half = 0.5 * (band[1] - band[0]) / value
    return f"{value:.1f} [{band[0]:.1f}, {band[1]:.1f}; ± {100 * half:.0f} %]"
