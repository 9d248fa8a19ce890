"""The sets that have a name: where to look for them on this machine, and where to fetch them with pinned checksums.

Sizes and SHA-256 of MNIST, Fashion-MNIST and CIFAR-10 as in TensorFlow Datasets' url_checksums (mnist.txt,
fashion_mnist.txt, cifar10.txt), which agree with the MD5 that each set's authors publish.
"""

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganache.data.dataset import Progress
from ganache.data.download import Fetch, PinnedFile, fetch
from ganache.data.shape import ImageShape
from ganache.data.sources.array_source import ArraySource, Contents
from ganache.data.sources.cifar import cifar_source
from ganache.data.sources.idx import DIGIT_NAMES, find_idx, first_labels, idx_source
from ganache.data.store.survey import Block
from ganache.support.errors import RunError, UserError
from ganache.support.files import at_home

FASHION_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


@dataclass(frozen=True)
class NamedSet:
    """A published set: its files, its mirrors' base addresses, the folders it may lie in below $GANACHE_DATA."""

    files: tuple[PinnedFile, ...]
    mirrors: tuple[str, ...]
    folders: tuple[str, ...]


def _files(names: tuple[str, ...], *sizes_and_digests: tuple[int, str]) -> tuple[PinnedFile, ...]:
    pairs = zip(names, sizes_and_digests, strict=True)
    return tuple(PinnedFile(name, "sha256", digest, size) for name, (size, digest) in pairs)


_IDX_FILES = tuple(
    f"{part}-ubyte.gz" for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
)
NAMED_SETS = {
    "mnist": NamedSet(
        files=_files(
            _IDX_FILES,
            (9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            (28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            (1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            (4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        folders=("mnist", "MNIST/raw"),
    ),
    "fashion-mnist": NamedSet(
        files=_files(
            _IDX_FILES,
            (26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            (29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            (4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            (5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ),
        mirrors=(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        folders=("fashion-mnist", "FashionMNIST/raw"),
    ),
    "cifar10": NamedSet(
        files=_files(
            ("cifar-10-binary.tar.gz",),
            (170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
        ),
        mirrors=(
            "https://www.cs.toronto.edu/~kriz/",
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
        ),
        folders=("cifar10",),
    ),
}

# MNIST and Fashion-MNIST share their file names; the first ten labels of either split tell them apart.
_FIRST_LABELS = {
    "mnist": {"train": [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], "test": [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]},
    "fashion-mnist": {"train": [9, 0, 0, 3, 0, 2, 7, 2, 5, 5], "test": [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]},
}
_CIFAR_PLACES = (
    "cifar-10-batches-bin", "cifar-10-batches-py", "cifar-10-binary.tar.gz", "cifar-10-python.tar.gz",
)  # fmt: skip


def named_source(name: str, cache: Path, progress: Progress | None = None, fetch: Fetch = fetch) -> ArraySource:
    """Return the source of a named set, downloading it if this machine has it nowhere.

    Raises RunError, saying which files to put where, when it cannot be downloaded.
    """
    if name == "digits":
        return _digits()
    given = os.environ.get("GANACHE_DATA")
    if given and (found := _find_given(name, at_home(given))):
        return found
    named, folder = NAMED_SETS[name], cache / "downloads" / name
    if _is_complete(named, folder) and (found := _find(name, folder)):
        return found
    try:
        for file in named.files:
            fetch(file, named.mirrors, folder, progress)
    except RunError as error:
        files = ", ".join(file.name for file in named.files)
        raise RunError(
            f"data: {name!r} is not on this machine; put {files} into {folder} (or $GANACHE_DATA/{name};"
            f" GANACHE_CACHE names another folder than {str(cache)!r} for the cache). {error}"
        ) from error
    source = _find(name, folder)
    assert source is not None
    return source


def _find_given(name: str, data: Path) -> ArraySource | None:
    for folder in NAMED_SETS[name].folders:
        if found := _find(name, data / folder):
            return found
    if name == "cifar10":
        return _find(name, data)
    if data.is_dir() and find_idx(data):
        firsts, known = first_labels(data), _FIRST_LABELS[name]
        if all(labels == known[split] for split, labels in firsts.items()):
            return _find(name, data)
    return None


def _find(name: str, folder: Path) -> ArraySource | None:
    if not folder.is_dir():
        return None
    if name == "cifar10":
        places = [folder, *(folder / place for place in _CIFAR_PLACES)]
        return next((found for place in places if place.exists() and (found := cifar_source(place, name))), None)
    names = DIGIT_NAMES if name == "mnist" else FASHION_NAMES
    return idx_source(folder, name, names) if find_idx(folder) else None


def _is_complete(named: NamedSet, folder: Path) -> bool:
    # A download that ended between two files goes on: half a set is not what its name promises.
    if len(named.files) == 1:
        return True
    stems = [folder / file.name.removesuffix(".gz") for file in named.files]
    return all(stem.exists() or stem.with_name(f"{stem.name}.gz").exists() for stem in stems)


def _digits() -> ArraySource:
    package = importlib.util.find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise UserError("data: 'digits' comes with scikit-learn: pip install 'ganache[digits]'")
    # The file that load_digits reads: importing scikit-learn for it would take as long as torch.
    file = Path(package.submodule_search_locations[0]) / "datasets/data/digits.csv.gz"
    table = np.loadtxt(file, delimiter=",", dtype=np.int32)
    # Values 0 … 16; half up, for a rounding that does not depend on the parity.
    images = np.floor(table[:, :-1] * (255 / 16) + 0.5).astype(np.uint8).reshape(-1, 1, 8, 8)
    labels = table[:, -1].copy()
    block, shape = Block("train", images, labels), ImageShape(1, 8, 8)
    contents = Contents("scikit-learn's digits", shape, len(images), DIGIT_NAMES, lambda: iter((block,)))
    key = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    return ArraySource("digits", lambda digests: f"digits-{key}", lambda: contents)
