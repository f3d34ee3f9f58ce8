"""What held on weeks never seen, when there are fifty of them: the comparison that was kept."""

from __future__ import annotations

import json
from typing import Any

from lvm_studio.analysis.pages.page import PageTable, Section
from lvm_studio.data.shipped import resource_path

WORDS = (
    "Fifty-one weeks of one year are little. What a network learns of them beyond what is linear "
    "in labels and weather has to be learned on weeks that the linear part has not seen either; "
    "all other remedies count for less. Ten households are predicted 8 % better than by a "
    "bootstrap told the season, and not 10: what is lost is lost in the mean, not in the spread, "
    "and part of it is what each of them did in the days around, which no model of another year "
    "can know. These figures are kept with the program; the test named below measures the "
    "protocol again."
)


def little_data_section() -> Section:
    """The kept comparison as five tables."""
    kept = json.loads(resource_path("studies", "little-data.json").read_text(encoding="utf-8"))
    return Section(
        "Little data",
        (WORDS, f"To repeat: {kept['repeat']}"),
        (),
        (
            _variants(kept),
            _after_training(kept),
            _limits(kept),
            _folds(kept),
            _temperature(kept),
        ),
    )


def _variants(kept: dict[str, Any]) -> PageTable:
    names = ("what", "ratio_20_60", "ratio_8_14", "ratio_strangers", "cover80", "heldout_bound")
    return PageTable(
        "What was tried: energy score ÷ that of tuned ridge, on inner folds",
        (
            "model",
            "20–60 households",
            "8–14 households",
            "8–14 held-out households",
            "80 % band covers",
            "held-out bound, nats",
        ),
        tuple(
            tuple("–" if row[name] is None else row[name] for name in names)
            for row in kept["variants"]["rows"]
        ),
        kept["variants"]["about"],
    )


def _after_training(kept: dict[str, Any]) -> PageTable:
    study = kept["after_training"]
    return PageTable(
        "What was tried once models were trained: energy score − before, as a share of before",
        ("change", "20–60 households", "8–14 households", "80 % band of flexibility covers"),
        tuple(
            (
                row["what"],
                *_changes(row),
                ", ".join(
                    "–" if share is None else f"{share:.2f}" for share in row["flexibility80"]
                ),
            )
            for row in study["rows"]
        ),
        study["about"],
    )


def _limits(kept: dict[str, Any]) -> PageTable:
    study = kept["limits"]
    return PageTable(
        "What would have to be known: energy score − before, as a share of before",
        ("of", "change", "20–60 households", "8–14 households"),
        tuple((row["kind"], row["what"], *_changes(row)) for row in study["rows"]),
        study["about"],
    )


def _changes(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_change(row[name]) for name in ("change_20_60", "change_8_14"))


def _change(measured: list[float] | None) -> str:
    return "–" if measured is None else "{:+.4f} ± {:.4f}".format(*measured)


def _folds(kept: dict[str, Any]) -> PageTable:
    return PageTable(
        "The protocol: energy score ÷ that of each rival, ± standard error by week",
        ("sums of", "ridge", "bootstrap", "bootstrap, season too", "80 % band covers", "weeks"),
        tuple(
            (
                row["sums"],
                *(
                    "{:.3f} ± {:.3f}".format(*row[rival])
                    for rival in ("to_ridge", "to_bootstrap", "to_season_bootstrap")
                ),
                row["cover80"],
                row["weeks"],
            )
            for row in kept["protocol"]["rows"]
        ),
        kept["protocol"]["about"],
    )


def _temperature(kept: dict[str, Any]) -> PageTable:
    study = kept["temperature"]
    return PageTable(
        "What the temperature is worth: held-out bound, nats a week's curve",
        ("sums of", "told the temperature", "not told", "difference", "weeks"),
        tuple(
            (
                row["sums"],
                row["told"],
                row["withheld"],
                "{:+.1f} ± {:.1f}".format(*row["difference"]),
                row["weeks"],
            )
            for row in study["rows"]
        ),
        study["about"],
    )
