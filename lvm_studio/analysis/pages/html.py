"""A page as one HTML file that loads nothing; the CSV of a figure lies beside it, linked."""

from __future__ import annotations

import math
from html import escape

from lvm_studio.analysis.pages.page import Cell, Page, PageFigure, PageTable, Section

STYLE = """
body { font: 15px/1.55 system-ui, sans-serif; color: #1B1F24; background: #F4F5F7; margin: 0; }
main { max-width: 1080px; margin: 0 auto; padding: 24px; }
section { background: #fff; border: 1px solid #D5DAE0; border-radius: 6px; padding: 4px 22px 18px;
          margin: 16px 0; overflow-x: auto; }
h1 { font-size: 26px; margin: 8px 0 0; } h2 { font-size: 18px; }
p { max-width: 78ch; } p.lead { font-size: 16px; }
figure { margin: 14px 0; } figcaption, .note { color: #5B6570; font-size: 13px; max-width: 88ch; }
figure svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-size: 13.5px; margin: 14px 0 4px; }
caption { text-align: left; font-weight: 600; padding-bottom: 4px; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid #E3E7EB;
         vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap;
                       font-variant-numeric: tabular-nums; }
@media print { body { background: #fff; } section { border: none; break-inside: avoid; } }
"""


def html(page: Page) -> str:
    """The whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(page.title)}</title><style>{STYLE}</style></head><body><main>"
        f'<h1>{escape(page.title)}</h1><p class="lead">{escape(page.lead)}</p>'
        f"{''.join(map(_section, page.sections))}</main></body></html>\n"
    )


def data_path(figure: PageFigure) -> str:
    """Where the numbers of a figure lie, seen from the page."""
    return f"data/{figure.name}.csv"


def _section(section: Section) -> str:
    return (
        f"<section><h2>{escape(section.title)}</h2>"
        + "".join(f"<p>{escape(paragraph)}</p>" for paragraph in section.paragraphs)
        + "".join(map(_figure, section.figures))
        + "".join(map(_table, section.tables))
        + "</section>"
    )


def _figure(figure: PageFigure) -> str:
    return (
        f"<figure>{figure.svg}<figcaption>{escape(figure.caption)} "
        f'<a href="{data_path(figure)}">Numbers</a></figcaption></figure>'
    )


def _table(table: PageTable) -> str:
    numeric = [_is_numeric(column) for column in _columns(table)]
    heads = _row(table.columns, numeric, "th")
    rows = "".join(_row(row, numeric, "td") for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f"<table><caption>{escape(table.caption)}</caption><thead>{heads}</thead>"
        f"<tbody>{rows}</tbody></table>{note}"
    )


def _columns(table: PageTable) -> list[tuple[Cell, ...]]:
    return [tuple(row[index] for row in table.rows) for index in range(len(table.columns))]


def _is_numeric(column: tuple[Cell, ...]) -> bool:
    """A column is set right where each cell is a number, or starts like one (`1.2 ± 0.1`)."""
    return any(cell is not None for cell in column) and all(
        not isinstance(cell, str) or cell[:1] in "0123456789-−+±<>–" for cell in column
    )


def _row(cells: tuple[Cell, ...], numeric: list[bool], tag: str) -> str:
    inner = "".join(
        f'<{tag} class="number">{escape(shown(cell))}</{tag}>'
        if right
        else f"<{tag}>{escape(shown(cell))}</{tag}>"
        for cell, right in zip(cells, numeric, strict=True)
    )
    return f"<tr>{inner}</tr>"


def shown(cell: Cell) -> str:
    """A cell as it is read.

    >>> shown(-0.123456), shown(12345.6), shown(3.0), shown(None), shown("word"), shown("-1 ± 2")
    ('−0.123', '12346', '3', '–', 'word', '−1 ± 2')
    """
    if isinstance(cell, str):
        return f"−{cell[1:]}" if cell[:1] == "-" and cell[1:2].isdigit() else cell
    if cell is None or not math.isfinite(cell):
        return "–"
    return (f"{cell:.0f}" if abs(cell) >= 1000 else f"{cell:.3g}").replace("-", "−")
