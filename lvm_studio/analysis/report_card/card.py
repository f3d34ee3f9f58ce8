"""The report card itself: findings with verdicts, score tables and figures. Free of torch.

All of it is plain and frozen, so that it travels between processes and into a file as JSON.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from lvm_studio.analysis.report_card.spec import CardSpec
from lvm_studio.analysis.report_card.verdicts import Verdict
from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree

COUNTED = {
    Verdict.AS_REAL: "as good as real",
    Verdict.GOOD: "good enough",
    Verdict.SHORT: "short of that",
    Verdict.UNTOLD: "not to be told",
}
Known = float | None
"""A figure, or None where it cannot be told: JSON has no nan."""


@dataclass(frozen=True)
class Finding:
    """One thing that was judged.

    `value` is the figure of generated curves and `real` that of measured ones (or what is due);
    `distance` how far apart they are, `se` its standard error by week, `floor` how far apart
    real and real are, `limit` how far is still good enough. `words` say it in one clause,
    `definition` what is measured and `reason` why the limit is where it is.
    """

    key: str
    group: str
    title: str
    unit: str
    value: Known
    real: Known
    distance_title: str
    distance_unit: str
    distance: Known
    se: Known
    floor: Known
    limit: Known
    verdict: Verdict
    words: str
    definition: str
    reason: str


@dataclass(frozen=True)
class Series:
    """One line of a figure, or the steps between its edges; `role` is what it stands for."""

    name: str
    role: str  # 'real', 'generated', 'rival'
    y: tuple[Known, ...]


@dataclass(frozen=True)
class Band:
    """The range of a real-against-real figure."""

    name: str
    low: tuple[Known, ...]
    high: tuple[Known, ...]


@dataclass(frozen=True)
class Figure:
    """Lines over `x`, or steps between them where x has one value more than a series.

    `note` says sample size, seed and how it was obtained.
    """

    key: str
    title: str
    x_label: str
    y_label: str
    x: tuple[float, ...]
    series: tuple[Series, ...]
    band: Band | None
    note: str


@dataclass(frozen=True)
class Score:
    """A mean and its standard error by week."""

    mean: float
    standard_error: Known


@dataclass(frozen=True)
class ScoreRow:
    """One predictor: a score for each column of its table."""

    predictor: str
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class ScoreTable:
    """All predictors on the same sums."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[ScoreRow, ...]


@dataclass(frozen=True)
class ReportCard:
    """What was found of a model; see `spec` for how much was drawn."""

    model: str
    dataset: str
    attribution: str
    weeks: tuple[str, ...]
    households: int
    new_households: int
    spec: CardSpec
    seconds: float
    findings: tuple[Finding, ...]
    scores: tuple[ScoreTable, ...]
    figures: tuple[Figure, ...]

    def finding(self, key: str) -> Finding:
        """The finding of that key; KeyError if there is none."""
        return {finding.key: finding for finding in self.findings}[key]

    def figure(self, key: str) -> Figure:
        """The figure of that key; KeyError if there is none."""
        return {figure.key: figure for figure in self.figures}[key]

    def count(self) -> dict[Verdict, int]:
        """How many findings there are of each verdict, best first."""
        found = Counter(finding.verdict for finding in self.findings)
        return {verdict: found[verdict] for verdict in Verdict if found[verdict]}

    def summary(self) -> str:
        """The verdicts in one sentence."""
        parts = [f"{count} {COUNTED[verdict]}" for verdict, count in self.count().items()]
        return f"{len(self.findings)} figures: {', '.join(parts)}."

    def to_json(self) -> str:
        """One JSON object with everything; `from_json` reads it."""
        return _adapter().dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> ReportCard:
        """The card that `to_json` wrote; DataError if it is another text."""
        try:
            return _adapter().validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the text"
            raise DataError(
                f"The report card cannot be read: {where}: {first['msg']}. Make it again."
            ) from None


@cache
def _adapter() -> TypeAdapter[ReportCard]:
    return TypeAdapter(ReportCard)


CARD_KEY = "report_card"


def stored_card(model: Tree | None) -> ReportCard | None:
    """The card that a stored model carries in its provenance, None without one.

    One of another version is no card: it can be made again.
    """
    provenance = (model or {}).get("provenance")
    text = provenance.get(CARD_KEY) if isinstance(provenance, dict) else None
    if not isinstance(text, str):
        return None
    try:
        return ReportCard.from_json(text)
    except DataError:
        return None
