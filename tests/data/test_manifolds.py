"""Manifolds and vector sets: points where they belong, files as people bring them."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from lvm_studio.data.errors import DataError
from lvm_studio.data.vectors.manifolds import (
    Circle,
    ManifoldSpec,
    Polyline,
    Sinusoid,
    Sphere,
    Spiral,
)
from lvm_studio.data.vectors.sets import VectorSet, read_points

ALL = (
    Sinusoid(), Circle(), Spiral(), Polyline(points=((0, 0), (1, 0), (1, 1))),
    Sphere(dimensions=5, sigma=0.1),
)  # fmt: skip


@pytest.mark.parametrize("manifold", ALL, ids=lambda m: m.kind)
def test_a_manifold_draws_what_its_seed_says_and_survives_json(manifold):
    first, again = (manifold.draw(50, np.random.default_rng(3)) for _ in range(2))
    assert first.shape == (50, manifold.dim)
    assert (first == again).all()
    adapter = TypeAdapter(ManifoldSpec)
    assert adapter.validate_json(adapter.dump_json(manifold)) == manifold


@pytest.mark.parametrize("manifold", ALL[:4], ids=lambda m: m.kind)
def test_a_curves_density_is_one_in_all(manifold):
    side = np.linspace(-1.6, 1.6, 161)  # three points a standard deviation
    grid = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    wide = manifold.model_copy(update={"sigma": 0.06})
    total = sum(np.exp(wide.log_density(part, 512)).sum() for part in np.array_split(grid, 10))
    assert total * (side[1] - side[0]) ** 2 == pytest.approx(1.0, abs=0.01)


def test_noise_of_the_sinusoid_stays_in_its_range_and_waves_shorten():
    curve, t = Sinusoid(), np.linspace(0, 1, 4001)
    assert curve.noise(t).min() == pytest.approx(0.01, rel=1e-3)
    assert curve.noise(t).max() == pytest.approx(0.08, rel=1e-3)
    crossings = np.flatnonzero(np.diff(np.sign(curve.curve(t)[1:, 1])))
    gaps = np.diff(crossings)
    assert gaps[0] > 1.2 * gaps[-1]


def test_a_drawn_line_needs_two_points():
    with pytest.raises(ValidationError, match="two different points"):
        Polyline(points=((1, 1), (1, 1)))


def test_a_line_without_noise_has_no_density():
    with pytest.raises(ValueError, match="no density"):
        Circle(sigma=0.0).log_density(np.zeros((1, 2)))


def test_a_set_survives_its_tree():
    x = np.arange(12.0).reshape(4, 3).astype(np.float32)
    labels = {"class": np.array(["a", "b", "a", "c"]), "odd": np.array([0, 1, 0, 1])}
    whole = VectorSet("mine", x, x[:, :1], labels, {"source": "here"})
    again = VectorSet.from_tree(whole.to_tree())
    assert (again.x == x).all()
    assert again.condition_dim == 1
    assert list(again.labels["class"]) == ["a", "b", "a", "c"]
    train, held = whole.split(0.25, 0)
    assert (len(train), len(held)) == (3, 1)


@pytest.mark.parametrize(
    "text", ["x,y\n1,2\n3,4\n", "1;2\n\n3;4", "1 2\n# note\n3 4\n", "1\t2\n3\t4"]
)
def test_points_of_a_file(tmp_path, text):
    path = tmp_path / "points.csv"
    path.write_text(text)
    assert read_points(path).x.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("text", "said"), [("", "no points"), ("1,2\n3\n", "row 2"), ("1,2\n3,nan\n", "no number")]
)
def test_a_bad_file_is_told_in_a_sentence(tmp_path, text, said):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        read_points(path)
