"""Pictures into latents, and back: what the command `encode` does."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ganache.data import open_dataset
from ganache.data.conversion import Conversion
from ganache.data.dataset import Batch, Progress
from ganache.data.npy import write_arrays
from ganache.data.ranges import recorded_ranges
from ganache.data.store.packed import PackedDataset
from ganache.drawing.exports import check_picture, save_picture
from ganache.drawing.grids import pairs
from ganache.drawing.origins import PLAIN, Marks, Origin
from ganache.engine.devices import choose_device
from ganache.runs.encoders import TrainedEncoder, load_encoder
from ganache.runs.products import TrainedGenerator, load
from ganache.support.errors import UserError
from ganache.support.places import check_output

PIECE = 1_024  # pictures that are held at once
SHOWN = 40  # pictures beside their reconstructions
COLUMNS = 10


def encode_to(
    run: Path,
    pictures: str,
    out: Path,
    *,
    reconstructions: Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
    marks: Marks = PLAIN,
) -> int:
    """Write the latents of all pictures as an .npz, in the order of their names split by split; return how many.

    It holds ``latents`` (N, Z) float32, ``labels`` (N,) int64 with -1 where there is none, ``label_names`` and
    ``splits`` (N,). `reconstructions` becomes a picture of the first ones, each above what the generator makes of its
    latent. Raises UserError for a run without an encoder and for data that are no pictures.
    """
    if out.suffix.lower() != ".npz":
        raise UserError(f"--out: {str(out)!r} is no name for an array file; it ends in .npz")
    check_output(out, "--out")
    if reconstructions is not None:
        check_picture(reconstructions, "--picture")
    encoder = load_encoder(run, choose_device(device).type)
    shape = encoder.shape
    ranges = recorded_ranges(encoder.description.get("ranges"))
    how = Conversion.into(shape, ranges)
    dataset = open_dataset(pictures, how, progress)
    if not isinstance(dataset, PackedDataset):
        raise UserError(f"pictures: {pictures!r} has no end; an encoder takes pictures one by one")
    encoded = list(_encoded(encoder, dataset))
    latents, labels, splits = (np.concatenate(parts) for parts in zip(*encoded, strict=True))
    names = np.array(dataset.label_names, dtype=np.str_)
    write_arrays(out, {"latents": latents, "labels": labels, "splits": splits, "label_names": names})
    if reconstructions is not None:
        generator = load(run)
        stamp = marks.on(Origin.of(generator, {"latents": "encoded"}).beside_originals())
        save_picture(_pairs(generator, dataset, latents), reconstructions, stamp)
    return len(latents)


def _encoded(
    encoder: TrainedEncoder, dataset: PackedDataset
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.str_]]]:
    """Yield the latents, labels and splits of some pictures at a time, in order."""
    for split, batch in _batches(dataset):
        yield encoder.encode(batch.images), batch.labels, np.full(len(batch.labels), split)


def _batches(dataset: PackedDataset, size: int = PIECE) -> Iterator[tuple[str, Batch]]:
    for split, rows in dataset.summary()["splits"].items():
        count = rows[1] - rows[0] if rows else 0
        for start in range(0, count, size):
            yield split, dataset.rows(split, start, min(start + size, count))


def _pairs(generator: TrainedGenerator, dataset: PackedDataset, latents: NDArray[np.float32]) -> Image.Image:
    """Return rows of pictures, each with the row of their reconstructions below it."""
    _, batch = next(_batches(dataset, SHOWN))
    originals = batch.images.transpose(0, 2, 3, 1)
    remade = generator.make(torch.from_numpy(latents[: len(originals)]), torch.zeros(len(originals), 0))
    return pairs(originals, remade, COLUMNS)
