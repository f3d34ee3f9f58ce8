"""Make a second environment that shares everything with this one except Qt.

The core must run where Qt is not installed. Installing torch twice to show it would cost a
gigabyte, so the second environment links to the packages of the first and leaves Qt's out.
"""

import sys
import sysconfig
import venv
from pathlib import Path

QT = ("pyside6", "shiboken6", "pyqtgraph", "superqt", "qtawesome", "qtpy", "pytest_qt", "pytestqt")


def link_packages(source: Path, target: Path) -> None:
    """Link every entry of one site-packages folder into another, Qt's excepted."""
    for stale in target.iterdir():
        if stale.is_symlink():
            stale.unlink()
    for entry in source.iterdir():
        name = entry.name.lower().replace("-", "_")
        if not name.startswith(QT) and not (target / entry.name).exists():
            (target / entry.name).symlink_to(entry)


def main(folder: str) -> None:
    """Create the environment in ``folder`` if needed and bring its links up to date."""
    target = Path(folder)
    if not (target / "bin" / "python").exists():
        venv.create(target, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    link_packages(
        Path(sysconfig.get_paths()["purelib"]), target / "lib" / version / "site-packages"
    )


if __name__ == "__main__":
    main(sys.argv[1])
