"""The reference job on a law known in closed form."""

import pytest
from tuning_spaces import LinearSpace

from lvm_studio.tuning.pools.reference_job import Reference, ReferenceJob


@pytest.mark.parametrize("less", [False, True])
def test_log_z_of_a_linear_criterion(less: bool) -> None:
    """f linear: log Z = λ²/2 on either side (SCIENCE, closed forms)."""
    job = ReferenceJob(LinearSpace(4), "peak", kl_max=2.0, less=less, pool=1024)
    *_, found = job.run()
    assert isinstance(found, Reference)
    first, second = found.log_z_at(1.0) or (0.0, 0.0)
    assert first != second  # two seeds tell two stories
    assert (first + second) / 2 == pytest.approx(0.5, abs=0.08)
    assert found.log_z_at(10.0) is None
    assert found.draws.estimate(1.0)[0].moments.expectation == pytest.approx(1.0, abs=0.1)
