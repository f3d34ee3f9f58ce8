"""What is installed, what is there to compute with, and what is missing."""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from lvm_studio import __version__
from lvm_studio.data.errors import DataError
from lvm_studio.data.shipped import model_path, resource_path

DISTRIBUTION_NAME = re.compile(r"[A-Za-z0-9._-]+")


def run() -> dict[str, Any]:
    """Everything a bug report should hold; `missing` is empty where all is well."""
    missing = []
    libraries = {}
    for name in _required():
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:
            missing.append(f"the library {name} is not installed")
    missing += _qt_trouble() + _shipped_trouble()
    return {
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count() or 1,
        "devices": _devices(),
        "screen": screen(),
        "libraries": libraries,
        "missing": missing,
    }


def _required() -> list[str]:
    """Names of what the studio needs, without the extras."""
    mandatory = (line for line in requires("lvm-studio") or [] if "extra ==" not in line)
    return [found[0] for line in mandatory if (found := DISTRIBUTION_NAME.match(line))]


def _devices() -> list[str]:
    import torch

    gpus = range(torch.cuda.device_count())
    return [
        f"cpu ({torch.get_num_threads()} threads)",
        *(f"cuda:{index} ({torch.cuda.get_device_name(index)})" for index in gpus),
    ]


def screen() -> str:
    """The screen that a window would open on; 'none' where there is none."""
    if sys.platform != "linux":
        return "the system's"
    return os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or "none"


def _qt_trouble() -> list[str]:
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError as error:
        return [f"Qt does not load: {error}"]
    return []


def _shipped_trouble() -> list[str]:
    trouble = []
    for find, name in ((resource_path, "london"), (model_path, "london-households.h5")):
        try:
            find(name)
        except DataError as error:
            trouble.append(str(error))
    return trouble
