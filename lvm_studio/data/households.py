"""Half-hourly curves of households, and what is known of the households and of their weeks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.calendar import zone
from lvm_studio.data.errors import DataError
from lvm_studio.data.split import Split
from lvm_studio.data.tree import Tree, TreeView
from lvm_studio.data.units import HOURS_PER_STEP, STEP, STEP_MINUTES
from lvm_studio.data.weeks import Weeks, cut_weeks

_SEPARATORS = frozenset(",*\n\r\t")
_WH_LIMIT = np.iinfo(np.int16).max

#: The source of readings that nobody measured begins with this word.
SIMULATED = "Simulated"


@dataclass(frozen=True)
class Provenance:
    """Where readings come from, under which terms, and how they were read.

    ``unit`` (W, kW, Wh, kWh) and ``interval`` ('start' or 'end' of the half-hour marked by the
    stamp) are those of the source; ``imported`` is an ISO time; ``notes`` say what was left out.
    """

    source: str
    licence: str
    attribution: str
    unit: str
    interval: str
    imported: str
    notes: str

    @property
    def simulated(self) -> bool:
        """Whether the readings were drawn by a program instead of measured."""
        return self.source.startswith(SIMULATED)

    def to_tree(self) -> Tree:
        """Plain form."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_tree(cls, tree: Tree) -> Provenance:
        """The provenance a plain form describes."""
        view = TreeView(tree, "provenance")
        return cls(**{field.name: view.text(field.name) for field in fields(cls)})


@dataclass(frozen=True, eq=False)
class HouseholdSet:
    """H households on one half-hourly grid of T steps.

    ``power_w`` [H, T] is the mean power in W over each half-hour, NaN = missing; ``start`` the
    START (UTC) of the first half-hour. ``metadata`` maps a column to [H] values, float64 (NaN =
    unknown) or str ('' = unknown); 'suspect' is always there ('' = fine, else the reason).
    ``temperature_c`` [T], NaN = unknown. ``time_zone`` is where people live; ``country`` the
    ISO code for public holidays ('' = none). Arrays are shared, not copied: do not write to them.
    """

    name: str
    household_ids: tuple[str, ...]
    power_w: NDArray[np.float32]
    start: np.datetime64
    metadata: Mapping[str, NDArray[Any]]
    temperature_c: NDArray[np.float32]
    time_zone: str
    country: str
    split: Split
    provenance: Provenance

    def __post_init__(self) -> None:
        check_household_ids(self.household_ids)
        households, steps = len(self.household_ids), self.temperature_c.shape[0]
        if self.power_w.shape != (households, steps):
            raise DataError(
                f"power_w has shape {self.power_w.shape}, expected {(households, steps)}."
            )
        if self.start.astype("datetime64[m]").astype(np.int64) % STEP_MINUTES:
            raise DataError(f"The first reading, {self.start}, is not on a half-hour.")
        for column, values in self.metadata.items():
            if values.shape != (households,) or values.dtype.kind not in "fU":
                raise DataError(f"metadata/{column} needs {households} numbers or texts.")
        if "suspect" not in self.metadata or self.metadata["suspect"].dtype.kind != "U":
            raise DataError("metadata needs a column 'suspect' of texts.")
        zone(self.time_zone)
        known = set(self.household_ids)
        for household in (*self.split.train_households, *self.split.heldout_households):
            if household not in known:
                raise DataError(f"The split names household '{household}', which is not there.")

    def __getstate__(self) -> dict[str, Any]:
        # What is derived (weeks, positions) is computed again where it is unpickled.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def weeks(self) -> Weeks:
        """The whole Monday–Sunday UTC weeks."""
        return cut_weeks(self.power_w, self.temperature_c, self.start)

    @cached_property
    def times(self) -> NDArray[np.datetime64]:
        """Start (UTC) of every half-hour [T], datetime64[m]."""
        return self.start + np.arange(self.power_w.shape[1]) * STEP

    @property
    def suspect(self) -> NDArray[np.bool_]:
        """Which households [H] are marked to be left out."""
        return np.asarray(self.metadata["suspect"] != "", dtype=np.bool_)

    def index(self, household_id: str) -> int:
        """Position of a household."""
        try:
            return self._positions[household_id]
        except KeyError:
            raise DataError(
                f"There is no household '{household_id}' in {self.name}; its names run from "
                f"{self.household_ids[0]} to {self.household_ids[-1]}."
            ) from None

    def indices(self, household_ids: Sequence[str]) -> NDArray[np.int64]:
        """Positions of several households, in their order."""
        return np.array([self.index(household) for household in household_ids], dtype=np.int64)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {household: i for i, household in enumerate(self.household_ids)}

    def to_tree(self) -> Tree:
        """Plain form; readings as int16 Wh where that loses nothing, else float32 W."""
        return {
            "name": self.name,
            "household_ids": list(self.household_ids),
            "readings": pack_readings(self.power_w),
            "start": str(self.start.astype("datetime64[m]")),
            "metadata": {
                column: values.tolist() if values.dtype.kind == "U" else values
                for column, values in self.metadata.items()
            },
            "temperature_c": self.temperature_c,
            "time_zone": self.time_zone,
            "country": self.country,
            "split": self.split.to_tree(),
            "provenance": self.provenance.to_tree(),
        }

    @classmethod
    def from_tree(cls, tree: Tree) -> HouseholdSet:
        """The set a plain form describes; DataError names the path that does not fit."""
        view = TreeView(tree, "set")
        ids = view.strings("household_ids")
        power = unpack_readings(view.child("readings"))
        return cls(
            name=view.text("name"),
            household_ids=ids,
            power_w=power,
            start=_moment(view, "start"),
            metadata=_read_metadata(view.child("metadata")),
            temperature_c=view.array("temperature_c", power.shape[1:]).astype(np.float32),
            time_zone=view.text("time_zone"),
            country=view.text("country"),
            split=Split.from_tree(dict(view.child("split").tree)),
            provenance=Provenance.from_tree(dict(view.child("provenance").tree)),
        )


def check_household_ids(household_ids: Sequence[str]) -> None:
    """Refuse names that a composition could not be written with (``A*3,B``), or that repeat."""
    if not household_ids:
        raise DataError("There is no household in the data.")
    seen: set[str] = set()
    for household in household_ids:
        if not household or household != household.strip() or _SEPARATORS & set(household):
            raise DataError(
                f"Household name '{household}' cannot be used: rename it without commas, "
                "asterisks, line breaks or blanks at its ends."
            )
        if household in seen:
            raise DataError(f"Household '{household}' is there twice; rename one of them.")
        seen.add(household)


def pack_readings(power_w: NDArray[np.float32]) -> Tree:
    """Readings as ``{"wh": int16}`` (−1 = missing) where lossless, else ``{"power_w": …}``.

    Household by household: a set may fill half of the memory.
    """
    wh = np.empty(power_w.shape, np.int16)
    for row, curve in enumerate(power_w):
        energy = curve * np.float32(HOURS_PER_STEP)
        energy[np.isnan(energy)] = -1
        inside = (energy >= -1) & (energy <= _WH_LIMIT)
        wh[row] = np.where(inside, energy, -2)
        if (wh[row] != energy).any() or (np.isnan(curve) != (energy == -1)).any():
            return {"power_w": power_w}
    return {"wh": wh}


def unpack_readings(view: TreeView) -> NDArray[np.float32]:
    """Power [H, T] in W from what `pack_readings` made."""
    if "wh" not in view:
        return view.array("power_w", (None, None)).astype(np.float32)
    return watts_from_wh(view.array("wh", (None, None)))


def watts_from_wh(wh: NDArray[Any]) -> NDArray[np.float32]:
    """Mean power in W from Wh per half-hour, negative = missing (NaN)."""
    power = wh.astype(np.float32) / np.float32(HOURS_PER_STEP)
    power[wh < 0] = np.nan
    return power


def _moment(view: TreeView, key: str) -> np.datetime64:
    try:
        return np.datetime64(view.text(key), "m")
    except ValueError:
        raise DataError(f"{view.path}/{key} is not a time.") from None


def _read_metadata(view: TreeView) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    for key in view.names:
        if isinstance(view.tree[key], np.ndarray):
            columns[key] = view.array(key, (None,)).astype(np.float64)
        else:
            columns[key] = np.array(view.strings(key), dtype=np.str_)
    return columns
