"""The fan and its read-outs: what is drawn is what was given."""

import re
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication, QLabel, QSpinBox, QToolButton
from pytestqt.qtbot import QtBot
from street_fakes import some_fan

from lvm_studio.analysis.fan import make_fan
from lvm_studio.studio.figures import export_figure
from lvm_studio.studio.theme import DARK, LIGHT, theme
from lvm_studio.studio.widgets.compose.readouts import ABSENT, Readouts
from lvm_studio.studio.widgets.fan.curve_bundle import CurveBundle
from lvm_studio.studio.widgets.fan.fan_legend import KEYS
from lvm_studio.studio.widgets.fan.fan_plot import IDLE_TEXT, FanPlot
from lvm_studio.studio.widgets.time_axis import WeekAxis, seconds

WEEK_START = np.datetime64("2013-01-07T00:00", "m")


@pytest.fixture
def plot(qtbot: QtBot) -> FanPlot:
    made = FanPlot(LIGHT)
    qtbot.addWidget(made)
    made.resize(700, 400)
    made.show()
    return made


def bundles(plot: FanPlot) -> list[CurveBundle]:
    """The sampled curves of the base and the tuned fan."""
    return [item for item in plot.canvas.items() if isinstance(item, CurveBundle)]


def key(plot: FanPlot, name: str) -> QToolButton:
    button = plot.findChild(QToolButton, f"fan_key_{name}")
    assert button is not None
    return button


def readout(plot: FanPlot) -> str:
    label = plot.findChild(QLabel, "fan_readout")
    assert label is not None
    return label.text()


def shown_power(plot: FanPlot) -> tuple[float, float]:
    low, high = plot.canvas.getViewBox().viewRange()[1]
    return low, high


def test_as_many_curves_as_asked_are_drawn(plot: FanPlot) -> None:
    plot.set_shown(3)
    plot.set_fan(some_fan(count=20))
    assert [b.curves.shape for b in bundles(plot) if b.isVisible()] == [(3, 336)]
    plot.set_shown(0)
    assert [b.curves.shape for b in bundles(plot) if b.isVisible()] == [(0, 336)]


def test_the_range_holds_zero_and_the_highest_line(plot: FanPlot) -> None:
    fan = some_fan(10.0)
    plot.set_shown(20)
    plot.set_fan(fan)
    low, high = shown_power(plot)
    assert low == pytest.approx(0.0)
    highest = max(fan.curves.max(), fan.measured.max())
    assert highest < high < 1.25 * highest
    plot.set_tuned(some_fan(30.0, measured=False))
    assert shown_power(plot)[1] > 30.0


def test_negative_curves_stay_visible(plot: FanPlot) -> None:
    plot.set_shown(1)
    curves = np.full((1, 336), 1.0)
    curves[0, 5] = -2.0
    plot.set_fan(make_fan(curves, WEEK_START))
    assert shown_power(plot)[0] == pytest.approx(-2.0)


def test_a_zoom_stays_until_fitted(plot: FanPlot) -> None:
    plot.set_fan(some_fan(10.0))
    plot.canvas.getViewBox().sigRangeChangedManually.emit([True, True])
    plot.canvas.setYRange(3.0, 4.0, padding=0)
    plot.set_fan(some_fan(20.0))
    assert shown_power(plot) == pytest.approx((3.0, 4.0))
    plot.canvas.fit_asked.emit()
    assert shown_power(plot)[1] > 20.0


def test_cursor_reads_all_that_is_drawn(plot: FanPlot) -> None:
    fan, tuned = some_fan(10.0), some_fan(14.0, measured=False)
    plot.set_fan(fan)
    plot.set_tuned(tuned)
    plot.canvas.pointed.emit(seconds(fan.times)[37] + 60.0)
    assert readout(plot) == (
        f"Mon 18:30   base {fan.mean[37]:.1f} ({fan.p10[37]:.1f}–{fan.p90[37]:.1f})   "
        f"tuned {tuned.mean[37]:.1f} ({tuned.p10[37]:.1f}–{tuned.p90[37]:.1f})   "
        f"measured {fan.measured[37]:.1f} kW"
    )
    plot.canvas.pointed.emit(None)
    assert readout(plot) == IDLE_TEXT


def test_arrow_keys_move_the_cursor(plot: FanPlot, qtbot: QtBot) -> None:
    plot.set_fan(some_fan())
    qtbot.keyClick(plot.canvas, Qt.Key.Key_Right)
    assert readout(plot).startswith("Thu 12:00")
    qtbot.keyClick(plot.canvas, Qt.Key.Key_Left)
    assert readout(plot).startswith("Thu 11:30")
    qtbot.keyClick(plot.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert readout(plot).startswith("Thu 14:30")


def test_legend_enables_what_there_is_and_hides_on_click(plot: FanPlot) -> None:
    plot.set_fan(some_fan(measured=False))
    assert key(plot, "base").isVisible()
    assert not key(plot, "measured").isEnabled()
    assert not key(plot, "tuned").isEnabled()
    before = [key(plot, name).geometry() for name in KEYS]
    plot.set_tuned(some_fan(50.0))
    assert key(plot, "tuned").isEnabled()
    assert [key(plot, name).geometry() for name in KEYS] == before  # nothing moves with λ
    assert shown_power(plot)[1] > 50.0
    key(plot, "tuned").click()
    assert shown_power(plot)[1] < 50.0


def test_beside_moves_the_tuned_fan_and_back(plot: FanPlot) -> None:
    plot.set_fan(some_fan())
    plot.set_tuned(some_fan(14.0))
    beside = next(b for b in plot.findChildren(QToolButton) if b.text() == "Beside")
    beside.click()
    assert len(bundles(plot)) == 1
    beside.click()
    assert len(bundles(plot)) == 2


def test_an_untrustworthy_tuned_fan_is_greyed(plot: FanPlot) -> None:
    plot.set_fan(some_fan())
    plot.set_tuned(some_fan(14.0))
    sure = {b.colour.name() for b in bundles(plot)}
    plot.set_tuned(some_fan(14.0), valid=False)
    doubtful = {b.colour.name() for b in bundles(plot)}
    assert len(sure - doubtful) == 1
    plot.set_colours(DARK)
    assert not (sure | doubtful) & {b.colour.name() for b in bundles(plot)}


def painted(plot: FanPlot, scale: int = 1) -> QImage:
    """The plot as the screen, or an image `scale` times as large, shows it."""
    image = QImage(plot.canvas.size() * scale, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    plot.canvas.render(painter, QRectF(image.rect()), plot.canvas.rect())
    painter.end()
    return image


def test_curves_are_painted_where_the_axes_say_at_every_zoom_and_scale(plot: FanPlot) -> None:
    level = np.full((1, 336), 5.0)
    level[:, 100:110] = 8.0
    plot.set_shown(1)
    plot.set_fan(make_fan(np.concatenate([level, level + 20.0]), WEEK_START))
    for name in ("_band", "_edges", "_mean"):
        getattr(plot._base, name).setOpacity(0.0)
    times, box = seconds(some_fan().times), plot.canvas.getViewBox()
    for start, end, scale in ((0, 336, 1), (0, 336, 2), (95, 115, 1), (95, 115, 3)):
        plot.canvas.setXRange(times[start], times[end - 1], padding=0)
        image = painted(plot, scale)

        def shade(step: int, power: float) -> str:
            spot = plot.canvas.mapFromScene(box.mapViewToScene(QPointF(times[step], power)))
            x, y = spot.x() * scale, spot.y() * scale  # noqa: B023  (called in this turn alone)
            near = {image.pixelColor(x, y + up).name() for up in range(-scale, scale + 1)}  # noqa: B023
            return "curve" if any(name != LIGHT.plot.lower() for name in near) else "ground"

        assert [shade(105, 8.0), shade(97, 5.0), shade(97, 8.0)] == ["curve", "curve", "ground"]
        assert shade(105, 6.5) == "ground"


def test_a_few_changed_curves_look_as_if_all_had_been_drawn_anew(plot: FanPlot) -> None:
    curves = np.array(some_fan(count=60).curves)
    plot.set_shown(60)
    for turn in (0, 1, 1, 2, 3):
        curves = curves.copy()
        curves[10 * turn : 10 * turn + 9] = 10.0 + turn  # the second time the same again
        plot.set_fan(make_fan(curves, WEEK_START))
        gradual = painted(plot)
    plot.set_shown(59)  # another number of curves: all are drawn anew
    painted(plot)
    plot.set_shown(60)
    anew = painted(plot)
    size = (anew.height(), anew.width(), 4)
    first, second = (np.frombuffer(i.constBits(), np.uint8).reshape(size) for i in (gradual, anew))
    assert np.abs(first.astype(int) - second).max() <= 16  # a shade at most, where it is rounded


def test_a_vector_figure_holds_each_curve_as_a_line(plot: FanPlot, tmp_path: Path) -> None:
    plot.set_shown(7)
    plot.set_fan(some_fan(count=20))
    export_figure(plot.canvas, tmp_path / "fan.svg", theme())
    lines = re.findall(r'<polyline[^>]*points="([^"]*)"', (tmp_path / "fan.svg").read_text())
    assert sum(len(line.split()) == 336 for line in lines) == 7


def test_a_vector_figure_has_its_curves_where_the_axes_say(plot: FanPlot, tmp_path: Path) -> None:
    fan = some_fan()
    plot.set_fan(fan)
    plot.canvas.setYRange(0.0, float(fan.mean.max()) / 2, padding=0)
    export_figure(plot.canvas, tmp_path / "fan.svg", theme())
    written = (tmp_path / "fan.svg").read_text()
    # half-hours stand in pixels at equal distances: none is rounded onto its neighbour
    lines = re.findall(r'<polyline[^>]*points="([^"]*)"', written)
    week = next(line.split() for line in lines if len(line.split()) == 336)
    steps = np.diff([float(point.split(",")[0]) for point in week])
    width = plot.canvas.getViewBox().width()
    np.testing.assert_allclose(steps, width / 336, atol=0.011)
    # what lies above the highest tick is cut
    assert written.count("<clipPath") == written.count("clip-path=") == 1
    # numbers of the axis at the screen's size and place, not scaled by another resolution
    days = re.findall(r"matrix\(([^,]+),0,0,([^,]+),[^)]*\)[^>]*>\s*<text[^>]*>[^<]*Jan", written)
    assert days
    assert all(scale == ("1", "1") for scale in days)


def test_a_figure_does_not_show_the_pointer(plot: FanPlot, tmp_path: Path) -> None:
    plot.set_fan(some_fan())
    file = tmp_path / "fan.svg"
    export_figure(plot.canvas, file, theme())
    free = file.read_text()
    plot.canvas.cursor_stepped.emit(1)
    export_figure(plot.canvas, file, theme())
    assert file.read_text() == free


def test_the_number_of_curves_is_asked_for(plot: FanPlot, qtbot: QtBot) -> None:
    field = plot.findChild(QSpinBox, "fan_shown")
    with qtbot.waitSignal(plot.show_asked) as asked:
        field.setValue(50)
    assert asked.args == [50]
    with qtbot.assertNotEmitted(plot.show_asked):
        plot.set_shown(20)


def test_a_message_covers_the_empty_plot_until_a_fan_comes(plot: FanPlot) -> None:
    plot.set_message("Nothing here.")
    label = next(w for w in plot.findChildren(QLabel) if w.text() == "Nothing here.")
    assert label.isVisible()
    plot.set_fan(some_fan())
    assert not label.isVisible()


@pytest.mark.parametrize(
    ("hours", "pixels", "labels"),
    [
        (168, 700.0, ["Mon 7 Jan", "Tue 8 Jan"]),
        (168, 420.0, ["Mon 7", "Tue 8"]),
        (168, 300.0, ["Mon", "Tue"]),
    ],
)
def test_days_are_labelled_as_room_allows(
    qapp: object, hours: int, pixels: float, labels: list[str]
) -> None:
    axis = WeekAxis()
    axis.resize(pixels, 30.0)
    axis.set_start(WEEK_START)
    axis.setRange(0.0, hours * 3600)
    spacing, days = axis.tickValues(0.0, hours * 3600, pixels)[0]
    texts = axis.tickStrings(days, 1.0, spacing)
    assert texts[:2] == labels
    assert texts[-1] == ""


def test_zoomed_in_hours_are_labelled(qapp: object) -> None:
    axis = WeekAxis()
    axis.set_start(WEEK_START)
    spacing, hours = axis.tickValues(0.0, 86_400, 700.0)[1]
    assert spacing == 3600.0
    assert axis.tickStrings(hours[:3], 1.0, spacing) == ["01", "02", "03"]


def test_readouts_say_energy_peak_and_time(qtbot: QtBot) -> None:
    made = Readouts()
    qtbot.addWidget(made)
    curves = np.ones((4, 336))
    curves[:, 37] = [4.0, 5.0, 6.0, 7.0]
    made.set_fan(make_fan(curves, WEEK_START, curves[3]))

    def cell(column: str, row: int) -> str:
        label = made.findChild(QLabel, f"readout_{column}_{row}")
        assert label is not None
        return label.text()

    assert [cell("base", row) for row in range(3)] == [
        "170 (170–171)",
        "5.5 (4.0–7.0)",
        "Mon 18:30",
    ]
    assert [cell("measured", row) for row in range(3)] == ["171", "7.0", "Mon 18:30"]
    assert cell("tuned", 0) == ABSENT
    made.set_fan(None)
    assert cell("base", 1) == ABSENT


def test_a_target_is_drawn_with_the_mouse(plot: FanPlot, qtbot: QtBot) -> None:
    plot.set_fan(some_fan())
    qtbot.wait(20)
    viewport, box = plot.canvas.viewport(), plot.canvas.getViewBox()
    times = seconds(some_fan().times)

    def pixel(step: int, power: float) -> QPoint:
        scene = box.mapViewToScene(QPointF(times[step] + 900.0, power))
        return plot.canvas.mapFromScene(scene)

    plot.findChild(QToolButton, "fan_draw").click()
    with qtbot.waitSignal(plot.target_drawn) as drawn:
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=pixel(100, 4.0))
        move = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(pixel(150, 6.0)),
            QPointF(viewport.mapToGlobal(pixel(150, 6.0))),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(viewport, move)
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=pixel(150, 6.0))
    start, target = drawn.args
    assert start == pytest.approx(100, abs=2)
    assert len(target) == pytest.approx(51, abs=4)
    assert target[0] == pytest.approx(4.0, abs=0.3)
    assert target[-1] == pytest.approx(6.0, abs=0.3)
    plot.set_target(start, target)
    assert plot._target.isVisible()
    plot.set_target(0, None)
    assert not plot._target.isVisible()
