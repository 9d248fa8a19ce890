"""How like its partner a picture is, picture by picture: absolute and squared differences, and structure.

All take uint8 pictures (n, H, W, C) twice, and look at their values divided by 255.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d

from ganache.evaluation.metrics.inputs import Floats

Pictures = NDArray[np.uint8]

WINDOW, SIGMA = 11, 1.5  # pixels of SSIM's Gaussian window, of which only whole ones count
K1, K2 = 0.01, 0.03  # of the brightest value: what keeps SSIM finite in flat windows
_AT_ONCE = 2**20  # values in float64


def absolute_difference(ones: Pictures, others: Pictures) -> Floats:
    """Return E|x - y| (n,), 0 … 1."""
    apart = np.abs(ones.astype(np.int16) - others)
    return np.asarray(apart.reshape(len(apart), -1).mean(axis=1, dtype=np.float64) / 255.0)


def signal_to_noise(ones: Pictures, others: Pictures) -> Floats:
    """Return 10 log₁₀ (1 / E(x - y)²) (n,), in decibels.

    Of equal pictures, whose ratio has no end, it is that of a single value that differs by 1 of 255.
    """
    squares = np.square(ones.astype(np.int32) - others).reshape(len(ones), -1)
    errors = np.maximum(squares.sum(axis=1, dtype=np.int64), 1) / squares.shape[1]
    return np.asarray(10.0 * np.log10(255.0**2 / errors))


def structural_similarity(ones: Pictures, others: Pictures) -> Floats:
    """Return the mean SSIM (n,), -1 … 1, of pictures with sides of 11 pixels or more, over windows and channels.

    Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity", equation 13:
    (2 μ μ' + c₁) (2 σ₁₂ + c₂) / ((μ² + μ'² + c₁) (σ² + σ'² + c₂)), moments by a Gaussian window of 11×11, σ = 1.5.
    """
    size = max(1, _AT_ONCE // ones[0].size)
    starts = range(0, len(ones), size)
    return np.concatenate([_structural(ones[start : start + size], others[start : start + size]) for start in starts])


def _structural(ones: Pictures, others: Pictures) -> Floats:
    x, y = _channels_first(ones), _channels_first(others)
    mean_x, mean_y = _weighed(x), _weighed(y)
    var_x, var_y = _weighed(x * x) - mean_x**2, _weighed(y * y) - mean_y**2
    both = _weighed(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + K1**2) / (mean_x**2 + mean_y**2 + K1**2)
    structure = (2 * both + K2**2) / (var_x + var_y + K2**2)
    return np.asarray((light * structure).mean(dim=(1, 2, 3)).numpy())


def _channels_first(pictures: Pictures) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).double() / 255.0


def _weighed(values: Tensor) -> Tensor:
    """Return the windows' weighed means (N, C, H - 10, W - 10) of values (N, C, H, W)."""
    places = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-(places**2) / (2 * SIGMA**2))
    window = window / window.sum()
    down = conv2d(values.flatten(0, 1)[:, None], window[None, None, :, None])
    across = conv2d(down, window[None, None, None, :])[:, 0]
    return across.reshape(*values.shape[:2], *across.shape[1:])
