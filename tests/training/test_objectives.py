"""Objectives: bounds against a case whose likelihood is known, balances, and skipped steps."""

import math

import pytest
import torch

from lvm_studio.data.errors import DataError
from lvm_studio.data.vectors.batch import VectorBatch
from lvm_studio.models.specs import VectorVAESpec
from lvm_studio.models.vectors import VectorVAE
from lvm_studio.training.guard import MOST_IN_A_ROW, StepGuard
from lvm_studio.training.loop import train
from lvm_studio.training.objectives.objective import build_objective, importance_bound
from lvm_studio.training.objectives.specs import ObjectiveSpec
from lvm_studio.training.optimiser import new_optimiser
from lvm_studio.training.recipes import RECIPES, with_overrides
from lvm_studio.training.reports import Checkpoint, TrainReport, Wish

SIGMA = 0.5


def linear(shift=0.0):
    """x = z_1 (1, 1) / sqrt 2 + noise; q exact, or moved by `shift`."""
    vae = VectorVAE(VectorVAESpec(dim=2, latent_z=1, hidden=1, blocks=0, noise="fixed"))
    vae.noise.set_sigma(SIGMA)
    precision = 1.0 + 1.0 / SIGMA**2
    with torch.no_grad():
        vae.decoder.direct.weight.fill_(math.sqrt(0.5))
        vae.encoder.direct.weight[0].fill_(math.sqrt(0.5) / SIGMA**2 / precision)
        vae.encoder.direct.bias.copy_(torch.tensor([shift, -0.5 * math.log(precision)]))
    covariance = torch.full((2, 2), 0.5) + SIGMA**2 * torch.eye(2)
    exact = torch.distributions.MultivariateNormal(torch.zeros(2), covariance)
    x = exact.sample((500,))
    return vae, VectorBatch(x, x[:, :0]), exact.log_prob(x).mean().item()


def worth(vae, batch, seed=0, **spec):
    objective = build_objective(ObjectiveSpec(**spec), vae)
    return objective(batch, torch.Generator().manual_seed(seed))[0]


@pytest.fixture(autouse=True)
def same_data():
    torch.manual_seed(0)


@pytest.mark.parametrize("bound", ["elbo", "path_derivative", "importance"])
def test_at_the_exact_posterior_every_bound_is_the_likelihood(bound):
    vae, batch, exact = linear()
    assert worth(vae, batch, bound=bound).mean().item() == pytest.approx(exact, abs=0.12)


def test_draws_tighten_the_bound():
    vae, batch, exact = linear(shift=0.4)
    generator = torch.Generator().manual_seed(0)
    found = [importance_bound(vae, batch, k, generator).mean().item() for k in (1, 8, 200)]
    assert found[0] < found[1] < found[2]
    assert found[2] == pytest.approx(exact, abs=0.02)


def test_the_path_derivative_vanishes_at_the_exact_posterior_draw_by_draw():
    gradients = {}
    for bound in ("elbo", "path_derivative"):
        vae, batch, _ = linear()
        worth(vae, batch, bound=bound).sum().backward()
        gradients[bound] = vae.encoder.direct.weight.grad.abs().max().item()
    assert gradients["path_derivative"] < 1e-3 < 1.0 < gradients["elbo"]


def test_beta_and_temperature_are_two_things():
    """Tempering a Gaussian only renames its sigma; beta-VAE differs by (beta-1)/beta log sigma."""
    beta, (vae, batch, _) = 4.0, linear()
    tempered = worth(vae, batch, temperature=beta)
    wider, _, _ = linear()
    wider.noise.set_sigma(SIGMA * math.sqrt(beta))
    torch.testing.assert_close(tempered, worth(wider, batch))
    log_sigma = torch.tensor(math.log(SIGMA), requires_grad=True)
    square = 0.3
    beta_vae = (-square / (2 * (2 * log_sigma).exp()) - log_sigma) / beta
    wide = log_sigma + 0.5 * math.log(beta)
    true = -square / (2 * (2 * wide).exp()) - wide
    slopes = [torch.autograd.grad(f, log_sigma)[0].item() for f in (beta_vae, true)]
    assert slopes[0] - slopes[1] == pytest.approx((beta - 1) / beta, rel=1e-5)  # Eq. 7.10


def test_beta_multiplies_the_kl():
    vae, batch, _ = linear()
    plain, double = worth(vae, batch), worth(vae, batch, balance={"kind": "beta", "beta": 2.0})
    kl = vae.posterior(batch.x).kl().sum(-1)
    torch.testing.assert_close(plain - double, kl)


def test_warm_up_ends_at_the_bound():
    vae, _, _ = linear()
    objective = build_objective(ObjectiveSpec(balance={"kind": "warm_up", "steps": 4}), vae)
    weights = []
    for _ in range(6):
        weights.append(float(objective.balance.weight()))
        objective.advance()
    assert weights == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]


def test_geco_presses_until_the_error_is_met():
    vae, batch, _ = linear()
    objective = build_objective(
        ObjectiveSpec(balance={"kind": "geco", "error": 0.01, "pace": 0.5}), vae
    )
    for _ in range(5):
        objective(batch, torch.Generator().manual_seed(0))
        objective.advance()
    assert objective.balance.log_lam.item() == pytest.approx(2.5, abs=0.01)
    easy = build_objective(ObjectiveSpec(balance={"kind": "geco", "error": 10.0}), vae)
    easy(batch, torch.Generator().manual_seed(0))
    assert easy.balance.log_lam.item() < 0


def test_geco_wants_a_noise_that_needs_no_gradient():
    vae = VectorVAE(VectorVAESpec(noise="global"))
    with pytest.raises(DataError, match="fixed"):
        build_objective(ObjectiveSpec(balance="geco"), vae)


def test_unsound_steps_are_counted_and_end_a_run_only_in_a_row():
    guard, one = StepGuard(explosion=100.0), torch.tensor(1.0)
    for _ in range(60):
        assert guard(one, one)
    assert not guard(one, torch.tensor(1e3))
    assert guard(one, torch.tensor(50.0))
    assert not guard(torch.tensor(math.inf), one)
    assert (guard.skipped.item(), guard.in_a_row.item()) == (2.0, 1.0)
    for _ in range(MOST_IN_A_ROW):
        guard(torch.tensor(math.nan), one)
    assert not guard(one, one)  # it is over


def tiny(**changes):
    settings = {"steps": 12, "batch": 16, "eval_every": 6, "device": "cpu", "warmup_steps": 1}
    sizes = {"model.hidden": 8, "model.latent_z": 2, "eval_samples": 8}
    return with_overrides(RECIPES["sinusoid"], settings | sizes).spec.model_copy(update=changes)


@pytest.mark.parametrize(
    "objective",
    [
        ObjectiveSpec(bound="importance"),
        ObjectiveSpec(bound="path_derivative", balance={"kind": "warm_up", "steps": 5}),
        ObjectiveSpec(temperature=2.0, balance="beta"),
    ],
)
def test_any_objective_trains_and_goes_on_to_the_bit(objective):
    spec = tiny(objective=objective)
    whole = list(train(spec))[-1].tree["weights"]
    reports = train(spec)
    for report in reports:
        if isinstance(report, TrainReport) and report.step == 7:
            break
    checkpoint = reports.send(Wish.CHECKPOINT)
    assert isinstance(checkpoint, Checkpoint)
    rest = list(train(spec, resume=checkpoint.tree))[-1].tree["weights"]
    assert all((whole[name] == rest[name]).all() for name in whole)


def test_the_tight_bound_stands_beside_the_elbo():
    held = [r for r in train(tiny()) if isinstance(r, TrainReport) and r.split == "heldout"]
    assert held[-1].tight > held[-1].elbo - 0.1


def test_q_may_have_its_own_optimiser():
    spec = tiny(q_lr=3.0, q_betas=(0.9, 0.99))
    vae = VectorVAE(spec.model)
    groups = new_optimiser(vae, spec).param_groups
    encoder = {id(p) for p in vae.encoder.parameters()}
    for group in groups:
        is_q = all(id(p) in encoder for p in group["params"])
        assert group["lr_factor"] == (3.0 if is_q else 1.0)
        assert tuple(group["betas"]) == ((0.9, 0.99) if is_q else spec.betas)
    assert sum(len(g["params"]) for g in groups) == len(list(vae.parameters()))
