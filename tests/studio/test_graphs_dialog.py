"""The dialog of inference graphs."""

from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from lvm_studio.studio.latent.graphs_dialog import GraphsDialog
from lvm_studio.studio.theme import DARK, LIGHT, Scheme, theme


def test_the_graphs_follow_what_is_typed(qtbot: QtBot) -> None:
    dialog = GraphsDialog()
    qtbot.addWidget(dialog)
    assert "5 in p" in dialog.told.text()
    dialog.arrows.setText("z1 -> z2 -> x")
    assert "2 in q forward" in dialog.told.text()
    assert all(plot.getPlotItem().items for plot in dialog.plots)
    dialog.arrows.setText("z1 -> z2 -> z1")
    assert "circle" in dialog.told.text()


def test_the_graphs_follow_the_theme(qtbot: QtBot) -> None:
    dialog = GraphsDialog()
    qtbot.addWidget(dialog)
    for scheme, colours in ((Scheme.DARK, DARK), (Scheme.LIGHT, LIGHT)):
        theme().set_scheme(scheme)
        grounds = {plot.backgroundBrush().color().name() for plot in dialog.plots}
        assert grounds == {colours.plot.lower()}
    theme().set_scheme(Scheme.SYSTEM)


def test_arrows_are_drawn_and_taken_away(qtbot: QtBot) -> None:
    dialog = GraphsDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.arrows.setText("z1 -> x1; z2 -> x1")
    plot = dialog.plots[0]

    def at(name: str) -> QPoint:
        view = plot.getPlotItem().vb.mapViewToScene(QPointF(*plot._places[name]))
        return plot.mapFromScene(view)

    for begin, end in (("z1", "z2"), ("z1", "x1")):
        place = at(begin), at(end)
        qtbot.mousePress(plot.viewport(), Qt.MouseButton.LeftButton, pos=place[0])
        qtbot.mouseRelease(plot.viewport(), Qt.MouseButton.LeftButton, pos=place[1])
    assert dialog.arrows.text() == "z1 -> z2; z2 -> x1"
    plot.dragged.emit("z2", "")
    assert "z2 -> z3" in dialog.arrows.text()
    dialog.arrows.undo()
    assert dialog.arrows.text() == "z1 -> z2; z2 -> x1"
