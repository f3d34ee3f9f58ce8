"""A report card as one self-contained HTML page."""

from __future__ import annotations

from html import escape
from itertools import groupby

from lvm_studio.analysis.report_card.card import Finding, ReportCard, ScoreTable
from lvm_studio.analysis.report_card.phrases import shown
from lvm_studio.analysis.report_card.svg import chart
from lvm_studio.analysis.report_card.verdicts import MEANINGS, Verdict

CLASSES = {
    Verdict.AS_REAL: "real",
    Verdict.GOOD: "good",
    Verdict.SHORT: "short",
    Verdict.UNTOLD: "untold",
}
SIGNS = {Verdict.AS_REAL: "●", Verdict.GOOD: "◐", Verdict.SHORT: "○", Verdict.UNTOLD: "–"}

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1B1F24; background: #F4F5F7; margin: 0; }
main { max-width: 1120px; margin: 0 auto; padding: 24px; }
section { background: #fff; border: 1px solid #D5DAE0; border-radius: 6px; padding: 8px 20px 16px;
          margin: 16px 0; overflow-x: auto; }
h1 { font-size: 26px; margin: 8px 0 0; } h2 { font-size: 18px; }
p.muted, .note, footer { color: #5B6570; } .note { font-size: 12.5px; margin: 2px 0 12px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { text-align: left; padding: 5px 8px; border-bottom: 1px solid #E3E7EB;
         vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap;
                       font-variant-numeric: tabular-nums; }
tr.group th { background: #F4F5F7; border-bottom: 1px solid #D5DAE0; }
.verdict { white-space: nowrap; font-weight: 600; }
.real { color: #006B4E; } .good { color: #005A8D; } .short { color: #A84500; }
.untold { color: #5B6570; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: 20px; }
figure { margin: 0; } figcaption { font-size: 12.5px; color: #5B6570; }
figcaption b { color: #1B1F24; font-size: 14px; } svg { width: 100%; height: auto; }
dt { font-weight: 600; margin-top: 10px; } dd { margin: 0 0 0 20px; }
@media print { body { background: #fff; } section { border: none; break-inside: avoid; } }
"""


def html(card: ReportCard) -> str:
    """The whole page; it loads nothing from anywhere."""
    title = f"Report card of {card.model}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>"
        f'<p class="muted">{escape(sample(card))}</p>'
        f"<p><b>{escape(card.summary())}</b></p>"
        f"{_findings(card)}{_figures(card)}{_scores(card)}{_definitions(card)}"
        f"<footer><p>{escape(card.attribution)}</p></footer></main></body></html>\n"
    )


def sample(card: ReportCard) -> str:
    """What was judged, on what, with which seed and in what time."""
    return (
        f"{card.dataset}: {len(card.weeks)} held-out weeks ({', '.join(card.weeks)}), "
        f"{card.households} households of the training, {card.new_households} held out. "
        f"Seed {card.spec.seed}; {card.spec.repeats} sums a week with {card.spec.samples} curves "
        f"each for scores and bands; {card.spec.splits} splits of the households with "
        f"{card.spec.pairs} pairs of sums a week for all else. Made in {card.seconds:.0f} s."
    )


def _findings(card: ReportCard) -> str:
    heads = (
        '<tr><th>Figure</th><th class="number">generated</th>'
        '<th class="number" title="the same of measured curves, or what is due">real</th>'
        '<th class="number">distance</th>'
        '<th class="number" title="real against real">floor</th>'
        '<th class="number">limit</th><th>Verdict</th><th>In words</th></tr>'
    )
    groups = "".join(
        f'<tr class="group"><th colspan="8">{escape(group)}</th></tr>'
        + "".join(_row(finding) for finding in rows)
        for group, rows in groupby(card.findings, key=lambda finding: finding.group)
    )
    key = "; ".join(f"{SIGNS[one]} {one}: {MEANINGS[one]}" for one in Verdict)
    return (
        f"<section><h2>Verdicts</h2><table><thead>{heads}</thead><tbody>{groups}</tbody></table>"
        f'<p class="note">Distance: of generated from real, ± its standard error by week. Floor: '
        "the same distance between real and real, households of like labels against each other "
        f"in the same weeks. {escape(key)}.</p></section>"
    )


def _row(finding: Finding) -> str:
    unit = finding.distance_unit
    numbers = (
        shown(finding.value, finding.unit),
        shown(finding.real, finding.unit),
        shown(finding.distance, unit, finding.se),
        shown(finding.floor, unit),
        shown(finding.limit, unit),
    )
    cells = "".join(f'<td class="number">{escape(number)}</td>' for number in numbers)
    verdict = finding.verdict
    return (
        f'<tr><td title="{escape(finding.definition)}">{escape(finding.title)}</td>{cells}'
        f'<td class="verdict {CLASSES[verdict]}">{SIGNS[verdict]} {verdict}</td>'
        f"<td>{_unbroken(finding.words)}</td></tr>"
    )


def _figures(card: ReportCard) -> str:
    drawn = "".join(
        f"<figure>{chart(figure)}<figcaption><b>{escape(figure.title)}.</b> "
        f"{escape(figure.note)}</figcaption></figure>"
        for figure in card.figures
    )
    return f'<section><h2>Generated and measured</h2><div class="figures">{drawn}</div></section>'


def _scores(card: ReportCard) -> str:
    return "".join(_table(table) for table in card.scores)


def _table(table: ScoreTable) -> str:
    heads = "".join(f'<th class="number">{escape(column)}</th>' for column in table.columns)
    rows = "".join(
        f"<tr><td>{escape(row.predictor)}</td>"
        + "".join(
            f'<td class="number">{score.mean:.3g}'
            + (f" ± {score.standard_error:.2g}" if score.standard_error is not None else "")
            + "</td>"
            for score in row.scores
        )
        + "</tr>"
        for row in table.rows
    )
    return (
        f"<section><h2>Scores: {escape(table.title)}</h2><table><thead><tr><th>predictor</th>"
        f"{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f'<p class="note">{escape(table.note)}</p></section>'
    )


def _definitions(card: ReportCard) -> str:
    items = "".join(
        f"<dt>{escape(finding.title)}</dt><dd>{escape(finding.definition)}<br/>"
        f"Limit {escape(shown(finding.limit, finding.distance_unit))}: "
        f"{escape(finding.reason)}</dd>"
        for finding in card.findings
    )
    return f"<section><h2>Definitions, and why the limits are there</h2><dl>{items}</dl></section>"


def _unbroken(words: str) -> str:
    """Escaped, with no line break between a number and its per cent sign."""
    return escape(words).replace(" %", "&#160;%")
