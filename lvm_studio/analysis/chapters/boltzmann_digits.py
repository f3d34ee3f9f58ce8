"""Digits on the page of chapter 10: conditioned by a classifier, refined by a discriminator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.boltzmann.adversarial import Refinement
from lvm_studio.analysis.boltzmann.digits import CLASSES, LABEL, ROWS, ClassCase
from lvm_studio.analysis.boltzmann.images import ImageFigures
from lvm_studio.analysis.boltzmann.paths import paint_front, paint_path, path_data
from lvm_studio.analysis.chapters.base import spread
from lvm_studio.analysis.pages.drawing import OKABE_ITO, draw, draw_panels
from lvm_studio.analysis.pages.page import PageFigure, PageTable, Section
from lvm_studio.data.vectors.digits import SIDE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lvm_studio.tuning.criteria.difficulty import Difficulty

THESIS_GAPS = {"log c": 0.17, "c": 0.58}
"""Largest KL gaps of footnote 5 of chapter 10, nats."""
_TRUNCATED = 15.0


def class_section(cases: Sequence[ClassCase], accuracies: Sequence[float]) -> Section:
    """Case 1 of every seed; figures show the first."""
    first = cases[0]
    gaps = {name: [case.paths[name].kl_gap for case in cases] for name in THESIS_GAPS}
    fours = {
        name: [float(case.compared[name].classes[LABEL]) for case in cases]
        for name in first.compared
    }
    words = (
        f"A classifier of the digits (right on {spread([100 * a for a in accuracies], 1)} % of "
        f"those held out) tunes a VAE towards the class {LABEL}. f is taken of the mean image, "
        "without the observation's noise, which the classifier never saw.",
        f"The flow's KL departs from theory by at most {spread(gaps['log c'])} nats for log c(y|x) "
        f"and by {spread(gaps['c'])} for c(y|x) (thesis: 0.17 and 0.58, of another VAE and "
        "classifier), over the same range of KL.",
        f"At λ = 1 the law of the model and this classifier is exact when base draws are kept with "
        f"chance c(4|x): a second classifier, which had no say, then finds "
        f"{spread([100 * v for v in fours[EXACT]], 0)} % fours, and "
        f"{spread([100 * v for v in fours['flow, weights applied']], 0)} % in what the flow gives. "
        "What is missing to real fours lies with the VAE and the classifier, who disagree about "
        "images that are no digit, and not with the tuning.",
    )
    figures = (
        _gradients(first.difficulties),
        _paths(first),
        _fronts(first),
        images_figure(
            "digits-rows",
            "Images of the tuned law towards class 4 by log c (as Fig. 10.4), one row a λ, "
            "resampled by their weights.",
            first.rows,
            [f"λ = {lam:g}" for lam in ROWS],
        ),
        _histogram(first),
    )
    return Section(
        "Case 1: digits conditioned by a classifier",
        words,
        figures,
        (_gap_table(cases), _compared_table(cases)),
    )


EXACT = "exact: base draws kept with chance c"


def _gap_table(cases: Sequence[ClassCase]) -> PageTable:
    rows = []
    for name, thesis in THESIS_GAPS.items():
        paths = [case.paths[name] for case in cases]
        rows.append(
            (
                f"f = {name}(y|x)",
                spread([path.kl_gap for path in paths]),
                thesis,
                spread([float(path.gap.max()) for path in paths]),
                spread([float(path.share.min()) for path in paths]),
                spread([float(path.kl[-1]) for path in paths]),
            )
        )
    columns = (
        "criterion",
        "largest KL gap, nats",
        "thesis, nats",
        "largest KL(q ‖ p̂), nats",
        "least ESS / N",
        "KL at the end, nats",
    )
    return PageTable("How near the flow comes, along λ, without weights", columns, tuple(rows))


def _compared_table(cases: Sequence[ClassCase]) -> PageTable:
    def row(name: str) -> tuple[str, ...]:
        found = [case.compared[name] for case in cases]
        return (
            name,
            spread([100 * float(each.classes[LABEL]) for each in found], 1),
            spread([each.classes_kept for each in found]),
            spread([each.diversity for each in found]),
            spread([each.distance for each in found], 1),
        )

    columns = (
        "at λ = 1 (log c), mean images",
        "judged a four, %",
        "effective classes",
        "diversity, real fours = 1",
        "Fréchet distance to real fours",
    )
    note = (
        "Judged by a second classifier of another seed, in whose features the distance is "
        "measured; effective classes are exp of the entropy of the class histogram. The last row "
        "compares one half of the real fours with the other."
    )
    rows = tuple(row(name) for name in cases[0].compared)
    return PageTable("λ = 1 beside the true class-conditional", columns, rows, note)


def _gradients(difficulties: Mapping[str, tuple[Difficulty, ...]]) -> PageFigure:
    bins = np.linspace(0.0, _TRUNCATED, 41)
    shares = {
        name: np.stack([np.histogram(each.norms, bins)[0] / len(each.norms) for each in found])
        for name, found in difficulties.items()
    }
    middle = 0.5 * (bins[1:] + bins[:-1])

    def paint(figure: Figure) -> None:
        for axes, (name, rows) in zip(figure.subplots(1, 2), shares.items(), strict=True):
            axes.plot(middle, rows.T, color=OKABE_ITO[0], linewidth=0.5, alpha=0.6)
            axes.plot(middle, rows.mean(axis=0), color=OKABE_ITO[1])
            axes.set_title(f"f = {name}(y|x)")
            axes.set_xlabel("‖∇f‖ / √Var f")
            axes.set_ylabel("share of base draws")

    top = {name: max(float(each.norms.max()) for each in d) for name, d in difficulties.items()}
    flat = {name: float(np.mean([each.flat for each in d])) for name, d in difficulties.items()}
    caption = (
        "Norm of the criterion's gradient by the latents over the base law (as Fig. 10.1): thin "
        "lines are the ten classes, the thick one is their mean. On plateaus lie "
        f"{100 * flat['c']:.0f} % of the draws for c and {100 * flat['log c']:.0f} % for log c; "
        f"the steepest cliff is {top['c']:.0f} for c and {top['log c']:.0f} for log c."
    )
    data = {"norm": middle} | {f"{n.replace(' ', '_')}": rows.T for n, rows in shares.items()}
    return draw_panels("digits-gradients", caption, paint, data, size=(8.0, 3.0))


def _paths(case: ClassCase) -> PageFigure:
    def paint(figure: Figure) -> None:
        grid = figure.subplots(2, 2)
        for column, (name, path) in zip(grid.T, case.paths.items(), strict=True):
            paint_path(column[0], path, "expectation", f"E f, f = {name}")
            paint_path(column[1], path, "kl", "KL, nats")

    data = {
        f"{name.replace(' ', '_')}_{what}": values
        for name, path in case.paths.items()
        for what, values in path_data(path).items()
    }
    caption = (
        "E f and KL over λ, by theory (line, with its 95 % band) and of the flow's own draws "
        "without weights (points; as Fig. 10.2). λ in units of one over f."
    )
    return draw_panels("digits-paths", caption, paint, data, size=(8.0, 5.0))


def _fronts(case: ClassCase) -> PageFigure:
    def paint(figure: Figure) -> None:
        for axes, (name, path) in zip(figure.subplots(1, 2), case.paths.items(), strict=True):
            paint_front(axes, path, f"E f, f = {name}(y|x)")

    data = {
        f"{name.replace(' ', '_')}_{what}": getattr(path, what)
        for name, path in case.paths.items()
        for what in ("expectation", "kl", "flow_expectation", "flow_kl")
    }
    caption = "The Pareto front of KL and E f (as Fig. 10.3), line: theory, points: the flow."
    return draw_panels("digits-fronts", caption, paint, data, size=(8.0, 3.0))


def _histogram(case: ClassCase) -> PageFigure:
    names = ("base, λ = 0", EXACT, "flow, weights applied")

    def paint(axes: Axes) -> None:
        for place, name in enumerate(names):
            at = np.arange(CLASSES) + 0.27 * (place - 1)
            axes.bar(at, case.compared[name].classes, width=0.25, label=name)
        axes.set_xticks(range(CLASSES))
        axes.set_xlabel("class, by the second classifier")
        axes.set_ylabel("share")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)

    data = {"class": np.arange(CLASSES)} | {
        column: case.compared[name].classes
        for column, name in zip(("base", "exact", "flow"), names, strict=True)
    }
    caption = "Class histogram at λ = 1 by log c: base, the exact law, and the flow."
    return draw("digits-classes", caption, paint, data)


def images_figure(
    name: str, caption: str, rows: NDArray[np.float32], labels: Sequence[str]
) -> PageFigure:
    """Rows of images [R, n, 784], each with its label at the left."""

    def paint(figure: Figure) -> None:
        for axes, images, label in zip(figure.subplots(len(rows), 1), rows, labels, strict=True):
            strip = np.concatenate(list(images.reshape(-1, SIDE, SIDE)), axis=1)
            axes.imshow(strip, cmap="gray_r", vmin=0.0, vmax=1.0)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(visible=False)
            axes.set_ylabel(label, rotation=0, ha="right", va="center")

    data = {f"row_{number}": np.round(each.T, 2) for number, each in enumerate(rows)}
    size = (8.0, 0.6 * len(rows) + 0.2)
    return draw_panels(name, caption, paint, data, size=size)


def adversarial_section(plain: Sequence[Refinement], matched: Sequence[Refinement]) -> Section:
    """Case 3 of every seed, without and with noise matched; figures show the first."""
    found = {"as in the thesis": plain, "noise-matched": matched}
    before = [r.told_before for r in plain]
    words = (
        "A discriminator that sees the VAE's noise beside clean digits is right on "
        f"{spread([100 * r.accuracy for r in plain], 1)} % of the images; with the model's own "
        "noise on the real ones too (10.3.3), on "
        f"{spread([100 * r.accuracy for r in matched], 1)} %.",
        "Tuned as far as λ = 1 or a KL of 6 nats, the mean logit ends at "
        f"{spread([float(r.path.expectation[-1]) for r in plain], 1)} in the first case and at "
        f"{spread([float(r.path.expectation[-1]) for r in matched], 1)} in the second; at 0 the "
        "discriminator could not tell any more. The noise is frozen: tuning cannot buy it back.",
        *_does_it_help(plain, matched, before),
    )
    figures = [_refined_paths(found)]
    figures.append(_logit_gradients(found))
    for key, runs in (("plain", plain), ("matched", matched)):
        lams = np.linspace(0.0, float(runs[0].path.lam[-1]), len(runs[0].rows))
        caption = (
            "Images along λ, resampled by their weights (as Fig. 10.6d), by the discriminator "
            + ("of clean real images." if key == "plain" else "matched in noise.")
        )
        labels = [f"λ = {lam:.2g}" for lam in lams]
        figures.append(images_figure(f"refined-{key}", caption, runs[0].rows, labels))
    return Section(
        "Case 3: refined by a discriminator", words, tuple(figures), (_refined_table(found),)
    )


def _does_it_help(
    plain: Sequence[Refinement], matched: Sequence[Refinement], before: Sequence[float]
) -> tuple[str, ...]:
    told = [float(np.mean([100 * r.told_after for r in runs])) for runs in (plain, matched)]
    apart = [float(np.mean([r.after.distance for r in runs])) for runs in (plain, matched)]
    base = float(np.mean([r.before.distance for r in plain]))
    better = apart[1] < min(apart[0], base)
    return (
        "Does matching the noise help? Fresh discriminators, with matched noise, tell the base law "
        f"from real digits in {100 * np.mean(before):.1f} % of cases, what the first discriminator "
        f"made of it in {told[0]:.1f} %, and what the noise-matched one did in {told[1]:.1f} %. "
        f"The Fréchet distance to real digits goes from {base:.1f} to {apart[0]:.1f} and to "
        f"{apart[1]:.1f}. "
        + (
            "It helps: the refined law is nearer to the data than the base law, and nearer than "
            "without matching."
            if better
            else "By this distance it does not make the law better than both others."
        ),
    )


def _refined_paths(found: dict[str, Sequence[Refinement]]) -> PageFigure:
    def paint(figure: Figure) -> None:
        for row, (name, runs) in zip(figure.subplots(2, 3), found.items(), strict=True):
            path = runs[0].path
            paint_path(row[0], path, "expectation", "E f, nats")
            paint_path(row[1], path, "kl", "KL, nats")
            paint_front(row[2], path, "E f, nats")
            row[0].set_title(name)

    data = {
        f"{name.split()[0].replace('-', '_')}_{what}": values
        for name, runs in found.items()
        for what, values in path_data(runs[0].path).items()
    }
    caption = (
        "Mean logit and KL over λ, and their front (as Fig. 10.6), theory by SMC and the flow "
        "without weights; above with clean real images, below with matched noise."
    )
    return draw_panels("refined-paths", caption, paint, data, size=(9.0, 5.0))


def _logit_gradients(found: dict[str, Sequence[Refinement]]) -> PageFigure:
    top = max(float(np.quantile(runs[0].difficulty.norms, 0.99)) for runs in found.values())
    bins = np.linspace(0.0, top, 41)
    middle = 0.5 * (bins[1:] + bins[:-1])
    shares = {
        name: np.histogram(runs[0].difficulty.norms, bins)[0] / len(runs[0].difficulty.norms)
        for name, runs in found.items()
    }

    def paint(axes: Axes) -> None:
        for name, share in shares.items():
            axes.step(middle, share, where="mid", label=name)
        axes.set_xlabel("‖∇f‖ / √Var f")
        axes.set_ylabel("share of base draws")
        axes.legend()

    verdicts = " ".join(f"{name}: {runs[0].difficulty.sentence}" for name, runs in found.items())
    caption = f"Norm of the logit's gradient by the latents (as Fig. 10.7). {verdicts}"
    data = {"norm": middle} | {
        name.split()[0].replace("-", "_"): share for name, share in shares.items()
    }
    return draw("refined-gradients", caption, paint, data)


def _refined_table(found: dict[str, Sequence[Refinement]]) -> PageTable:
    rows: list[tuple[str | None, ...]] = []
    for name, runs in found.items():
        told = [100 * r.told_after for r in runs]
        paths = [r.path for r in runs]
        ends = (
            spread([float(path.kl[-1]) for path in paths]),
            spread([float(path.expectation[-1]) for path in paths], 1),
        )
        rows.append((f"refined, {name}", *ends, *_of_images([r.after for r in runs], told)))
    base = next(iter(found.values()))
    told = [100 * r.told_before for r in base]
    rows.insert(0, ("base law", "0", None, *_of_images([r.before for r in base], told)))
    rows.append(("real, one half", None, None, *_of_images([r.real for r in base], [50.0])))
    columns = (
        "",
        "KL, nats",
        "mean logit",
        "effective classes",
        "diversity, real = 1",
        "Fréchet distance",
        "told by fresh discriminators, %",
    )
    note = (
        "Means of images without noise, in the eyes of the second classifier; 'told' is the "
        "accuracy of discriminators trained afresh with the model's noise on real images: 50 is "
        "perfect. Fewer effective classes than 10 are modes dropped."
    )
    return PageTable("The base law and what refinement made of it", columns, tuple(rows), note)


def _of_images(figures: Sequence[ImageFigures], told: Sequence[float]) -> tuple[str, ...]:
    return (
        spread([each.classes_kept for each in figures]),
        spread([each.diversity for each in figures]),
        spread([each.distance for each in figures], 1),
        spread(told, 1),
    )
