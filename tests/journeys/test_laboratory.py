"""Drawing a curve, training on it and grabbing σ, with a real pointer on a real X server."""

import math
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pointer import Program, click, drag, move, press, xdotool

from lvm_studio.studio.widgets.laboratory.sigma_slider import TICKS, tick_of

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(
        not os.environ.get("DISPLAY") or shutil.which("xdotool") is None,
        reason="needs an X display (Xvfb) and xdotool",
    ),
]

HALF_HANDLE = 7
"""From the end of a slider's groove to the middle of a handle that stands there, pixels."""


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    if program.process.poll() is None:
        program.kill()


def draw_wave(program: Program) -> None:
    """Press, move along a wave, release."""
    x, y, width, height = program.see()["widgets"]["lab_a_plane"]
    for step in range(41):
        share = step / 40
        move(
            x + width * (0.2 + 0.6 * share),
            y + height * (0.5 - 0.25 * math.sin(2 * math.pi * share)),
        )
        if step == 0:
            xdotool("mousedown", 1)
        time.sleep(0.03)
    xdotool("mouseup", 1)


def grab_sigma(program: Program) -> None:
    """Drag the handle from where the training has brought it to near the upper end."""
    shown = program.see()
    left, top, width, height = shown["widgets"]["lab_a_sigma_slider"]
    share = tick_of(shown["laboratory"]["sigma"]) / TICKS
    middle = top + height / 2
    handle = left + HALF_HANDLE + share * (width - 2 * HALF_HANDLE)
    drag((handle, middle), (left + 0.95 * width, middle))


def test_a_drawn_curve_is_learned_and_sigma_grabbed(studio: Program) -> None:
    shown = studio.wait(lambda s: s["fan_of"] == s["composition"] != "", "a first fan")
    click(*shown["pages"]["Laboratory"])
    studio.wait(lambda s: "lab_data" in s["widgets"], "the laboratory")
    click(*studio.middle("lab_data"))
    for key in ("Down", "Down", "Down", "Return"):
        press(key)
    studio.wait(lambda s: "lab_draw" in s["widgets"], "the pen")
    click(*studio.middle("lab_draw"))
    studio.wait(lambda s: s["laboratory"]["drawing"], "a pen in the hand")
    draw_wave(studio)
    shown = studio.wait(lambda s: s["laboratory"]["corners"], "the curve")
    assert shown["laboratory"]["corners"] > 10  # a busy machine skips some of 41 places

    click(*studio.middle("lab_start"))
    studio.wait(lambda s: s["laboratory"]["frames"] > 5, "frames of the training")
    click(*studio.middle("lab_play"))
    studio.wait(lambda s: s["laboratory"]["state"] == "paused", "a rest")
    rested = studio.see()["laboratory"]
    click(*studio.middle("lab_step"))
    studio.wait(lambda s: s["laboratory"]["step"] > rested["step"], "one step")
    click(*studio.middle("lab_play"))
    studio.wait(lambda s: s["laboratory"]["state"] == "running", "training again")

    grab_sigma(studio)
    studio.wait(lambda s: s["laboratory"]["sigma"] > 1.0, "the σ of the hand")
    studio.photograph("8-laboratory-sigma-grabbed")
    studio.wait(lambda s: s["laboratory"]["sigma"] < 0.5, "σ learned down again")
    studio.photograph("9-laboratory")
