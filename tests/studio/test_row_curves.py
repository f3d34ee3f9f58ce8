"""Only rows in which another draw stands are decoded anew."""

import numpy as np
import torch

from lvm_studio.studio.row_curves import RowCurves


def test_what_stays_in_its_row_is_not_decoded_again() -> None:
    decoded: list[list[int]] = []

    def decode(u: torch.Tensor, rows: np.ndarray) -> np.ndarray:
        decoded.append(rows.tolist())
        return np.asarray(10.0 * u.numpy() + rows[:, None], np.float32)

    u = torch.arange(6.0)[:, None]
    kept = RowCurves()
    first = kept.curves(u, np.array([0, 1, 2]), decode)
    assert first.ravel().tolist() == [0.0, 11.0, 22.0]
    second = kept.curves(u, np.array([0, 5, 2]), decode)
    assert second.ravel().tolist() == [0.0, 51.0, 22.0]
    assert first.ravel().tolist() == [0.0, 11.0, 22.0]  # what was given away stays as it was
    assert kept.curves(u, np.array([0, 5, 2]), decode) is second
    kept.curves(u.clone(), np.array([0, 5, 2]), decode)  # other draws
    kept.curves(u, np.array([0, 5]), decode)  # fewer rows
    assert decoded == [[0, 1, 2], [1], [0, 1, 2], [0, 1]]
