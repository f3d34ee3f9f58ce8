"""Which model a search for anomalies measures by: one fitted anew, or one of the workspace."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QWidget

from lvm_studio.analysis.anomalies.findings import Findings
from lvm_studio.data.tree import Tree
from lvm_studio.studio.session import Session

ANEW = "fit anew"
ANEW_TIP = "Fit a model to what is searched; it is kept in the workspace for the next search"
WIDTH = 190


class AnomalyModels(QComboBox):
    """A choice of the models that earlier searches left in the workspace, with what they learned.

    Args:
        session: whose workspace keeps them.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setObjectName("anomalies_model")
        self.setToolTip("The model that measures: fit anew, or one kept from an earlier search")
        self.setFixedWidth(WIDTH)
        self._fill()
        session.models_changed.connect(self._fill)
        session.workspace_changed.connect(self._fill)

    def tree(self) -> Tree | None:
        """The plain form of the chosen model; None to fit one anew."""
        return self._session.workspace.models.get(str(self.currentData()))

    def keep(self, findings: Findings) -> None:
        """Take a model that was fitted anew into the workspace; one that is there stays alone.

        With one of a table go rows of it, so that it can be looked at.
        """
        tree = findings.model
        if self.tree() is not None or not tree:
            return
        if findings.rows is None:
            name = self._session.add_model(str(tree["name"]), tree)
        else:
            name = self._session.add_table_model(tree, findings.rows)
        self.setCurrentIndex(self.findData(name))

    def _fill(self) -> None:
        chosen = self.currentData()
        self.clear()
        self.addItem(ANEW, "")
        self.setItemData(0, ANEW_TIP, Qt.ItemDataRole.ToolTipRole)
        for name, tree in self._session.workspace.models.items():
            told = tree.get("provenance")
            if tree.get("kind") == "vector_vae" and isinstance(told, dict):
                self.addItem(name, name)
                words = f"Fitted on {told.get('dataset', '?')}, {told.get('steps', '?')} steps"
                self.setItemData(self.count() - 1, words, Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(max(0, self.findData(chosen)))
