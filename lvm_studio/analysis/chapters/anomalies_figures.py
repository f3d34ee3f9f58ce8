"""The sections of the page on anomalies, from what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lvm_studio.analysis.anomalies.evidence import (
    CVAE,
    ENVELOPE,
    FOREST,
    VAE,
    WEIGHTED,
    SyntheticEvidence,
)
from lvm_studio.analysis.anomalies.evidence_digits import LOSSES, DigitEvidence
from lvm_studio.analysis.anomalies.evidence_faults import BOTH, WAYS, FaultEvidence
from lvm_studio.analysis.anomalies.roc import GRID
from lvm_studio.analysis.chapters.base import deviation
from lvm_studio.analysis.pages.drawing import INK, OKABE_ITO, draw, draw_panels
from lvm_studio.analysis.pages.page import Cell, PageFigure, PageTable, Section
from lvm_studio.data.vectors.planted_faults import FAULTS
from lvm_studio.models.inference_graphs import GenerativeGraph

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIGURE_4_1 = GenerativeGraph.parse("z1 -> z2; z1 -> z3; z2 -> x1; z3 -> x1; z3 -> x2", observed="")
CONDITIONAL = GenerativeGraph.parse("z -> x; k -> x", observed="x, k")


def graphs_section() -> Section:
    """Figure 4.1: a graph, and the two inference graphs that follow from it."""
    graph = FIGURE_4_1
    panels: list[tuple[str, Any]] = [
        ("generative", graph.directed),
        ("moral skeleton", graph.moral_skeleton()),
        ("forward", graph.inference("forward")),
        ("reverse", graph.inference("reverse")),
    ]
    edges = np.array([f"{title}: {a} {b}" for title, g in panels for a, b in g.edges])

    def paint(figure: Figure) -> None:
        for axes, (title, drawn) in zip(figure.subplots(1, 4), panels, strict=True):
            _paint_graph(axes, title, drawn, graph)

    figure = draw_panels(
        "figure-4-1",
        "A generative graph, its moral skeleton, and the inference graphs of both orders; observed "
        "variables are filled.",
        paint,
        {"edge": edges},
        (10.0, 2.8),
    )
    words = (
        "Figure 4.1 of the text has the same four stages. The graph here is of our choosing: "
        "joined parents and both orders are what it shows. After a variable is visited its "
        "parents are joined as well, a step that the text leaves out and faithfulness needs.",
    )
    return Section("Graphs of inference (Figure 4.1)", words, (figure,))


def model_section() -> Section:
    """Figure 8.5: the conditional VAE."""
    panels = [
        ("p(x | z, k)", CONDITIONAL.directed),
        ("q(z | x, k)", CONDITIONAL.inference("forward")),
    ]

    def paint(figure: Figure) -> None:
        for axes, (title, drawn) in zip(figure.subplots(1, 2), panels, strict=True):
            _paint_graph(axes, title, drawn, CONDITIONAL)

    edges = np.array([f"{title}: {a} {b}" for title, g in panels for a, b in g.edges])
    figure = draw_panels(
        "figure-8-5",
        "The conditional VAE: k is told to both networks, and z keeps to what k does not say.",
        paint,
        {"edge": edges},
        (6.0, 2.6),
    )
    return Section("The model (Figure 8.5)", (), (figure,))


def digits_section(found: Sequence[DigitEvidence]) -> Section:
    """Figure 8.6: hard digits by classifier loss, and wrong labels."""
    names = tuple(found[0].hard)
    hard = {name: np.array([one.hard[name] for one in found]) for name in names}

    def paint(axes: Axes) -> None:
        for name, areas in hard.items():
            axes.errorbar(
                LOSSES, areas.mean(0), deviation(areas), marker="o", capsize=3, label=name
            )
        axes.set_xscale("log")
        axes.set_xlabel("log-loss of the classifier above which a digit is hard")
        axes.set_ylabel("AUC of B")
        axes.legend()

    figure = draw(
        "figure-8-6",
        "How well score B finds the digits that a classifier finds hard. Mean and standard "
        "deviation over seeds.",
        paint,
        {"loss": np.array(LOSSES), **{f"{name}, seeds": a.T for name, a in hard.items()}},
    )
    rows = tuple((name, *_spread([one.wrong[name].auc for one in found])) for name in names)
    table = PageTable(
        "Half of the test labels are wrong: AUC of score B. A model that is told nothing cannot "
        "know, and stands at one half.",
        ("model", "mean", "standard deviation"),
        rows,
    )
    accuracy = float(np.mean([one.accuracy for one in found]))
    words = (
        "The text reports that the conditional VAE finds borderline digits better than the plain "
        "one, and that its score goes with the uncertainty of a LeNet-5 (98.95 % right). Here "
        f"5,000 digits and a small classifier ({100 * accuracy:.1f} % right) stand in.",
    )
    return Section("Digits (Figure 8.6)", words, (figure,), (table,))


def synthetic_section(found: SyntheticEvidence) -> Section:
    """Figure 8.7, left: the synthetic set."""
    rows = tuple(
        (name, *_spread(found.aucs(name, "A")), *_spread(found.aucs(name, "B")))
        for name in found.detectors
    )
    table = PageTable(
        "Areas under the curves over seeds.",
        ("detector", "A: mean", "A: sd", "B: mean", "B: sd"),
        rows,
    )
    gain = found.aucs(CVAE, "B") - found.aucs(VAE, "B")
    words = (
        "The text prints no AUC for this figure. It says: type A is very easy for both models, "
        "type B harder, and there the conditional VAE is clearly better. Here it is better by "
        f"{gain.mean():.2f} (least of all seeds {gain.min():.2f}); both rivals see x and k. The "
        "trigger rates of CMS are not public, so that the right half of the figure has none of "
        "ours beside it.",
        f"Scores whose names end in '{WEIGHTED.strip(', ')}' use draws of q weighted to the exact "
        "posterior.",
    )
    return Section("The synthetic set (Figure 8.7)", words, (_rocs(found),), (table,))


def _rocs(found: SyntheticEvidence) -> PageFigure:
    shown = (VAE, CVAE, FOREST, ENVELOPE)

    def paint(figure: Figure) -> None:
        for axes, kind in zip(figure.subplots(1, 2), "AB", strict=True):
            for colour, name in zip(OKABE_ITO, shown, strict=False):
                hits = found.hits(name, kind)
                axes.plot(GRID, hits.mean(0), color=colour, label=name)
                axes.fill_between(GRID, hits.min(0), hits.max(0), color=colour, alpha=0.2, lw=0)
            axes.set_title(f"type {kind}")
            axes.set_xlabel("fall-out")
            axes.set_ylabel("found")
        axes.legend(loc="lower right")

    data = {"fall-out": GRID}
    data |= {f"{n}, {k}, seeds": found.hits(n, k).T for n in shown for k in "AB"}
    caption = "ROC curves of both types, mean and range over seeds."
    return draw_panels("figure-8-7", caption, paint, data, (9.0, 3.8))


def faults_section(found: FaultEvidence) -> Section:
    """Six faults in weeks of London."""
    ranked = PageTable(
        "Share of planted faults above the 98th percentile of clean held-out weeks, six ways.",
        ("fault", *WAYS, f"sd of '{BOTH}'"),
        tuple(
            (
                kind,
                *(float(found.found[way, kind].mean()) for way in WAYS),
                float(deviation(found.found[BOTH, kind])),
            )
            for kind in FAULTS
        ),
    )
    typed = PageTable(
        "The faults, the type that each is of by construction, and the type that it is given.",
        ("fault", "what happens", "type", "named A", "type right", "sd"),
        tuple(_typed_row(found, kind) for kind in FAULTS),
    )
    above = [kind for kind in FAULTS if found.found[BOTH, kind].mean() >= 0.9]
    below = [kind for kind in FAULTS if kind not in above]
    words = (
        f"Every fault is planted into each of {found.weeks} held-out weeks of households that the "
        "model knows the past of. Six ways to rank the weeks stand side by side: three by the "
        "model's scores alone, three that also ask networks which saw known faults planted into "
        "training weeks. The last of them never saw the fault that it is asked for.",
        f"By '{BOTH}' at least nine in ten are found of: {', '.join(above) or 'none'}. "
        f"Fewer are found of: {', '.join(below) or 'none'}. Clean weeks hold real absences and "
        "irregular days of the same size, and they claim the same top two in a hundred.",
        "Where one reading alone is wrong the type is A by construction; where one factor changes "
        "all readings it is B. The other faults lose or move a stretch, and are of neither.",
    )
    return Section("Faults in weeks of households", words, (_faults_found(found),), (ranked, typed))


def _faults_found(found: FaultEvidence) -> PageFigure:
    """Every fault and way, with its spread over seeds."""
    places, kinds = np.arange(len(FAULTS)), tuple(FAULTS)

    def paint(axes: Axes) -> None:
        for n, (way, colour) in enumerate(zip(WAYS, OKABE_ITO, strict=False)):
            shares = np.stack([found.found[way, kind] for kind in kinds])
            at = places + 0.12 * (n - (len(WAYS) - 1) / 2)
            axes.errorbar(
                at,
                shares.mean(1),
                deviation(shares, axis=1),
                fmt="o",
                ms=4,
                capsize=2,
                color=colour,
                label=way,
            )
        axes.axhline(0.9, color=INK, lw=0.8, ls=":")
        axes.set_xticks(places, kinds)
        axes.set_ylim(0.0, 1.03)
        axes.set_ylabel("share found")
        axes.legend(fontsize=8)

    return draw(
        "faults",
        f"Planted faults among the top 2 % of clean weeks, {found.weeks} held-out weeks each. Mean "
        "and standard deviation over seeds; dotted: nine in ten.",
        paint,
        {f"{way}, {kind}": found.found[way, kind] for way in WAYS for kind in kinds},
        (9.0, 4.2),
    )


def _typed_row(found: FaultEvidence, kind: str) -> tuple[Cell, ...]:
    fault, right = FAULTS[kind], found.type_right(kind)
    named = float(found.type_a[kind].mean())
    share = (None, None) if right is None else _spread(right)
    return kind, fault.words, fault.type or "neither", named, *share


def _spread(values: ArrayLike) -> tuple[float, float]:
    """Mean and standard deviation over seeds."""
    seeds = np.asarray(values, dtype=np.float64)
    return float(seeds.mean()), float(deviation(seeds))


def _paint_graph(axes: Axes, title: str, drawn: Any, graph: GenerativeGraph) -> None:
    import networkx as nx

    places = nx.shell_layout(sorted(graph.directed))
    filled = [OKABE_ITO[5] if name in graph.observed else "white" for name in drawn]
    nx.draw_networkx(
        drawn, places, ax=axes, node_color=filled, edgecolors=INK, node_size=500, font_size=9
    )
    axes.set_title(title)
    axes.set_axis_off()
    axes.margins(0.2)
