"""From a path to the samples that lie there."""

from pathlib import Path

from ganache.data.dataset import Dataset
from ganache.data.npy import is_array_file
from ganache.data.ranges import Pair
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.samples import ArraySamples, GeneratorSamples, PictureSamples, Samples
from ganache.evaluation.table_samples import TableSamples, is_table_file
from ganache.runs import products
from ganache.support.errors import UserError
from ganache.support.files import at_home, is_run
from ganache.support.places import check_place

GENERATOR = ".safetensors"


def open_samples(path: str | Path, device: str = "cpu", value_range: Pair | None = None) -> Samples:
    """Return the samples at a path: a run's folder, a ``.safetensors``, a folder or zip of pictures, a .npy or .npz,
    a .csv.

    `value_range` is what becomes 0 and 255 in files of more than 8 bits. Raises UserError when there is nothing there
    that can be judged.
    """
    place = at_home(path)
    check_place(place, "samples")
    if not place.exists():
        raise UserError(f"samples: there is no {str(path)!r}")
    if place.suffix.lower() == GENERATOR or (place / "run.json").is_file():
        return GeneratorSamples(products.load(place, device), str(path))
    if is_table_file(place):
        return TableSamples(place)
    kind = ArraySamples if place.is_file() and is_array_file(place) else PictureSamples
    return kind(place, value_range)


def read_as_reals(source: Samples, reals: Dataset) -> None:
    """Have samples of more than 8 bits read by the range of the reals, unless one was asked for: their own, of other
    pictures, would make them lighter or darker."""
    if isinstance(source, PictureSamples | ArraySamples) and isinstance(reals, PackedDataset):
        source.values = source.values or reals.ranges


def run_of(path: str | Path) -> Path | None:
    """Return the run that a path is, or lies in: ``RUN``, ``RUN/generator.safetensors``, ``RUN/best.safetensors``."""
    place = at_home(path)
    folder = place if place.is_dir() else place.parent
    return folder if is_run(folder) and (place.is_dir() or place.suffix.lower() == GENERATOR) else None
