"""What the studio remembers of the person between two starts: layout and theme, never data."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from lvm_studio.studio.theme import Scheme

APP_NAME = "LVM Studio"
STATE_VARIABLE = "LVM_STUDIO_STATE"


def open_settings() -> QSettings:
    """Return the settings of the app; in the folder LVM_STUDIO_STATE names, if it names one."""
    folder = os.environ.get(STATE_VARIABLE)
    if folder:
        return QSettings(str(Path(folder) / "layout.ini"), QSettings.Format.IniFormat)
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, APP_NAME, APP_NAME)


def read_bytes(settings: QSettings, key: str) -> QByteArray:
    """Return a stored blob; empty if there is none or it is something else."""
    value = settings.value(key)
    return value if isinstance(value, QByteArray) else QByteArray()


def read_scheme(settings: QSettings) -> Scheme:
    """Return the chosen theme; the system's if none was chosen."""
    value = str(settings.value("theme", Scheme.SYSTEM.value))
    return Scheme(value) if value in set(Scheme) else Scheme.SYSTEM
