"""What Qt's writer of SVG files leaves to do: panes cut at their edges, lines in pixels.

It writes a flat list of groups, each with its own matrix. Lines stand in it in the unit of the
data, kept thin by an attribute that not every program knows, and nothing is ever cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QTransform
from PySide6.QtWidgets import QGraphicsRectItem

FIRST, LAST = "#fe{:02x}01", "#fe{:02x}02"
"""Colours of what is painted first and last in pane n: no theme has them."""
BEHIND_ALL, BEFORE_ALL = -1e9, 1e9
PROFILE = 'version="1.2" baseProfile="tiny"'
MATRIX = re.compile(r'transform="matrix\(([^)]*)\)"')
LINES = re.compile(r'<g [^>]*>\s*(?:<(?:path|polyline) [^>]*"non-scaling-stroke"[^>]*/>\s*)+</g>')
DRAWN = re.compile(r' (?:d|points)="[^"]*"')
POINT = re.compile(r"([-+.\de]+),([-+.\de]+)")


@contextmanager
def marked_panes(view: pg.GraphicsView) -> Iterator[list[QRectF]]:
    """Let every pane be painted between two marks; yields where the panes are in the view."""
    boxes = [item for item in view.scene().items() if isinstance(item, pg.ViewBox)]
    marks = [
        _mark(box, colour.format(number), height)
        for number, box in enumerate(boxes)
        for colour, height in ((FIRST, BEHIND_ALL), (LAST, BEFORE_ALL))
    ]
    try:
        yield [view.viewportTransform().mapRect(box.mapRectToScene(box.rect())) for box in boxes]
    finally:
        for mark in marks:
            view.scene().removeItem(mark)


def finished(svg: str, panes: list[QRectF]) -> str:
    """The SVG that Qt wrote, with lines in pixels, and what lies between two marks cut at its
    pane."""
    svg, cuts = LINES.sub(_in_pixels, svg), []
    for number, pane in enumerate(panes):
        begins, ends = (_group(colour.format(number)) for colour in (FIRST, LAST))
        svg = begins.sub(f'<g clip-path="url(#pane{number})">', svg)
        svg = ends.sub("</g>", svg)
        cuts.append(
            f'<clipPath id="pane{number}"><rect x="{pane.x():g}" y="{pane.y():g}"'
            f' width="{pane.width():g}" height="{pane.height():g}"/></clipPath>'
        )
    svg = svg.replace(PROFILE, 'version="1.1"', 1)  # the tiny profile has no clipping
    return svg.replace("<defs>", "\n".join(["<defs>", *cuts]), 1)


def _mark(box: pg.ViewBox, colour: str, height: float) -> QGraphicsRectItem:
    mark = QGraphicsRectItem(box.viewRect(), box.childGroup)
    mark.setPen(Qt.PenStyle.NoPen)
    mark.setBrush(QColor(colour))
    mark.setZValue(height)
    return mark


def _group(colour: str) -> re.Pattern[str]:
    """One group of Qt's list, by its fill."""
    return re.compile(rf'<g fill="{colour}".*?</g>', re.DOTALL)


def _in_pixels(found: re.Match[str]) -> str:
    """A group of lines, each point where its matrix puts it."""
    group = found[0]
    matrix = MATRIX.search(group)
    if matrix is None:
        return group
    transform = QTransform(*(float(number) for number in matrix[1].split(",")))

    def placed(point: re.Match[str]) -> str:
        at = transform.map(QPointF(float(point[1]), float(point[2])))
        return f"{at.x():.2f},{at.y():.2f}"

    group = DRAWN.sub(lambda drawn: POINT.sub(placed, drawn[0]), group)
    group = group.replace(matrix[0], 'transform="matrix(1,0,0,1,0,0)"')
    return group.replace('"non-scaling-stroke"', '"none"')
