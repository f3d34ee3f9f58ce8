"""Draws wholes of artificial parts on the compute thread, row by row (Fig. 9.6 and 9.10).

Row n is made of the first n parts. The noise of a part depends on its place in the list and on
nothing else, so that what is composed bends with every part instead of jumping.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lvm_studio.storage.wholes import Anchor, Parts, Sine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from lvm_studio.data.tree import Tree
    from lvm_studio.models.parts_anchors import ColourAnchorsVAE
    from lvm_studio.models.parts_sines import SineSumsVAE
    from lvm_studio.studio.jobs.mailbox import Work

    Floats = NDArray[np.float32]

MOST_PARTS = 16


@dataclass(frozen=True, eq=False)
class SineRows:
    """Curves [n, T]: each part alone, the true whole of the first n parts, the generated one."""

    parts: Parts
    alone: Floats
    true: Floats
    generated: Floats


@dataclass(frozen=True, eq=False)
class AnchorRows:
    """Images in [0, 1]: true [n, S, S, 3], generated [n, draws, S, S, 3]."""

    parts: Parts
    true: Floats
    generated: Floats


class WholeWork:
    """Makes works for a mailbox; remembers the model it built last."""

    def __init__(self) -> None:
        self._built: tuple[Tree, SineSumsVAE | ColourAnchorsVAE] | None = None

    def rows(self, tree: Tree, parts: Parts, draws: int, seed: int) -> Work:
        """Compose the parts under the model of this tree; answers `SineRows` or `AnchorRows`."""

        def work() -> Generator[object, None, None]:
            import torch

            from lvm_studio.models.parts_sines import SineSumsVAE

            module = self._module(tree)
            with torch.no_grad():
                if isinstance(module, SineSumsVAE):
                    yield sine_rows(module, parts, seed)
                else:
                    yield anchor_rows(module, parts, draws, seed)

        return work

    def _module(self, tree: Tree) -> SineSumsVAE | ColourAnchorsVAE:
        from lvm_studio.models.parts_anchors import ColourAnchorsVAE
        from lvm_studio.models.parts_sines import SineSumsVAE
        from lvm_studio.models.trained import TrainedModel

        if self._built is None or self._built[0] is not tree:
            module = TrainedModel.from_tree(tree).module
            assert isinstance(module, SineSumsVAE | ColourAnchorsVAE)
            self._built = (tree, module)
        return self._built[1]


def sine_rows(module: SineSumsVAE, parts: Parts, seed: int) -> SineRows:
    """The true whole bends the very sines that were generated: theirs are amplitude and phase."""
    import torch

    from lvm_studio.analysis.judging.parts_sines import own_sine
    from lvm_studio.data.problems.sines import SineSums

    source = SineSums(length=module.spec.length, lam=module.spec.lam)
    told = [part.frequency for part in parts if isinstance(part, Sine)]
    frequency = torch.tensor(told)
    w = module.draw_parts(
        source.labels(frequency), _noise(1, module.spec.latent_w, seed)[0][: len(told)]
    )
    k = torch.arange(1.0, len(told) + 1)
    alone = module.decode(w, torch.ones(len(told))).mean
    amplitude, phase = own_sine(alone, frequency, source.lam)
    first = torch.ones(len(told), len(told)).tril()
    true = source.whole(
        frequency.expand(len(told), -1),
        amplitude.expand(len(told), -1),
        phase.expand(len(told), -1),
        first,
    )
    generated = module.decode(w.cumsum(0), k).mean
    return SineRows(parts, alone.numpy(), true.numpy(), generated.numpy())


def anchor_rows(module: ColourAnchorsVAE, parts: Parts, draws: int, seed: int) -> AnchorRows:
    """The true whole has the intensity 1 everywhere; those of the generated ones are drawn."""
    import torch

    from lvm_studio.data.problems.anchors import ColourAnchors

    source, n = ColourAnchors(side=module.spec.side), len(parts)
    anchors = [part for part in parts if isinstance(part, Anchor)]
    colour = torch.tensor([anchor.colour for anchor in anchors])
    place = torch.tensor([[anchor.across, anchor.down] for anchor in anchors])
    first = torch.ones(n, n).tril()
    true = source.whole(colour.expand(n, -1), place.expand(n, -1, -1), first)
    eps = _noise(draws, module.spec.latent_w, seed)[:, :n]
    w = module.draw_parts(source.labels(colour, place).expand(draws, -1, -1), eps).cumsum(1)
    law = module.decode(w.flatten(0, 1), torch.arange(1.0, n + 1).repeat(draws))
    images = law.mean.view(draws, n, 3, source.side, source.side).permute(1, 0, 3, 4, 2)
    return AnchorRows(parts, true.permute(0, 2, 3, 1).numpy(), images.clamp(0, 1).numpy())


def _noise(draws: int, width: int, seed: int) -> Tensor:
    import torch

    generator = torch.Generator().manual_seed(seed)
    return torch.randn(draws, MOST_PARTS, width, generator=generator)
