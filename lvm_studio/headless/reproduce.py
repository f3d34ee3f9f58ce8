"""A chapter of the thesis made again, as a page in a folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lvm_studio.analysis.chapters.base import Chapter, ChapterSpec, chapter_named, with_making
from lvm_studio.analysis.pages.page import Page
from lvm_studio.data.errors import DataError
from lvm_studio.headless.progress import Progress


def run(name: str, spec: ChapterSpec, out: Path, progress: Progress) -> dict[str, Any]:
    """Make the chapter `name` and write its page to the folder `out`.

    Raises:
        DataError: there is no such chapter, or the folder cannot be written.
    """
    from lvm_studio.analysis.pages.writing import write_page

    steps = _chapter(name, spec)
    _writable(out)  # told before minutes of work
    began = time.perf_counter()
    page = _made(steps, progress)
    seconds = time.perf_counter() - began
    path = write_page(with_making(page, spec, seconds), out)
    return {
        "chapter": name,
        "reduced": spec.reduced,
        "seeds": list(spec.all_seeds),
        "seconds": round(seconds, 1),
        "figures": [figure.name for figure in page.figures],
        "out": str(path),
    }


def _chapter(name: str, spec: ChapterSpec) -> Chapter:
    """The chapter's steps; that on tuning also asks for the shipped model, which files hold."""
    if name != "boltzmann":
        return chapter_named(name)(spec)
    from lvm_studio.analysis.chapters import boltzmann
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.storage.start import SHIPPED_MODEL, starting_workspace

    shipped = TrainedModel.from_tree(starting_workspace().models[SHIPPED_MODEL])
    return boltzmann.chapter(spec, shipped)


def _made(chapter: Chapter, progress: Progress) -> Page:
    """Run the chapter to its end, saying now and then how far it is."""
    while True:
        try:
            report = next(chapter)
        except StopIteration as end:
            page: Page = end.value
            return page
        progress.say(f"{report.done} of {report.total}: {report.sentence}")


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be made: {error.strerror}.") from error
