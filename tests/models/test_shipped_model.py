"""The shipped model: it opens, says where it comes from, and reads real curves."""

import json

import numpy as np
import pytest
import torch

from lvm_studio.data.composition import Composition, measured_kw
from lvm_studio.data.london import load_london
from lvm_studio.data.shipped import model_path
from lvm_studio.models.street import base_noise, compose_street
from lvm_studio.models.trained import TrainedModel
from lvm_studio.storage.hdf5 import read_tree


@pytest.fixture(scope="module")
def london():
    return load_london()


@pytest.fixture(scope="module")
def model():
    return TrainedModel.from_tree(read_tree(model_path("london-households.h5")))


def whole_in(london, week):
    """A street of the first twenty-four training households complete in the week."""
    at = london.weeks.index(week)
    there = [
        household
        for household in london.split.train_households
        if london.weeks.complete[london.index(household), at]
    ]
    return Composition(tuple((household, 1) for household in there[:24]))


def street_in(model, london, week):
    weeks = london.weeks
    at = weeks.index(week)
    context = model.context.context(
        weeks.temperature_c[at], weeks.starts[at], london.time_zone, london.country
    )
    return compose_street(model, london, whole_in(london, week), context)


def measured_in(london, week):
    return torch.from_numpy(measured_kw(london, whole_in(london, week), week))[None]


def test_it_says_where_it_comes_from(model):
    assert model.provenance["recipe"] == "households"
    assert {"seed", "steps", "seconds", "hardware", "dataset"} <= set(model.provenance)


def test_it_is_better_than_its_rivals_on_heldout_weeks(model):
    score = {
        name: model.provenance[f"energy_score_{name}"] for name in ("model", "ridge", "bootstrap")
    }
    assert score["model"] <= 0.97 * score["ridge"]
    assert score["model"] <= 0.9 * score["bootstrap"]


def test_encoded_weeks_decode_to_themselves(model, london):
    """Not the noise, which remembers and so explains much itself, but what lies below it."""
    left = []
    with torch.no_grad():
        for week in london.split.heldout_weeks:
            street, x = street_in(model, london, week), measured_in(london, week)
            seen = street.decode(street.encode(x).mean).mean
            expected = street.decode(torch.zeros(1, street.dim)).mean
            left.append((_slow(seen - x).norm() / _slow(expected - x).norm()).item())
    assert max(left) < 1.0
    assert np.mean(left) < 0.8


def test_weekly_peaks_are_as_sure_as_promised(model):
    assert 0.72 <= model.provenance["peak80_model"] <= 0.88
    assert 0.75 <= model.provenance["cover80_model"] <= 0.85


def _slow(curve):
    """Means over four hours."""
    return curve.unflatten(-1, (-1, 8)).mean(-1)


def test_a_colder_week_needs_more(model, london):
    with torch.no_grad():
        coldest, warmest = (
            street_in(model, london, london.weeks.ids[int(at)])
            for at in np.argsort(london.weeks.temperature_c.mean(1))[[0, -1]]
        )
        load = [s.decode(base_noise(50, s.dim, 0)[0]).mean.mean() / s.k for s in (coldest, warmest)]
    assert load[0] > 1.3 * load[1]


def test_the_order_of_households_changes_nothing(model, london):
    week = london.split.heldout_weeks[0]
    at = london.weeks.index(week)
    context = model.context.context(
        london.weeks.temperature_c[at], london.weeks.starts[at], "Europe/London", "GB"
    )
    counts = whole_in(london, week).counts
    one, other = (
        compose_street(model, london, Composition(order), context)
        for order in (counts, counts[::-1])
    )
    u, _ = base_noise(20, one.dim, seed=0)
    torch.testing.assert_close(one.decode(u).mean, other.decode(u).mean, rtol=1e-6, atol=1e-5)


def test_one_household_more_adds_its_own_mean(model, london):
    """Over all training households: what the street gains is what the household draws."""
    week = london.split.heldout_weeks[4]
    at = london.weeks.index(week)
    context = model.context.context(
        london.weeks.temperature_c[at], london.weeks.starts[at], "Europe/London", "GB"
    )
    base = whole_in(london, week)
    u = torch.zeros(1, compose_street(model, london, base, context).dim)

    def mean_kw(composition):
        return float(compose_street(model, london, composition, context).decode(u).mean.mean())

    rows = london.indices(london.split.train_households)
    train = london.weeks.indices(london.split.train_weeks)
    there = london.weeks.complete[rows][:, train]
    own = (london.weeks.power_kw[rows][:, train].mean(-1) * there).sum(1) / there.sum(1)
    alone = mean_kw(base)
    gained = [mean_kw(base.add(h)) - alone for h in london.split.train_households]
    assert np.corrcoef(own, gained)[0, 1] >= 0.85
    assert np.mean(np.array(gained) < 0) <= 0.03


def test_no_sampled_load_is_negative(model, london):
    street = street_in(model, london, london.split.heldout_weeks[0])
    u, eps = base_noise(200, street.dim, seed=0)
    assert float(street.decode(3 * u).transport(3 * eps).min()) >= 0.0


def test_it_brings_its_report_card(model):
    card = json.loads(model.provenance["report_card"])
    assert len(card) > 1
