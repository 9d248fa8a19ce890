"""A classifier trained on the labelled data itself: the judge of what class a picture is, and its features.

Features are scaled so that those of the training images have variance 1 on average: a distance between them then means
the same whatever the classifier's weights happen to be.

It is trained once for each data set, and kept in the user's cache under the data's fingerprint.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganache import checkpoint
from ganache.data.catalog import cache_folder
from ganache.data.packed import PackedDataset
from ganache.errors import UserError
from ganache.networks.layers import halvings
from ganache.shape import ImageShape
from ganache.streams import derive, untouched_global_stream

VERSION = 2
FEATURES = 128
BATCH = 128
LEARNING_RATE = 3e-3
MOST_SHIFT = 2  # pixels; a digit moved by two is the same digit
GROUP = 250  # images judged at once


class ClassifierNetwork(nn.Module):
    """3×3 convolutions with batch norm, halving down to 7 pixels, then 128 features and the classes' logits."""

    scale: Tensor

    def __init__(self, shape: ImageShape, classes: int) -> None:
        super().__init__()
        sizes = halvings(shape.height, shape.width)
        widths = [min(32 * 2**stage, 128) for stage in range(len(sizes))]
        layers: list[nn.Module] = [*_block(shape.channels, widths[0], stride=1)]
        for (large, small), (inputs, outputs) in zip(
            itertools.pairwise(sizes), itertools.pairwise(widths), strict=True
        ):
            layers += _block(inputs, outputs, stride=2 if large != small else 1)
        height, width = _after_strides(sizes)
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        self.features = nn.Sequential(nn.Linear(widths[-1] * height * width, FEATURES), nn.ReLU())
        self.classes = nn.Sequential(nn.Dropout(0.3), nn.Linear(FEATURES, classes))
        self.register_buffer("scale", torch.ones(()))  # makes the reals' features have variance 1 on average

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (N, 128) and logits (N, K) of images (N, C, H, W) in [-1, 1]."""
        features = self.features(self.convolutions(images))
        return features * self.scale, self.classes(features)


@dataclass(frozen=True)
class Classifier:
    """A trained judge; `accuracy` was measured on `tested` images of the `split` that it was not trained on."""

    network: ClassifierNetwork
    label_names: tuple[str, ...]
    accuracy: float
    tested: int
    split: str

    def judge(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return features (N, 128) and class probabilities (N, K) of uint8 images (N, H, W, C)."""
        features, probabilities = [], []
        with torch.inference_mode():
            for start in range(0, len(images), GROUP):
                part = torch.from_numpy(images[start : start + GROUP]).permute(0, 3, 1, 2)
                found, logits = self.network(part.float().div(127.5).sub(1.0))
                features.append(found.numpy())
                probabilities.append(logits.softmax(dim=1).numpy())
        return np.concatenate(features), np.concatenate(probabilities)


def classifier_for(dataset: PackedDataset, cache: Path | None = None) -> Classifier:
    """Return the judge for a labelled data set, trained on its first use and kept in the cache.

    Raises UserError when the data has fewer than two labels.
    """
    if len(dataset.label_names) < 2:
        raise UserError(f"data: {dataset.name!r} has no two classes, so there is nothing to judge by")
    path = (cache or cache_folder()) / "classifiers" / f"{dataset.fingerprint}-v{VERSION}.safetensors"
    try:
        tensors, facts = checkpoint.load(path)
    except checkpoint.DamagedError:  # absent, torn or of another version: it is made anew
        trained = train_classifier(dataset)
        facts = {"accuracy": trained.accuracy, "tested": trained.tested, "split": trained.split}
        checkpoint.save(path, dict(trained.network.state_dict()), facts)
        return trained
    network = ClassifierNetwork(dataset.shape, len(dataset.label_names))
    network.load_state_dict(tensors)
    return Classifier(_frozen(network), dataset.label_names, facts["accuracy"], facts["tested"], facts["split"])


def train_classifier(dataset: PackedDataset, seed: int = 0, passes: int = 5, most: int = 60_000) -> Classifier:
    """Train a judge on at most `most` images and measure it on the test split, or on a tenth that is held out."""
    splits = dataset.summary()["splits"]
    tested_on = next((name for name in ("test", "val", "valid", "validation") if name in splits), None)
    first, last = splits["train"]
    drawn = dataset.stream(derive(seed, "classifier")).batch(0, min(last - first, most))
    images, labels = drawn.images, drawn.labels
    if tested_on is not None:
        start, stop = splits[tested_on]
        held = dataset.rows(tested_on, 0, min(stop - start, 10_000))
        test_images, test_labels = held.images, held.labels
    else:
        kept = len(images) - max(1, len(images) // 10)
        (images, test_images), (labels, test_labels) = np.split(images, [kept]), np.split(labels, [kept])
    with untouched_global_stream():
        torch.manual_seed(derive(seed, "classifier"))
        network = ClassifierNetwork(dataset.shape, len(dataset.label_names))
        _fit(network, torch.from_numpy(images), torch.from_numpy(labels), passes)
        _standardise(network, torch.from_numpy(images[:10_000]))
    judge = Classifier(_frozen(network), dataset.label_names, 0.0, len(test_labels), tested_on or "a tenth held out")
    _, probabilities = judge.judge(np.ascontiguousarray(test_images.transpose(0, 2, 3, 1)))
    accuracy = float((probabilities.argmax(axis=1) == test_labels).mean())
    return Classifier(judge.network, judge.label_names, accuracy, judge.tested, judge.split)


def _fit(network: ClassifierNetwork, images: Tensor, labels: Tensor, passes: int) -> None:
    """Train with AdamW under one cycle of learning rates (Smith & Topin 2018)."""
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2, fused=True)
    batches = -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=passes * batches)
    network.train()
    for _ in range(passes):
        for chosen in torch.split(torch.randperm(len(images)), BATCH):
            if len(chosen) < 2:  # batch norm has no variance of one image
                continue
            batch = _shifted(images[chosen]).float().div(127.5).sub(1.0)
            _, logits = network(batch)
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(logits, labels[chosen], label_smoothing=0.05).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()


@torch.no_grad()
def _standardise(network: ClassifierNetwork, images: Tensor) -> None:
    network.eval()
    parts = [network(part.float().div(127.5).sub(1.0))[0] for part in torch.split(images, GROUP)]
    network.scale = torch.cat(parts).var(dim=0).mean().rsqrt()


def _shifted(images: Tensor) -> Tensor:
    """Move each image (N, C, H, W) by up to two pixels either way, its border repeated."""
    count, channels, height, width = images.shape
    most = min(MOST_SHIFT, height // 8, width // 8)
    moves = torch.randint(-most, most + 1, (2, count, 1))
    rows = (torch.arange(height) + moves[0]).clamp(0, height - 1)
    columns = (torch.arange(width) + moves[1]).clamp(0, width - 1)
    which = torch.arange(count)[:, None, None, None]
    return images[which, torch.arange(channels)[:, None, None], rows[:, None, :, None], columns[:, None, None, :]]


def _block(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def _after_strides(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    height, width = sizes[0]
    for large, small in itertools.pairwise(sizes):
        if large != small:
            height, width = (height + 1) // 2, (width + 1) // 2
    return height, width


def _frozen(network: ClassifierNetwork) -> ClassifierNetwork:
    return network.eval().requires_grad_(False)
