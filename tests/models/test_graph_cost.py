"""What seeing all parts costs as their number grows: total minus self, never a pair."""

import time

import numpy as np
import pytest
import torch

from lvm_studio.models.networks import GraphNN

SIZES = (10, 30, 100, 300, 1000, 3000, 10_000)


def seconds(net, k):
    """Least processor time of a few passes over one whole of k parts."""
    g = torch.Generator().manual_seed(k)
    parts, shared = torch.randn(1, k, 20, generator=g), torch.randn(1, 96, generator=g)
    mask, spent = torch.ones(1, k), []
    for _ in range(max(5, 3000 // k)):
        began = time.process_time()
        net(parts, mask, shared)
        spent.append(time.process_time() - began)
    return min(spent)


@pytest.mark.study
def test_cost_is_at_most_linear_in_the_number_of_parts():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        net = GraphNN(20, 96, 64, 72).eval()
        with torch.no_grad():
            spent = [seconds(net, k) for k in SIZES]
    finally:
        torch.set_num_threads(threads)
    exponent = np.polyfit(np.log(SIZES), np.log(spent), 1)[0]
    rows = ", ".join(f"{k}: {1e3 * s:.2f} ms" for k, s in zip(SIZES, spent, strict=True))
    assert exponent <= 1.05, rows
