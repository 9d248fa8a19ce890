"""The digits of scikit-learn as pictures (N, 8, 8, 1)."""

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits


def digits() -> NDArray[np.uint8]:
    images = np.floor(load_digits().data * (255 / 16) + 0.5)
    return np.asarray(images.astype(np.uint8).reshape(-1, 8, 8, 1))
