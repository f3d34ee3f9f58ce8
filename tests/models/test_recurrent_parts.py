"""What recurrent inference does on the sines: information by rank, and what it draws (9.2.1)."""

import sys

import pytest
import torch

from lvm_studio.analysis.judging.parts_sines import energy_at, generated
from lvm_studio.data.problems.batches import PartsLaw
from lvm_studio.data.problems.sines import SineSums
from lvm_studio.models.information import information_of_parts
from lvm_studio.models.specs import SinesSpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import RECIPES, with_overrides

STUDY_MINUTES = 4.0


@pytest.mark.parametrize("kind", ["whole", "correlated", "recurrent", "accumulator"])
def test_ranks_that_are_not_there_tell_nothing(kind):
    module = build_module(SinesSpec(inference=kind), seed=3).eval()
    batch = SineSums(parts=PartsLaw((2, 5))).sample(8, torch.Generator().manual_seed(0))
    batch.mask[:, 4] = 0.0
    nats = information_of_parts(module, batch, torch.Generator().manual_seed(1))
    assert nats.shape == (5,)
    assert nats[4] == 0
    assert nats.isfinite().all()


@pytest.mark.study
@pytest.mark.parametrize("kind", ["whole", "correlated", "recurrent", "accumulator"])
def test_information_by_rank(kind, capsys):
    changes = {"model.inference": kind, "minutes": STUDY_MINUTES, "device": "cpu"}
    spec = with_overrides(RECIPES["sines"], changes).spec
    module = TrainedModel.from_tree(list(train(spec))[-1].tree).module
    g = torch.Generator().manual_seed(5)
    lines = []
    with torch.no_grad():
        batch = SineSums().sample(2000, g)
        drawn = energy_at(generated(module, batch, g), batch.labels).mean()
        ratio = float(drawn / energy_at(batch.x, batch.labels).mean())
    for k in (8, 16):
        batch = SineSums(parts=PartsLaw((k, k))).sample(2000, g)
        bits = information_of_parts(module, batch, g) / torch.tensor(2.0).log()
        share = float(bits[:3].sum() / bits.sum())
        told = " ".join(f"{bit:.1f}" for bit in bits.tolist())
        lines.append(f"K = {k}: first three {share:.3f} (even shares: {3 / k:.3f}), bits {told}")
    with capsys.disabled():
        sys.stdout.write(f"\n{kind}: energy {ratio:.3f} of the real\n" + "\n".join(lines) + "\n")
    assert bits.isfinite().all()
    assert bits.sum() > 5
