"""Building sines and images part by part, with a real pointer on a real X server."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pointer import Program, click, drag, press

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(
        not os.environ.get("DISPLAY") or shutil.which("xdotool") is None,
        reason="needs an X display (Xvfb) and xdotool",
    ),
]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    if program.process.poll() is None:
        program.kill()


def composed(shown: dict, panel: str) -> list[str]:
    """Parts whose rows are on screen."""
    return shown["wholes"].get(panel, [])


def test_sines_and_anchors_are_built_part_by_part(studio: Program) -> None:
    studio.wait(lambda s: s["fan_of"] == s["composition"] != "", "a first fan")
    click(*studio.middle("whole_choice"))
    press("Down")
    press("Return")
    studio.wait(lambda s: len(composed(s, "sines_panel")) == 3, "three sines to begin with")

    x, y, width, _ = studio.see()["widgets"]["sines_palette"]
    drag((x + width / 3, y + 10), studio.middle("sines_parts"))
    studio.wait(lambda s: composed(s, "sines_panel")[3:] == ["frequency 1"], "the dragged sine")
    studio.photograph("6-sines")
    press("ctrl+z")
    studio.wait(lambda s: len(composed(s, "sines_panel")) == 3, "undo")

    click(*studio.middle("whole_choice"))
    press("Down")
    press("Return")
    studio.wait(lambda s: len(composed(s, "anchors_panel")) == 3, "three anchors to begin with")
    x, y, width, _ = studio.see()["widgets"]["anchors_palette"]
    left, top, across, down = studio.see()["widgets"]["anchors_canvas"]
    drag((x + width / 3, y + 52), (left + across / 2, top + 0.55 * down))
    shown = studio.wait(lambda s: len(composed(s, "anchors_panel")) == 4, "the dragged colour")
    assert composed(shown, "anchors_panel")[3].startswith("red at 0.5")
    click(left + across / 2, top + 0.9 * down)
    studio.wait(lambda s: len(composed(s, "anchors_panel")) == 5, "the colour that was clicked")
    studio.photograph("7-anchors")
    press("Delete")
    studio.wait(lambda s: len(composed(s, "anchors_panel")) == 4, "Delete")
    click(*studio.middle("anchors_reset"))
    studio.wait(lambda s: len(composed(s, "anchors_panel")) == 3, "reset")
