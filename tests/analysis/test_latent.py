import dataclasses

import numpy as np
import pytest
import torch

from lvm_studio.analysis.judging.records import WeekRecords, draw_cases
from lvm_studio.analysis.latent.space import TITLES, encode, posterior_cloud
from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.composition import Composition
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.london import load_london
from lvm_studio.models.specs import CompVAESpec, VAESpec
from lvm_studio.models.street import compose_street
from lvm_studio.models.trained import TrainedModel, build_module


@pytest.fixture(scope="module")
def london():
    return load_london()


@pytest.fixture(scope="module")
def compvae(london):
    labels, context = LabelEncoder.fit(london), ContextEncoder()
    module = build_module(CompVAESpec(), labels=len(labels.names), context=len(context.names))
    with torch.no_grad():
        for parameter in module.parameters():  # away from q = p, where nothing is encoded
            parameter += 0.01 * torch.randn(
                parameter.shape, generator=torch.Generator().manual_seed(parameter.numel())
            )
    return TrainedModel("shaken", CompVAESpec(), module, labels, context)


@pytest.fixture(scope="module")
def vae():
    module = build_module(VAESpec(), labels=0, context=0)
    return TrainedModel("plain", VAESpec(), module, None, ContextEncoder())


@pytest.fixture(scope="module")
def cloud(compvae, london):
    return posterior_cloud(compvae, london, 120, seed=0)


def test_a_cloud_has_one_row_a_sum_and_one_column_a_title(cloud):
    assert cloud.u.shape == cloud.std.shape == (120, len(cloud.names))
    assert cloud.info_nats.shape == (len(cloud.names),)
    assert tuple(cloud.metadata) == tuple(cloud.titles)
    assert set(TITLES) <= set(cloud.metadata)
    assert all(len(column) == 120 for column in cloud.metadata.values())
    assert np.isfinite(cloud.u).all()
    assert (cloud.std > 0).all()
    assert (cloud.info_nats >= -1e-6).all()


def test_information_is_ordered_and_counted_in_bits(cloud):
    assert (np.diff(cloud.info_nats[cloud.order]) <= 0).all()
    np.testing.assert_allclose(cloud.info_bits * np.log(2), cloud.info_nats)


def test_coordinates_that_never_move_are_not_active(cloud):
    rng = np.random.default_rng(0)
    u = rng.normal(size=cloud.u.shape).astype(np.float32)
    u[:, 5] = 3.0 + 0.05 * u[:, 5]
    active = dataclasses.replace(cloud, u=u).active
    np.testing.assert_array_equal(np.flatnonzero(~active), [5])


def test_metadata_describes_the_curves(cloud, london):
    assert set(cloud.metadata["week"]) <= set(london.split.train_weeks)
    assert len(set(cloud.metadata["week"])) == len(london.split.train_weeks)
    train = set(london.indices(london.split.train_households))
    assert all(set(rows) <= train for rows in cloud.households)
    np.testing.assert_array_equal(cloud.metadata["k"], [len(rows) for rows in cloud.households])
    np.testing.assert_allclose(cloud.metadata["energy_kwh"], cloud.x.sum(1) / 2, rtol=1e-5)
    np.testing.assert_allclose(cloud.metadata["peak_kw"], cloud.x.max(1), rtol=1e-5)
    week = london.weeks.index(cloud.metadata["week"][0])
    np.testing.assert_allclose(
        cloud.x[0], london.weeks.power_kw[cloud.households[0], week].sum(0), rtol=1e-5
    )
    assert (cloud.metadata["night_share"] > 0.05).all()
    assert (cloud.metadata["night_share"] < 0.8).all()


def test_a_number_unknown_of_some_households_is_averaged_over_the_others(compvae, london):
    persons = np.where(np.arange(len(london.household_ids)) % 2 == 0, 2.0, np.nan)
    said = {**london.metadata, "persons": persons, "rooms": np.full_like(persons, np.nan)}
    known = posterior_cloud(compvae, dataclasses.replace(london, metadata=said), 12, 0, (20, 30))
    np.testing.assert_array_equal(known.metadata["mean persons"], 2.0)
    assert np.isnan(known.metadata["mean rooms"]).all()


def test_a_cloud_follows_its_seed(compvae, london, cloud):
    again = posterior_cloud(compvae, london, 120, seed=0)
    np.testing.assert_array_equal(again.u, cloud.u)
    assert not np.array_equal(posterior_cloud(compvae, london, 120, seed=1).u, cloud.u)


def test_batches_of_any_sizes_encode_as_the_street_does(compvae, london):
    records = WeekRecords.of(london, compvae.labels)
    rows = london.indices(london.split.train_households)
    cases = draw_cases(records, rows, np.array([2, 9, 30]), 3, (2, 60), seed=0)
    encoded = encode(compvae, records, cases)
    for i, case in enumerate(cases):
        ids = [london.household_ids[row] for row in case.households]
        composition = Composition(tuple((household, 1) for household in ids))
        street = compose_street(compvae, london, composition, records.context[case.week])
        x = torch.from_numpy(case.x.astype(np.float32))[None]
        with torch.no_grad():
            alone = street.encode(x)
        for together, single in ((encoded.mean, alone.mean), (encoded.std, alone.std)):
            torch.testing.assert_close(together[i], single[0], atol=2e-4, rtol=2e-3)


def test_a_plain_vae_is_encoded_at_its_own_size(vae, london):
    cloud = posterior_cloud(vae, london, 50, seed=0)
    assert cloud.u.shape == (50, VAESpec().latent_z)
    assert set(cloud.metadata["k"]) == {10.0}


def test_components_of_a_cloud_come_back(cloud):
    pca = cloud.pca()
    np.testing.assert_allclose(pca.inverse(pca.project(cloud.u)), cloud.u, atol=1e-5)
