"""Extractors by name, and which one suits which data."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeGuard

import torch

from ganache.data.cache import cache_folder
from ganache.data.dataset import Dataset, Progress, RowDataset
from ganache.evaluation.features.classifier_features import ClassifierExtractor, of_first
from ganache.evaluation.features.efficientnet_features import EfficientNetExtractor
from ganache.evaluation.features.extractor import Extractor, refuse_rows
from ganache.evaluation.features.inception import InceptionExtractor
from ganache.evaluation.features.inception_weights import INCEPTION
from ganache.evaluation.features.pixels import PixelExtractor
from ganache.evaluation.features.random_network import RandomExtractor
from ganache.evaluation.features.trained_classifier import classifier_for
from ganache.evaluation.features.values import ValueExtractor
from ganache.networks.efficientnet_weights import EFFICIENTNET, installed
from ganache.support.errors import UserError, did_you_mean
from ganache.support.world import ALONE, World

NAMES = ("inception", "efficientnet-lite0", "classifier", "random", "pixels", "values")
OF_ROWS, OF_POINTS = "values", "pixels"
LARGEST_JUDGED = 128  # pixels of the longer side, above which a classifier takes hours to train on a processor
LEAST_LABELLED = 500  # labelled training images, below which a classifier of them is no good judge


def find(
    name: str | None,
    dataset: Dataset | None = None,
    *,
    weights: Path | None = None,
    cache: Path | None = None,
    device: torch.device | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
    world: World = ALONE,
) -> Extractor:
    """Return the extractor with this name, or with None the one that suits the `dataset`, the reference set.

    `classifier`, `pixels` and `values` need the data, `weights` are for `inception` alone, and ask for it; `progress`
    is told of a download's bytes, `say` of a classifier that must be trained first; the network is on the `device`, the
    CPU if left out. A world's processes all have the first one's classifier. Raises UserError for an unknown name, for
    arguments that do not go with it, for points of a density with any but `pixels`, rows with any but `values`, and for
    `efficientnet-lite0` without the package that holds its weights.
    """
    if name is None:
        name = default_name(dataset) if weights is None and dataset is not None else "inception"
    if name not in NAMES:
        raise UserError(f"features: {name!r} is not one of {', '.join(NAMES)}{did_you_mean(name, NAMES)}")
    if weights is not None and name != "inception":
        raise UserError(f"weights: only 'inception' takes them, and the features are {name!r}")
    if dataset is not None and dataset.shape.is_row and name != _own_name(dataset):
        refuse_rows(name)
    if name == "inception":
        tensors, checksum = INCEPTION.find(weights, cache or cache_folder(), progress)
        return InceptionExtractor(tensors, checksum, checksum == INCEPTION.sha256, device)
    if name == "efficientnet-lite0":
        return EfficientNetExtractor(EFFICIENTNET.find(), EFFICIENTNET.sha256, device)
    if name == "random":
        return RandomExtractor(device)
    if dataset is None:
        raise UserError(f"features: {name!r} needs the data that it is for")
    if name == OF_ROWS:
        if dataset.shape.table is None:
            raise UserError(f"features: {name!r} are those of a table's rows, and {dataset.name!r} is none")
        return ValueExtractor(dataset.shape.table, device)
    if name == "pixels":
        return PixelExtractor(dataset.shape, device)
    if not _has_rows(dataset):
        raise UserError(f"features: 'classifier' needs a set of labelled pictures, and {dataset.name!r} is none")
    judge = classifier_for(dataset, cache, say, device=device) if world.rank == 0 else None
    return ClassifierExtractor(dataset, of_first(judge, dataset, device, world))


def default_name(dataset: Dataset) -> str:
    """Return the name of the features that suit the data.

    Rows have `values`, points `pixels`; pictures of at least two classes, 500 of them labelled and no side above 128
    pixels, `classifier`; all others `efficientnet-lite0` where its package is installed, and else `random`.
    """
    if dataset.shape.is_row:
        return _own_name(dataset)
    return "classifier" if _suits_a_classifier(dataset) else unlabelled_name()


def _own_name(dataset: Dataset) -> str:
    """Return the only features that rows, or points, have."""
    return OF_POINTS if dataset.shape.is_point else OF_ROWS


def unlabelled_name() -> str:
    """Return the name of the features that suit pictures of which no more is known."""
    return "efficientnet-lite0" if installed() else "random"


def _has_rows(dataset: Dataset) -> TypeGuard[RowDataset]:
    """Whether it is a set of single pictures, with an end."""
    return isinstance(dataset, RowDataset) and not dataset.shape.given


def _suits_a_classifier(dataset: Dataset) -> bool:
    if not _has_rows(dataset) or len(dataset.label_names) < 2:
        return False
    if max(dataset.shape.height, dataset.shape.width) > LARGEST_JUDGED:
        return False
    return int((dataset.labels_of("train") >= 0).sum()) >= LEAST_LABELLED
