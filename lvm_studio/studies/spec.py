"""What a study is: frozen, validated, and read from a TOML or JSON file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lvm_studio.data.errors import DataError
from lvm_studio.studies.space import Scalar, Space

SHIPPED = Path(__file__).parent / "shipped"


def _counted(value: Any) -> Any:
    """A number of seeds stands for the first so many."""
    if isinstance(value, int) and not isinstance(value, bool):
        return tuple(range(value))
    return value


def _with_kind(value: Any) -> Any:
    """A space is a grid unless it says otherwise."""
    return {"kind": "grid", **value} if isinstance(value, Mapping) else value


class StudySpec(BaseModel):
    """One recipe, a space of its settings, and seeds: every candidate runs with every seed.

    `settings` hold for all runs. `objective` is a figure of a finished run, such as
    ``heldout_elbo`` (nats per observation); `maximise` says which way it is better.

    >>> study = StudySpec(
    ...     name="sizes", recipe="households", space={"axes": {"model.latent_w": (8, 16)}}, seeds=3
    ... )
    >>> study.size, study.seeds
    (6, (0, 1, 2))
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$")]
    title: str = ""
    description: str = ""
    recipe: str
    settings: Mapping[str, Scalar] = Field(default_factory=dict)
    space: Annotated[Space, BeforeValidator(_with_kind)]
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0, lt=2**31)], ...],
        BeforeValidator(_counted),
        Field(min_length=1),
    ] = (0,)
    objective: str = "heldout_elbo"
    maximise: bool = True
    keep_models: bool = Field(default=True, description="keep each run's model beside its result")

    @property
    def size(self) -> int:
        """The number of runs."""
        return self.space.size * len(self.seeds)

    @property
    def heading(self) -> str:
        """Its title, or its name if it has none."""
        return self.title or self.name


def study_from(values: Mapping[str, Any], source: str) -> StudySpec:
    """A study from plain values; `source` is where they came from, for the sentence.

    Raises:
        DataError: a value is missing, unknown or out of its range.
    """
    try:
        return StudySpec.model_validate(values)
    except ValidationError as error:
        raise DataError(f"{source}: {_first_problem(error)}.") from None


def read_study(path: Path) -> StudySpec:
    """Read a study from a .toml or .json file.

    Raises:
        DataError: there is no such file, it is neither, or it describes no study.
    """
    readers = {".toml": tomllib.loads, ".json": json.loads}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path.name}: a study is a .toml or .json file.")
    try:
        values = readers[path.suffix.lower()](path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error
    except ValueError as error:  # of either reader, and of bytes that are no UTF-8
        raise DataError(f"{path.name} cannot be understood: {error}.") from error
    if not isinstance(values, dict):
        raise DataError(f"{path.name}: a study is a table of values.")
    return study_from({"name": path.stem, **values}, path.name)


def shipped_studies() -> dict[str, StudySpec]:
    """The studies that come with the program, by name."""
    found = (read_study(path) for path in sorted(SHIPPED.glob("*.toml")))
    return {study.name: study for study in found}


def study_named(name: str) -> StudySpec:
    """A shipped study by its name, or an own one by its file.

    Raises:
        DataError: neither is there; the sentence lists the shipped ones.
    """
    if Path(name).suffix.lower() in {".toml", ".json"}:
        return read_study(Path(name))
    shipped = shipped_studies()
    if name not in shipped:
        raise DataError(
            f"There is no study '{name}'; choose one of {', '.join(shipped)}, or name a .toml or "
            ".json file of your own."
        )
    return shipped[name]


def _first_problem(error: ValidationError) -> str:
    # Of the branches of a union the one that was meant got furthest.
    first = max(error.errors(), key=lambda e: (e["type"] == "value_error", len(e["loc"])))
    kinds = {"grid", "random", "search", "Range"}
    where = ".".join(
        str(part) for part in first["loc"] if part not in kinds and "[" not in str(part)
    )
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
