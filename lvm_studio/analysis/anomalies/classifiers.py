"""A small classifier with a fixed length of training, for whatever has to be told apart."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.neural_network import MLPClassifier

HIDDEN = (64,)
ROUNDS = 25


def classifier(x: NDArray[np.floating], y: NDArray[np.integer], seed: int) -> MLPClassifier:
    """A network with one hidden layer for vectors x [N, D] of classes y [N].

    It stops when a tenth of the rows, kept out, is told apart no better, at 25 rounds at most.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier(
        HIDDEN, alpha=0.01, max_iter=ROUNDS, early_stopping=True, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the rounds are meant to be few
        return network.fit(x, y)
