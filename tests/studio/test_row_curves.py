"""Only a draw that is new to its row is decoded."""

import numpy as np
import pytest
import torch

from lvm_studio.studio.street import row_curves
from lvm_studio.studio.street.row_curves import RowCurves


def test_what_has_stood_in_its_row_is_not_decoded_again() -> None:
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
    assert kept.curves(u, np.array([0, 1, 2]), decode).tolist() == first.tolist()
    kept.curves(u.clone(), np.array([0, 5, 2]), decode)  # other draws
    kept.curves(u, np.array([0, 5]), decode)  # fewer rows
    assert decoded == [[0, 1, 2], [1], [0, 1, 2], [0, 1]]


def test_what_is_kept_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_curves, "MOST_KEPT", 8)
    u, kept = torch.arange(40.0)[:, None], RowCurves()
    for start in range(0, 40, 4):
        picked = np.arange(start, start + 4)
        curves = kept.curves(u, picked, lambda u, _rows: np.asarray(u.numpy(), np.float32))
        assert curves.ravel().tolist() == picked.tolist()
        assert len(kept._places) <= 8
