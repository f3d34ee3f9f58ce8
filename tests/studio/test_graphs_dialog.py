"""The dialog of inference graphs."""

from pytestqt.qtbot import QtBot

from lvm_studio.studio.graphs_dialog import GraphsDialog


def test_the_graphs_follow_what_is_typed(qtbot: QtBot) -> None:
    dialog = GraphsDialog()
    qtbot.addWidget(dialog)
    assert "5 in p" in dialog.told.text()
    dialog.arrows.setText("z1 -> z2 -> x")
    assert "2 in q forward" in dialog.told.text()
    assert all(plot.getPlotItem().items for plot in dialog.plots)
    dialog.arrows.setText("z1 -> z2 -> z1")
    assert "circle" in dialog.told.text()
