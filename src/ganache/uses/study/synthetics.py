"""Where a study's synthetic pictures come from: generators that it trains on the few alone, or what a user has."""

from dataclasses import dataclass, replace
from pathlib import Path
from signal import Signals
from typing import Any, Protocol

import numpy as np

from ganache.data import open_dataset
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.selection import TRAIN
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import UserError
from ganache.support.streams import derive
from ganache.support.units import listed
from ganache.training.plan import Request
from ganache.training.unattended import begin_or_resume, is_finished, leave_the_networks
from ganache.uses.study.subsets import MOST_BYTES, FewAndJudges, LabelledPictures, classes_in, write_few

PER_CLASS = 200  # synthetic pictures
RUN, FEW = "generator", "few.npz"  # of a cell


@dataclass(frozen=True)
class Cell:
    """A number of pictures of each class, a seed, what those pictures are, and the folder of what is made of them."""

    count: int
    seed: int
    few: LabelledPictures
    folder: Path


class Synthetics(Protocol):
    """A source of synthetic pictures."""

    @property
    def says(self) -> str:
        """What it is."""

    @property
    def identity(self) -> dict[str, Any]:
        """What decides which pictures it gives, as JSON values."""

    @property
    def is_given(self) -> bool:
        """Whether it is the user's, who knows what it has seen."""

    @property
    def cautions(self) -> tuple[str, ...]:
        """What must be said of it."""

    def pictures(self, cell: Cell) -> LabelledPictures | Signals:
        """Return the pictures for a cell, or the signal that stopped what makes them; the same call then goes on."""


@dataclass(frozen=True)
class TrainedOnFew:
    """A generator for each cell, trained on its few pictures and on nothing else."""

    request: Request  # of every training, but for its data
    pool: FewAndJudges
    identity: dict[str, Any]
    cautions: tuple[str, ...] = ()
    is_given = False

    @property
    def says(self) -> str:
        """Return the recipe and how long it is trained."""
        images = self.identity["images"]
        return f"{self.identity['recipe']['name']}, trained on the few alone for {images:,} images"

    def pictures(self, cell: Cell) -> LabelledPictures | Signals:
        """Train, or go on where a training was stopped, and draw."""
        run, few = cell.folder / RUN, cell.folder / FEW
        if not few.is_file():
            write_few(few, cell.few, self.pool.names)
        if not is_finished(run):
            signal = begin_or_resume(lambda: self._request(cell, few), run, data=str(few)).signal
            if signal is not None:
                return signal
        leave_the_networks(Run(run))
        return drawn(products.load(run, self.request.device), self.pool.names, cell.seed)

    def _request(self, cell: Cell, few: Path) -> Request:
        shape = self.pool.shape
        size, seed = (shape.height, shape.width), derive(cell.seed, "generator", cell.count)
        return replace(self.request, data=str(few), seed=seed, size=size, channels=shape.channels)


@dataclass(frozen=True)
class GivenSource:
    """What the user has: it knows nothing of a study but the names of its classes."""

    names: tuple[str, ...]
    says: str
    identity: dict[str, Any]
    cautions: tuple[str, ...]
    is_given = True


@dataclass(frozen=True)
class GivenGenerator(GivenSource):
    """A generator, whatever it was trained on: the same for all cells, drawn with their seeds."""

    generator: TrainedGenerator

    def pictures(self, cell: Cell) -> LabelledPictures | Signals:
        """Draw."""
        return drawn(self.generator, self.names, cell.seed)


@dataclass(frozen=True)
class GivenSet(GivenSource):
    """Labelled pictures, of which each seed draws its own."""

    dataset: PackedDataset

    def pictures(self, cell: Cell) -> LabelledPictures | Signals:
        """Choose pictures of each class."""
        numbers = classes_in(self.dataset, self.names, TRAIN, "synthetic")
        random = np.random.default_rng(derive(cell.seed, "synthetic"))
        most = per_class(self.dataset.shape, self.names)
        rows = [random.permutation(np.flatnonzero(numbers == number))[:most] for number in range(len(self.names))]
        chosen = np.concatenate(rows)
        return LabelledPictures(self.dataset.pick(TRAIN, chosen).images, numbers[chosen])


def given_generator(run: Path, pool: FewAndJudges, most: int, device: str) -> GivenGenerator:
    """Return a user's generator, with what its record gives cause to warn of where `most` pictures are learnt from.

    Raises UserError for one that is told no classes, or not these, or draws pictures of another shape.
    """
    generator = products.load(run, device)
    if absent := [name for name in pool.names if name not in generator.label_names]:
        raise UserError(f"generator: {str(run)!r} cannot be asked for the classes {listed(absent)}")
    if generator.shape != pool.shape:
        raise UserError(f"generator: {str(run)!r} draws images of {generator.shape}, and the data are of {pool.shape}")
    identity = {"weights": generator.weights}
    return GivenGenerator(pool.names, f"the generator {run}", identity, _cautions(run, pool, most), generator)


def given_pictures(source: str, pool: FewAndJudges, progress: Progress | None = None) -> GivenSet:
    """Return a user's labelled pictures, brought to the data's shape; raises UserError where they lack a class."""
    shape = pool.shape
    dataset = open_dataset(source, Conversion.into(shape, pool.dataset.ranges), progress)
    if not isinstance(dataset, PackedDataset):
        raise UserError(f"synthetic: {source!r} has no end; name labelled pictures")
    classes_in(dataset, pool.names, TRAIN, "synthetic")
    caution = f"nobody here knows how {source} was made: it must come of the few alone to be fair"
    identity = {"fingerprint": dataset.fingerprint}
    return GivenSet(pool.names, f"the pictures {source}", identity, (caution,), dataset)


def drawn(generator: TrainedGenerator, names: tuple[str, ...], seed: int) -> LabelledPictures:
    """Return pictures of each class in turn, picture i of (seed, i) and its class alone."""
    count = per_class(generator.shape, names) * len(names)
    images = generator.sample(count, seed, names)  # of which the classes take turns
    return LabelledPictures(np.ascontiguousarray(images.transpose(0, 3, 1, 2)), np.resize(np.arange(len(names)), count))


def per_class(shape: ImageShape, names: tuple[str, ...]) -> int:
    """Return how many synthetic pictures each class has: 200, or as many as are held at once where they are large."""
    return max(1, min(PER_CLASS, MOST_BYTES // (shape.pixels * len(names))))


def _cautions(run: Path, pool: FewAndJudges, most: int) -> tuple[str, ...]:
    """Return what must be said of a generator by what its run says that it learnt from."""
    if not run.is_dir():
        return (f"{run} does not say what it learnt from: nothing here says that it is a fair comparison",)
    record = Run.open(run).record()
    data, taken = record.get("data") or {}, record.get("selection") or {}
    rows, few = taken.get("rows"), most * len(pool.names)
    if data.get("fingerprint") != pool.dataset.fingerprint:
        return (
            f"{run} learnt from other data ({record.get('source', {}).get('data', 'unknown')}): whether the pictures"
            " that judge were among them, its record cannot say",
        )
    found = []
    if type(rows) is not int or rows > few:
        found.append(f"{run} learnt from {rows} pictures, the classifier from at most {few}: it is no fair comparison")
    if pool.is_cut:
        found.append(f"{run} learnt from all of these data, THE PICTURES THAT JUDGE AMONG THEM")
    return tuple(found)
