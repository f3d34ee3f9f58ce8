"""Rows of the tuned fan: each a draw of the tuned law, and few of them replaced as λ moves."""

import numpy as np
import pytest

from lvm_studio.studio.street.coupling import RowCoupling


def test_at_lam_zero_every_row_is_its_own_base_draw() -> None:
    f = np.random.default_rng(0).standard_normal(500)
    picked = RowCoupling(200, 500, seed=1).pick(0.0, f, np.zeros(500))
    np.testing.assert_array_equal(picked, np.arange(200))


def test_rows_follow_the_tuned_law() -> None:
    """Base f is N(0, 1), so that f under p̂_λ is N(λ, 1): over many seeds the rows show it."""
    lam, found = 0.8, []
    for seed in range(40):
        f = np.random.default_rng(seed).standard_normal(4000)
        found.append(f[RowCoupling(200, 4000, seed + 999).pick(lam, f, np.zeros(4000))])
    rows = np.concatenate(found)
    assert abs(rows.mean() - lam) < 0.05
    assert abs(rows.std() - 1.0) < 0.05


@pytest.mark.parametrize(("own", "lam"), [(1000, 1.5), (64, 0.3)])
def test_rows_follow_the_tuned_law_from_draws_of_another_law(own: int, lam: float) -> None:
    """The first draws are the base's, fewer than rows or more; the others come from N(1, 1)."""
    found = []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        others = 1.0 + generator.standard_normal(4000 - own)
        f = np.concatenate([generator.standard_normal(own), others])
        base, moved = np.exp(-(f**2) / 2), np.exp(-((f - 1.0) ** 2) / 2)
        log_ratio = np.log(base) - np.log((own * base + (4000 - own) * moved) / 4000)
        found.append(f[RowCoupling(200, 4000, seed + 999).pick(lam, f, log_ratio, own)])
    rows = np.concatenate(found)
    assert abs(rows.mean() - lam) < 0.06
    assert abs(rows.std() - 1.0) < 0.06


def test_a_small_step_of_lam_replaces_few_rows() -> None:
    f = np.random.default_rng(0).standard_normal(4096)
    coupling = RowCoupling(200, 4096, seed=1)
    before = coupling.pick(1.0, f, np.zeros(4096))
    after = coupling.pick(1.02, f, np.zeros(4096))
    assert (before != after).mean() < 0.08
    resampled_anew = RowCoupling(200, 4096, seed=2).pick(1.02, f, np.zeros(4096))
    assert (before != resampled_anew).mean() > 0.5
