"""Networks that keep a linear path from input to output and start from a constant (4.2.4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, silu


def zeroed(layer: nn.Linear) -> nn.Linear:
    """The same layer, giving 0 for every input until it is trained."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


SOFTPLUS_GIVES_ONE = 0.5413248546
"""log(e - 1): networks that start at 0 give a deviation of 1, softplus(0 + this)."""


def within(values: Tensor, bound: float | Tensor) -> Tensor:
    """Smoothly between -bound and bound; hardly changed near 0.

    >>> within(torch.tensor([0.1, 100.0]), 5.0)
    tensor([0.1000, 5.0000])
    """
    return bound * (values / bound).tanh()


def capped(values: Tensor, bound: float) -> Tensor:
    """Between -bound and bound; unchanged up to half of it, and smoothly bent beyond.

    >>> capped(torch.tensor([3.0, -100.0]), 8.0)
    tensor([ 3., -8.])
    """
    half = 0.5 * bound
    free = values.clamp(-half, half)
    return free + half * ((values - free) / half).tanh()


class ResidualMLP(nn.Module):
    """[..., inputs] -> [..., outputs]: a linear path plus residual blocks; starts at 0."""

    def __init__(
        self, inputs: int, hidden: int, outputs: int, *, blocks: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.direct = zeroed(nn.Linear(inputs, outputs))
        self.lift = nn.Linear(inputs, hidden)
        self.blocks = nn.ModuleList(_Block(hidden, hidden, dropout) for _ in range(blocks))
        self.drop = nn.Dropout(dropout)
        self.out = zeroed(nn.Linear(hidden, outputs))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.direct(x) + self.out(self.drop(self.features(x)))
        return y

    def features(self, x: Tensor) -> Tensor:
        """The last hidden layer, [..., hidden]."""
        h = self.lift(x)
        for block in self.blocks:
            h = h + block(h)
        return silu(h)


class DayNet(nn.Module):
    """[B, 7, inputs] -> [B, 7, outputs]: one set of weights for all days, neighbours mixed.

    Each block sees the day before, the day and the day after (kernel 3, zeros outside the week).
    A linear path leads from a day's input to its output; starts at 0.
    """

    def __init__(
        self, inputs: int, hidden: int, outputs: int, *, blocks: int = 2, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.direct = zeroed(nn.Linear(inputs, outputs))
        self.lift = nn.Linear(inputs, hidden)
        self.blocks = nn.ModuleList(_Block(3 * hidden, hidden, dropout) for _ in range(blocks))
        self.drop = nn.Dropout(dropout)
        self.out = zeroed(nn.Linear(hidden, outputs))

    def forward(self, days: Tensor) -> Tensor:
        h = self.lift(days)
        for block in self.blocks:
            h = h + block(_with_neighbours(h))
        y: Tensor = self.direct(days) + self.out(self.drop(silu(h)))
        return y


class _Block(nn.Module):
    def __init__(self, inputs: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.lift = nn.Linear(inputs, hidden)
        self.drop = nn.Dropout(dropout)
        self.back = zeroed(nn.Linear(hidden, hidden))

    def forward(self, h: Tensor) -> Tensor:
        update: Tensor = self.back(self.drop(silu(self.lift(silu(h)))))
        return update


def _with_neighbours(h: Tensor) -> Tensor:
    """[B, 7, H] -> [B, 7, 3H]: the day before, the day, the day after."""
    before = pad(h[:, :-1], (0, 0, 1, 0))
    after = pad(h[:, 1:], (0, 0, 0, 1))
    return torch.cat([before, h, after], dim=-1)


class GraphNN(nn.Module):
    """A graph network on the complete graph of the parts, linear in their number (Eq. 9.14).

    `h_i <- h_i + f(h_i, g, mean_{j != i} phi(h_j, g))`. The mean over the others is the total
    minus the part itself, so that no pair is ever formed (footnote 4 of chapter 9). Parts that
    do not exist are not computed either.

    parts [B, K, inputs], mask [B, K], g [B, shared] -> [B, K, outputs], 0 where no part is;
    starts at 0.
    """

    def __init__(
        self, inputs: int, shared: int, hidden: int, outputs: int, *, layers: int = 2
    ) -> None:
        super().__init__()
        self.direct = zeroed(nn.Linear(inputs, outputs))
        self.lift = nn.Linear(inputs, hidden)
        self.layers = nn.ModuleList(_GraphLayer(hidden, shared) for _ in range(layers))
        self.shared = nn.Linear(shared, hidden)
        self.out = zeroed(nn.Linear(hidden, outputs))

    def forward(self, parts: Tensor, mask: Tensor, g: Tensor) -> Tensor:
        places = _Padded(mask) if mask.is_cuda else _Packed(mask)
        rows = places.rows(parts)
        h = self.lift(rows)
        for layer in self.layers:
            h = h + layer(h, places, g)
        out: Tensor = self.direct(rows) + self.out(silu(h + places.spread(self.shared(g))))
        return places.put_back(out)


class _GraphLayer(nn.Module):
    """h: what is known of every part, one row each; g [B, shared] of the whole it is in."""

    def __init__(self, hidden: int, shared: int) -> None:
        super().__init__()
        self.message = nn.Linear(hidden, hidden)
        self.message_shared = nn.Linear(shared, hidden)
        self.own = nn.Linear(hidden, hidden)
        self.others = nn.Linear(hidden, hidden, bias=False)
        self.own_shared = nn.Linear(shared, hidden, bias=False)
        self.back = zeroed(nn.Linear(hidden, hidden))

    def forward(self, h: Tensor, places: _Packed | _Padded, g: Tensor) -> Tensor:
        message = silu(self.message(h) + places.spread(self.message_shared(g)))
        total, count = places.total(message)
        seen = (places.spread(total) - message) / places.spread((count - 1).clamp(min=1))
        state = self.own(h) + self.others(seen) + places.spread(self.own_shared(g))
        update: Tensor = self.back(silu(state))
        return update


class _Packed:
    """The parts that exist, in one row after the other: a processor computes no others."""

    def __init__(self, mask: Tensor) -> None:
        self._shape = mask.shape
        self._owner, self._place = mask.nonzero(as_tuple=True)

    def rows(self, parts: Tensor) -> Tensor:
        """Only the parts that exist: [B, K, F] -> [P, F]."""
        return parts[self._owner, self._place]

    def spread(self, whole: Tensor) -> Tensor:
        """[B, H] -> [P, H]: to every part what belongs to its whole."""
        return whole[self._owner]

    def total(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Sum over the parts of each whole [B, H], and their number [B, 1]."""
        wholes = self._shape[0]
        total = rows.new_zeros(wholes, rows.shape[1]).index_add(0, self._owner, rows)
        return total, self._owner.bincount(minlength=wholes)[:, None]

    def put_back(self, rows: Tensor) -> Tensor:
        """[P, F] -> [B, K, F], 0 where no part is."""
        empty = rows.new_zeros(*self._shape, rows.shape[-1])
        return empty.index_put((self._owner, self._place), rows)


class _Padded:
    """As `_Packed`, but all places are computed, parts that do not exist too.

    Finding out which exist makes a GPU wait for the processor; that costs more than they do.
    """

    def __init__(self, mask: Tensor) -> None:
        self._present = mask[..., None]

    def rows(self, parts: Tensor) -> Tensor:
        return parts

    def spread(self, whole: Tensor) -> Tensor:
        return whole[:, None]

    def total(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        return (rows * self._present).sum(1), self._present.sum(1)

    def put_back(self, rows: Tensor) -> Tensor:
        return rows * self._present
