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
        h = self.lift(x)
        for block in self.blocks:
            h = h + block(h)
        y: Tensor = self.direct(x) + self.out(self.drop(silu(h)))
        return y


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
        owner, place = mask.nonzero(as_tuple=True)
        rows = parts[owner, place]
        h = self.lift(rows)
        for layer in self.layers:
            h = h + layer(h, owner, g)
        out: Tensor = self.direct(rows) + self.out(silu(h + self.shared(g)[owner]))
        return out.new_zeros(*mask.shape, out.shape[-1]).index_put((owner, place), out)


class _GraphLayer(nn.Module):
    """h [P, hidden] of all parts in a row; owner [P] says which of the B wholes each is in."""

    def __init__(self, hidden: int, shared: int) -> None:
        super().__init__()
        self.message = nn.Linear(hidden, hidden)
        self.message_shared = nn.Linear(shared, hidden)
        self.own = nn.Linear(hidden, hidden)
        self.others = nn.Linear(hidden, hidden, bias=False)
        self.own_shared = nn.Linear(shared, hidden, bias=False)
        self.back = zeroed(nn.Linear(hidden, hidden))

    def forward(self, h: Tensor, owner: Tensor, g: Tensor) -> Tensor:
        message = silu(self.message(h) + self.message_shared(g)[owner])
        total = message.new_zeros(len(g), message.shape[1]).index_add(0, owner, message)
        others = (owner.bincount(minlength=len(g)) - 1).clamp(min=1)[owner, None]
        seen = (total[owner] - message) / others
        state = self.own(h) + self.others(seen) + self.own_shared(g)[owner]
        update: Tensor = self.back(silu(state))
        return update
