"""The rules that judge artificial wholes, and what they say of the shipped models."""

import sys

import pytest
import torch

from lvm_studio.analysis.judging.parts_anchors import images_right, parts_right
from lvm_studio.analysis.judging.parts_sines import energy_at, generated, own_sine, recovery
from lvm_studio.data.problems.anchors import ColourAnchors
from lvm_studio.data.problems.sines import SineSums
from lvm_studio.data.shipped import model_path
from lvm_studio.models.trained import TrainedModel
from lvm_studio.storage.hdf5 import read_tree
from lvm_studio.training.parts_problem import drawn


def shipped(kind):
    return TrainedModel.from_tree(read_tree(model_path(f"{kind}.h5"))).module


def images_of(module, batch, generator):
    shape = (*batch.mask.shape, module.spec.latent_w)
    w = module.draw_parts(batch.labels, torch.randn(shape, generator=generator))
    law = module.decode((batch.mask[..., None] * w).sum(1), batch.size)
    noise = torch.randn(batch.x.flatten(1).shape, generator=generator)
    return law.transport(noise).view_as(batch.x)


def test_true_images_pass_and_those_of_other_labels_do_not():
    batch = drawn(ColourAnchors(), 500, torch.Generator().manual_seed(0))
    assert images_right(batch.x, batch.labels, batch.mask).float().mean() > 0.995
    assert images_right(batch.x.roll(1, 0), batch.labels, batch.mask).float().mean() < 0.1


def test_a_painted_over_part_is_seen():
    batch = drawn(ColourAnchors(), 200, torch.Generator().manual_seed(1))
    right, judged = parts_right(1.0 - batch.x, batch.labels, batch.mask)
    assert judged.sum() > 300
    assert not (right & judged).any()


def test_a_sine_is_read_off_its_own_curve():
    source = SineSums()
    batch = source.sample(50, torch.Generator().manual_seed(2))
    frequency = batch.truth["frequency"][:, 0]
    alone = source.whole(
        frequency[:, None],
        batch.truth["amplitude"][:, :1],
        batch.truth["phase"][:, :1],
        torch.ones(50, 1),
    )
    amplitude, phase = own_sine(alone, frequency, source.lam)
    steady = batch.truth["amplitude"][:, 0].abs() < 1.6  # beyond, single precision saturates
    torch.testing.assert_close(
        amplitude[steady], batch.truth["amplitude"][steady, 0].abs(), rtol=0.02, atol=0.02
    )
    gap = torch.angle(torch.exp(1j * (phase - batch.truth["phase"][:, 0])))
    assert gap[batch.truth["amplitude"][:, 0] > 0].abs().max() < 0.01


@torch.no_grad()
def test_shipped_models_compose():
    g = torch.Generator().manual_seed(3)
    batch = SineSums().sample(300, g)
    curves = generated(shipped("sines"), batch, g)
    ratio = energy_at(curves, batch.labels).mean() / energy_at(batch.x, batch.labels).mean()
    assert 0.85 < ratio < 1.15
    pictures = drawn(ColourAnchors(), 100, g)
    drawn_images = images_of(shipped("anchors"), pictures, g)
    assert images_right(drawn_images, pictures.labels, pictures.mask).float().mean() > 0.85


@pytest.mark.study
@torch.no_grad()
def test_sines_have_their_energy_and_every_part_is_found_again(capsys):
    g = torch.Generator().manual_seed(11)
    module, batch = shipped("sines"), SineSums().sample(6000, g)
    curves = generated(module, batch, g)
    ratio = energy_at(curves, batch.labels).mean() / energy_at(batch.x, batch.labels).mean()
    single, shared = (recovery(module, batch, g, alike=alike) for alike in (False, True))
    with capsys.disabled():
        sys.stdout.write(f"\nenergy at the right frequencies, generated / real: {ratio:.3f}\n")
        sys.stdout.write(f"one part a frequency: {single}\nseveral parts: {shared}\n")
    assert ratio >= 0.95
    for found, factor in ((single, 20.0), (shared, 1.0)):
        assert factor * found.amplitude_posterior < found.amplitude_prior
        assert factor * found.phase_posterior < found.phase_prior


@pytest.mark.study
@torch.no_grad()
def test_anchors_have_their_colour_at_their_place(capsys):
    g = torch.Generator().manual_seed(12)
    module, batch = shipped("anchors"), drawn(ColourAnchors(), 5000, g)
    images = images_of(module, batch, g)
    share = images_right(images, batch.labels, batch.mask).float().mean()
    real = images_right(batch.x, batch.labels, batch.mask).float().mean()
    chance = images_right(images.roll(1, 0), batch.labels, batch.mask).float().mean()
    with capsys.disabled():
        sys.stdout.write(
            f"\nimages right: generated {share:.3f}, real {real:.3f}, shuffled {chance:.3f}\n"
        )
    assert share >= 0.9
