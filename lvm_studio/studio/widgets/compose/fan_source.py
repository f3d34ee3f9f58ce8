"""How a fan was obtained, in words: from which model, for whom, how fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lvm_studio.studio.numerals import counted

if TYPE_CHECKING:
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.studio.street.answers import FanAnswer


def source_text(answer: FanAnswer, model: TrainedModel | None) -> str:
    """Say how the fan was obtained, how long it took, and if the model learned from other data."""
    strange = "" if model is None else learned_elsewhere(model.provenance, answer.state.dataset)
    return f"{sampled_text(answer)}; {answer.seconds * 1000:,.0f} ms. {strange}".rstrip()


def sampled_text(answer: FanAnswer) -> str:
    """Say how the fan was obtained."""
    weeks = counted(len(answer.fan.curves), "week")
    households = counted(answer.households, "household")
    state = answer.state
    return f"{weeks} sampled from “{state.model}” for {households}, {state.week}, seed {state.seed}"


def learned_elsewhere(provenance: Mapping[str, object], dataset: str) -> str:
    """Say that a model learned from other data than it is asked about; '' if it did not.

    >>> learned_elsewhere({"dataset": "London 2013"}, "My street")
    'The model learned from London 2013.'
    >>> learned_elsewhere({"dataset": "London 2013"}, "London 2013"), learned_elsewhere({}, "a")
    ('', '')
    """
    learned = provenance.get("dataset", dataset)
    return "" if learned == dataset else f"The model learned from {learned}."
