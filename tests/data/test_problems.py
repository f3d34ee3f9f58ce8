"""Rules that every artificial problem keeps, and the closed form of each."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lvm_studio.data.errors import DataError
from lvm_studio.data.problems.anchors import COLOURS, RGB, ColourAnchors, from_levels, to_levels
from lvm_studio.data.problems.batches import PartsBatch, PartsLaw, Problem
from lvm_studio.data.problems.sines import SineSums

SINES, ANCHORS = SineSums(), ColourAnchors()
PROBLEMS = [
    SINES,
    SineSums(length=33, lam=0.5, parts=PartsLaw((2, 5), "loguniform")),
    ANCHORS,
    ColourAnchors(side=5, sharpness=4.0, parts=PartsLaw((1, 20), "loguniform")),
]
seeds = st.integers(0, 2**31)


def drawn(problem: Problem, seed: int, batch: int = 12) -> PartsBatch:
    return problem.sample(batch, torch.Generator().manual_seed(seed))


def sine_of(batch: PartsBatch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return (*(batch.truth[name] for name in ("frequency", "amplitude", "phase")), batch.mask)


def anchors_of(batch: PartsBatch) -> tuple[Tensor, Tensor, Tensor]:
    place = torch.stack([batch.truth["across"], batch.truth["down"]], dim=-1)
    return batch.truth["colour"], place, batch.truth["intensity"]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
class TestEveryProblem:
    @given(seed=seeds)
    @settings(max_examples=10, deadline=None)
    def test_batches_keep_the_contract(self, problem: Problem, seed: int) -> None:
        batch = drawn(problem, seed)
        low, high = problem.parts.k_range
        assert batch.labels.shape == (12, high, len(problem.label_names))
        assert batch.mask.shape == (12, high)
        assert ((batch.size >= low) & (batch.size <= high)).all()
        assert (batch.mask.diff(dim=1) <= 0).all()  # parts come first
        absent = batch.mask == 0
        assert (batch.labels[absent] == 0).all()
        for name, truth in batch.truth.items():
            assert truth.shape == batch.mask.shape, name
            assert (truth[absent] == 0).all(), name

    @given(seed=seeds)
    @settings(max_examples=5, deadline=None)
    def test_the_generator_decides_everything(self, problem: Problem, seed: int) -> None:
        first, again = drawn(problem, seed), drawn(problem, seed)
        assert torch.equal(first.x, again.x)
        assert torch.equal(first.labels, again.labels)
        assert not torch.equal(first.x, drawn(problem, seed + 1).x)

    def test_sizes_reach_both_ends(self, problem: Problem) -> None:
        sizes = set(drawn(problem, 0, 2000).size.int().tolist())
        low, high = problem.parts.k_range
        assert sizes == set(range(low, high + 1))


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_a_whole_sine_follows_its_equation(seed: int) -> None:
    batch = drawn(SINES, seed, 4)
    frequency, amplitude, phase, mask = (part.double() for part in sine_of(batch))
    for row in range(4):
        size = int(mask[row].sum())
        for t in (0, 1, 57, 199):
            total = sum(
                float(amplitude[row, i])
                * math.cos(2 * math.pi * float(frequency[row, i]) * t / 200 + float(phase[row, i]))
                for i in range(size)
            )
            expected = size * math.tanh(3 / size * total)
            assert float(batch.x[row, t]) == pytest.approx(expected, abs=2e-4 * size)


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_sines_add_up_before_the_tanh_and_stay_within_bounds(seed: int) -> None:
    batch = drawn(SINES, seed)
    size = batch.size[:, None].double()
    frequency, amplitude, phase, mask = (part.double() for part in sine_of(batch))
    whole = SINES.whole(frequency, amplitude, phase, mask)
    assert (whole.abs() <= size).all()
    parts = SINES.curves(frequency, amplitude, phase)
    assert (parts.abs() <= amplitude.abs()[..., None] + 1e-12).all()
    inner = torch.atanh((whole / size).clamp(-1 + 1e-15, 1 - 1e-15)) * size / SINES.lam
    flat = (whole / size).abs() < 0.999  # elsewhere the tanh has swallowed the digits
    torch.testing.assert_close(inner[flat], parts.sum(dim=1)[flat], rtol=1e-6, atol=1e-6)


def test_one_weak_sine_is_nearly_itself() -> None:
    one = torch.ones(1, 1)
    curve = SINES.whole(2 * one, 0.001 * one, 0 * one, one)
    expected = 3 * SINES.curves(2 * one, 0.001 * one, 0 * one).sum(dim=1)
    torch.testing.assert_close(curve, expected, rtol=1e-4, atol=1e-8)


def test_amplitudes_and_phases_follow_their_laws() -> None:
    batch = drawn(SINES, 1, 4000)
    present = batch.mask.bool()
    amplitude, phase = batch.truth["amplitude"][present], batch.truth["phase"][present]
    count = len(amplitude)
    for values, mean, spread in ((amplitude, 1.0, 0.3), (phase, 0.0, math.pi / 2)):
        assert abs(values.mean() - mean) < 5 * spread / math.sqrt(count)
        assert abs(values.std() / spread - 1) < 5 / math.sqrt(2 * count)
    told = batch.labels[present].argmax(dim=-1) + 1
    assert torch.equal(told.float(), batch.truth["frequency"][present])
    assert torch.bincount(told, minlength=11)[1:].min() > 0.09 * count


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_the_order_of_parts_means_nothing(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    batch = drawn(SINES, seed)
    order = torch.rand(batch.mask.shape, generator=generator).argsort(dim=1)
    turned = [part.gather(1, order) for part in sine_of(batch)]
    torch.testing.assert_close(SINES.whole(*turned), batch.x, rtol=1e-4, atol=1e-4)
    image = drawn(ANCHORS, seed)
    colour, place, intensity = anchors_of(image)
    order = torch.rand(image.mask.shape, generator=generator).argsort(dim=1)
    turned_image = ANCHORS.whole(
        colour.gather(1, order),
        place.gather(1, order[..., None].expand_as(place)),
        intensity.gather(1, order),
    )
    torch.testing.assert_close(turned_image, ANCHORS.whole(colour, place, intensity))


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_images_are_means_of_colours(seed: int) -> None:
    batch = drawn(ANCHORS, seed)
    assert batch.x.dtype == torch.uint8
    colour, place, intensity = anchors_of(batch)
    image = ANCHORS.whole(colour, place, intensity)
    assert float(image.min()) >= 0
    assert float(image.max()) <= 1 + 1e-5
    assert (from_levels(batch.x) - image).abs().max() <= 0.5 / 255 + 1e-5
    brighter = ANCHORS.whole(colour, place, 7 * intensity)
    torch.testing.assert_close(brighter, image, rtol=1e-4, atol=1e-5)  # only shares count


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_images_of_two_groups_mix_by_their_weights(seed: int) -> None:
    """The sum rule: numerators and denominators of groups add up."""
    problem = ColourAnchors(side=9, parts=PartsLaw((6, 6)))
    colour, place, intensity = (part.double() for part in anchors_of(drawn(problem, seed, 3)))
    groups = [slice(0, 2), slice(2, 6)]
    total, mixed = 0.0, 0.0
    for group in groups:
        weight = problem.weights(place[:, group], intensity[:, group]).sum(dim=1)[:, None]
        image = problem.whole(colour[:, group], place[:, group], intensity[:, group])
        total, mixed = total + weight, mixed + weight * image
    torch.testing.assert_close(mixed / total, problem.whole(colour, place, intensity))


def test_one_anchor_paints_all_and_near_anchors_rule() -> None:
    for index, rgb in enumerate(RGB):
        image = ANCHORS.whole(torch.tensor([index]), torch.tensor([[0.3, 0.8]]), torch.ones(1))
        torch.testing.assert_close(image, torch.tensor(rgb)[:, None, None].expand_as(image))
    red, blue = COLOURS.index("red"), COLOURS.index("blue")
    place = torch.tensor([[0.1, 0.2], [0.9, 0.2]])  # red on the left, blue on the right
    image = ANCHORS.whole(torch.tensor([red, blue]), place, torch.ones(2))
    row = int(0.2 * ANCHORS.side)
    assert image[0, row, 2] > 0.95
    assert image[2, row, -3] > 0.95
    strong = ANCHORS.whole(torch.tensor([red, blue]), place, torch.tensor([9.0, 1.0]))
    assert (strong[0] > image[0] - 1e-6).all()  # intensity widens a colour


def test_levels_round() -> None:
    assert to_levels(torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0])).tolist() == [0, 0, 128, 255, 255]
    levels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_levels(from_levels(levels)), levels)


def test_impossible_problems_are_refused() -> None:
    with pytest.raises(DataError, match="from 1 up"):
        PartsLaw((0, 4))
    with pytest.raises(DataError, match="Colour anchors need"):
        ColourAnchors(side=1)
    with pytest.raises(DataError, match="Sine sums need"):
        SineSums(lam=0.0)
