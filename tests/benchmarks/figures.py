"""What a benchmark notes."""

from collections.abc import Callable

import numpy as np

Record = Callable[..., None]


def percentiles(milliseconds: list[float]) -> dict[str, float]:
    """p50, p95, p99 and how many there were."""
    p50, p95, p99 = np.percentile(milliseconds, [50, 95, 99])
    return {"p50": p50, "p95": p95, "p99": p99, "n": len(milliseconds)}
