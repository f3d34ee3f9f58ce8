"""A chapter of the thesis made again, as a page in a folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lvm_studio.analysis.chapters.base import Chapter, ChapterSpec, chapter_named, with_making
from lvm_studio.data.errors import DataError
from lvm_studio.data.jobs import result_of
from lvm_studio.headless.places import check_place
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
    page = result_of(
        steps, lambda report: progress.say(f"{report.done} of {report.total}: {report.sentence}")
    )
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
    """The chapter's steps; two of them also ask for shipped models, which files hold."""
    if name not in ("boltzmann", "composition"):
        return chapter_named(name)(spec)
    from lvm_studio.analysis.chapters import boltzmann, composition
    from lvm_studio.data.shipped import model_path
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.storage.hdf5 import read_tree
    from lvm_studio.storage.start import SHIPPED_FILE

    def shipped(file: str) -> TrainedModel:
        return TrainedModel.from_tree(read_tree(model_path(file)))

    if name == "boltzmann":
        return boltzmann.chapter(spec, shipped(SHIPPED_FILE))
    return composition.chapter(spec, {kind: shipped(f"{kind}.h5") for kind in composition.SHIPPED})


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be made: {error.strerror}.") from error
    check_place(folder / "index.html")
