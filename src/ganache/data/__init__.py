"""Data sources: from a folder, zip, IDX, CIFAR-10, digits or a 2-D density to seekable infinite batches."""

from ganache.data.dataset import Batch, Dataset, Stream
from ganache.data.location import NAMES
from ganache.data.opening import open_dataset, pack, preview
from ganache.data.selection import Selection, select
from ganache.data.shape import ImageShape

__all__ = [
    "NAMES",
    "Batch",
    "Dataset",
    "ImageShape",
    "Selection",
    "Stream",
    "open_dataset",
    "pack",
    "preview",
    "select",
]
