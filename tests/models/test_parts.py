"""CompVAE of artificial wholes: what is built in, and that the whole-first posterior is exact."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from lvm_studio.data.errors import DataError
from lvm_studio.data.problems.anchors import ColourAnchors
from lvm_studio.data.problems.sines import SineSums
from lvm_studio.models.parts_inference import WholeFirst, chi
from lvm_studio.models.specs import AnchorsSpec, CompVAESpec, SinesSpec
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.training.loop import train
from lvm_studio.training.parts_problem import PartsProblem, source_of
from lvm_studio.training.recipes import RECIPES, with_overrides
from lvm_studio.training.reports import Checkpoint, TrainReport, Wish
from lvm_studio.training.spec import TrainSpec

INFERENCE = ("whole", "correlated", "recurrent", "accumulator")
TINY = {
    "sines": {"model.length": 40, "model.hidden": 12, "model.part_hidden": 8, "model.blocks": 1},
    "anchors": {"model.latent_w": 8, "model.hidden": 12, "model.part_hidden": 8}
    | {"model.channels": 4, "model.blocks": 1},
}


def tiny(name, **changes):
    common = {"steps": 4, "batch": 8, "device": "cpu", "eval_every": 2, "warmup_steps": 1}
    return with_overrides(RECIPES[name], TINY[name] | common | {"minutes": 60} | changes).spec


def problem(name, **changes):
    return PartsProblem(tiny(name, **changes))


@pytest.mark.parametrize(
    ("name", "choice"),
    [(name, {"model.inference": way}) for name in ("sines", "anchors") for way in INFERENCE]
    + [("anchors", {"model.places": "waves"})],
)
def test_the_bound_reaches_every_network(name, choice):
    here = problem(name, **choice)
    module = here.new_module()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape))
    elbo = module.elbo(here.heldout_batch(), torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        elbo.elbo, elbo.reconstruction - elbo.kl_w.sum(-1), rtol=1e-4, atol=1e-2
    )
    elbo.elbo.mean().backward()
    idle = [n for n, p in module.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@pytest.mark.parametrize("name", ["sines", "anchors"])
def test_order_does_not_matter(name):
    here = problem(name)
    module, batch = here.new_module().eval(), here.heldout_batch()
    turned = torch.arange(batch.mask.shape[1]).flip(0)

    def read(labels, mask):
        m, s = module.prior_w(labels)
        q = module.posterior_w(batch.x.flatten(1), labels, mask, m, s)
        return q.sum_mean(), q.kl(m, s)

    there = read(batch.labels, batch.mask)
    back = read(batch.labels[:, turned], batch.mask[:, turned])
    for a, b in zip(there, back, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_whole_first_is_bayes_rule_for_the_sum(seed):
    """KL of all parts is that of their sum alone; the sum has the mean and variance of Bayes."""
    g = torch.Generator().manual_seed(seed)
    reader, seen = WholeFirst(5, 6, 3).double(), torch.randn(4, 5, generator=g).double()
    m = torch.randn(4, 6, 3, generator=g).double()
    s = torch.rand(4, 6, 3, generator=g).double() + 0.1
    mask = (torch.rand(4, 6, generator=g) < 0.7).double()
    mask[:, 0] = 1
    with torch.no_grad():
        q = reader.posterior(m, mask, seen, m, s, 1.0)
        mean, log_r = reader.read(seen).chunk(2, -1)
        k = mask.sum(-1, keepdim=True)
        prior = Normal((mask[..., None] * m).sum(1), (mask[..., None] * s**2).sum(1).sqrt())
        measured = (k * log_r.exp()) ** 2
        variance = 1 / (1 / prior.variance + 1 / measured)
        bayes = Normal(
            variance * (prior.mean / prior.variance + k * mean / measured), variance**0.5
        )
        torch.testing.assert_close(q.sum_mean(), bayes.mean)
        torch.testing.assert_close(q.sum_variance(), bayes.variance)
        torch.testing.assert_close(q.kl(m, s), kl_divergence(bayes, prior))


def test_sines_are_bounded_by_k_and_homogeneous():
    module = build_module(SinesSpec())
    sums, k = torch.randn(6, 20) * 50, torch.full((6,), 7.0)
    assert (module.decode(sums, k).mean.abs() <= 7.0).all()


@given(st.floats(-1e6, 1e6), st.floats(0.01, 10))
def test_chi_is_odd_and_saturates(w, gamma):
    value, against = (chi(torch.tensor(v), torch.tensor(gamma)) for v in (w, -w))
    assert value == -against
    assert value.abs() <= (1 + 1e-5) / gamma


def test_images_are_probabilities_of_levels():
    law = build_module(AnchorsSpec()).decode(torch.randn(2, 96), torch.ones(2))
    levels = (torch.linspace(0, 1, 256)[:, None, None]).expand(256, 2, 3 * 24 * 24)
    total = law.cells(law.grid.nearest(levels)).exp().sum(0)
    torch.testing.assert_close(total, torch.ones_like(total), rtol=1e-3, atol=1e-3)


def test_before_training_a_sum_keeps_neighbours_of_other_colours_apart():
    module = build_module(AnchorsSpec(latent_w=320, places="grid"))
    source = source_of(tiny("anchors"))
    assert isinstance(source, ColourAnchors)
    place = torch.tensor([[0.44, 0.5], [0.56, 0.5]])
    m, _ = module.prior_w(source.labels(torch.tensor([2, 4]), place))
    fields = m.view(2, 5, 8, 8)
    assert [field.amax((1, 2)).argmax().item() for field in fields] == [2, 4]
    across = torch.stack([fields[0, 2].sum(1), fields[1, 4].sum(1)])
    assert across.argmax(-1).tolist() == [3, 4]


def test_the_prior_is_fitted_to_single_sines():
    """With a reader that reads exactly, p(w | label) gets the moments of what was read."""
    module = build_module(SinesSpec(), seed=1).eval()
    batch = SineSums(parts=source_of(tiny("sines", k_max=1)).parts).sample(
        400, torch.Generator().manual_seed(0)
    )
    with torch.no_grad():
        module.w_posterior.read.direct.bias[20:] = -9.0
        m, s = module.prior_w(batch.labels)
        q = module.posterior_w(batch.x, batch.labels, batch.mask, m, s)
    module.fit_prior(batch.x, batch.labels[:, 0])
    mine = batch.labels[:, 0, 3] > 0
    told = q.part_variance()[mine][:, 0].mean(0) < 0.1 * s[mine][0, 0] ** 2
    after_m, after_s = module.prior_w(torch.eye(10)[3])
    read = q.mu[mine][:, 0]
    assert told.any()
    torch.testing.assert_close(after_m[told], read.mean(0)[told], rtol=1e-3, atol=1e-3)
    spread = (q.part_variance()[mine][:, 0].mean(0) + read.var(0, unbiased=False)).sqrt()
    torch.testing.assert_close(after_s[told], spread[told], rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("name", ["sines", "anchors"])
def test_a_recipe_trains_without_households_and_resumes_to_the_bit(name):
    spec = tiny(name)
    whole = list(train(spec))[-1]
    running = train(spec)
    report = next(running)
    while not (isinstance(report, TrainReport) and report.step == 2 and report.split == "train"):
        report = next(running)
    checkpoint = running.send(Wish.CHECKPOINT)
    assert isinstance(checkpoint, Checkpoint)
    running.close()
    resumed = list(train(spec, resume=checkpoint.tree))[-1]
    for key, weight in whole.tree["weights"].items():
        assert weight.tobytes() == resumed.tree["weights"][key].tobytes(), key
    model = TrainedModel.from_tree(whole.tree)
    assert model.kind == name
    with pytest.raises(DataError, match="no model of household weeks"):
        _ = model.week_context


def test_other_kinds_have_no_artificial_parts():
    with pytest.raises(DataError, match="learns no artificial parts"):
        source_of(TrainSpec(model=CompVAESpec()))
