"""Who makes the peak: parts that sum to the whole, and the household that made it comes first."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from lvm_studio.analysis.attribution import CURVE_DRAWS, Attribution, attribute
from lvm_studio.analysis.bridge import bridge
from lvm_studio.analysis.removal import removal
from lvm_studio.data.errors import DataError
from lvm_studio.models.observation import PerHouseholdNoise
from lvm_studio.models.specs import CompVAESpec
from lvm_studio.models.street import Street, base_noise
from lvm_studio.models.trained import build_module

W, LABELS, CONTEXT = 3, 5, 2
SPEC = CompVAESpec(latent_w=W, latent_z=1, part_hidden=4, day_hidden=8, day_blocks=1)
COUNTS = (1, 3, 1, 2, 1)


def module_of(*, linear):
    """A decoder that nobody has trained: bent, or exactly linear in the sum."""
    torch.manual_seed(3)
    module = build_module(SPEC, labels=LABELS, context=CONTEXT)
    with torch.no_grad():
        if linear:
            module.decoder.out.weight.zero_()
            module.decoder.direct.weight.zero_()
            module.sum_to_curve.weight.normal_(std=0.5)
        else:
            for parameter in module.parameters():
                parameter.add_(0.3 * torch.randn(parameter.shape))
    return module.eval()


def street_of(module, counts, m, s):
    numbers = torch.tensor(counts, dtype=torch.float32)
    return Street(
        module=module,
        household_ids=tuple(f"H{row}" for row in range(len(counts))),
        counts=numbers,
        labels=torch.zeros(len(counts), LABELS),
        m=m,
        s=s,
        sum_mean=(numbers[:, None] * m).sum(0),
        sum_std=(numbers[:, None] * s**2).sum(0).sqrt(),
        context=torch.linspace(-1.0, 1.0, 7 * CONTEXT).view(7, CONTEXT),
    )


def some_street(*, linear=False, counts=COUNTS):
    generator = torch.Generator().manual_seed(1)
    m = torch.randn(len(counts), W, generator=generator)
    s = 0.3 + torch.rand(len(counts), W, generator=generator)
    return street_of(module_of(linear=linear), counts, m, s)


def drawn(street, n=30, seed=0):
    u, eps = base_noise(n, street.dim, seed)
    with torch.no_grad():
        return u, street.decode(u).transport(eps).double().numpy()


def tilted(curves, lam=1.0):
    """Weights of the draws tuned for their peak."""
    f = curves.max(axis=1)
    return np.exp(lam * (f - f.mean()) / f.std())


# The bridge -----------------------------------------------------------------------------------


def test_the_bridge_is_the_gaussian_conditioned_on_its_sum():
    street = some_street(counts=(1, 1, 1, 1))
    sum_w = street.sum_w(drawn(street, 2)[0])
    ones = torch.ones(4, 1)
    for coordinate in range(W):
        prior = torch.diag(street.s[:, coordinate] ** 2)
        gain = prior @ ones @ torch.linalg.inv(ones.T @ prior @ ones)
        beyond = sum_w[:, coordinate] - street.m[:, coordinate].sum()
        mean = street.m[:, coordinate] + beyond[:, None] * gain.T
        covariance = prior - gain @ ones.T @ prior
        for row in range(4):
            found = bridge(street, row, sum_w)
            torch.testing.assert_close(found.mean[:, coordinate], mean[:, row])
            torch.testing.assert_close(found.variance[coordinate], covariance[row, row])


def test_bridges_end_at_the_sum_with_multiplicity():
    street = some_street()
    sum_w = street.sum_w(drawn(street, 4)[0])
    means = torch.stack([bridge(street, row, sum_w).mean for row in range(len(street.counts))])
    torch.testing.assert_close(torch.einsum("p,pnw->nw", street.counts, means), sum_w)


# Completeness and symmetry --------------------------------------------------------------------


@pytest.mark.parametrize("linear", [True, False])
def test_parts_sum_to_the_whole(linear):
    street = some_street(linear=linear)
    u, curves = drawn(street)
    weights = tilted(curves)
    share = weights / weights.sum()
    tuned, base = attribute(street, u, curves, weights), attribute(street, u, curves)
    np.testing.assert_allclose(tuned.total_curve_kw, share @ curves, atol=1e-6)
    assert tuned.total_peak_kw == pytest.approx(share @ curves.max(axis=1), abs=1e-6)
    week = tuned.energy_kwh.sum() + tuned.shared_energy_kwh
    assert week == pytest.approx(share @ curves.sum(axis=1) / 2, abs=1e-6)
    assert tuned.peak_shares.sum() + tuned.shared_peak_kw / tuned.total_peak_kw == pytest.approx(1)
    more = tuned.minus(base)
    assert more.total_peak_kw == pytest.approx(tuned.total_peak_kw - base.total_peak_kw, abs=1e-6)
    whole = share @ curves - curves.mean(axis=0)
    np.testing.assert_allclose(more.total_curve_kw, whole, atol=1e-6)


def permuted(street, order):
    return replace(
        street,
        household_ids=tuple(street.household_ids[row] for row in order),
        counts=street.counts[order],
        m=street.m[order],
        s=street.s[order],
    )


def test_households_in_another_order_have_the_same_parts():
    street = some_street()
    u, curves = drawn(street)
    order = [3, 0, 4, 2, 1]
    before, after = attribute(street, u, curves), attribute(permuted(street, order), u, curves)
    assert after.household_ids == tuple(before.household_ids[row] for row in order)
    np.testing.assert_allclose(after.peak_kw, before.peak_kw[order], atol=1e-5)
    np.testing.assert_allclose(after.curve_kw, before.curve_kw[order], atol=1e-5)
    assert after.ranked() == before.ranked()


def test_two_alike_have_equal_parts_and_three_in_a_row_three_times_as_much():
    street = some_street(counts=(1, 1, 3, 2))
    alike = street_of(
        street.module, (1, 1, 3, 2), street.m[:1].expand(4, -1), street.s[:1].expand(4, -1)
    )
    made = attribute(alike, *drawn(alike))
    np.testing.assert_allclose(made.peak_kw, made.peak_kw[0] * np.array([1, 1, 3, 2]), rtol=1e-9)
    np.testing.assert_allclose(made.curve_kw[2], 3 * made.curve_kw[1], rtol=1e-9)


def test_of_many_draws_few_are_differentiated_whole_and_hardly_anything_is_lost():
    """Parts are means over draws: those of a few at a time, each differentiated, are exact."""
    street = some_street()
    u, curves = drawn(street, 8 * CURVE_DRAWS)
    made = attribute(street, u, curves)
    each = [attribute(street, u[rows], curves[rows]) for rows in np.arange(len(u)).reshape(8, -1)]
    np.testing.assert_allclose(made.peak_kw, np.mean([one.peak_kw for one in each], 0), atol=1e-5)
    exact = np.array([one.curve_kw for one in each])
    chance = exact.std(axis=0, ddof=1).mean() / np.sqrt(len(exact))
    assert np.abs(made.curve_kw - exact.mean(axis=0)).mean() < 0.2 * chance
    np.testing.assert_allclose(made.total_curve_kw, curves.mean(axis=0), atol=1e-6)


def test_what_z_and_noise_add_is_nobodys():
    street = some_street()
    u, curves = drawn(street)
    quiet, loud = attribute(street, u, curves), attribute(street, u, curves + 1.5)
    np.testing.assert_allclose(loud.peak_kw, quiet.peak_kw)
    assert loud.shared_peak_kw == pytest.approx(quiet.shared_peak_kw + 1.5)
    np.testing.assert_allclose(loud.shared_curve_kw, quiet.shared_curve_kw + 1.5)


# The truth ------------------------------------------------------------------------------------


def planted(seed=2, *, linear=True):
    """Twelve households; the one in row 4 varies three times as much in what moves evenings."""
    module = module_of(linear=linear)
    module.observation = PerHouseholdNoise(own=0.1, shared=0.02)
    evening = torch.zeros(7, 48)
    evening[:, 34:44] = 1.0
    with torch.no_grad():
        module.sum_to_curve.weight.mul_(0.2)
        module.sum_to_curve.weight[:, 0] += 2.0 * evening.flatten()
    generator = torch.Generator().manual_seed(seed)
    s = 0.5 + 0.2 * torch.rand(12, W, generator=generator)
    s[4, 0] *= 3.0
    return street_of(module, (1,) * 12, 0.3 * torch.randn(12, W, generator=generator), s)


def lived(street, n, seed):
    """What every household really did: w [n, P, W], the u of the sums, and the curves."""
    u, eps = base_noise(n, street.dim, seed)
    noise = torch.randn(n, *street.m.shape, generator=torch.Generator().manual_seed(seed))
    w = street.m + street.s * noise
    u[:, :W] = (w.sum(1) - street.sum_mean) / street.sum_std
    with torch.no_grad():
        return w, u, street.decode(u).transport(eps).double().numpy()


def extreme_rows(curves, n, lam=2.5):
    weights = tilted(curves, lam)
    return np.random.default_rng(0).choice(len(curves), n, p=weights / weights.sum())


def firsts_of(street, u, curves, rows):
    """Who comes first in each of these weeks, attributed alone, beside the street's usual ones."""
    base = attribute(street, u[:200], curves[:200])
    for row in rows:
        week = attribute(street, u[row : row + 1], curves[row : row + 1])
        top = int(curves[row].argmax())
        yield week.minus(base).ranked(week.at(top) - base.at(top))[0]


def maker_of(street, w, u, top):
    """Whose return to its usual w lowers this week's peak most: w [P, W], u of the week."""
    others = u.repeat(len(w), 1)
    others[:, :W] -= (w - street.m) / street.sum_std
    with torch.no_grad():
        left = street.decode(others).mean[:, top]
    return street.household_ids[int(left.argmin())]


def test_the_planted_cause_comes_first_in_nearly_all_extreme_weeks():
    street = planted()
    _, u, curves = lived(street, 1500, seed=5)
    firsts = firsts_of(street, u, curves, extreme_rows(curves, 150))
    assert np.mean([first == "H4" for first in firsts]) >= 0.95


@pytest.mark.study
@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_the_planted_cause_comes_first_on_street_after_street(seed, linear, capsys):
    """A decoder that is bent at random makes some peaks by others: H4's own are asked for there."""
    street = planted(seed, linear=linear)
    w, u, curves = lived(street, 1500, seed=5)
    rows = extreme_rows(curves, 250)
    made = [maker_of(street, w[row], u[row], int(curves[row].argmax())) == "H4" for row in rows]
    first = np.array([each == "H4" for each in firsts_of(street, u, curves, rows)])
    with capsys.disabled():
        sys.stdout.write(
            f"street {seed}, {linear=}: H4 made {np.mean(made):.1%} of {len(rows)} weeks and comes "
            f"first in {np.mean(first):.1%}, of those that it made in {first[made].mean():.1%}\n"
        )
    assert np.sum(made) >= 100
    assert first[made].mean() >= 0.95
    assert first.mean() >= 0.95 or not linear


def test_parts_are_what_households_really_did_on_average():
    street = planted()
    w, u, curves = lived(street, 2000, seed=6)
    weights = tilted(curves)
    share = weights / weights.sum()
    made = attribute(street, u, curves, weights)
    slope = street.module.household_spread_kw * street.module.sum_to_curve.weight
    did = torch.einsum("npw,nw->np", w, slope[curves.argmax(axis=1)]).detach().double().numpy()
    average = made.peak_kw.mean() - (share @ did).mean()  # one household's curve at w = 0
    beyond = made.peak_kw - average - share @ did
    error = np.sqrt(share**2 @ (did - share @ did) ** 2)
    assert np.abs(beyond / error).max() < 4.0


def test_ranking_by_any_values():
    nothing = np.zeros((3, 4))
    made = Attribution(
        ("A", "B", "C"), np.ones(3, np.int64), nothing, np.zeros(4), np.array([1.0, 3.0, 2.0]), 0.0
    )
    assert made.ranked() == ("B", "C", "A")
    assert made.ranked(np.array([1.0, 0.0, 5.0])) == ("C", "A", "B")


# Taking one out -------------------------------------------------------------------------------


def test_one_less_is_the_street_that_was_composed_without_it():
    """In law: mean and spread of the sum that is left are those of the smaller street."""
    street = some_street(linear=True)
    u, eps = base_noise(3000, street.dim, seed=4)
    made = removal(street, "H1", u, eps)
    counts = (1, 2, 1, 2, 1)
    smaller = street_of(street.module, counts, street.m, street.s)
    _, expected = drawn(smaller, 3000, seed=9)
    spread = expected.std(axis=0)
    np.testing.assert_allclose(
        made.curves_kw.mean(axis=0), expected.mean(axis=0), atol=float(0.12 * spread.max())
    )
    np.testing.assert_allclose(made.curves_kw.std(axis=0), spread, rtol=0.15)


def test_what_is_taken_out_is_the_difference_week_by_week():
    street = planted()
    _, u, curves = lived(street, 400, seed=6)
    eps = base_noise(400, street.dim, 6)[1]
    made = removal(street, "H4", u, eps)
    np.testing.assert_allclose(made.mean_kw, (curves - made.curves_kw).mean(axis=0), atol=1e-5)
    assert made.peak_kw == pytest.approx(
        (curves.max(axis=1) - made.curves_kw.max(axis=1)).mean(), abs=1e-5
    )
    rows = extreme_rows(curves, 80)
    in_extremes = {
        name: removal(street, name, u[rows], eps[rows]).peak_kw for name in ("H4", "H1", "H7")
    }
    assert max(in_extremes, key=lambda name: in_extremes[name]) == "H4"


def test_who_is_not_there_or_alone_cannot_be_taken_out():
    street = some_street()
    u, eps = base_noise(2, street.dim, 0)
    with pytest.raises(DataError, match="H9 is not in this composition"):
        removal(street, "H9", u, eps)
    alone = street_of(street.module, (1,), street.m[:1], street.s[:1])
    with pytest.raises(DataError, match="nothing would be left"):
        removal(alone, "H0", u, eps)
