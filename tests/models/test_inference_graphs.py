"""NaMI graphs are faithful to the model they were made from, and have no edge to spare."""

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvm_studio.data.errors import DataError
from lvm_studio.models.inference_graphs import GenerativeGraph

ORDERS = ("forward", "reverse")


@st.composite
def generative_graphs(draw: st.DrawFn) -> GenerativeGraph:
    """Up to four latent variables over one to three observed ones, all of them with an effect."""
    latent = [f"z{i}" for i in range(draw(st.integers(1, 4)))]
    observed = [f"x{i}" for i in range(draw(st.integers(1, 3)))]
    edges = {(draw(st.sampled_from(latent)), x) for x in observed}
    pairs = [(a, b) for i, a in enumerate(latent) for b in latent[i + 1 :]]
    edges |= {pair for pair in pairs if draw(st.booleans())}
    for z in latent:
        if z not in {parent for parent, _ in edges}:
            edges.add((z, draw(st.sampled_from(observed))))
    return GenerativeGraph(tuple(sorted(edges)), frozenset(observed))


@settings(max_examples=60, deadline=None)
@given(graph=generative_graphs(), order=st.sampled_from(ORDERS))
def test_an_inference_graph_is_faithful_and_observed_variables_have_no_parents(graph, order):
    inference = graph.inference(order)
    assert graph.is_faithful(inference)
    assert all(inference.in_degree(name) == 0 for name in graph.observed)


@settings(max_examples=60, deadline=None)
@given(graph=generative_graphs(), order=st.sampled_from(ORDERS))
def test_no_edge_can_be_spared(graph, order):
    """As long as every latent variable has an observed effect, at least a distant one."""
    inference = graph.inference(order)
    for edge in list(inference.edges):
        fewer = nx.DiGraph(inference)
        fewer.remove_edge(*edge)
        assert not graph.is_faithful(fewer)


def test_forward_turns_a_chain_round_and_reverse_follows_it():
    chain = GenerativeGraph.parse("z1 -> z2 -> z3 -> x", observed="x")
    assert set(chain.inference("forward").edges) == {("x", "z3"), ("z3", "z2"), ("z2", "z1")}
    along = {("z1", "z2"), ("z2", "z3")} | {("x", z) for z in ("z1", "z2", "z3")}
    assert set(chain.inference("reverse").edges) == along


def test_parents_of_a_common_child_are_married():
    collider = GenerativeGraph.parse("z1 -> x; z2 -> x", observed="x")
    assert collider.moral_skeleton().has_edge("z1", "z2")
    assert set(collider.inference("forward").edges) == {("x", "z1"), ("z2", "z1"), ("x", "z2")}


def test_marginalising_a_variable_couples_its_neighbours():
    """Without the step that the thesis' summary leaves out this graph would not be faithful."""
    fork = GenerativeGraph.parse("z1 -> z2; z1 -> z3; z2 -> x2; z3 -> x3", observed="")
    inference = fork.inference("forward")
    assert inference.has_edge("z2", "z3") or inference.has_edge("z3", "z2")
    assert fork.is_faithful(inference)
    inference.remove_edges_from([("z2", "z3"), ("z3", "z2")])
    assert not fork.is_faithful(inference)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("z1 -> x; x -> z1", "runs in a circle"),
        ("z1 - x", "is no arrow"),
        ("z1 -> ", "is no arrow"),
        ("x1 -> x2", "Every variable is observed"),
    ],
)
def test_a_graph_that_makes_no_sense_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(DataError, match=sentence):
        GenerativeGraph.parse(text, observed="")
