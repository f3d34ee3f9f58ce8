"""What there is to compute on, asked once torch is in the process, off the GUI thread."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from lvm_studio.studio.numerals import counted


@dataclass(frozen=True)
class Devices:
    """The processor's cores and the CUDA devices by name."""

    cores: int
    gpus: tuple[str, ...]

    def sentence(self) -> str:
        """What a person reads.

        >>> Devices(2, ()).sentence()
        'This machine: CPU with 2 cores; no CUDA device.'
        """
        there = f"CPU with {counted(self.cores, 'core')}"
        return f"This machine: {there}; {', '.join(self.gpus) or 'no CUDA device'}."


def find_devices() -> Devices:
    """Ask torch (imports it; with CUDA this may take a second)."""
    import torch

    gpus = range(torch.cuda.device_count()) if torch.cuda.is_available() else range(0)
    return Devices(os.cpu_count() or 1, tuple(torch.cuda.get_device_name(i) for i in gpus))


class DeviceProbe(QObject):
    """Finds the devices on a thread of the pool; `found` follows once."""

    found = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked = False

    def ask(self) -> None:
        """Begin to look, the first time only."""
        if not self._asked:
            self._asked = True
            QThreadPool.globalInstance().start(QRunnable.create(self._look))

    def _look(self) -> None:
        devices = find_devices()
        with suppress(RuntimeError):  # the window was closed meanwhile, and this went with it
            self.found.emit(devices)
