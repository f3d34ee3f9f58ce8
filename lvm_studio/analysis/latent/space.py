"""What the latent space holds: real sums encoded, information by coordinate, colours for a map."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.analysis.judging.records import Case, WeekRecords, draw_cases
from lvm_studio.analysis.latent.pca import PCA
from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import result_of
from lvm_studio.data.units import DAY, HOURS_PER_STEP
from lvm_studio.data.vectors.conditions import Condition
from lvm_studio.models.compvae import CompVAE
from lvm_studio.models.street import Encoded, base_space
from lvm_studio.models.trained import TrainedModel
from lvm_studio.models.vae import GaussianVAE

K_RANGE = (10, 60)
BATCH = 48
"""Sums encoded at a time: about 20 ms on one core, so that others need not wait."""
DRAWN_AT_ONCE = 200
DRAWING = 0.2
"""Share of the time of a cloud that drawing its sums takes; the rest encodes them."""
MOST_CATEGORIES = 8
ACTIVE_VARIANCE = 0.01
NIGHT = slice(0, 14)  # 00:00 to 07:00 UTC
_TINY = 1e-9  # keeps shares of an empty house finite

TITLES: Mapping[str, str] = {
    "temperature_c": "mean temperature, °C",
    "season": "season: −1 midsummer, 1 midwinter",
    "k": "households",
    "energy_kwh": "energy, kWh",
    "energy_per_household_kwh": "energy per household, kWh",
    "peak_kw": "peak, kW",
    "peak_per_household_kw": "peak per household, kW",
    "load_factor": "mean ÷ peak",
    "night_share": "share of energy 00–07 UTC",
    "weekend_ratio": "weekend ÷ working days",
    "week": "week",
    "anomaly_nats": "anomaly, type B: KL(q(u|x) ‖ p), nats",
}
"""Columns of every household cloud's metadata; columns of the households' own follow."""


@dataclass(frozen=True, eq=False)
class LatentCloud:
    """n observations in the whitened coordinates of a model: sums of households, or vectors.

    `u` and `std` [n, dim] are posterior means and standard deviations, `info_nats` [dim] the
    mean KL to the prior; `metadata` holds one column [n] per key of `titles` (names as text);
    `x` [n, D] what was observed, in `unit`; `households` the rows of the set in each sum (empty
    for vectors), `conditions` [n, E] what a conditional model is told of each vector, `told` what
    these numbers say, `layers` how many of the dimensions belong to each layer of a chain (top
    first; empty where there is no chain), `columns` the names of the D coordinates and `scale`
    what they are measured in, if they have any.
    """

    names: tuple[str, ...]
    u: NDArray[np.float32]
    std: NDArray[np.float32]
    info_nats: NDArray[np.float64]
    metadata: Mapping[str, NDArray[Any]]
    x: NDArray[np.float32]
    households: tuple[NDArray[np.int64], ...] = ()
    titles: Mapping[str, str] = field(default_factory=lambda: TITLES)
    unit: str = "kW"
    conditions: NDArray[np.float32] | None = None
    told: tuple[Condition, ...] = ()
    layers: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    scale: str = ""

    @property
    def info_bits(self) -> NDArray[np.float64]:
        """Information by coordinate in bits [dim]."""
        return np.asarray(self.info_nats / np.log(2.0))

    @property
    def layer_bits(self) -> NDArray[np.float64]:
        """Information by layer in bits, top first; empty where there is no chain."""
        ends = np.cumsum((0, *self.layers))[:-1]
        return np.add.reduceat(self.info_bits, ends) if self.layers else np.zeros(0)

    @property
    def order(self) -> NDArray[np.int64]:
        """Coordinates, most informative first."""
        return np.argsort(-self.info_nats, kind="stable")

    @property
    def active(self) -> NDArray[np.bool_]:
        """Coordinates [dim] whose posterior mean varies from sum to sum by more than 0.01.

        (Active units of Burda et al. 2016.)
        """
        return np.asarray(self.u.var(axis=0) > ACTIVE_VARIANCE)

    def pca(self) -> PCA:
        """Principal components of the posterior means."""
        return PCA.fit(self.u)


def posterior_cloud(
    model: TrainedModel,
    households: HouseholdSet,
    n: int,
    seed: int,
    k_range: tuple[int, int] | None = None,
) -> LatentCloud:
    """Encode n measured sums of different training households in training weeks.

    K is log-uniform in `k_range` (default 10-60; a plain VAE always takes its own). The same
    seed gives the same sums. DataError if the set has no whole training week.
    """
    return result_of(cloud_slices(model, households, n, seed, k_range))


def cloud_slices(
    model: TrainedModel,
    households: HouseholdSet,
    n: int,
    seed: int,
    k_range: tuple[int, int] | None = None,
) -> Generator[float, None, LatentCloud]:
    """`posterior_cloud` in slices of a few hundredths of a second; yields the share done."""
    split = households.split
    if not split.train_weeks:
        raise DataError(f"{households.name} has no whole week to encode.")
    context_of = model.week_context
    yield 0.0
    records = WeekRecords.of(households, model.labels, context_of)
    cases = yield from _drawn(records, households, n, seed, sizes_of(model, k_range))
    encoded = yield from encode_slices(model, records, cases)
    first_id = split.train_households[0]
    space = base_space(
        model, households, Composition(((first_id, 1),)), records.context[cases[0].week]
    )
    curves = np.stack([case.x for case in cases])
    yield 1.0
    kl = encoded.kl.double().numpy()
    known = _metadata(records, households.weeks.ids, cases, curves)
    own, titles = _household_columns(households, cases)
    return LatentCloud(
        names=space.names,
        u=encoded.mean.numpy(),
        std=encoded.std.numpy(),
        info_nats=kl.mean(axis=0),
        metadata={**known, "anomaly_nats": kl.sum(axis=1), **own},
        x=curves.astype(np.float32),
        households=tuple(case.households for case in cases),
        titles={**TITLES, **titles},
    )


def _drawn(
    records: WeekRecords, households: HouseholdSet, n: int, seed: int, sizes: tuple[int, int]
) -> Generator[float, None, list[Case]]:
    """n sums of training households, as many of each training week; yields the share done."""
    split = households.split
    weeks, rows = (
        households.weeks.indices(split.train_weeks),
        households.indices(split.train_households),
    )
    turns = np.random.default_rng(seed).permutation(np.resize(weeks, n))
    cases: list[Case] = []
    for start in range(0, n, DRAWN_AT_ONCE):
        yield DRAWING * start / n
        part = turns[start : start + DRAWN_AT_ONCE]
        cases += draw_cases(records, rows, part, 1, sizes, seed + start)
    return cases


def _household_columns(
    households: HouseholdSet, cases: Sequence[Case]
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Means over a sum's households of what the set says of them; shares of categories.

    A number that is unknown (NaN) of some households is averaged over the others.
    """
    columns: dict[str, NDArray[Any]] = {}
    titles: dict[str, str] = {}
    owner = np.repeat(np.arange(len(cases)), [case.k for case in cases])
    member = np.concatenate([case.households for case in cases])

    def add(name: str, title: str, values: NDArray[np.float64]) -> None:
        known = np.isfinite(values[member])
        total, count = (
            np.bincount(owner[known], weights=of[member][known], minlength=len(cases))
            for of in (values, np.ones_like(values))
        )
        columns[name] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        titles[name] = title

    for name, column in households.metadata.items():
        if column.dtype.kind in "fiub":
            add(f"mean {name}", f"mean of {name}", column.astype(np.float64))
            continue
        kinds, counts = np.unique(column, return_counts=True)
        common = kinds[counts.argmax()]
        if common != "" and 1 < len(kinds) <= MOST_CATEGORIES:
            title = f"share of {name.replace('_', ' ')} = {common}"
            add(f"share {name}", title, (column == common).astype(np.float64))
    return columns, titles


def sizes_of(model: TrainedModel, k_range: tuple[int, int] | None) -> tuple[int, int]:
    """Least and greatest K of the sums to encode: a plain VAE's own, else `k_range` or K_RANGE."""
    if isinstance(model.module, GaussianVAE):
        return model.module.spec.k, model.module.spec.k
    return K_RANGE if k_range is None else k_range


def encode(model: TrainedModel, records: WeekRecords, cases: Sequence[Case]) -> Encoded:
    """Posteriors over the whitened coordinates of sums of any size, in the order of `cases`."""
    return result_of(encode_slices(model, records, cases))


def encode_slices(
    model: TrainedModel, records: WeekRecords, cases: Sequence[Case]
) -> Generator[float, None, Encoded]:
    """`encode`, a batch at a time; yields the share done of the whole cloud."""
    by_size = sorted(range(len(cases)), key=lambda i: cases[i].k)  # little padding in a batch
    parts = []
    for start in range(0, len(cases), BATCH):
        yield DRAWING + (1.0 - DRAWING) * start / len(cases)
        with torch.no_grad():
            batch = [cases[i] for i in by_size[start : start + BATCH]]
            parts.append(_encode_batch(model, records, batch))
    back = torch.argsort(torch.tensor(by_size))
    return Encoded(
        mean=torch.cat([part.mean for part in parts])[back],
        std=torch.cat([part.std for part in parts])[back],
        kl=torch.cat([part.kl for part in parts])[back],
    )


def _encode_batch(model: TrainedModel, records: WeekRecords, cases: Sequence[Case]) -> Encoded:
    x = torch.from_numpy(np.stack([case.x for case in cases]).astype(np.float32))
    if isinstance(model.module, GaussianVAE):
        q = model.module.posterior(x)
        return Encoded(*model.module.whitened_z(q), q.kl())
    if not isinstance(model.module, CompVAE):
        raise DataError(f"{model.name} is no model of household weeks; choose one that is.")
    labels, mask = _padded(records, cases)
    context = torch.from_numpy(records.context[[case.week for case in cases]])
    return _encode_sums(model.module, x, labels, mask, context)


def _padded(records: WeekRecords, cases: Sequence[Case]) -> tuple[Tensor, Tensor]:
    most = max(case.k for case in cases)
    labels = np.zeros((len(cases), most, records.labels.shape[1]), dtype=np.float32)
    mask = np.zeros((len(cases), most), dtype=np.float32)
    for i, case in enumerate(cases):
        labels[i, : case.k] = records.labels[case.households]
        mask[i, : case.k] = 1.0
    return torch.from_numpy(labels), torch.from_numpy(mask)


def _encode_sums(
    module: CompVAE, x: Tensor, labels: Tensor, mask: Tensor, context: Tensor
) -> Encoded:
    """As `Street.encode`, for a different multi-set in each row."""
    prior = module.prior_path(labels, mask, context)
    q_w = module.posterior_w(x, labels, mask, prior)
    total = q_w.sum_mean()
    q_z = module.posterior_z(x, total, mask.sum(-1), context, prior)
    spread = q_w.sum_variance().sqrt()
    u_w = (total - prior.sum_mean) / prior.sum_std
    u_z, std_z = module.whitened_z(q_z, u_w, mask.sum(-1), context)
    return Encoded(
        mean=torch.cat([u_w, u_z], -1),
        std=torch.cat([spread / prior.sum_std, std_z], -1),
        kl=torch.cat([q_w.kl(prior.m, prior.s), q_z.kl().flatten(1)], -1),
    )


def _metadata(
    records: WeekRecords,
    week_ids: tuple[str, ...],
    cases: Sequence[Case],
    curves: NDArray[np.float64],
) -> dict[str, NDArray[Any]]:
    week = np.array([case.week for case in cases])
    k = np.array([float(case.k) for case in cases])
    energy = np.maximum(curves.sum(axis=1) * HOURS_PER_STEP, _TINY)
    peak = np.maximum(curves.max(axis=1), _TINY)
    days = curves.reshape(len(cases), -1, DAY)
    return {
        "temperature_c": records.temperature_c.mean(axis=1, dtype=np.float64)[week],
        "season": records.season[week],
        "k": k,
        "energy_kwh": energy,
        "energy_per_household_kwh": energy / k,
        "peak_kw": peak,
        "peak_per_household_kw": peak / k,
        "load_factor": curves.mean(axis=1) / peak,
        "night_share": days[:, :, NIGHT].sum(axis=(1, 2)) * HOURS_PER_STEP / energy,
        "weekend_ratio": days[:, 5:].mean(axis=(1, 2))
        / np.maximum(days[:, :5].mean(axis=(1, 2)), _TINY),
        "week": np.array(week_ids)[week],
    }
