"""Pages of results: whole, self-contained, with the numbers of every figure beside them."""

import csv
from xml.dom import minidom

import numpy as np
import pytest
from html_balance import Balance

from lvm_studio.analysis.chapters.base import CHAPTERS, ChapterSpec, chapter_named, with_making
from lvm_studio.analysis.pages import (
    Page,
    PageFigure,
    PageTable,
    Section,
    draw,
    draw_panels,
    write_page,
)
from lvm_studio.data.errors import DataError

X = np.arange(4.0)


def paint(axes):
    axes.plot(X, X**2, label="real & <true>")
    axes.set_xlabel("λ")
    axes.legend()


def page(*figures):
    table = PageTable("Energy < 1", ("who", "kW"), (("ridge", 1.2345), ("model", None)), "By week.")
    return Page("A & B", "Lead <1>.", (Section("One", ("Words & words.",), figures, (table,)),))


def parsed(path):
    balance = Balance()
    balance.feed(path.read_text(encoding="utf-8"))
    balance.close()
    assert balance.open == []
    return balance


def test_a_page_is_one_whole_file_that_loads_nothing(tmp_path):
    figures = (draw("one", "First & last.", paint, {"x": X}), draw("two", "2.", paint, {"x": X}))
    path = write_page(page(*figures), tmp_path / "deep" / "folder")
    seen = parsed(path)
    assert path.name == "index.html"
    assert seen.counts["figure"] == 2
    assert [source for source in seen.sources if not source.startswith("#")] == [
        "data/one.csv",
        "data/two.csv",
    ]
    text = " ".join(seen.text)
    for words in ("A & B", "Lead <1>.", "Words & words.", "Energy < 1", "1.23", "By week."):
        assert words in text
    assert "http" not in path.read_text(encoding="utf-8").replace("http://www.w3.org", "")


def test_the_numbers_of_a_figure_are_a_table(tmp_path):
    data = {"x": X, "curves": np.arange(6.0).reshape(3, 2), "name": np.array(["a"])}
    write_page(page(draw("fan", "Fan.", paint, data)), tmp_path)
    with (tmp_path / "data" / "fan.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["x", "curves_0", "curves_1", "name"]
    assert rows[1] == ["0.0", "0.0", "1.0", "a"]
    assert rows[4] == ["3.0", "", "", ""]


def test_a_figure_is_the_same_each_time_and_valid_xml():
    figures = [draw_panels("a", "A.", lambda f: paint(f.subplots(1, 2)[0]), {}) for _ in range(2)]
    assert figures[0].svg == figures[1].svg
    root = minidom.parseString(figures[0].svg).documentElement
    assert (root.tagName, root.getAttribute("aria-label")) == ("svg", "A.")
    assert not root.getElementsByTagName("metadata")


def test_figures_of_one_page_do_not_share_clip_paths():
    def clips(name):
        svg = minidom.parseString(draw(name, "A.", paint, {}).svg)
        return {node.getAttribute("id") for node in svg.getElementsByTagName("clipPath")}

    assert clips("a")
    assert not clips("a") & clips("b")


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match=r"'Two words' is no name of a figure"):
        PageFigure("Two words", "", "<svg/>", {})
    with pytest.raises(DataError, match="Row 1 of the table 'T' has 1 cells for 2 columns"):
        PageTable("T", ("a", "b"), ((1.0, 2.0), (1.0,)))
    one = PageFigure("one", "", "<svg/>", {})
    with pytest.raises(DataError, match="Two figures of the page 'A & B' are named 'one'"):
        page(one, one)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("taken")
    with pytest.raises(DataError, match="could not be written to"):
        write_page(page(), tmp_path / "file")


@pytest.mark.parametrize(("reduced", "words"), [(True, "reduced setting"), (False, "full size")])
def test_the_page_says_how_it_was_made(reduced, words):
    made = with_making(page(), ChapterSpec(reduced=reduced, seeds=2, seed=7), 90.0)
    said = " ".join(made.sections[-1].paragraphs)
    assert words in said
    assert "Seeds 7, 8." in said
    assert "1.5 minutes" in said
    assert "cores" in said


def test_an_unknown_chapter_is_refused():
    with pytest.raises(DataError, match="No chapter is named 'x'; there are anomalies, boltz"):
        chapter_named("x")
    assert list(CHAPTERS) == sorted(CHAPTERS)
