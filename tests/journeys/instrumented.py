"""The studio as it is, started with a window into it: where things are and what it shows.

The journeys drive the real program with a real pointer. To know where to point and what
happened they read a JSON file that this launcher rewrites several times a second; the program
itself knows nothing of it. A file ``shot`` beside it asks for a picture of the whole screen.
"""

import json
import os
import sys
from pathlib import Path

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QTableView, QWidget

from lvm_studio.studio import app
from lvm_studio.studio.panels.artificial import ArtificialPanel
from lvm_studio.studio.panels.manifold_lab import ManifoldLab
from lvm_studio.studio.window import MainWindow

EVERY_MS = 100


def rectangle(widget: QWidget) -> list[int]:
    """Where a widget is on the screen: x, y, width, height."""
    corner = widget.mapToGlobal(QPoint(0, 0))
    return [corner.x(), corner.y(), widget.width(), widget.height()]


def first_rows(view: QTableView, count: int = 12) -> list[list[int]]:
    """Where the middles of the first visible rows of a table are on the screen."""
    model = view.model()
    middles = (
        view.viewport().mapToGlobal(view.visualRect(model.index(row, 0)).center())
        for row in range(min(count, model.rowCount()))
    )
    return [[middle.x(), middle.y()] for middle in middles]


def seen(window: MainWindow) -> dict[str, object]:
    """What the program shows now."""
    widgets = {
        widget.objectName(): rectangle(widget)
        for top in QApplication.topLevelWidgets()
        for widget in [top, *top.findChildren(QWidget)]
        if widget.objectName() and widget.isVisible() and not widget.visibleRegion().isEmpty()
    }
    library = window.findChild(QTableView, "library")
    service, state = window.service, window.session.state
    return {
        "widgets": widgets,
        "library_rows": first_rows(library) if library is not None else [],
        "composition": str(state.composition),
        "size": state.composition.size,
        "lam": state.lam,
        "path": str(window.session.path or ""),
        "dirty": window.session.dirty,
        "fan_of": str(service.fan.state.composition) if service.fan else "",
        "tuned_lam": service.tuned.state.lam if service.tuned else None,
        "title": window.windowTitle(),
        "pages": pages(window),
        "laboratory": laboratory(window),
        "wholes": {
            panel.objectName(): [part.title for part in panel.rows.shown]
            for panel in window.findChildren(ArtificialPanel)
        },
    }


def pages(window: MainWindow) -> dict[str, list[int]]:
    """Where the middle of each page's tab is on the screen."""
    bar = window.tabs.tabBar()
    middles = [bar.mapToGlobal(bar.tabRect(place).center()) for place in range(bar.count())]
    return {bar.tabText(place): [at.x(), at.y()] for place, at in enumerate(middles)}


def laboratory(window: MainWindow) -> dict[str, object]:
    """What is learned on the laboratory's page, and how far."""
    page = window.findChild(ManifoldLab)
    assert page is not None
    run, shown = page.runs[0], page.views[0]
    return {
        "drawing": shown.canvas.plane.drawing,
        "corners": len(page.settings.data.path),
        "state": run.state.value if run.state is not None else "",
        "step": run.frame.step if run.frame is not None else -1,
        "sigma": run.frame.sigma[2] if run.frame is not None else 0.0,
        "frames": shown.canvas.picture.painted,
    }


def watch(window: MainWindow, folder: Path) -> None:
    """Write what the program shows into `folder`, several times a second."""

    def write() -> None:
        beside = folder / "seen.tmp"
        beside.write_text(json.dumps(seen(window)))
        beside.replace(folder / "seen.json")
        wish = folder / "shot"
        if wish.exists():
            target = Path(wish.read_text())
            wish.unlink()
            # Renamed when whole: the journey kills the program as soon as the picture is there.
            half = target.with_name(f"half-{target.name}")
            QGuiApplication.primaryScreen().grabWindow(0).save(str(half))
            half.replace(target)

    timer = QTimer(window)
    timer.timeout.connect(write)
    timer.start(EVERY_MS)


def main() -> int:
    """Start the studio with its real `main`, watched."""
    make_window = app.make_window

    def make_watched_window(*args: object, **kwargs: object) -> MainWindow:
        window = make_window(*args, **kwargs)
        watch(window, Path(os.environ["JOURNEY_FOLDER"]))
        return window

    app.make_window = make_watched_window
    return app.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
