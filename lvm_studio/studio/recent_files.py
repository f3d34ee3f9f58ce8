"""The files that were open last, newest first; what is gone is not offered."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal

MOST = 8
KEY = "recent_files"


class RecentFiles(QObject):
    """Remembers files in the settings."""

    changed = Signal()

    def __init__(self, settings: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings

    def paths(self) -> list[Path]:
        """Return the files that still exist."""
        stored = self._settings.value(KEY, [])
        names = stored if isinstance(stored, list) else [stored]
        return [path for name in names if (path := Path(str(name))).is_file()][:MOST]

    def add(self, path: Path | None) -> None:
        """Put a file first."""
        if path is not None:
            path = path.resolve()
            names = [str(path), *(str(other) for other in self.paths() if other != path)]
            self._settings.setValue(KEY, names[:MOST])
            self.changed.emit()
