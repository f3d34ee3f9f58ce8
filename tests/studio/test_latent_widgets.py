"""The latent page's widgets, each alone: what it shows and what it asks for."""

from dataclasses import replace

import numpy as np
import pytest
from pyqtgraph import PlotCurveItem
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from lvm_studio.analysis.latent.pca import PCA
from lvm_studio.studio.latent.projection import Projection
from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.studio.widgets.latent.colour_scale import SHADES, ColourBar, ColourScale
from lvm_studio.studio.widgets.latent.curve_strip import CurveStrip, StripCells
from lvm_studio.studio.widgets.latent.decoded_plot import DecodedPlot, DecodedWeek
from lvm_studio.studio.widgets.latent.decoded_vector import DecodedVector, DecodedVectorPlot
from lvm_studio.studio.widgets.latent.dimension_sliders import DimensionSliders
from lvm_studio.studio.widgets.latent.interpolation_bar import InterpolationBar
from lvm_studio.studio.widgets.latent.latent_map import LatentMap, MapPoints, prior_radius
from lvm_studio.studio.widgets.latent.map_bar import AXES, MapBar
from lvm_studio.studio.widgets.latent.slider_row import Dimension

rng = np.random.default_rng(0)


def shown(qtbot: QtBot, widget):  # type: ignore[no-untyped-def]
    qtbot.addWidget(widget)
    widget.resize(500, 400)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


# projection


def test_moving_on_a_map_of_components_changes_nothing_across_it() -> None:
    u = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6))
    projection = Projection.onto_components(PCA.fit(u), (2, 3))
    moved = projection.moved(u[0], (1.5, -2.0))
    np.testing.assert_allclose(projection.project(moved[None])[0], [1.5, -2.0])
    across = np.eye(6) - projection.directions.T @ projection.directions
    np.testing.assert_allclose(across @ moved, across @ u[0])
    assert "principal component 3" in projection.titles[0]


def test_the_origin_of_the_map_is_where_u_is_zero() -> None:
    u = 3.0 + rng.normal(size=(100, 4))
    projection = Projection.onto_components(PCA.fit(u), (0, 1))
    np.testing.assert_allclose(projection.origin, projection.project(np.zeros((1, 4)))[0])
    with pytest.raises(ValueError, match="two different"):
        Projection.onto_axes(4, (1, 1), ("a", "a"))


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_prior_circles_hold_their_share_of_a_standard_normal(share: float) -> None:
    inside = np.hypot(*rng.normal(size=(2, 100_000))) < prior_radius(share)
    assert inside.mean() == pytest.approx(share, abs=0.01)


# map


@pytest.fixture
def latent_map(qtbot: QtBot) -> LatentMap:
    widget = LatentMap()
    widget.show_points(MapPoints(rng.normal(size=(2000, 2)), "w1", "z1", tips=("p",) * 2000))
    return shown(qtbot, widget)


def scene_point(latent_map: LatentMap, x: float, y: float):  # type: ignore[no-untyped-def]
    scene = latent_map.view.mapViewToScene(QPointF(x, y))
    return latent_map.canvas.mapFromScene(scene)


def test_a_click_says_where(latent_map: LatentMap, qtbot: QtBot) -> None:
    position = scene_point(latent_map, 1.0, -0.5)
    with qtbot.waitSignal(latent_map.picked) as picked, qtbot.waitSignal(latent_map.drag_ended):
        qtbot.mouseClick(latent_map.canvas.viewport(), Qt.MouseButton.LeftButton, pos=position)
    assert picked.args == [pytest.approx(1.0, abs=0.05), pytest.approx(-0.5, abs=0.05)]


def test_a_click_on_a_point_is_a_click_on_the_map(latent_map: LatentMap, qtbot: QtBot) -> None:
    x, y = latent_map._points.xy[0]  # type: ignore[union-attr]
    position = scene_point(latent_map, x, y)
    with qtbot.waitSignal(latent_map.picked) as picked:
        qtbot.mouseClick(latent_map.canvas.viewport(), Qt.MouseButton.LeftButton, pos=position)
    assert picked.args == [pytest.approx(x, abs=0.05), pytest.approx(y, abs=0.05)]


def test_a_drag_picks_all_the_way_and_does_not_move_the_map(
    latent_map: LatentMap, qtbot: QtBot
) -> None:
    before = latent_map.view.viewRange()
    picks: list[tuple[float, float]] = []
    latent_map.picked.connect(lambda x, y: picks.append((x, y)))
    port = latent_map.canvas.viewport()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=scene_point(latent_map, 0, 0))
    for x in (0.2, 0.5, 0.8, 1.2):
        qtbot.mouseMove(port, scene_point(latent_map, x, 0), delay=20)
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=scene_point(latent_map, 1.2, 0))
    assert len(picks) >= 2
    assert picks[-1][0] == pytest.approx(1.2, abs=0.05)
    assert latent_map.view.viewRange() == before


def test_keys_walk_and_pin(latent_map: LatentMap, qtbot: QtBot) -> None:
    latent_map.set_marker(1.0, 1.0)
    with qtbot.waitSignal(latent_map.picked) as picked:
        qtbot.keyClick(latent_map.canvas, Qt.Key.Key_Right)
    assert picked.args == [pytest.approx(1.1), pytest.approx(1.0)]
    with qtbot.waitSignal(latent_map.picked) as picked:
        qtbot.keyClick(latent_map.canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert picked.args == [pytest.approx(1.0), pytest.approx(0.5)]
    with qtbot.waitSignal(latent_map.pin_asked) as pinned:
        qtbot.keyClick(latent_map.canvas, Qt.Key.Key_B)
    assert pinned.args == ["B"]


def test_all_points_and_the_outer_circle_are_in_view(latent_map: LatentMap) -> None:
    (x0, x1), (y0, y1) = latent_map.view.viewRange()
    xy = latent_map._points.xy  # type: ignore[union-attr]
    assert x0 < xy[:, 0].min() < xy[:, 0].max() < x1
    assert y0 < min(xy[:, 1].min(), -prior_radius(0.9)) < xy[:, 1].max() < y1


def test_an_empty_map_carries_a_hint(qtbot: QtBot) -> None:
    empty = shown(qtbot, LatentMap())
    assert empty._hint.isVisible()
    assert not empty.canvas.isVisible()
    empty.set_hint("Encoding…")
    assert empty._hint.text() == "Encoding…"


# colours


def test_numbers_are_spread_over_the_bar_and_one_odd_value_does_not_squeeze_them() -> None:
    values = np.r_[np.linspace(0.0, 10.0, 500), 1e6, np.nan]
    scale = ColourScale.of("peak, kW", values)
    assert scale.position[:500].max() > 0.95
    assert scale.position[500] == 1.0
    assert np.isnan(scale.position[501])
    colours, index = scale.shading()
    assert len(index) == 502
    assert len(set(index[:500].tolist())) > SHADES / 2
    assert colours[index[501]].name() == "#888888"


def test_ticks_are_rounded_to_what_the_range_can_tell() -> None:
    ticks = [text for _, text in ColourScale.of("season", np.linspace(-1, 1, 1001)).ticks]
    assert ticks == ["−0.96", "0.00", "0.96"]


def test_few_names_are_categories_and_many_are_an_order() -> None:
    tariffs = ColourScale.of("tariff", np.array(["Std", "ToU", "Std"]))
    assert len(tariffs.palette) == 2
    _, index = tariffs.shading()
    assert index[0] == index[2] != index[1]
    weeks = np.array([f"2013-W{week:02d}" for week in range(1, 52)])
    scale = ColourScale.of("week", weeks)
    assert scale.palette == ()
    assert [text for _, text in scale.ticks] == ["2013-W01", "2013-W26", "2013-W51"]


def test_a_constant_column_has_a_scale(qtbot: QtBot) -> None:
    scale = ColourScale.of("households", np.full(5, 10.0))
    bar = shown(qtbot, ColourBar())
    bar.set_scale(scale)
    assert not bar.grab().isNull()
    assert np.isfinite(scale.position).all()


# sliders


@pytest.fixture
def sliders(qtbot: QtBot) -> DimensionSliders:
    widget = DimensionSliders()
    widget.set_dimensions(
        [Dimension(0, "w1", 0.5), Dimension(1, "z1 Mon", 3.0), Dimension(2, "z2 Mon", 0.0)]
    )
    return shown(qtbot, widget)


def test_sliders_stand_in_the_order_of_their_bits(sliders: DimensionSliders) -> None:
    assert [row.dimension.name for row in sliders.rows] == ["z1 Mon", "w1", "z2 Mon"]
    assert sliders._title.text() == "3 dimensions, 3.5 bits"


def test_slider_field_and_keys_ask_for_values(sliders: DimensionSliders, qtbot: QtBot) -> None:
    row = sliders.rows[0]
    with qtbot.waitSignal(sliders.changed) as changed:
        qtbot.keyClick(row.slider, Qt.Key.Key_Right)
    assert changed.args == [1, pytest.approx(0.1)]
    assert row.field.value() == pytest.approx(0.1)
    with qtbot.waitSignal(sliders.changed) as changed:
        row.field.setValue(-1.25)
    assert changed.args == [1, pytest.approx(-1.25)]
    assert row.slider.value() == -125
    for reset in (row.reset.click, lambda: qtbot.keyClick(row.slider, Qt.Key.Key_Home)):
        row.field.setValue(2.0)
        reset()
        assert row.field.value() == 0.0


def test_keys_go_from_quantile_to_quantile(sliders: DimensionSliders, qtbot: QtBot) -> None:
    sliders.snap.setChecked(True)
    row, seen = sliders.rows[0], []
    for key in (*3 * [Qt.Key.Key_Right], *4 * [Qt.Key.Key_Left], Qt.Key.Key_PageUp):
        qtbot.keyClick(row.slider, key)
        seen.append(row.field.value())
    assert seen == [0.67, 1.64, 2.33, 1.64, 0.67, 0.0, -0.67, 0.0]
    for _ in range(5):
        qtbot.keyClick(row.slider, Qt.Key.Key_Right)
    assert row.field.value() == 2.33  # there is none beyond


def test_showing_values_tells_nobody_and_reaches_beyond_the_slider(
    sliders: DimensionSliders, qtbot: QtBot
) -> None:
    with qtbot.assertNotEmitted(sliders.changed):
        sliders.show_values(np.array([0.5, -7.0, 1.0]))
    assert sliders.rows[0].field.value() == -7.0
    assert sliders.rows[0].slider.value() == -400
    with qtbot.waitSignal(sliders.reset_all):
        sliders._reset.click()


def test_what_says_nothing_is_folded_and_catches_up(qtbot: QtBot) -> None:
    bits = [3.0, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.02, 0.01]
    sliders = shown(qtbot, DimensionSliders())
    sliders.set_dimensions([Dimension(i, f"z{i}", b) for i, b in enumerate(bits)])
    qtbot.waitUntil(lambda: sliders.rows[0].slider.isVisible())
    assert [row.slider.isVisible() for row in sliders.rows] == 7 * [True] + 2 * [False]
    assert sliders.fold.text() == "▸ 2 more, 0.03 bits in all"
    sliders.show_values(np.arange(9.0) / 10)
    sliders.rows[0].field.setValue(1.5)
    sliders.fold.click()
    assert [row.field.value() for row in sliders.rows[6:]] == [0.6, 0.7, 0.8]
    assert sliders.rows[0].field.value() == 1.5
    assert sliders.rows[8].slider.isVisible()


def test_while_one_walks_sliders_follow_later_and_only_the_last_wish(
    sliders: DimensionSliders, qtbot: QtBot
) -> None:
    for step in range(5):
        sliders.show_values_soon(np.full(3, step / 10))
    assert sliders.rows[0].field.value() == 0.0
    qtbot.waitUntil(lambda: sliders.settled)
    assert sliders.rows[0].field.value() == 0.4


def test_a_press_takes_the_handle_there_and_a_double_click_to_zero(
    sliders: DimensionSliders, qtbot: QtBot
) -> None:
    slider = sliders.rows[0].slider
    for position in (-400, 250):
        at = QPointF(slider._x(position), slider.height() / 2).toPoint()
        qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=at)
        assert slider.value() == pytest.approx(position, abs=8)
    qtbot.mouseDClick(slider, Qt.MouseButton.LeftButton, pos=at)
    assert slider.value() == 0


# strips


def cells(rows: int = 2, columns: int = 3) -> StripCells:
    return StripCells(
        rng.uniform(0, 5, size=(rows, columns, 336)),
        tuple(f"z{i}" for i in range(rows)),
        tuple(f"u = {i}" for i in range(columns)),
        np.full(336, 2.0),
        "mean curve",
    )


def test_a_click_or_enter_asks_for_a_cell(qtbot: QtBot) -> None:
    strip = shown(qtbot, CurveStrip("nothing yet"))
    strip.show_cells(cells())
    centre = strip._cell(1, 2).center().toPoint()
    with qtbot.waitSignal(strip.cell_asked) as asked:
        qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=centre)
    assert asked.args == [1, 2]
    qtbot.keyClick(strip, Qt.Key.Key_Up)
    qtbot.keyClick(strip, Qt.Key.Key_Left)
    with qtbot.waitSignal(strip.cell_asked) as asked:
        qtbot.keyClick(strip, Qt.Key.Key_Return)
    assert asked.args == [0, 1]
    assert strip.cell_at(QPointF(0, 0)) == (-1, -1)


def test_cells_do_not_overlap_and_fit(qtbot: QtBot) -> None:
    strip = shown(qtbot, CurveStrip("nothing yet"))
    strip.show_cells(cells(5, 5))
    boxes = [strip._cell(row, column) for row in range(5) for column in range(5)]
    assert all(strip.rect().contains(box.toAlignedRect()) for box in boxes)
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_a_cell_of_an_image_leaves_no_room_empty_below_it(qtbot: QtBot) -> None:
    strip = shown(qtbot, CurveStrip("nothing yet"))
    strip.show_cells(replace(cells(1, 9), curves=np.zeros((1, 9, 16)), reference=None, side=4))
    box = strip._cell(0, 3)
    assert box.height() == pytest.approx(box.width())


def test_an_empty_strip_draws_its_hint_and_asks_for_nothing(qtbot: QtBot) -> None:
    strip = shown(qtbot, CurveStrip("nothing yet"))
    with qtbot.assertNotEmitted(strip.cell_asked):
        qtbot.mouseClick(strip, Qt.MouseButton.LeftButton)
        qtbot.keyClick(strip, Qt.Key.Key_Return)
    image = strip.grab().toImage()
    pixels = {image.pixel(x, y) for x in range(0, 500, 3) for y in range(190, 210)}
    assert len(pixels) > 1  # something is written in the middle


# decoded week


def test_the_decoded_week_says_energy_and_peak(qtbot: QtBot) -> None:
    plot = shown(qtbot, DecodedPlot())
    assert plot._hint.isVisible()
    times = np.datetime64("2013-01-07T00:00", "m") + np.timedelta64(30, "m") * np.arange(336)
    mean = np.full(336, 2.0)
    mean[40] = 3.5
    plot.show_week(DecodedWeek(times, mean, mean - 1, mean + 1), mean, "12 households")
    assert plot._about.text() == "12 households · mean curve: 337 kWh, peak 3.50 kW"
    high = plot.canvas.getViewBox().viewRange()[1][1]
    assert high > 4.5
    plot.show_week(DecodedWeek(times, 0.9 * mean, mean - 1, mean + 0.9), mean)
    assert plot.canvas.getViewBox().viewRange()[1][1] == high  # the axis does not jitter


# choices


def test_a_dimension_is_never_drawn_against_itself(qtbot: QtBot) -> None:
    bar = shown(qtbot, MapBar())
    bar.set_choices([(7, "z7"), (3, "z3"), (5, "z5")], {"k": "households"})
    assert bar.pair == (0, 1)
    bar.kind.setCurrentIndex(bar.kind.findData(AXES))
    assert bar.pair is None
    assert bar.dimensions == (7, 3)
    with qtbot.waitSignal(bar.changed):
        bar.axes[0].setCurrentIndex(1)
    assert bar.dimensions == (3, 5)
    assert bar.column == "k"


def test_the_way_from_a_to_b_opens_with_both_pins(qtbot: QtBot) -> None:
    bar = shown(qtbot, InterpolationBar())
    assert not bar.slider.isEnabled()
    bar.show_pins({"A", "B"})
    with qtbot.waitSignal(bar.moved) as moved:
        bar.slider.setValue(25)
    assert moved.args == [0.25]
    bar.strip.show_cells(cells(1, 5))
    with qtbot.waitSignal(bar.moved) as moved:
        bar.strip.cell_asked.emit(0, 3)
    assert moved.args == [0.75]
    with qtbot.assertNotEmitted(bar.moved):
        bar.show_share(0.1)
    bar.show_pins({"A"})
    assert not bar.slider.isEnabled()
    assert bar.strip.columns == 0


def test_a_property_that_does_not_exist_is_refused(qtbot: QtBot) -> None:
    bar = shown(qtbot, ColourBar())
    with pytest.raises(AttributeError, match="no property 'tooltip'"):
        dressed(bar, tooltip="wrong capital")


def test_dimensions_that_say_nothing_are_folded_and_follow_when_unfolded(qtbot: QtBot) -> None:
    sliders = DimensionSliders()
    qtbot.addWidget(sliders)
    sliders.set_dimensions([Dimension(i, f"z{i}", 2.0 if i < 7 else 0.0) for i in range(20)])
    sliders.show()
    assert sliders.fold.text() == "▸ 13 more, 0.00 bits in all"
    assert not sliders.rows[7].slider.isVisible()
    sliders.show_values(np.full(20, 0.5))
    assert [sliders.rows[row].field.value() for row in (6, 7)] == [0.5, 0.0]  # not while folded
    sliders.fold.click()
    assert sliders.rows[7].slider.isVisible()
    assert sliders.rows[7].field.value() == 0.5


def test_two_coordinates_are_a_place_in_the_plane(qtbot: QtBot) -> None:
    plot = shown(qtbot, DecodedVectorPlot())
    plot.set_data(np.array([[0.0, 0.0], [1.0, 2.0]]), ("x1", "x2"))
    mean, spread = np.array([0.5, 1.0]), np.array([0.1, 0.2])
    plot.show_vector(DecodedVector(mean, mean - spread, mean + spread), np.zeros(2), "here")
    assert plot.plane.isVisible()
    [outline] = [item for item in plot.plane.plotItem.items if isinstance(item, PlotCurveItem)]
    x, y = outline.getData()
    assert (x.max() - x.min(), y.max() - y.min()) == pytest.approx((0.2, 0.4), rel=0.01)
