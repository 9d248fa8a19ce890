"""A classifier trained on the labelled data itself: the judge of what class a picture is, and its features.

Features are scaled so that those of the training images have variance 1 on average: a distance between them then means
the same whatever the classifier's weights happen to be.

It is trained once for each data set, and kept in the user's cache under the data's fingerprint and VERSION. Trained on
a GPU it has other digits, and so another checksum, than trained on a CPU; whichever is there first judges all runs, on
any device, so that their scores compare. The kind of device that trained it is kept with it.

Measured: MNIST 99.51% and 99.49% of the 10,000 test images (seeds 0 and 1), after 227 and 231 s of one thread of an AMD
EPYC of the first generation (about 30 GFLOP/s); scikit-learn's digits of 8×8 pixels 97.8%, 98.9%, 99.4%, 99.4% of 179
held-out ones (seeds 0 to 3), after 12 s. Twice as many channels, and none pooled (VERSION 2), cost 7 times as much, for
99.52%.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data.cache import cache_folder, named_cache
from ganache.data.dataset import RowDataset
from ganache.engine.full_precision import full_precision
from ganache.engine.pixel_values import channels_last, values_of
from ganache.engine.transfers import CPU, to_device
from ganache.evaluation.features.classifier_network import BATCH, ClassifierNetwork, fit_classifier, shuffled
from ganache.evaluation.features.extractor import in_groups
from ganache.evaluation.features.judges_pictures import MOST_BYTES, held_out, learnt_and_held_out
from ganache.runs import sealed
from ganache.support.errors import UserError
from ganache.support.streams import derive, untouched_global_stream
from ganache.support.units import counted

VERSION = 3
PASSES, LEAST_STEPS = 6, 400  # a small set is seen more often
MOST_SHIFT = 2  # pixels; a digit moved by two is the same digit
GROUP = 250  # images judged at once
_FACTS = ("accuracy", "tested", "split", "made_on")


@dataclass(frozen=True)
class TrainedClassifier:
    """A trained judge; `accuracy` was measured on `tested` images of the `split` that it was not trained on.

    `made_on` is the kind of device that trained it, and the precision.
    """

    network: ClassifierNetwork
    label_names: tuple[str, ...]
    accuracy: float
    tested: int
    split: str
    made_on: str = "cpu, float32"

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.network.scale.device

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of it beside its weights, as JSON values."""
        return {name: getattr(self, name) for name in _FACTS}

    @cached_property
    def checksum(self) -> str:
        """The SHA-256 of the weights: two machines that train the same version get slightly different ones."""
        found = hashlib.sha256()
        for name, tensor in sorted(self.network.state_dict().items()):
            found.update(name.encode())
            found.update(tensor.cpu().contiguous().numpy().tobytes())
        return found.hexdigest()

    def judge(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return features (N, 128) and class probabilities (N, K) of uint8 images (N, H, W, C)."""

        def seen(part: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
            pixels = to_device(torch.from_numpy(part), self.device)
            features, logits = self.network(values_of(pixels.permute(0, 3, 1, 2)))
            return features, logits.softmax(dim=1)

        features, probabilities = in_groups(images, GROUP, self.device, seen)
        return features, probabilities

    def read(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the likeliest class (N,) of images as a data set holds them, (N, C, H, W)."""
        read: NDArray[np.int64] = self.judge(channels_last(images))[1].argmax(axis=1)
        return read

    def confusion(self, dataset: RowDataset) -> NDArray[np.int64]:
        """Return how often held-out pictures of each class (K, K) of its data set are read as each."""
        held, classes = held_out(dataset).pictures, len(self.label_names)
        pairs = held.labels * classes + self.read(held.images)
        return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def classifier_for(
    dataset: RowDataset,
    cache: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
    train: Callable[[RowDataset], TrainedClassifier] | None = None,
    device: torch.device | None = None,
) -> TrainedClassifier:
    """Return the judge for a labelled data set on a device, by `train` on its first use and kept in the cache.

    `say` is told when a training begins, since that takes minutes. Raises UserError when the data has fewer than two
    labels.
    """
    if len(dataset.label_names) < 2:
        raise UserError(f"data: {dataset.name!r} has no two classes, so there is nothing to judge by")
    cache = cache or cache_folder()
    path = kept_classifier(dataset, cache)
    try:
        tensors, facts = sealed.load(path)
    except sealed.DamagedError:  # absent, torn or of another version: it is made anew
        say(f"training a classifier on {dataset.name}, once; it stays in {path.parent}")
        trained = train(dataset) if train is not None else train_classifier(dataset, device=device or CPU)
        keep_classifier(trained, dataset, cache)
        return trained
    return rebuilt(dataset, tensors, facts, device or CPU)


def rebuilt(
    dataset: RowDataset, tensors: dict[str, Tensor], facts: dict[str, Any], device: torch.device
) -> TrainedClassifier:
    """Return the judge of a data set that has these weights and facts."""
    network = ClassifierNetwork(dataset.shape, len(dataset.label_names))
    network.load_state_dict(tensors)
    known = {name: facts[name] for name in _FACTS if name in facts}
    return TrainedClassifier(_frozen(network.to(device)), dataset.label_names, **known)


def keep_classifier(judge: TrainedClassifier, dataset: RowDataset, cache: Path) -> None:
    """Write a data set's judge where `classifier_for` finds it. Raises RunError when the disk refuses."""
    with named_cache(cache):
        sealed.save(kept_classifier(dataset, cache), dict(judge.network.state_dict()), judge.facts)


def kept_classifier(dataset: RowDataset, cache: Path) -> Path:
    """Return the file in which a data set's judge of this version is kept."""
    return cache / "classifiers" / f"{dataset.fingerprint}-v{VERSION}.safetensors"


def train_classifier(
    dataset: RowDataset,
    seed: int = 0,
    *,
    passes: int = PASSES,
    least_steps: int = LEAST_STEPS,
    most_bytes: int = MOST_BYTES,
    device: torch.device = CPU,
) -> TrainedClassifier:
    """Train a judge on the labelled training images and measure it on the test split, or on a tenth that is held out.

    In float32, with the images on the device; order and shifts are drawn by the CPU for all devices. Of the training
    images at most 60,000, or `most_bytes`, are used. Raises UserError when there are fewer than three.
    """
    names = dataset.label_names
    learnt, held = learnt_and_held_out(dataset, seed, most_bytes)
    images, labels = learnt.images, learnt.labels
    if len(images) < 2:
        raise UserError(
            f"data: {dataset.name!r} has {counted(dataset.count, 'image')}, too few to train a classifier on"
        )
    with untouched_global_stream(), full_precision(), pooling_unwarned():
        torch.manual_seed(derive(seed, "classifier"))
        network = ClassifierNetwork(dataset.shape, len(names)).to(device)
        known = to_device(torch.from_numpy(images), device)
        steps = max(passes * -(-len(images) // BATCH), least_steps)
        batches = shuffled(known, to_device(torch.from_numpy(labels), device), _shifted_values)
        fit_classifier(network, batches, steps)
        _standardise(network, known[:10_000])
    tested, made_on = held.pictures, f"{device.type}, float32"
    judge = TrainedClassifier(_frozen(network), names, 0.0, len(tested.labels), held.split, made_on)
    return replace(judge, accuracy=float((judge.read(tested.images) == tested.labels).mean()))


@torch.no_grad()
def _standardise(network: ClassifierNetwork, images: Tensor) -> None:
    network.eval()
    parts = [network(values_of(part))[0] for part in torch.split(images, GROUP)]
    network.scale = torch.cat(parts).var(dim=0).mean().clamp(min=1e-12).rsqrt()


def _shifted_values(images: Tensor) -> Tensor:
    return values_of(shifted(images))


def shifted(images: Tensor, most: int = MOST_SHIFT) -> Tensor:
    """Move each image (N, C, H, W) by up to `most` pixels either way, an eighth of a side, its border repeated."""
    count, channels, height, width = images.shape
    most, device = min(most, height // 8, width // 8), images.device
    moves = to_device(torch.randint(-most, most + 1, (2, count, 1)), device)
    rows = (torch.arange(height, device=device) + moves[0]).clamp(0, height - 1)
    columns = (torch.arange(width, device=device) + moves[1]).clamp(0, width - 1)
    which = torch.arange(count, device=device)[:, None, None, None]
    planes = torch.arange(channels, device=device)[:, None, None]
    return images[which, planes, rows[:, None, :, None], columns[:, None, None, :]]


@contextlib.contextmanager
def pooling_unwarned() -> Iterator[None]:
    """Ask only cuDNN for kernels that repeat their bits.

    torch would warn of max pooling's slope on a GPU, which adds in any order where windows overlap; ours do not.
    """
    asked, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(False)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(asked, warn_only=warned)


def _frozen(network: ClassifierNetwork) -> ClassifierNetwork:
    return network.eval().requires_grad_(False)
