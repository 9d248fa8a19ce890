"""What generators leave in pictures, in numbers that are not learnt: spectra, and how residuals occur together."""

import math

import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.engine.pixel_values import pixels_of
from ganache.parts.augmentations import colours_among

MOST_RINGS = 180  # of a spectrum
STEP, LARGEST = 3, 3  # levels that make one step of a residual, and the steps beyond which none is told apart
STEPS = 2 * LARGEST + 1


class Spectrum(nn.Module):
    """The logarithm of the power of each spatial frequency, averaged over all directions, relative to their mean.

    Source: Durall et al. 2020, "Watch your Up-Convolution: CNN Based Generative Deep Neural Networks are Failing to
    Reproduce Spectral Distributions", section 3.1 (azimuthal average of the power spectrum).
    """

    rings: Tensor  # (H · (W // 2 + 1),)
    weights: Tensor  # likewise
    totals: Tensor  # (R,)

    def __init__(self, shape: ImageShape) -> None:
        super().__init__()
        self.colours = colours_among(shape.channels)
        down, across = torch.fft.fftfreq(shape.height), torch.fft.rfftfreq(shape.width)
        side = min(shape.height, shape.width, round(MOST_RINGS / math.sqrt(0.5)))
        rings = (torch.hypot(down[:, None], across[None]) * side).round().long().flatten()
        # Of a real picture's spectrum only half is computed; what stands for two counts twice.
        is_single = (across == 0.0) | (across == 0.5)
        weights = torch.where(is_single, 1.0, 2.0).expand(shape.height, -1).flatten().clone()
        weights[0] = 0.0  # the mean
        self.size = round(side * math.sqrt(0.5)) + 1
        totals = torch.zeros(self.size).index_add_(0, rings, weights)
        for name, value in {"rings": rings, "weights": weights, "totals": totals}.items():
            self.register_buffer(name, value, persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Return the logarithms (N, R) for values (N, C, H, W)."""
        grey = values[:, : self.colours].mean(dim=1)
        power = torch.fft.rfft2(grey).abs().square().flatten(1) * self.weights
        rings = power.new_zeros(len(values), self.size).index_add_(1, self.rings, power)
        found = torch.log10(rings / self.totals.clamp_min(1.0) + 1e-6)
        return found - found.mean(dim=1, keepdim=True)


class Cooccurrences(nn.Module):
    """How often two neighbouring differences of pixels have which values, down and across, and in two colours at once.

    Source: Fridrich & Kodovský 2012, "Rich Models for Steganalysis of Digital Images", first-order residuals; Nataraj
    et al. 2019, "Detecting GAN generated Fake Images using Co-occurrence Matrices". Roots of the shares, so that rare
    pairs count too.
    """

    def __init__(self, shape: ImageShape) -> None:
        super().__init__()
        self.colours = colours_among(shape.channels)
        self.size = STEPS**2 * (4 if self.colours == 3 else 2)

    def forward(self, values: Tensor) -> Tensor:
        """Return the roots (N, F) for values (N, C, H, W)."""
        levels = pixels_of(values[:, : self.colours]).to(torch.int16)
        across, down = (_steps(levels, axis) for axis in (-1, -2))
        pairs = [(across[..., :-1], across[..., 1:]), (down[..., :-1, :], down[..., 1:, :])]
        if self.colours == 3:
            pairs += [(across[:, 0], across[:, 1]), (across[:, 2], across[:, 1])]
        return torch.cat([_shares(one, other) for one, other in pairs], dim=1).sqrt()


def _steps(levels: Tensor, axis: int) -> Tensor:
    """Return differences along an axis in steps from 0 to 2 · LARGEST; a side of one pixel has none, taken for 0."""
    apart = levels.diff(dim=axis) if levels.shape[axis] > 2 else torch.zeros_like(levels)
    return (apart.float() / STEP).round().clamp(-LARGEST, LARGEST).long() + LARGEST


def _shares(one: Tensor, other: Tensor) -> Tensor:
    """Return the shares (N, STEPS²) of pairs of steps (N, …)."""
    pairs = (one * STEPS + other).flatten(1)
    rows = torch.arange(len(pairs), device=pairs.device)[:, None] * STEPS**2
    counts = torch.bincount((pairs + rows).flatten(), minlength=len(pairs) * STEPS**2)
    return counts.view(len(pairs), STEPS**2).float() / max(1, pairs.shape[1])
