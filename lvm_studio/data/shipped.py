"""Where the files that come with the program lie: in the wheel, or in the source tree."""

from __future__ import annotations

from pathlib import Path

from lvm_studio.data.errors import DataError

_PACKAGE = Path(__file__).resolve().parents[1]


def resource_path(*parts: str) -> Path:
    """Path of a shipped resource, such as ``resource_path("london", "households.csv")``."""
    return _find("resources", parts)


def model_path(*parts: str) -> Path:
    """Path of a shipped trained model."""
    return _find("models", parts)


def _find(folder: str, parts: tuple[str, ...]) -> Path:
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent):
        path = root.joinpath(folder, *parts)
        if path.exists():
            return path
    raise DataError(
        f"The shipped file {'/'.join((folder, *parts))} is missing; install LVM Studio again."
    )
