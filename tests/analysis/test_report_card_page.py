"""The HTML page of a report card."""

import re
from xml.dom import minidom

import pytest
from html_balance import Balance
from made_up_card import card, figure

from lvm_studio.analysis.report_card.page import html
from lvm_studio.analysis.report_card.svg import chart


@pytest.fixture
def page():
    parsed = Balance()
    parsed.feed(html(card("Street <1>")))
    parsed.close()
    assert parsed.open == []
    return parsed


def test_the_page_is_whole_and_loads_nothing(page):
    assert page.sources == []
    assert page.counts["svg"] == 2
    assert page.counts["html"] == page.counts["main"] == 1


def test_the_page_says_what_was_found_and_how(page):
    text = " ".join(page.text)
    assert "Report card of Street <1>" in text
    assert "3 figures: 1 as good as real, 1 short of that, 1 not to be told." in text
    assert "falls short" in text
    assert "Peaks 20.0\N{NO-BREAK SPACE}% too high." in text
    assert "2 held-out weeks (2013-W02, 2013-W03), 4 households" in text
    assert "Seed 0; 50 sums a week" in text
    assert "The highest half-hour & <all> that." in text
    assert "Limit 0.150 kW: Because." in text
    assert "Made up; by nobody." in text


@pytest.mark.parametrize("edges", [3, 4])
def test_a_chart_is_valid_xml_with_broken_lines_and_bands(edges):
    drawing = minidom.parseString(chart(figure("peak", edges)))
    paths = [node.getAttribute("d") for node in drawing.getElementsByTagName("path")]
    line = next(path for path in paths if path.count("M") == 2 and "Z" not in path)
    assert len(re.findall(r"[ML]", line)) == 2 * (2 if edges == 4 else 1)
    band = next(path for path in paths if path.endswith("Z"))
    assert band.count("Z") == 2
    texts = [node.firstChild.data for node in drawing.getElementsByTagName("text")]
    assert {"measured", "generated", "real halves"} <= set(texts)
