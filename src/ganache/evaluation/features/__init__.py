"""Named, versioned extractors of features: what a score compares pictures by.

A score's name says them: the same distance of `inception` features is an FID, of `random` ones it is not.
"""

from pathlib import Path

import torch

from ganache.data.dataset import Dataset, Progress
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features.classifier import ClassifierExtractor
from ganache.evaluation.features.extractor import Extractor, Features, refuse_points
from ganache.evaluation.features.inception import InceptionExtractor
from ganache.evaluation.features.inception_weights import inception
from ganache.evaluation.features.pixels import PixelExtractor
from ganache.evaluation.features.random_network import RandomExtractor
from ganache.support.errors import UserError, did_you_mean

NAMES = ("inception", "classifier", "random", "pixels")

__all__ = [
    "NAMES",
    "ClassifierExtractor",
    "Extractor",
    "Features",
    "InceptionExtractor",
    "PixelExtractor",
    "RandomExtractor",
    "find",
]


def find(
    name: str,
    dataset: Dataset | None = None,
    weights: Path | None = None,
    cache: Path | None = None,
    device: torch.device | None = None,
    progress: Progress | None = None,
) -> Extractor:
    """Return the extractor with this name; `dataset` is the reference set, which `classifier` and `pixels` need.

    `weights` are for `inception` alone; `progress` is told of a download's bytes. Raises UserError for an unknown name,
    for arguments that do not go with it, and for points of a density with any but `pixels`.
    """
    if name not in NAMES:
        raise UserError(f"features: {name!r} is not one of {', '.join(NAMES)}{did_you_mean(name, NAMES)}")
    if weights is not None and name != "inception":
        raise UserError(f"weights: only 'inception' takes them, and the features are {name!r}")
    if dataset is not None and dataset.shape.is_point and name != "pixels":
        refuse_points(name)
    if name == "inception":
        return inception(weights, cache, device, progress)
    if name == "random":
        return RandomExtractor(device)
    if dataset is None:
        raise UserError(f"features: {name!r} needs the data that it is for")
    if name == "pixels":
        return PixelExtractor(dataset.shape)
    if not isinstance(dataset, PackedDataset):
        raise UserError(f"features: 'classifier' needs labelled pictures, and {dataset.name!r} has none")
    return ClassifierExtractor(dataset, cache)
