"""From the graph of a generative model to graphs of faithful inference models (4.1, NaMI)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal

import networkx as nx

from lvm_studio.data.errors import DataError

Order = Literal["forward", "reverse"]

_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, eq=False)
class GenerativeGraph:
    """A Bayesian network over latent and observed variables; edges go from cause to effect.

    Args:
        edges: (parent, child) pairs.
        observed: names of the observed variables; all others are latent.

    Raises:
        DataError: the edges close a circle, or an observed name is in no edge.

    >>> chain = GenerativeGraph.parse("z1 -> z2 -> x", observed="x")
    >>> chain.latent
    ('z1', 'z2')
    >>> sorted(chain.inference("forward").edges)
    [('x', 'z2'), ('z2', 'z1')]
    """

    edges: tuple[tuple[str, str], ...]
    observed: frozenset[str]

    def __post_init__(self) -> None:
        graph = self.directed
        if not nx.is_directed_acyclic_graph(graph):
            circle = " -> ".join(a for a, _ in nx.find_cycle(graph))
            raise DataError(f"The graph runs in a circle ({circle}); take one of its arrows away.")
        unknown = sorted(self.observed - set(graph))
        if unknown:
            raise DataError(f"'{unknown[0]}' is observed but stands in no arrow of the graph.")
        if not self.latent:
            raise DataError("Every variable is observed; leave one out of the observed ones.")

    @classmethod
    def parse(cls, text: str, *, observed: str | Iterable[str]) -> GenerativeGraph:
        """Read arrows such as 'z1 -> z2 -> x; z1 -> x', one chain a line or between semicolons.

        Without names in `observed`, the variables that begin with x are the observed ones.

        Raises:
            DataError: a piece of the text is no chain of names.
        """
        chains = [piece.strip() for piece in re.split(r"[;\n]", text) if piece.strip()]
        edges = dict.fromkeys(edge for chain in chains for edge in _arrows(chain))
        names = {name for edge in edges for name in edge}
        wanted = re.split(r"[,\s]+", observed.strip()) if isinstance(observed, str) else observed
        seen = frozenset(name for name in wanted if name)
        return cls(tuple(edges), seen or frozenset(n for n in names if n.lower().startswith("x")))

    @property
    def directed(self) -> nx.DiGraph[str]:
        """The graph as networkx sees it."""
        return nx.DiGraph(self.edges)

    @property
    def latent(self) -> tuple[str, ...]:
        """Latent variables, causes before effects; ties by name."""
        ordered = nx.lexicographical_topological_sort(self.directed)
        return tuple(name for name in ordered if name not in self.observed)

    def moral_skeleton(self) -> nx.Graph[str]:
        """The undirected graph in which parents of a common child are joined as well."""
        return nx.Graph(nx.moral_graph(self.directed).edges)

    def inference(self, order: Order) -> nx.DiGraph[str]:
        """The graph of q(latent | observed): no independence that p lacks, no edge to spare.

        'forward' visits the latent variables from cause to effect, so that q runs against the
        model; 'reverse' from effect to cause, so that q runs along with it, as a Ladder VAE does.
        Each visited variable takes as parents all neighbours not visited before it. These are then
        joined with each other: marginalising the variable couples them. The thesis' summary leaves
        that step out, and without it q may claim an independence that p lacks. A variable without
        any observed effect keeps an edge that could be spared: its parents are joined for nothing.
        """
        visits = self.latent if order == "forward" else self.latent[::-1]
        skeleton, graph = self.moral_skeleton(), nx.DiGraph()
        graph.add_nodes_from(self.directed)
        for variable in visits:
            parents = sorted(skeleton[variable])
            graph.add_edges_from((parent, variable) for parent in parents)
            skeleton.add_edges_from(combinations(parents, 2))
            skeleton.remove_node(variable)
        return graph

    def is_faithful(self, inference: nx.DiGraph[str]) -> bool:
        """Whether each independence that the graph of q claims, given the observed, holds in p.

        A network claims that every variable is independent of its earlier ones given its parents;
        all else follows from these.
        """
        model = self.directed
        return all(
            nx.is_d_separator(model, {variable}, rest, given)
            for variable, given, rest in _claims(inference, self.observed)
            if rest
        )


def _arrows(chain: str) -> list[tuple[str, str]]:
    names = [name.strip() for name in re.split(r"->|→", chain)]
    if len(names) < 2 or not all(_NAME.fullmatch(name) for name in names):
        raise DataError(
            f"'{chain}' is no arrow; write it as 'z1 -> x', names of letters and digits."
        )
    return list(pairwise(names))


def _claims(
    graph: nx.DiGraph[str], observed: frozenset[str]
) -> Iterator[tuple[str, set[str], set[str]]]:
    """(variable, parents, earlier ones that are no parents) in the order of the graph."""
    earlier: set[str] = set(observed)
    for variable in nx.lexicographical_topological_sort(graph):
        if variable not in observed:
            parents = set(graph.predecessors(variable))
            yield variable, parents, earlier - parents
            earlier.add(variable)
