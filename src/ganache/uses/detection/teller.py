"""What tells generated pictures from real ones: a network, two regressions beside it, and how familiar a picture is."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.engine.pixel_values import pixels_of, values_of
from ganache.evaluation.features.classifier_network import FEATURES, ClassifierNetwork
from ganache.parts.wear import Jpeg
from ganache.runs.whole_groups import in_whole_groups
from ganache.uses.areas import Scores
from ganache.uses.detection.logistic import Logistic
from ganache.uses.detection.traces import Cooccurrences, Spectrum

WayName: TypeAlias = Literal["network", "spectrum", "co-occurrence"]
WAYS: tuple[WayName, ...] = get_args(WayName)
BASELINES: tuple[WayName, ...] = WAYS[1:]
LARGEST_SIDE = 1024  # pixels, of what is looked at
GROUP_PIXELS, MOST_GROUPED = 2**22, 128
WIDTH = 16  # channels of the first convolution: twice as many cost thrice as much
SHRINKAGE = 0.05  # of covariances towards their diagonal


class Ready(nn.Module):
    """Values as an 8-bit file would hold them, after JPEG of a quality if everything is to have been through one."""

    def __init__(self, shape: ImageShape, recode: int | None) -> None:
        super().__init__()
        self.recode, self.jpeg = recode, Jpeg(shape)

    def forward(self, values: Tensor) -> Tensor:
        """Return them (N, C, H, W)."""
        settled = values_of(pixels_of(values))
        if self.recode is None:
            return settled
        compressed: Tensor = self.jpeg(settled, settled.new_full((len(settled),), float(self.recode)))
        return compressed


class Regression(nn.Module):
    """A logistic regression on features that are not learnt."""

    centre: Tensor  # (F,)
    spread: Tensor  # (F,)
    weights: Tensor  # (F,)
    bias: Tensor  # ()

    def __init__(self, traces: Spectrum | Cooccurrences) -> None:
        super().__init__()
        self.traces = traces
        for name in ("centre", "spread", "weights"):
            self.register_buffer(name, torch.zeros(traces.size))
        self.register_buffer("bias", torch.zeros(()))

    def take(self, found: Logistic) -> None:
        """Take the numbers of a regression that was fitted to the features."""
        for name, value in found._asdict().items():
            getattr(self, name).copy_(torch.as_tensor(value))

    def forward(self, traces: Tensor) -> Tensor:
        """Return log-odds (N,) of traces (N, F)."""
        return (traces - self.centre) / self.spread @ self.weights + self.bias


class Familiarity(nn.Module):
    """How far features are from the nearest mean of a kind that was learnt, in units of the spread within kinds.

    Source: Lee et al. 2018, "A Simple Unified Framework for Detecting Out-of-Distribution Samples", equation 2
    (Mahalanobis' distance with one covariance for all classes); here divided by the root of the number of features.
    """

    means: Tensor  # (K, F)
    whitening: Tensor  # (F, F)

    def __init__(self, kinds: int, size: int) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(kinds, size))
        self.register_buffer("whitening", torch.zeros(size, size))

    def learn(self, groups: Sequence[NDArray[np.float64]]) -> None:
        """Take means and covariance of the features (N, F) of each kind."""
        means = [group.mean(axis=0) for group in groups]
        apart = np.concatenate([group - mean for group, mean in zip(groups, means, strict=True)])
        covariance = apart.T @ apart / len(apart)
        diagonal = np.diag(covariance)
        # What never varied must not make everything strange, so it counts as varying a little.
        floor = np.diag(np.maximum(diagonal, 1e-3 * diagonal.mean() + 1e-12))
        factor = np.linalg.cholesky(np.linalg.inv((1.0 - SHRINKAGE) * covariance + SHRINKAGE * floor))
        self.means.copy_(torch.as_tensor(np.stack(means)))
        self.whitening.copy_(torch.as_tensor(factor))

    def forward(self, features: Tensor) -> Tensor:
        """Return the distance (N,) of features (N, F)."""
        apart = (features[:, None] - self.means) @ self.whitening
        return apart.square().mean(dim=2).amin(dim=1).sqrt()


class Teller(nn.Module):
    """All of it as one module, whose tensors are what a detector keeps."""

    def __init__(self, shape: ImageShape, recode: int | None, kinds: int) -> None:
        super().__init__()
        self.shape = shape
        self.ready = Ready(shape, recode)
        self.network = ClassifierNetwork(shape, 2, WIDTH)
        self.spectrum = Regression(Spectrum(shape))
        self.cooccurrence = Regression(Cooccurrences(shape))
        self.familiarity = Familiarity(kinds, self.spectrum.traces.size + self.cooccurrence.traces.size + FEATURES)

    def forward(self, values: Tensor) -> Tensor:
        """Return log-odds that each is generated (N, 3), in the order of WAYS, and how far it is from all known."""
        spectrum, pairs, features, logits = self._seen(values)
        far = self.familiarity(torch.cat([spectrum, pairs, features], dim=1))
        odds = logits[:, 1] - logits[:, 0]
        return torch.stack([odds, self.spectrum(spectrum), self.cooccurrence(pairs), far], dim=1)

    def features(self, values: Tensor) -> Tensor:
        """Return what familiarity goes by (N, F): both kinds of traces and the network's features."""
        return torch.cat(self._seen(values)[:3], dim=1)

    def told(self, images: NDArray[np.uint8]) -> tuple[dict[WayName, Scores], Scores]:
        """Return log-odds (N,) by way and distances (N,) of images (N, C, H, W), the same in whatever company."""
        found = self.grouped(lambda group: self(values_of(group)), images)
        columns = found.numpy().astype(np.float64).T
        return dict(zip(WAYS, columns[:-1], strict=True)), columns[-1]

    def grouped(self, function: Callable[[Tensor], Tensor], images: NDArray[np.uint8]) -> Tensor:
        """Return what a function on this one's device makes of images (N, C, H, W), in groups of one size."""
        size = max(1, min(MOST_GROUPED, GROUP_PIXELS // self.shape.pixels))
        pixels = torch.from_numpy(np.ascontiguousarray(images))
        return in_whole_groups(function, pixels, size, self.network.scale.device)

    def _seen(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return both kinds of traces, the network's features, and its logits (N, 2)."""
        ready = self.ready(values)
        features, logits = self.network(ready.contiguous(memory_format=torch.channels_last))
        return self.spectrum.traces(ready), self.cooccurrence.traces(ready), features, logits
