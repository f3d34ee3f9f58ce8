"""What is installed, what is there to compute with, and what is missing."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from lvm_studio import __version__
from lvm_studio.data.errors import DataError
from lvm_studio.data.shipped import model_path, resource_path

REQUIREMENT_ENDS = "<>=!~;[ ("


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
        "screen": _screen(),
        "libraries": libraries,
        "missing": missing,
    }


def _required() -> list[str]:
    """Names of what the studio needs, without the extras."""
    names = []
    for requirement in requires("lvm-studio") or []:
        if "extra ==" not in requirement:
            end = min((requirement.find(c) for c in REQUIREMENT_ENDS if c in requirement), default=None)
            names.append(requirement[:end])
    return names


def _devices() -> list[str]:
    import torch

    devices = [f"cpu ({torch.get_num_threads()} threads)"]
    for index in range(torch.cuda.device_count()):
        devices.append(f"cuda:{index} ({torch.cuda.get_device_name(index)})")
    return devices


def _screen() -> str:
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
