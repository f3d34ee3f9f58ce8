"""Who is judged on what: a predictor, the records, and what it was fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.judging.fidelity import CompVAEPredictor
from lvm_studio.analysis.judging.records import Ints, Predictor, WeekRecords
from lvm_studio.data.calendar import utc_offset_hours
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.units import WEEK_SPAN
from lvm_studio.models.compvae import CompVAE
from lvm_studio.models.trained import TrainedModel


@dataclass(frozen=True, eq=False)
class Trial:
    """A predictor to be judged on held-out weeks.

    `households` were trained on and are judged; `new_households` were not. Households and weeks
    are rows of the records. `model` is the CompVAE behind the predictor where there is one: its
    posterior tells the information in its latent variables. `utc_offset_h` [N] is what local
    clocks are ahead of UTC in each week.
    """

    name: str
    dataset: str
    attribution: str
    predictor: Predictor
    records: WeekRecords
    households: Ints
    new_households: Ints
    train_weeks: Ints
    heldout_weeks: Ints
    utc_offset_h: NDArray[np.float64]
    model: TrainedModel | None = None

    def __post_init__(self) -> None:
        if len(self.heldout_weeks) < 2 or len(self.train_weeks) < 2:
            raise DataError(
                f"{self.dataset} has {len(self.train_weeks)} training and "
                f"{len(self.heldout_weeks)} held-out weeks; a report card needs two of each: "
                "bring readings of more weeks."
            )

    @property
    def everybody(self) -> Ints:
        """Trained on or not."""
        return np.concatenate([self.households, self.new_households])

    @property
    def heldout_ids(self) -> tuple[str, ...]:
        """Names of the held-out weeks."""
        return tuple(self.records.week_ids[week] for week in self.heldout_weeks)


def trial_of(model: TrainedModel, households: HouseholdSet) -> Trial:
    """The trial of a trained CompVAE on the held-out weeks of a set; DataError for a plain VAE."""
    if not isinstance(model.module, CompVAE):
        raise DataError(f"{model.name} sees no households; only a CompVAE has a report card.")
    split, weeks = households.split, households.weeks
    return Trial(
        name=model.name,
        dataset=households.name,
        attribution=households.provenance.attribution,
        predictor=CompVAEPredictor(model.module),
        records=WeekRecords.of(households, model.labels, model.week_context),
        households=households.indices(split.train_households),
        new_households=households.indices(split.heldout_households),
        train_weeks=weeks.indices(split.train_weeks),
        heldout_weeks=weeks.indices(split.heldout_weeks),
        utc_offset_h=utc_offset_hours(weeks.starts + WEEK_SPAN // 2, households.time_zone),
        model=model,
    )
