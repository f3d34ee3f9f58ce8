"""A report card of two findings and two figures, for tests of what shows it."""

from lvm_studio.analysis.report_card.card import (
    Band,
    Figure,
    Finding,
    ReportCard,
    Score,
    ScoreRow,
    ScoreTable,
    Series,
)
from lvm_studio.analysis.report_card.spec import CardSpec
from lvm_studio.analysis.report_card.verdicts import Verdict


def finding(key: str, verdict: Verdict, distance: float | None = 0.2) -> Finding:
    """A finding whose limit is 0.15 kW."""
    return Finding(
        key=key,
        group="Criteria",
        title=key.capitalize(),
        unit="kW",
        value=1.2,
        real=1.0,
        distance_title="Wasserstein distance",
        distance_unit="kW",
        distance=distance,
        se=None,
        floor=0.1,
        limit=0.15,
        verdict=verdict,
        words="Peaks 20.0 % too high.",
        definition="The highest half-hour & <all> that.",
        reason="Because.",
    )


def figure(key: str, edges: int) -> Figure:
    """Three values, over as many places or between one edge more."""
    y = (1.0, None, 3.0)
    series = (Series("measured", "real", y), Series("generated", "generated", (1.0, 2.0, 2.5)))
    band = Band("real halves", (0.5, None, 2.0), (1.5, None, 3.5))
    x = tuple(float(i) for i in range(edges))
    return Figure(key, key, "x", "y", x, series, band, "6 sums, seed 0.")


def card(model: str = "m") -> ReportCard:
    """One figure falls short, one is as good as real, one cannot be told."""
    return ReportCard(
        model=model,
        dataset="Test street",
        attribution="Made up; by nobody.",
        weeks=("2013-W02", "2013-W03"),
        households=4,
        new_households=1,
        spec=CardSpec(),
        seconds=1.5,
        findings=(
            finding("peak", Verdict.SHORT),
            finding("sustained", Verdict.AS_REAL),
            finding("temperature", Verdict.UNTOLD, None),
        ),
        scores=(ScoreTable("large", "note", ("CRPS",), (ScoreRow("m", (Score(0.5, None),)),)),),
        figures=(figure("peak", 4), figure("admd", 3)),
    )
