"""Which model a search for anomalies measures by: one fitted anew, or one of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QWidget

from lvm_studio.analysis.anomalies.findings import Findings
from lvm_studio.analysis.anomalies.job import AnomalyJob
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.tree import Tree
from lvm_studio.data.vectors.week_vectors import WEEKS
from lvm_studio.studio.session import Session

if TYPE_CHECKING:
    from lvm_studio.analysis.anomalies.fault_library import FaultLibrary

ANEW = "fit anew"
ANEW_TIP = "Fit a model to what is searched; it is kept in the workspace for the next search"
WIDTH = 190
RECIPE = "anomalies"


def _provenance(tree: Tree) -> Tree:
    told = tree.get("provenance")
    return told if isinstance(told, dict) else {}


class KnownFaults:
    """What the newest search of weeks learned of known faults: the next need not learn it again."""

    def __init__(self) -> None:
        self._of: tuple[HouseholdSet, tuple[str, ...]] | None = None
        self._library: FaultLibrary | None = None

    def get(self, households: HouseholdSet, told: tuple[str, ...]) -> FaultLibrary | None:
        """What was learned from these households, told the same; None if nothing was."""
        if self._of is None or self._of[0] is not households or self._of[1] != told:
            return None
        return self._library

    def keep(self, job: AnomalyJob, findings: Findings) -> None:
        """Remember what this search learned."""
        if findings.library is not None and isinstance(job.data, HouseholdSet):
            self._of = job.data, job.told_weeks()
            self._library = findings.library


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

    def tree(self, *, of_weeks: bool) -> Tree | None:
        """The plain form of the chosen model; None to fit one anew.

        One of weeks does not measure tables, and the other way round: then one is fitted anew.
        """
        tree = self._session.workspace.models.get(str(self.currentData()))
        if tree is None or str(_provenance(tree).get("dataset", "")).startswith(WEEKS) != of_weeks:
            return None
        return tree

    def keep(self, findings: Findings) -> None:
        """Take a model that was fitted anew into the workspace; one that is there stays alone.

        With one of a table go rows of it, so that it can be looked at.
        """
        tree = findings.model
        if not tree or not findings.fresh:
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
            told = _provenance(tree)
            if tree.get("kind") == "vector_vae" and told.get("recipe") == RECIPE:
                self.addItem(name, name)
                words = f"Fitted on {told.get('dataset', '?')}, {told.get('steps', '?')} steps"
                self.setItemData(self.count() - 1, words, Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(max(0, self.findData(chosen)))
