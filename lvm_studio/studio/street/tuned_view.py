"""Makes curves and an answer of the tuned law at one λ, from the source that knows it best.

Runs on the compute thread alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lvm_studio.analysis.fan import make_fan
from lvm_studio.data.calendar import week_start
from lvm_studio.studio.street.answers import Method, PairFigures, StreetRequest, TunedAnswer
from lvm_studio.studio.street.coupling import RACE_ROWS, RowCoupling
from lvm_studio.studio.street.row_curves import RowCurves
from lvm_studio.studio.street.tunings import Source, Tuning, best_source, certified
from lvm_studio.studio.street.work import Recent, StreetWork, decode, measured

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import torch
    from numpy.typing import NDArray

    from lvm_studio.models.street import BaseSpace
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.street.rivals_work import Rival
    from lvm_studio.tuning.certificate import Certificate
    from lvm_studio.tuning.pools.estimates import TunedEstimate
    from lvm_studio.tuning.pools.keeping import Kept

POOR_SHARE = 0.25
"""Flow curves worth fewer of their rows than this give way to the best of the stored draws."""


@dataclass(frozen=True, eq=False)
class View:
    """The tuned law at one λ from one source: an estimate, and curves [n, 336] kW.

    u: [n, dim] of the whole street, whichever part of it is tuned; weights: [n] of the curves,
    mean one; all one where they have been resampled; sentence: '' for that of the method;
    proposals: of so many one is kept in each row.
    """

    method: Method
    estimate: TunedEstimate
    certificate: Certificate
    u: torch.Tensor
    curves_kw: NDArray[np.float32]
    weights: NDArray[np.float64]
    sentence: str = ""
    proposals: int = 1


class Views:
    """Shows tunings at the λ of a request, with the noise of the base fan in every row."""

    def __init__(self, streets: StreetWork) -> None:
        self._streets = streets
        self._spaces: Recent[Hashable, tuple[object, BaseSpace]] = Recent(8)
        self._noise: Recent[Hashable, tuple[object, torch.Tensor]] = Recent(4)

    def space(self, request: StreetRequest) -> BaseSpace:
        """The latents that are tuned; all where the model does not tell Σw from z."""
        from lvm_studio.models.street import Street
        from lvm_studio.tuning.composition_parts import tuned_space

        whole, tuned = self._streets.space(request), request.state.tuned
        if tuned == "both" or not isinstance(whole, Street):
            return whole
        found = self._spaces.get((id(whole), tuned))
        if found is None or found[0] is not whole:
            made = tuned_space(whole, "w" if tuned == "w" else "z")
            found = self._spaces.put((id(whole), tuned), (whole, made))
        return found[1]

    def at(self, request: StreetRequest, tuning: Tuning) -> View:
        """Return the law at λ: by the flow wherever it is valid, else by the best stored draws.

        Of two criteria fresh draws go before both, where there are some at this λ.
        """
        state, lam = request.state, abs(request.state.lam)
        source, estimate, share = best_source(tuning, lam, state.method)
        kept = tuning.kept.get((lam, state.samples))
        if kept is not None and state.method == "auto":
            return self._of_kept(request, tuning, kept, estimate)
        certificate = certified(tuning, source.draws, lam)
        if source.method == "flow" and tuning.flow is not None:
            rows = tuning.flow.shown(lam, state.seed, corrected=state.corrected)
            if rows.ess >= POOR_SHARE * len(rows.curves_kw):
                gap = estimate.log_z - rows.mean_log_weight
                certificate = replace(certificate, kl_to_target=gap, corrected=state.corrected)
                return View("flow", estimate, certificate, rows.u, rows.curves_kw, rows.weights)
        u, curves = self.stored(request, tuning, source, share)
        return View(source.method, estimate, certificate, u, curves, np.ones(len(curves)))

    def of_rival(self, request: StreetRequest, rival: Rival) -> View:
        """Return draws that all count the same, spread over the rows."""
        from lvm_studio.tuning.composition_parts import whole_coordinates

        space, rows = self.space(request), request.state.samples
        eps = self._row_noise(request, space)
        u = rival.u[np.arange(rows) * len(rival.u) // rows]
        curves = decode(space, u, eps)
        whole = whole_coordinates(space, u, eps)
        method: Method = "rejection" if request.state.method == "rejection" else "langevin"
        alike = np.ones(rows)
        certificate, told = rival.certificate, rival.sentence
        return View(method, rival.estimate, certificate, whole, curves, alike, told)

    def _of_kept(
        self, request: StreetRequest, tuning: Tuning, kept: Kept, estimate: TunedEstimate
    ) -> View:
        """Fresh draws of the page's λ; the figures are those of the stored ones."""
        from lvm_studio.tuning.pools.weights import normalised

        state, lam, draws = request.state, abs(request.state.lam), kept.draws
        certificate = replace(certified(tuning, draws, lam), corrected=state.corrected)
        share, picked = normalised(lam * draws.f + draws.log_ratio), np.arange(state.samples)
        weights = np.ones(state.samples)
        if state.corrected:
            picked = _resampled(share, state)
        else:
            weights = share[picked] / share[picked].mean()
        u, curves = self._in_rows(request, tuning, "kept", draws.u, picked)
        return View("kept", estimate, certificate, u, curves, weights, proposals=kept.proposals)

    def stored(
        self,
        request: StreetRequest,
        tuning: Tuning,
        source: Source,
        share: NDArray[np.float64],
    ) -> tuple[torch.Tensor, NDArray[np.float32]]:
        """Stored draws in the rows of the fan at the request's λ: u [n, dim], curves [n, 336]."""
        picked = _stored_rows(request, tuning, source, share)
        return self._in_rows(request, tuning, source.method, source.draws.u, picked)

    def _in_rows(
        self,
        request: StreetRequest,
        tuning: Tuning,
        method: Method,
        u: torch.Tensor,
        picked: NDArray[np.int64],
    ) -> tuple[torch.Tensor, NDArray[np.float32]]:
        """Draw picked[i] of u in row i: u [n, dim] of the whole street, curves [n, 336]."""
        from lvm_studio.tuning.composition_parts import whole_coordinates

        space = self.space(request)
        eps = self._row_noise(request, space)
        curves = tuning.decoded.make(method, RowCurves).curves(
            u,
            picked,
            # row i has the same observation noise whatever stands in it
            lambda u, rows: decode(space, u, eps[rows]),
        )
        return whole_coordinates(space, u[picked], eps), curves

    def _row_noise(self, request: StreetRequest, space: BaseSpace) -> torch.Tensor:
        """[n, ...] of every row of the fan, with the latents that are left alone."""
        from lvm_studio.tuning.composition_parts import common_noise

        state, whole = request.state, self._streets.space(request)
        if space is whole:
            return self._streets.noise(state.samples, space.dim, state.seed)[1]
        key = (state.tuned, state.samples, state.seed, space.dim)
        found = self._noise.get(key)
        if found is None or found[0] is not space:
            noise = common_noise(space, state.samples, state.seed)[1]
            found = self._noise.put(key, (space, noise))
        return found[1]


def answer_of(request: StreetRequest, tuning: Tuning, view: View) -> TunedAnswer:
    """What the page shows of a view."""
    from lvm_studio.tuning.pools.estimates import one_in_n

    estimate, potential, state = view.estimate, tuning.pool.potential, request.state
    moments = estimate.moments
    return TunedAnswer(
        state=state,
        method=view.method,
        lam=state.lam,
        certificate=view.certificate,
        kl=max(0.0, moments.kl),  # sums of weights may say −1e-16
        one_in_n=one_in_n(max(0.0, moments.kl)),
        expectation=potential.natural(moments.expectation),
        base_expectation=potential.natural(0.0),
        unit=potential.criterion.unit,
        criterion=state.criterion,
        ess=estimate.ess,
        khat=estimate.khat,
        log_z=estimate.log_z,
        valid=estimate.valid,
        samples=estimate.samples,
        sentence=_sentence(view),
        fan=make_fan(view.curves_kw, week_start(state.week), measured(request)),
        weights=view.weights,
        front=tuning.front,
        refining=tuning.gaussians is None and not tuning.climbed,
        pair=None if tuning.pair is None else pair_figures(state, tuning),
        proposals=view.proposals,
    )


def pair_figures(state: StreetState, tuning: Tuning) -> PairFigures:
    """Both criteria at the page's vector λ, as the draws of all directions see them."""
    known = tuning.pair
    assert known is not None  # asked of a pair alone
    pair = known.pair
    vector = pair.vector(state.blend, state.lam)
    draws = pair.vectors[1] if known.pool is None else known.pool.draws
    estimate, share = draws.estimate(vector)
    mean = share @ draws.f
    return PairFigures(
        criteria=pair.texts,
        units=_two([each.criterion.unit for each in pair.potentials]),
        lam=(float(vector[0]), float(vector[1])),
        base=_pair([each.natural(0.0) for each in pair.potentials]),
        expectation=_pair(
            [each.natural(float(m)) for each, m in zip(pair.potentials, mean, strict=True)]
        ),
        correlation=pair.correlation,
        valid=estimate.valid,
    )


def _pair(values: Sequence[float]) -> tuple[float, float]:
    first, second = values
    return first, second


def _two(texts: Sequence[str]) -> tuple[str, str]:
    first, second = texts
    return first, second


def _stored_rows(
    request: StreetRequest, tuning: Tuning, source: Source, share: NDArray[np.float64]
) -> NDArray[np.int64]:
    state, draws = request.state, source.draws
    if state.samples > RACE_ROWS:
        return _resampled(share, state)
    size = (state.samples, len(draws.f), state.seed)
    coupling = tuning.couplings.make(size, lambda: RowCoupling(*size))
    return coupling.pick(abs(state.lam), draws.f, draws.log_ratio, source.base)


def _resampled(share: NDArray[np.float64], state: StreetState) -> NDArray[np.int64]:
    from lvm_studio.tuning.pools.weights import systematic_resample

    return systematic_resample(share, state.samples, state.seed)


def _sentence(view: View) -> str:
    """Say which of the sources is on screen; how far to trust it the certificate says."""
    if view.sentence:
        return view.sentence
    estimate = view.estimate
    return {
        "pool": f"{estimate.samples:,} base weeks, reweighted.",
        "settled": f"{estimate.samples:,} weeks of base law and nearest Gaussians, reweighted.",
        "climb": f"{estimate.samples:,} weeks drawn on the way to λ, reweighted.",
        "pair": f"{estimate.samples:,} weeks drawn in all directions of λ, reweighted.",
        "kept": "Curves: fresh weeks by Gaussians at this λ; "
        f"figures: {estimate.samples:,} stored weeks, reweighted.",
        "flow": f"{estimate.samples:,} weeks of base law and fitted flow, reweighted.",
        "smc": f"{estimate.samples:,} weeks of the reference (tempered SMC), reweighted.",
    }[view.method]
