"""The newcomer's path, with a real pointer on a real X server, through a crash and back."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pointer import Program, click, drag, press, type_text

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(
        not os.environ.get("DISPLAY") or shutil.which("xdotool") is None,
        reason="needs an X display (Xvfb) and xdotool",
    ),
]


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[list[Program]]:
    started: list[Program] = []
    yield started
    for program in started:
        if program.process.poll() is None:
            program.kill()


def usable(shown: dict) -> bool:
    """The page has its fan: data and model are there."""
    return shown["fan_of"] == shown["composition"] != ""


def autosaved_since(state: Path, file: Path) -> bool:
    """Whether anything in the state folder is newer than the saved file."""
    saved = file.stat().st_mtime_ns
    return any(path.stat().st_mtime_ns > saved for path in state.rglob("*.h5"))


def test_drag_slide_save_crash_recover(tmp_path: Path, programs: list[Program]) -> None:
    studio = Program(tmp_path)
    programs.append(studio)
    shown = studio.wait(usable, "a first fan")
    studio.photograph("1-first-start")

    size = shown["size"]
    for row in range(3):
        drag(tuple(shown["library_rows"][row]), studio.middle("composition_drop"))
        size += 1
        shown = studio.wait(
            lambda s, size=size: s["size"] == size and usable(s), f"household {row + 1} of the drag"
        )
    studio.photograph("2-three-dragged")

    x, y, width, height = shown["widgets"]["lam_slider"]
    drag((x + width / 2, y + height / 2), (x + 0.7 * width, y + height / 2))  # from λ = 0
    shown = studio.wait(lambda s: s["lam"] > 0.1 and s["tuned_lam"] == s["lam"], "λ moved")
    studio.photograph("3-lam")

    press("ctrl+s")
    studio.wait(lambda s: "QFileDialog" in s["widgets"], "the save dialog")
    file = tmp_path / "street.h5"
    type_text(str(file))
    press("Return")
    studio.wait(lambda s: s["path"] == str(file) and not s["dirty"], "the file")
    assert file.exists()

    drag(tuple(shown["library_rows"][3]), studio.middle("composition_drop"))
    before = studio.wait(lambda s: s["size"] == size + 1 and s["dirty"], "a change after the save")
    studio.wait(lambda _shown: autosaved_since(tmp_path / "state", file), "the autosave")
    studio.kill()

    again = Program(tmp_path)
    programs.append(again)
    again.wait(lambda s: "recover_accept" in s["widgets"], "the offer to recover")
    again.photograph("4-offer-to-recover")
    click(*again.middle("recover_accept"))
    recovered = again.wait(
        lambda s: s["composition"] == before["composition"] and usable(s), "the same composition"
    )
    assert recovered["lam"] == pytest.approx(before["lam"])
    again.wait(lambda s: s["tuned_lam"] == s["lam"], "its tuned fan")
    again.photograph("5-recovered")
