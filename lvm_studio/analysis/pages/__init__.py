"""Pages of results: figures, tables and words, as one HTML file with its data beside it."""

from lvm_studio.analysis.pages.drawing import draw, draw_panels
from lvm_studio.analysis.pages.page import Page, PageFigure, PageTable, Section
from lvm_studio.analysis.pages.writing import write_page

__all__ = ["Page", "PageFigure", "PageTable", "Section", "draw", "draw_panels", "write_page"]
