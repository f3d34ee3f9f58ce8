"""The households of a file, in their order, and what its columns say about each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lvm_studio.data.importing.numbers import metadata_column

NOBODY = -1
_FEW_RUNS = 0.25
#: What columns say at some rows.
LabelsAt: TypeAlias = Callable[[list[int]], Mapping[str, Sequence[str]]]


@dataclass(frozen=True, eq=False)
class Names:
    """Who the rows [n] are about: ``texts`` [R], each perhaps several times, and ``which`` [n]."""

    texts: pl.Series
    which: NDArray[np.signedinteger]

    @classmethod
    def of(cls, household: pl.Series) -> Names:
        """Of a column as it is written."""
        names = household.cast(pl.String).fill_null("")
        runs = names.rle()
        if runs.len() <= _FEW_RUNS * names.len():
            texts, lengths = runs.struct.field("value"), runs.struct.field("len")
            return cls(texts, np.repeat(np.arange(len(texts), dtype=np.int32), lengths.to_numpy()))
        texts = names.unique(maintain_order=True)
        places = pl.Series(np.arange(len(texts), dtype=np.int32))
        return cls(texts, names.replace_strict(texts, places, return_dtype=pl.Int32).to_numpy())

    def first_rows(self) -> NDArray[np.int64]:
        """The first row of each text [R]."""
        rows = np.empty(len(self.texts), np.int64)
        rows[self.which[::-1]] = np.arange(len(self.which))[::-1]
        return rows


@dataclass
class Roster:
    """Numbers households as they come; ``labels`` maps names of metadata to columns."""

    labels: dict[str, str]
    ids: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _said: dict[str, list[str]] = field(default_factory=dict)

    def number(self, names: Names, labels_at: LabelsAt) -> NDArray[np.int64]:
        """The number of the household of each row; `NOBODY` where no name is given.

        `labels_at` tells what the columns of the labels say at some rows.
        """
        known = len(self.ids)
        numbers = self._of(names.texts)
        if self.labels and len(self.ids) > known:
            who, first = np.unique(numbers, return_index=True)
            new = names.first_rows()[first[who >= known]]
            self._note_labels(labels_at(new.tolist()))
        every: NDArray[np.int64] = numbers[names.which]
        return every

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

    def _note_labels(self, said: Mapping[str, Sequence[str]]) -> None:
        """Keep what the first row of each new household says."""
        for name, column in self.labels.items():
            self._said.setdefault(name, []).extend(text.strip() for text in said[column])

    def metadata(self) -> dict[str, NDArray[Any]]:
        """Columns [H] of numbers where all that is said is a number, of texts else."""
        return {name: metadata_column(said) for name, said in self._said.items()}
