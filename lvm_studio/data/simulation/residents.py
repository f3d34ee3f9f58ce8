"""Who lives in the simulated street: hidden traits, the labels they lead to, and Bayes' rule.

A household has traits that nobody is told (who lives there, heating, water tank, car, rhythm)
and a label that everybody is told (contract, subscribed power, off-peak group). All traits are
finite, so that the law of the traits given a label is an enumeration. Subscribed power follows
what a household owns; it is not enforced (about 1 in 400 half-hours lies above it), since a cut
would leave no closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet

OCCUPANTS = ("single", "couple", "family", "retired")
HEATING = ("other", "electric, insulated", "electric, leaky")
RHYTHM_STEPS = (-2, 0, 2)  # early, usual, late: half-hours by which habits are later
CONTRACTS = ("base", "off-peak", "weekend")
GROUPS = ("none", "A", "B", "C", "D")  # whose cheap hours begin when; none: no cheap hours
SUBSCRIBED_KVA = (3.0, 6.0, 9.0, 12.0, 15.0)

#: Every household uses its own multiple of what its traits say, Gamma with mean 1.
LEVEL_SPREAD = 0.25

TRAITS_SHAPE = (len(OCCUPANTS), len(HEATING), 2, 2, len(RHYTHM_STEPS))
#: The five traits [R] of each of the R kinds of household.
OCCUPANTS_OF, HEATING_OF, TANK_OF, CAR_OF, RHYTHM_OF = np.indices(TRAITS_SHAPE).reshape(5, -1)
KINDS = len(OCCUPANTS_OF)

_OCCUPANTS_LAW = np.array([0.28, 0.27, 0.28, 0.17])
_HEATING_LAW = np.array(
    [[0.45, 0.30, 0.25], [0.55, 0.30, 0.15], [0.60, 0.25, 0.15], [0.5, 0.2, 0.3]]
)
_TANK_LAW = np.array([0.35, 0.75, 0.85])
_CAR_LAW = np.array([0.05, 0.12, 0.18, 0.03])
_RHYTHM_LAW = np.array([[0.2, 0.45, 0.35], [0.25, 0.5, 0.25], [0.35, 0.5, 0.15], [0.45, 0.45, 0.1]])
_CONTRACT_LAW = np.array(  # by tank and car
    [[[0.75, 0.13, 0.12], [0.30, 0.55, 0.15]], [[0.25, 0.65, 0.10], [0.10, 0.78, 0.12]]]
)
_GROUP_LAW = np.array([0.35, 0.30, 0.20, 0.15])  # of A, B, C, D
_KVA_LAW = np.array(  # by heating, before tank, car and family
    [[0.35, 0.50, 0.13, 0.02, 0.0], [0.08, 0.42, 0.38, 0.10, 0.02], [0.02, 0.20, 0.48, 0.24, 0.06]]
)
_TANK_STEPS_UP = 0.6
_CAR_STEPS_UP = 0.5
_FAMILY_STEPS_UP = 0.4
_FAMILY = OCCUPANTS.index("family")


@dataclass(frozen=True, order=True)
class Label:
    """What is known of a household: contract, subscribed power in kVA, off-peak group.

    >>> Label("base", 6, "A")
    Traceback (most recent call last):
    ...
    lvm_studio.data.errors.DataError: No simulated household has contract 'base' in group 'A'; ...
    """

    contract: str
    subscribed_kva: float
    off_peak_group: str

    def __post_init__(self) -> None:
        _known("contract", self.contract, CONTRACTS)
        _known("subscribed power", self.subscribed_kva, SUBSCRIBED_KVA)
        _known("off-peak group", self.off_peak_group, GROUPS)
        if (self.contract == "base") != (self.off_peak_group == "none"):
            raise DataError(
                f"No simulated household has contract '{self.contract}' in group "
                f"'{self.off_peak_group}'; those with cheap hours, and only those, have a group."
            )


@dataclass(frozen=True, eq=False)
class Residents:
    """H households with all their traits: positions [H] in `CONTRACTS`, `GROUPS`, the kinds.

    ``subscribed_kva`` [H]; ``level`` [H] multiplies everything a household uses.
    """

    kind: NDArray[np.int64]
    contract: NDArray[np.int64]
    group: NDArray[np.int64]
    subscribed_kva: NDArray[np.float64]
    level: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, which: NDArray[np.int64] | slice) -> Residents:
        return Residents(
            self.kind[which],
            self.contract[which],
            self.group[which],
            self.subscribed_kva[which],
            self.level[which],
        )

    @property
    def labels(self) -> tuple[Label, ...]:
        """What is known of each."""
        return tuple(
            Label(CONTRACTS[contract], float(kva), GROUPS[group])
            for contract, kva, group in zip(
                self.contract, self.subscribed_kva, self.group, strict=True
            )
        )


def draw_residents(count: int, generator: np.random.Generator) -> Residents:
    """Households drawn from the law of the street."""
    kind = generator.choice(KINDS, count, p=kind_prior())
    contract = _choose(contract_law()[kind], generator)
    group = np.where(contract > 0, 1 + generator.choice(4, count, p=_GROUP_LAW), 0)
    kva = np.array(SUBSCRIBED_KVA)[_choose(kva_law()[kind], generator)]
    return Residents(kind, contract, group, kva, _levels(count, generator))


def draw_residents_like(labels: Sequence[Label], generator: np.random.Generator) -> Residents:
    """For each label a household drawn from the law given that label."""
    kind = _choose(np.array([kind_law(label) for label in labels]), generator)
    return Residents(
        kind,
        np.array([CONTRACTS.index(label.contract) for label in labels]),
        np.array([GROUPS.index(label.off_peak_group) for label in labels]),
        np.array([label.subscribed_kva for label in labels], dtype=np.float64),
        _levels(len(labels), generator),
    )


def labels_of(households: HouseholdSet) -> tuple[Label, ...]:
    """The labels of a simulated set's households [H]."""
    try:
        columns = [
            households.metadata[name] for name in ("contract", "subscribed_kva", "off_peak_group")
        ]
    except KeyError as error:
        raise DataError(
            f"{households.name} is not a simulated street: no column {error}."
        ) from None
    return tuple(
        Label(str(contract), float(kva), str(group))
        for contract, kva, group in zip(*columns, strict=True)
    )


@lru_cache(maxsize=256)
def kind_law(label: Label) -> NDArray[np.float64]:
    """Probability of each kind [R] of household given its label (Bayes' rule)."""
    contract = CONTRACTS.index(label.contract)
    kva = SUBSCRIBED_KVA.index(label.subscribed_kva)
    joint = kind_prior() * contract_law()[:, contract] * kva_law()[:, kva]
    law: NDArray[np.float64] = joint / joint.sum()
    law.setflags(write=False)
    return law


@lru_cache(maxsize=1)
def kind_prior() -> NDArray[np.float64]:
    """Probability of each kind [R] in the whole street."""
    prior: NDArray[np.float64] = (
        _OCCUPANTS_LAW[OCCUPANTS_OF]
        * _HEATING_LAW[OCCUPANTS_OF, HEATING_OF]
        * _yes_or_no(_TANK_LAW[HEATING_OF], TANK_OF)
        * _yes_or_no(_CAR_LAW[OCCUPANTS_OF], CAR_OF)
        * _RHYTHM_LAW[OCCUPANTS_OF, RHYTHM_OF]
    )
    return prior


def contract_law() -> NDArray[np.float64]:
    """Probability of each contract given the kind [R, 3]."""
    law: NDArray[np.float64] = _CONTRACT_LAW[TANK_OF, CAR_OF]
    return law


@lru_cache(maxsize=1)
def kva_law() -> NDArray[np.float64]:
    """Probability of each subscribed power given the kind [R, 5]."""
    law = _KVA_LAW[HEATING_OF].astype(np.float64)
    for steps_up, who in (
        (_TANK_STEPS_UP, TANK_OF == 1),
        (_CAR_STEPS_UP, CAR_OF == 1),
        (_FAMILY_STEPS_UP, OCCUPANTS_OF == _FAMILY),
    ):
        law = _one_step_up(law, steps_up * who.astype(np.float64))
    return law


def _one_step_up(law: NDArray[np.float64], probability: NDArray[np.float64]) -> NDArray[np.float64]:
    up = np.concatenate([np.zeros((len(law), 1)), law[:, :-1]], axis=1)
    up[:, -1] += law[:, -1]
    stepped: NDArray[np.float64] = law + probability[:, None] * (up - law)
    return stepped


def _yes_or_no(probability: NDArray[np.float64], answer: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(answer == 1, probability, 1 - probability)


def _choose(law: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.int64]:
    """A column for each row of probabilities [H, M]."""
    reached = generator.random((len(law), 1)) >= law.cumsum(axis=1)
    chosen: NDArray[np.int64] = np.minimum(reached.sum(axis=1), law.shape[1] - 1)
    return chosen


def _levels(count: int, generator: np.random.Generator) -> NDArray[np.float64]:
    return generator.gamma(LEVEL_SPREAD**-2, LEVEL_SPREAD**2, count)


def _known(what: str, value: object, values: Sequence[object]) -> None:
    if value not in values:
        raise DataError(
            f"{value!r} is no {what} of the simulated street; "
            f"choose one of {', '.join(map(str, values))}."
        )
