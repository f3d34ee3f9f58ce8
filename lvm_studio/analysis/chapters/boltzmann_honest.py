"""Honest extremes on the page of chapter 10: the base law's tails beside those of real sums."""

from __future__ import annotations

import numpy as np

from lvm_studio.analysis.boltzmann.honest import ROWS, HonestExtremes, Tails
from lvm_studio.analysis.chapters.base import deviation
from lvm_studio.analysis.pages.page import PageTable, Section
from lvm_studio.tuning.criteria.criterion import CRITERIA


def honest_section(found: HonestExtremes, k: int, sums: int) -> Section:
    """Quantiles and tilted means of the base law, in and out of the training weeks."""
    seeds = len(found.made)
    covered = found.covered.mean(axis=0)
    words = (
        "Whoever tunes a law buys its extremes from its tails. So the base law itself, noise and "
        f"all, stands here beside {sums:,} real sums of {k} households: its prior was refitted "
        f"from {seeds} seeds, and both samples are tilted alike.",
        f"The 10-90 % bands hold {100 * covered[0]:.0f} % of the half-hours of held-out weeks "
        "(asked: 77 to 83 %), and of their "
        + ", ".join(
            f"{CRITERIA[name].title.lower()} {100 * share:.0f} %"
            for name, share in zip(found.criteria, covered[1:], strict=True)
        )
        + f". No load is below 0 (least {min(each.least_kw for each in found.made):.1g} kW); the "
        f"highest is {max(each.highest_kw for each in found.made):.1f} kW, of real sums "
        f"{found.real.highest_kw:.1f} kW.",
    )
    tables = (
        _errors("Base law against real sums of training weeks", found, found.real),
        _errors("Base law against real sums of held-out weeks", found, found.heldout),
        _shapes(found),
    )
    return Section("Honest extremes: are the tails those of real sums?", words, (), tables)


def _errors(caption: str, found: HonestExtremes, against: Tails) -> PageTable:
    errors = 100.0 * found.errors(against)
    mean, between = errors.mean(axis=0), deviation(errors)
    rows = tuple(
        (
            CRITERIA[name].title,
            *(
                f"{off:+.1f}" + (f" ± {sd:.1f}" if len(errors) > 1 else "")
                for off, sd in zip(mean[which], between[which], strict=True)
            ),
        )
        for which, name in enumerate(found.criteria)
    )
    note = (
        "Per cent by which quantiles, and means tilted to a KL in nats, are off; ± is the "
        "standard deviation over refitted priors. Asked on training weeks: peak 2 / 2 / 3 / 4, "
        "the others 3 / 3 / 4 / 5, tilted means 3 / 4 / 6."
    )
    return PageTable(caption, ("", *ROWS), rows, note)


def _shapes(found: HonestExtremes) -> PageTable:
    near, rough = (np.mean(each, axis=0) for each in (found.nearness, found.roughness))
    rows = tuple(
        (CRITERIA[name].title, f"{near[which]:.2f}", f"{rough[which]:.2f}")
        for which, name in enumerate(found.criteria)
    )
    columns = ("tilted to KL 6.9", "distance to the nearest held-out sum", "roughness")
    note = "Divided by that of real training sums tilted alike: 1 is perfect, 0.9 to 1.1 is asked."
    return PageTable("Are tilted curves like real tilted ones?", columns, rows, note)
