"""A small classifier of pictures and how it is trained: what judges classes, and what tells generated from real."""

import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganache.data.shape import ImageShape
from ganache.engine.transfers import to_device
from ganache.networks.layers import halvings, stride_between

FEATURES = 128
BATCH, LEARNING_RATE = 128, 5e-3


class ClassifierNetwork(nn.Module):
    """3×3 convolutions, each with max pooling while a side is above 7 pixels, then 128 features and K logits.

    The first has `first` channels, or as many as suit grey and colours; each further one twice as many, 128 at most.
    """

    scale: Tensor

    def __init__(self, shape: ImageShape, classes: int, first: int | None = None) -> None:
        super().__init__()
        sizes = halvings(shape.height, shape.width)
        first = first or (16 if shape.channels <= 2 else 32)  # colours have more to tell
        widths = [min(first * 2**stage, 128) for stage in range(len(sizes))]
        layers: list[nn.Module] = []
        for inputs, outputs, large, small in zip(
            [shape.channels, *widths], widths, sizes, [*sizes[1:], sizes[-1]], strict=False
        ):
            layers += _block(inputs, outputs, stride_between(large, small))
        height, width = sizes[-1]
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        self.features = nn.Sequential(nn.Linear(widths[-1] * height * width, FEATURES), nn.ReLU())
        self.classes = nn.Sequential(nn.Dropout(0.3), nn.Linear(FEATURES, classes))
        self.register_buffer("scale", torch.ones(()))  # makes the reals' features have variance 1 on average
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half as fast again on a CPU

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (N, 128) and logits (N, K) of images (N, C, H, W) in [-1, 1]."""
        features = self.features(self.convolutions(images))
        return features * self.scale, self.classes(features)


def fit_classifier(network: ClassifierNetwork, batches: Iterator[tuple[Tensor, Tensor]], steps: int) -> None:
    """Train on values (B, C, H, W) and labels (B,) with AdamW under one cycle of learning rates (Smith & Topin 2018).

    Dropout draws from torch's default streams.
    """
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    network.train()
    for values, labels in itertools.islice(batches, steps):
        _, logits = network(values.contiguous(memory_format=torch.channels_last))
        optimizer.zero_grad(set_to_none=True)
        cross_entropy(logits, labels, label_smoothing=0.05).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def shuffled(images: Tensor, labels: Tensor, seen: Callable[[Tensor], Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all images in batches, every pass in a new order, without end, drawing from torch's default streams.

    `seen` makes of a batch of the uint8 images (B, C, H, W) the values that the network shall see.
    """
    while True:
        for chosen in torch.split(torch.randperm(len(images)), BATCH):
            if len(chosen) > 1:  # batch norm has no variance of one image
                chosen = to_device(chosen, images.device)
                yield seen(images[chosen]), labels[chosen]


def _block(inputs: int, outputs: int, stride: tuple[int, int]) -> list[nn.Module]:
    # Pooled before it is normalised: four times fewer values to normalise, and no worse a classifier.
    pool = [nn.MaxPool2d(stride, ceil_mode=True)] if max(stride) > 1 else []
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), *pool, nn.BatchNorm2d(outputs), nn.ReLU()]
