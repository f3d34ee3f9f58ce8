"""The laboratory page: what σ does to a model, on a curve in the plane and on a sphere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from lvm_studio.studio.panels.manifold_lab import ManifoldLab
from lvm_studio.studio.panels.sphere_lab import SphereLab

if TYPE_CHECKING:
    from lvm_studio.studio.runs.laboratory_run import StartThread
    from lvm_studio.studio.session import Session
    from lvm_studio.studio.street.service import StreetService


class LaboratoryPanel(QWidget):
    """Two experiments, a tab each.

    Args:
        session: what is open.
        service: lends its compute thread to the map of the sphere.
        start_thread: makes what runs a job; tests give their own.
    """

    def __init__(
        self,
        session: Session,
        service: StreetService,
        start_thread: StartThread | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("laboratory_panel")
        self.manifold = ManifoldLab(session, start_thread)
        self.tabs = QTabWidget(documentMode=True)
        self.tabs.setObjectName("laboratory_tabs")
        self.tabs.addTab(self.manifold, "Curve in the plane")
        self.sphere = SphereLab(service, start_thread)
        self.tabs.addTab(self.sphere, "Hypersphere")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.tabs)
