"""Fitting the λ-flow: climb, start from its Gaussians, reverse KL, at the end forward KL too."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lvm_studio.data.tree import Tree
from lvm_studio.models.seeded import seeded
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.flows.descent import Descent, HeldDensity
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.flows.flow_defended import DefendedFlow, gaussians_of
from lvm_studio.tuning.flows.proposals import FlowCheck, check_flow
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.smc_fit import closer
from lvm_studio.tuning.pools.stages import Climb, climb, trusted_lam
from lvm_studio.tuning.pools.weights import KHAT_LIMIT, normalised
from lvm_studio.tuning.specs import FlowSpec

CHECKED_SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
"""λ / λ_max at which a snapshot's weights are looked at."""
CHECK_DRAWS = 256
CORE_POINTS = 10
"""λ at which Gaussians are fitted for the core to pass through."""
_LEAST_SHARE = 1e-5
"""Log-odds of two ways to be extreme are nearly linear in λ, as long as no floor bends them."""
_COSTLY_SHARE = 0.5
"""ESS / N from which on weights are good, however heavy their tail reads."""
_POLISH_WEIGHT = 0.1
"""Forward KL on stored draws is noisy: at full weight it costs 0.06 nats of gap."""
_LAM_STEP = 0.03
"""λ_max moves by this share of itself at most, from one snapshot to the next."""
_TOWARDS_THE_END = 0.7
"""Power of even places: the further λ, the more there is to learn."""
_FURTHER = 0.5
"""Nats: a flow whose range ends so much further takes the place of one with better weights."""
_NOISE_PAIRS = 2
"""Of the observation noise in one step: more of them cost more steps than they are worth."""


@dataclass(frozen=True)
class ClimbReport:
    """The climb before the fit reached λ with KL(p̂_λ ‖ p) = kl nats."""

    stage: int
    lam: float
    kl: float


@dataclass(frozen=True)
class FlowStep:
    """One step of the fit.

    progress: 0 to 1 of the time or steps given; seconds: spent in the fit, pauses left out;
    objective: mean over the batch of log q/p - λf, nats (Eq. 10.19 with its sign turned).
    """

    step: int
    progress: float
    seconds: float
    objective: float


@dataclass(frozen=True, eq=False)
class FlowSnapshot:
    """The flow as it stands: `proposal()`, and how good it is.

    tree: of the `DefendedFlow`; check: of its weights. lam_max: end of the range it is fitted on;
    shift, scale: normalisation of f it holds for, in f's unit (scale < 0 for -f); final: whether
    the fit has ended.
    """

    step: int
    progress: float
    seconds: float
    lam_max: float
    shift: float
    scale: float
    check: FlowCheck
    tree: Tree
    final: bool

    def proposal(self) -> DefendedFlow:
        """The flow with its share of the mixture, to draw from."""
        return DefendedFlow.from_tree(self.tree)


FlowReport = ClimbReport | FlowStep | FlowSnapshot


def fit_flow(
    spec: FlowSpec, potential: Potential, base: Draws, *, seed: int
) -> Iterator[FlowReport]:
    """Fit one flow to p̂_λ for all λ in [0, λ_max]; the last report is the best FlowSnapshot.

    λ_max is where KL(p̂_λ ‖ p) ≈ spec.kl_max, or the highest λ at which the weights can be
    trusted where that comes first; it is corrected while the fit goes on. The first snapshot
    comes before the first step: the climb's Gaussians are a usable flow already.
    """
    generator = torch.Generator().manual_seed(seed)
    stages = climb(potential, base, kl_max=spec.kl_max, draws=spec.climb_draws, generator=generator)
    for stage in stages:
        yield ClimbReport(stage.stages, stage.lam, stage.kl)
    fit = FlowFit(spec, potential, start_flow(stage, potential, spec, seed), generator, stage.draws)
    best = fit.snapshot()
    yield best
    while not fit.finished:
        yield fit.step()
        if fit.snapshot_due or fit.finished:
            newest = fit.snapshot()
            best = newest if _is_better(newest, best) else best
            yield newest if not newest.final else _ended_as(best, newest)


def _is_better(newest: FlowSnapshot, best: FlowSnapshot) -> bool:
    """Whether more of its draws count, or its range ends further.

    A street's Gaussians may be so near already that a minute of steps only leads away from them.
    """
    further = newest.check.kl[-1] > best.check.kl[-1] + _FURTHER
    return bool(further or newest.check.share.mean() >= best.check.share.mean())


def _ended_as(best: FlowSnapshot, last: FlowSnapshot) -> FlowSnapshot:
    """The end of a fit whose best flow this was."""
    return replace(last, lam_max=best.lam_max, check=best.check, tree=best.tree)


def start_flow(reached: Climb, potential: Potential, spec: FlowSpec, seed: int) -> LambdaFlow:
    """A flow whose affine core follows Gaussians of the climb and whose couplings do nothing.

    These are the Gaussians by slopes, or the same moved by EM, whichever's draws are worth more
    at λ_max: slopes are sure in the many directions that f does not feel, places where the ways
    to be high run into each other.
    """
    lam_max = max(trusted_lam(reached.draws, reached.lam), 1e-3)
    generator = torch.Generator().manual_seed(seed)
    centres = reached.centres_at(lam_max, generator, spec.branches)
    share = torch.from_numpy(reached.draws.estimate(0.7 * lam_max)[1]).to(reached.gradient.dtype)
    outer = (share[:, None] * reached.gradient).T @ reached.gradient
    basis = torch.linalg.eigh(outer).eigenvectors.flip(1).contiguous()
    with seeded(seed):
        flow = LambdaFlow(basis, lam_max, len(centres), spec.couplings, spec.hidden, spec.splines)
    lams = [lam_max * (point + 1) / CORE_POINTS for point in range(CORE_POINTS)]
    by_slope = [reached.mixture_at(lam, centres, _LEAST_SHARE) for lam in lams]
    by_place = [
        closer(law, reached.draws.u, reached.draws.estimate(lam)[1])
        for law, lam in zip(by_slope, lams, strict=True)
    ]
    moved = copy.deepcopy(flow)
    flow.fit_core(lams, by_slope)
    moved.fit_core(lams, by_place)
    v = torch.randn(CHECK_DRAWS, potential.dim, generator=generator)
    worth = [float(check_flow(each, potential, [lam_max], v).share[0]) for each in (flow, moved)]
    return moved if worth[1] > worth[0] else flow


class FlowFit:
    """A fit in progress: one call of `step` decodes one batch and moves the flow.

    known: weighted draws over the whole range of λ, for the polish; without them there is none.
    """

    def __init__(
        self,
        spec: FlowSpec,
        potential: Potential,
        flow: LambdaFlow,
        generator: torch.Generator,
        known: Draws | None = None,
    ) -> None:
        self.spec = spec
        self.potential = potential
        self.flow = flow
        self.known = known
        self.proposal = DefendedFlow(flow, gaussians_of(flow), spec.defence)
        self._descent = Descent(spec, flow)
        self._generator = generator
        self._check_noise = torch.randn(CHECK_DRAWS, potential.dim, generator=generator)
        self._density = HeldDensity(flow)
        self._good_enough = False

    @property
    def steps(self) -> int:
        """Taken so far."""
        return self._descent.steps

    @property
    def seconds(self) -> float:
        """Spent in steps."""
        return self._descent.seconds

    @property
    def progress(self) -> float:
        """Share of the steps or seconds spent, 0 to 1."""
        return self._descent.progress

    @property
    def finished(self) -> bool:
        """Whether the budget is spent, or every λ checked has good weights."""
        return self._good_enough or self.progress >= 1.0

    @property
    def snapshot_due(self) -> bool:
        """Whether it is time to check and copy the flow."""
        return self.steps % self.spec.snapshot_every == 0

    @property
    def polishing(self) -> bool:
        """Whether the stored draws have a say already."""
        return self.known is not None and self.progress >= 1.0 - self.spec.polish

    def step(self) -> FlowStep:
        """One update by the path derivative of KL(q_λ ‖ p̂_λ), averaged over λ.

        Only the path of the samples carries gradient, the density's own parameters are held: the
        rest of the gradient has mean zero, and what remains vanishes sample by sample where the
        flow is exact.
        """
        objective = self._descent.step(self._loss)
        return FlowStep(self.steps, self.progress, self.seconds, objective)

    def snapshot(self) -> FlowSnapshot:
        """Check the flow's weights, correct λ_max by what they say, and copy the flow."""
        lam_max = float(self.flow.lam_max)
        lams = [share * lam_max for share in CHECKED_SHARES]
        check = check_flow(self.proposal, self.potential, lams, self._check_noise)
        self._good_enough = bool((check.share >= self.spec.enough_share).all())
        snapshot = FlowSnapshot(
            step=self.steps,
            progress=self.progress,
            seconds=self.seconds,
            lam_max=lam_max,
            shift=self.potential.shift,
            scale=self.potential.scale,
            check=check,
            tree=self.proposal.to_tree(),
            final=self.finished,
        )
        self._correct_lam_max(check)
        return snapshot

    def _loss(self) -> tuple[Tensor, Tensor]:
        """What is lowered, and the reverse KL that is reported."""
        objective = self._objective()
        if not self.polishing:
            return objective, objective
        return objective + _POLISH_WEIGHT * self._forward_kl(), objective

    def _lams(self) -> Tensor:
        """One λ a group, spread over the range, denser towards its end."""
        groups = self.spec.groups
        place = torch.arange(groups) + torch.rand(groups, generator=self._generator)
        return self.flow.lam_max * (place / groups) ** _TOWARDS_THE_END

    def _forward_kl(self) -> Tensor:
        """Mean over λ of -E_p̂ [log q/p] by stored draws: large where the flow lost a mode.

        Nothing is decoded for it.
        """
        assert self.known is not None
        lams, rows = self._lams(), []
        for lam in lams.tolist():
            share = torch.from_numpy(normalised(lam * self.known.f + self.known.log_ratio))
            n = self.spec.batch // self.spec.groups
            rows.append(torch.multinomial(share, n, replacement=True, generator=self._generator))
        return -self.flow.log_ratio(self.known.u[torch.stack(rows)], lams).mean()

    def _objective(self) -> Tensor:
        """Mean over λ of E_q [log q/p - λf]: every branch gets as many rows, and its own share."""
        groups, branches = self.spec.groups, self.flow.branches
        rows = max(1, self.spec.batch // (groups * branches))
        lam = self._lams()
        shape = (groups, branches, rows, self.potential.dim)
        u = self.flow.push(torch.randn(shape, generator=self._generator), lam)
        log_ratio = self._density.log_ratio(u.flatten(1, 2), lam).view(shape[:-1])
        potential = self.potential.thinned(_NOISE_PAIRS, self._generator)
        f = potential.value(u.flatten(0, 2)).view(shape[:-1])
        each = (log_ratio - lam[:, None, None] * f).mean(dim=-1)
        return (self.flow.log_share(lam).exp() * each).sum(dim=1).mean()

    def _correct_lam_max(self, check: FlowCheck) -> None:
        """Follow the λ at which KL(p̂_λ ‖ p) is kl_max, by small steps; retreat from bad tails.

        A heavy tail of weights that are nearly all worth the same is none to retreat from.
        """
        lam = float(check.lam[-1])
        slope = float((check.kl[-1] - check.kl[-2]) / (check.lam[-1] - check.lam[-2]))
        step = 0.5 * (self.spec.kl_max - float(check.kl[-1])) / max(slope, 1e-6)
        if check.khat[-1] >= KHAT_LIMIT and check.share[-1] < _COSTLY_SHARE:
            step = -_LAM_STEP * lam
        self.flow.lam_max += min(max(step, -_LAM_STEP * lam), _LAM_STEP * lam)
