"""Splits the KL of the tuned law into the parts of Σw and of z (Eq. 10.17).

Runs on the compute thread alone, when the page rests.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from lvm_studio.studio.street.answers import ApartAnswer, StreetRequest
from lvm_studio.studio.street.work import StreetWork

if TYPE_CHECKING:
    from lvm_studio.studio.street.tunings import Source
    from lvm_studio.tuning.criteria.potential import Potential

ROWS = 512
"""Draws of each half: their bounds then meet within some 0.1 nats."""


class ApartWork:
    """Shares out the KL of the source that answers."""

    def __init__(self, streets: StreetWork) -> None:
        self._streets = streets

    def answer(
        self, request: StreetRequest, source: Source, potential: Potential
    ) -> Generator[ApartAnswer | None, None, None]:
        """Tell both KLs at the request's λ.

        Nothing where no draws can be trusted, or the model does not tell Σw from z.
        """
        import torch

        from lvm_studio.models.street import Street
        from lvm_studio.tuning.compositions import kl_apart_in_slices

        state, whole = request.state, self._streets.space(request)
        estimate, _ = source.draws.estimate(abs(state.lam))
        if state.lam == 0.0 or not estimate.valid or not isinstance(whole, Street):
            return
        if state.tuned in ("w", "z"):
            kl = max(estimate.moments.kl, 0.0)
            yield ApartAnswer(state, w=kl * (state.tuned == "w"), z=kl * (state.tuned == "z"))
            return
        index = torch.arange(whole.latent_w)
        lam, seed = abs(state.lam), state.seed
        for apart in kl_apart_in_slices(source.draws, lam, potential, index, seed, ROWS):
            yield None if apart is None else ApartAnswer(state, apart.w, apart.z, apart.doubt)
