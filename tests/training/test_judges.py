"""Judges learn what can be told, and nothing where there is nothing to tell."""

import numpy as np
import pytest
import torch

from lvm_studio.data.vectors.sets import VectorSet
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.vector_space import VectorSpace
from lvm_studio.models.vectors import VectorVAE
from lvm_studio.training.judges import JudgeTrainSpec, train_classifier, train_discriminator


def finished(training):
    """The result of a generator, and how many reports came before it."""
    reports = 0
    while True:
        try:
            next(training)
        except StopIteration as end:
            return end.value, reports
        reports += 1


def blobs(n=600, seed=0):
    """Two classes a standard deviation of 0.3 around 0 and 1."""
    rng = np.random.default_rng(seed)
    label = rng.integers(2, size=n)
    x = label[:, None] + 0.3 * rng.standard_normal((n, 4))
    return VectorSet("blobs", x.astype(np.float32), labels={"digit": label})


def gaussian(shift):
    def made(n, generator):
        return shift + torch.randn(n, 4, generator=generator)

    return made


def test_a_classifier_learns_two_clouds_and_repeats():
    spec = JudgeTrainSpec(steps=120, hidden=16)
    first, reports = finished(train_classifier(spec, blobs(), "digit"))
    again, _ = finished(train_classifier(spec, blobs(), "digit"))
    assert first.accuracy > 0.95
    assert reports == 3
    x = torch.from_numpy(blobs().x)
    assert torch.equal(first.judge(x), again.judge(x))


def test_a_discriminator_cannot_tell_a_law_from_itself():
    x = np.random.default_rng(0).standard_normal((2000, 4)).astype(np.float32)
    spec = JudgeTrainSpec(steps=150, hidden=16)
    same, _ = finished(train_discriminator(spec, VectorSet("x", x), gaussian(0.0)))
    other, _ = finished(train_discriminator(spec, VectorSet("x", x), gaussian(3.0)))
    assert same.accuracy == pytest.approx(0.5, abs=0.1)
    assert other.accuracy > 0.95


def test_matched_noise_hides_what_noise_gives_away():
    """Real vectors without spread beside made ones with it: told apart, unless noise is added."""
    flat = VectorSet("flat", np.zeros((2000, 4), np.float32))
    plain, matched = (
        finished(
            train_discriminator(
                JudgeTrainSpec(steps=200, hidden=16, noise=noise), flat, gaussian(0.0)
            )
        )[0]
        for noise in (0.0, 1.0)
    )
    assert plain.accuracy > 0.8
    assert matched.accuracy == pytest.approx(0.5, abs=0.1)


def test_images_move_without_losing_ink():
    from lvm_studio.training.judges import _moved

    image = torch.zeros(1, 49)
    image[0, 24] = 1.0
    generator = torch.Generator().manual_seed(0)
    places = {int(_moved(image, 2, generator).argmax()) for _ in range(200)}
    assert len(places) == 25
    assert _moved(image, 2, generator).sum() == 1.0


def test_a_space_tells_its_condition_to_every_vector():
    module = VectorVAE(VectorVAESpec(dim=3, latent_z=2, condition=2)).eval()
    space = VectorSpace(module, torch.ones(2))
    assert space.decode(torch.zeros(5, 2)).mean.shape == (5, 3)
    assert space.encode(torch.zeros(5, 3)).mean.shape == (5, 2)
    assert space.names == ("z1", "z2")
