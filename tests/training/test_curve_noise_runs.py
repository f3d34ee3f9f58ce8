"""Every noise of vectors serves a CompVAE too."""

import pytest
import torch

from lvm_studio.data.london import load_london
from lvm_studio.models.noise.build import build_noise
from lvm_studio.models.noise.specs import FixedNoiseSpec
from lvm_studio.models.noise.summed import SummedNoise
from lvm_studio.models.specs import CompVAESpec
from lvm_studio.training.loop import train
from lvm_studio.training.reports import Finished, TrainReport
from lvm_studio.training.spec import TrainSpec

KINDS = (
    "fixed", "global", "batch_optimal", "epoch_optimal", "coordinate", "local", "diagonal",
    "logistic",
)  # fmt: skip


@pytest.fixture(scope="module")
def london():
    return load_london()


@pytest.mark.parametrize("kind", KINDS)
def test_a_compvae_trains_with_it(kind, london):
    sizes = {"latent_w": 4, "latent_z": 2, "part_hidden": 8, "day_hidden": 8}
    spec = TrainSpec(
        model=CompVAESpec(noise=kind, **sizes), steps=4, batch=4, k_max=12, eval_every=4,
        device="cpu",
    )  # fmt: skip
    reports = list(train(spec, london))
    steps = [r for r in reports if isinstance(r, TrainReport) and r.split == "train"]
    assert steps[-1].skipped == 0
    assert isinstance(reports[-1], Finished)
    moved = steps[0].sigma != steps[-1].sigma
    assert moved == (kind not in {"fixed", "epoch_optimal"})  # an epoch is 100 steps


def test_a_sum_scatters_as_its_size_says():
    noise = SummedNoise(build_noise(FixedNoiseSpec(sigma=0.5), 336))
    k = torch.tensor([4.0])
    law = noise(torch.ones(1, 336), k)
    torch.testing.assert_close(law.stddev, torch.full((1, 336), 4 * 0.45 * 0.5))
    exact = torch.distributions.Normal(torch.ones(336), law.stddev[0])
    x = torch.randn(1, 336)
    torch.testing.assert_close(law.log_prob(x), exact.log_prob(x).sum(-1))
