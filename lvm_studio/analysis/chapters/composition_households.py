"""Households on the page of chapter 9: the report card as sections, Table 9.1, the ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.analysis.judging.records import WeekRecords, draw_cases
from lvm_studio.analysis.latent.space import encode
from lvm_studio.analysis.pages.drawing import INK, OKABE_ITO, draw
from lvm_studio.analysis.pages.page import PageFigure, PageTable, Section
from lvm_studio.analysis.report_card.card import Figure, Finding, Known, ReportCard, ScoreTable
from lvm_studio.analysis.report_card.phrases import shown
from lvm_studio.data.households import HouseholdSet
from lvm_studio.models.compvae import CompVAE
from lvm_studio.models.information import information_per_rank
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.household_problem import HouseholdProblem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENCODED_A_WEEK, K_RANGE = 20, (20, 60)
RANKED, RANKS = 256, 12
ROLES = {"real": INK, "generated": OKABE_ITO[0], "rival": OKABE_ITO[3]}
MOST = 0.5
"""What the first three parts have to hold of the information for the thesis' finding."""
THESIS_BITS = "The thesis measured 37 bits without and 26 with temperature on other data (0.70)."


def card_section(card: ReportCard) -> Section:
    """Scores with the rivals, histograms (Fig. 9.14), coincidence, and all else that is judged."""
    same = card.finding("same_labels")
    words = (
        card.summary(),
        f"Error of a week generated from the same labels ÷ that between independent sums: "
        f"{_told(same.value)}; between two real sets of like labels it is {_told(same.floor)}.",
    )
    figures = tuple(map(_figure, card.figures))
    findings = PageTable(
        "Verdicts",
        ("figure", "generated", "real", "distance", "floor", "limit", "verdict"),
        tuple(map(_judged, card.findings)),
        "Floor: the same distance between real and real.",
    )
    return Section(
        "Households: generated against held-out weeks",
        words,
        figures,
        (*map(_scores, card.scores), findings),
    )


def _judged(finding: Finding) -> tuple[str, ...]:
    """A finding as a row of texts: shares in per cent, all else in its unit."""
    own = (shown(value, finding.unit) for value in (finding.value, finding.real))
    apart = (finding.distance, finding.floor, finding.limit)
    distances = (shown(value, finding.distance_unit) for value in apart)
    return (finding.title, *own, *distances, str(finding.verdict))


def _told(value: Known) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _scores(table: ScoreTable) -> PageTable:
    rows = tuple(
        (
            row.predictor,
            *(
                f"{score.mean:.3g}"
                + (f" ± {score.standard_error:.2g}" if score.standard_error is not None else "")
                for score in row.scores
            ),
        )
        for row in table.rows
    )
    return PageTable(f"Scores: {table.title}", ("predictor", *table.columns), rows, table.note)


def _figure(figure: Figure) -> PageFigure:
    x = np.array(figure.x)

    def paint(axes: Axes) -> None:
        if figure.band is not None:
            low, high = _line(figure.band.low), _line(figure.band.high)
            steps = len(low) < len(x)  # between edges: the last step is drawn to the last edge
            edges = (np.append(low, low[-1:]), np.append(high, high[-1:])) if steps else (low, high)
            axes.fill_between(
                x,
                *edges,
                step="post" if steps else None,
                color="#DDE2E8",
                label=figure.band.name,
                linewidth=0,
            )
        for series in figure.series:
            colour, y = ROLES[series.role], _line(series.y)
            if len(y) == len(x):
                axes.plot(x, y, color=colour, label=series.name)
            else:
                axes.stairs(y, x, color=colour, label=series.name)
        axes.set(title=figure.title, xlabel=figure.x_label, ylabel=figure.y_label)
        axes.legend()

    data = {"x": x} | {series.name: _line(series.y) for series in figure.series}
    name = f"card-{figure.key}".replace("_", "-")
    return draw(name, figure.note, paint, data, size=(5.4, 3.2))


def _line(values: Sequence[Known]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values])


def bits(model: TrainedModel, households: HouseholdSet, seed: int) -> tuple[float, float]:
    """Bits in {w_i} and in z of sums of training households in held-out weeks."""
    assert isinstance(model.module, CompVAE)
    records = WeekRecords.of(households, model.labels, model.week_context)
    rows = households.indices(households.split.train_households)
    weeks = households.weeks.indices(households.split.heldout_weeks)
    cases = draw_cases(records, rows, weeks, ENCODED_A_WEEK, K_RANGE, seed)
    nats = encode(model, records, cases).kl.double().mean(0) / np.log(2.0)
    w = model.module.spec.latent_w
    return float(nats[:w].sum()), float(nats[w:].sum())


def bits_section(found: Mapping[str, Sequence[tuple[float, float, float]]]) -> Section:
    """Table 9.1: bits in {w_i} and z, and the held-out bound, by what is told; one a seed."""
    rows = []
    for told, by_seed in found.items():
        w, z, bound = np.array(by_seed).T
        rows.append((told, _spread(w), _spread(z), _spread(w + z), _spread(bound)))
    seeds = len(next(iter(found.values())))
    spread = f"± is the standard deviation over {seeds} seeds" if seeds > 1 else "One seed"
    table = PageTable(
        "Bits that inference takes from a held-out week (Table 9.1)",
        ("model is told", "in {w_i}", "in z", "together", "held-out bound, nats"),
        tuple(rows),
        f"{spread}; the bound is that of the same sums in held-out weeks for all. {THESIS_BITS}",
    )
    return Section(
        "Information, with and without the weather",
        (
            "What a model is told need not be inferred: without the temperature its part in the "
            "curve has to pass through the latent variables.",
        ),
        tables=(table,),
    )


def _spread(values: NDArray[np.float64]) -> str:
    """Mean and standard deviation over seeds [n]; a single seed has no spread to tell.

    >>> _spread(np.array([2.0])), _spread(np.array([1.0, 3.0]))
    ('2.00', '2.00 ± 1.41')
    """
    spread = f" ± {values.std(ddof=1):.2f}" if len(values) > 1 else ""
    return f"{values.mean():.2f}{spread}"


def ranks(problem: HouseholdProblem, model: TrainedModel, seed: int) -> NDArray[np.float64]:
    """Bits of each rank of i, [RANKS], over sums of the problem with that many parts."""
    assert isinstance(model.module, CompVAE)
    generator = torch.Generator().manual_seed(seed)
    batch = problem.draw(RANKED, generator)
    nats = information_per_rank(model.module, batch, generator)[:RANKS]
    found: NDArray[np.float64] = nats.double().numpy() / np.log(2.0)
    return found


def ranks_section(found: Mapping[str, NDArray[np.float64]]) -> Section:
    """Bits by rank [seeds, RANKS] for each way of inference."""
    rows = []
    for name, by_seed in found.items():
        first = by_seed[:, :3].sum(1) / np.maximum(by_seed.sum(1), 1e-12)
        rows.append((name, *by_seed.mean(0)[:5].tolist(), _spread(first)))
    table = PageTable(
        "Bits by rank of i",
        ("inference", "1", "2", "3", "4", "5", "share of the first three"),
        tuple(rows),
        f"{RANKS} parts; the share that three of {RANKS} have by right is {3 / RANKS:.2f}.",
    )

    def paint(axes: Axes) -> None:
        for name, by_seed in found.items():
            axes.plot(np.arange(1, RANKS + 1), by_seed.mean(0), marker="o", ms=3, label=name)
        axes.set(xlabel="rank of i", ylabel="bits", title="Information per part")
        axes.legend()

    data = {"rank": np.arange(1, RANKS + 1)} | {n: b.mean(0) for n, b in found.items()}
    caption = "Where the information of a sum goes: mean over seeds, by the order of inference."
    figure = draw("ranks", caption, paint, data)
    words = (
        "The recurrent inference models (9.2.1) name one part after the other; the thesis found "
        "that their first parts take everything. The correlated Gaussian has no order.",
        *(_verdict_on_ranks(name, by_seed) for name, by_seed in found.items()),
    )
    return Section("Inference one after the other, and all at once", words, (figure,), (table,))


def _verdict_on_ranks(name: str, by_seed: NDArray[np.float64]) -> str:
    """Whether the first three parts take most of the information, or not."""
    share = float((by_seed[:, :3].sum(1) / np.maximum(by_seed.sum(1), 1e-12)).mean())
    takes = "take most of it" if share > MOST else "do not take most of it"
    return (
        f"Here, {name}: {by_seed.sum(1).mean():.2g} bits in all parts together; the first three "
        f"hold {100 * share:.0f} % of them, where {300 / by_seed.shape[1]:.0f} % would be theirs "
        f"by right: they {takes}."
    )
