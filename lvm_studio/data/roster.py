"""The households of a file, in their order, and what its columns say about each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lvm_studio.data.numbers import NO_VALUE

NOBODY = -1
_FEW_RUNS = 0.25


@dataclass
class Roster:
    """Numbers households as they come; ``labels`` maps names of metadata to columns."""

    labels: dict[str, str]
    ids: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _said: dict[str, list[str]] = field(default_factory=dict)

    def number(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """The number of the household of each row; `NOBODY` where no name is given."""
        names = frame["household"].cast(pl.String).fill_null("")
        known = len(self.ids)
        runs = names.rle()
        if runs.len() <= _FEW_RUNS * names.len():
            texts, lengths = runs.struct.field("value"), runs.struct.field("len")
            numbers = np.repeat(self._of(texts), lengths.to_numpy())
        else:
            each = names.unique(maintain_order=True)
            numbers = names.replace_strict(each, self._of(each), return_dtype=pl.Int64).to_numpy()
        if self.labels and len(self.ids) > known:
            self._note_labels(frame, numbers, known)
        return numbers

    def _of(self, names: pl.Series) -> NDArray[np.int64]:
        return np.array([self._one(name) for name in names], np.int64)

    def _one(self, written: str) -> int:
        found = self._numbers.get(written)
        if found is None:
            name = written.strip()
            if not name:
                return NOBODY
            found = self._numbers.setdefault(name, len(self.ids))
            self._numbers[written] = found
            if found == len(self.ids):
                self.ids.append(name)
        return found

    def _note_labels(self, frame: pl.DataFrame, numbers: NDArray[np.int64], known: int) -> None:
        """Keep what the first row of each new household says."""
        who, first = np.unique(numbers, return_index=True)
        rows = frame[first[who >= known].tolist()]
        for name, column in self.labels.items():
            said = rows[column].cast(pl.String).fill_null("").str.strip_chars()
            self._said.setdefault(name, []).extend(said)

    def metadata(self) -> dict[str, NDArray[Any]]:
        """Columns [H] of numbers where all that is said is a number, of texts else."""
        return {name: _column(said) for name, said in self._said.items()}


def _column(said: list[str]) -> NDArray[Any]:
    texts = ["" if text.lower() in NO_VALUE else text for text in said]
    numbers = pl.Series(texts, dtype=pl.String).cast(pl.Float64, strict=False)
    if numbers.null_count() == texts.count("") < len(texts):
        return numbers.fill_null(np.nan).to_numpy()
    return np.array(texts, dtype=np.str_)
