"""What is planted in the synthetic set is what its kinds say."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lvm_studio.data.vectors.planted import SyntheticAnomalies


def test_the_same_seed_draws_the_same_vectors():
    first, again = (SyntheticAnomalies().draw(8, seed=3, share_b=0.5) for _ in range(2))
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.kind, again.kind)


@settings(max_examples=20, deadline=None)
@given(share_a=st.floats(0.0, 0.5), share_b=st.floats(0.0, 0.5))
def test_shares_are_kept(share_a, share_b):
    kind = SyntheticAnomalies().draw(40, seed=0, share_a=share_a, share_b=share_b).kind
    assert [np.sum(kind == name) for name in "AB"] == [round(40 * share_a), round(40 * share_b)]


def test_type_a_moves_one_feature_and_type_b_a_little_of_its_whole_group():
    """Against the same world without noise, where the latent part is the only chance."""
    law = SyntheticAnomalies(noise=1e-6, feature_shift=2e6)
    planted = law.draw(300, seed=1, share_a=1 / 3, share_b=1 / 3)
    expected = SyntheticAnomalies(noise=1e-6, spread=0.0).draw(300, seed=1).x
    moved = np.abs(planted.x - expected)
    a, b, clean = (moved[planted.kind == name] for name in ("A", "B", "clean"))
    assert np.all(np.sort(a, axis=1)[:, -1] > 1.0)  # the planted one, 2e6 times the noise
    assert np.median(np.sort(a, axis=1)[:, -2]) < 1.0
    assert b.mean() > 1.5 * clean.mean()
    assert np.median(b.max(axis=1)) < 1.5
