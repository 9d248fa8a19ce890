"""From what the user wrote after `--data` to a dataset: resolve it, use the cached store, or pack it once."""

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganache.data.cache import cache_folder, named_cache
from ganache.data.containers.digests import DigestCache, TooManyUnknownError
from ganache.data.conversion import DECIDED_BY_THE_DATA, Conversion
from ganache.data.dataset import Progress
from ganache.data.decoding.pool import Workers
from ganache.data.location import NAMES, as_text, refuse_among, refuse_run
from ganache.data.npy import is_array_file
from ganache.data.sources.array_files import array_source
from ganache.data.sources.array_source import ArraySource
from ganache.data.sources.cifar import cifar_source, is_tar
from ganache.data.sources.csv_files import is_csv
from ganache.data.sources.densities import DENSITIES, Density
from ganache.data.sources.density_files import SUFFIX, density_file
from ganache.data.sources.idx import find_idx, idx_source
from ganache.data.sources.named_sets import named_source
from ganache.data.sources.picture_files import Pictures
from ganache.data.sources.stacked_mnist import DIGITS, STACKED_MNIST, StackedDigits
from ganache.data.sources.table_arrays import holds_rows
from ganache.data.sources.tables import ENCODING_VERSION, TableSource
from ganache.data.store.packed import PackedDataset, from_store
from ganache.data.store.packing import PACKER_VERSION, write_store
from ganache.data.store.previews import Glance, read_preview
from ganache.data.store.store import Store, is_store
from ganache.data.store.survey import Packable, refuse_many
from ganache.support.errors import UserError, did_you_mean
from ganache.support.files import PARTIAL
from ganache.support.places import check_place
from ganache.support.units import counted

Opened = PackedDataset | Density | StackedDigits


def open_dataset(
    source: str | Path,
    how: Conversion = DECIDED_BY_THE_DATA,
    progress: Progress | None = None,
    cache: str | Path | None = None,
    workers: Workers | None = None,
) -> Opened:
    """Return a source as a dataset, packed into the cache on its first use and found there afterwards.

    `source` is a folder, zip, IDX or CIFAR path, packed store or name, whose pictures become arrays as `how` says;
    `workers` decode, by default one process per processor; `progress` is called with (done, total). Raises UserError
    for what the user can mend, RunError when disk or network fail.
    """
    folder = cache_folder(cache)

    def packed(found: Packable) -> PackedDataset:
        key = _store_key(found, how, DigestCache(folder))
        path = folder / "stores" / key
        if kept := _from_cache(found, path, how):
            return kept
        _remove_damaged(path)  # which is nobody's own: made again
        with named_cache(folder):
            write_store(found, path, how, workers or Workers(), progress or _silent, key)
        return from_store(found.text, Store(path))

    return _opened(source, how, folder, progress, packed)


def preview(
    source: str | Path,
    how: Conversion = DECIDED_BY_THE_DATA,
    progress: Progress | None = None,
    cache: str | Path | None = None,
    workers: Workers | None = None,
    glance: Glance | None = None,
) -> Opened:
    """Return a dataset with about 256 rows and the summary of the whole, writing nothing to the disk.

    Names and headers are looked at, of very many files those of an even sample; the fingerprint is empty. The cached
    store, which is whole, if there is one. Arguments and errors as for open_dataset; a named set may be downloaded.
    """
    folder, extent = cache_folder(cache), glance or Glance()

    def seen(found: Packable) -> PackedDataset:
        with contextlib.suppress(TooManyUnknownError):
            key = _store_key(found, how, DigestCache(folder, extent.unknown_bytes))
            if kept := _from_cache(found, folder / "stores" / key, how):
                return kept
        return read_preview(found, how, workers or Workers(), progress or _silent, extent)

    return _opened(source, how, folder, progress, seen)


def pack(
    source: str | Path,
    out: str | Path,
    how: Conversion = DECIDED_BY_THE_DATA,
    progress: Progress | None = None,
    cache: str | Path | None = None,
    workers: Workers | None = None,
) -> PackedDataset:
    """Return a source as a packed store written to the folder `out`, which must not exist or be empty.

    Arguments and errors as for open_dataset.
    """
    text, out, folder = as_text(source), Path(out), cache_folder(cache)
    check_place(out, "out")
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"out: {str(out)!r} exists and is not an empty folder")
    refuse_among(out, text)
    if text in (STACKED_MNIST, *DENSITIES):
        raise UserError(f"data: {text!r} is endless; there is nothing to pack")
    found = _resolve(text, how, folder, progress)
    if isinstance(found, PackedDataset):
        raise UserError(f"data: {found.name!r} is packed already; copy the folder")
    if isinstance(found, Density):
        raise UserError(f"data: {text!r} is endless; there is nothing to pack")
    if not isinstance(found, TableSource):
        how.refuse_for_others(text)
    key = _store_key(found, how, DigestCache(folder))
    write_store(found, out, how, workers or Workers(), progress or _silent, key)
    return from_store(found.text, Store(out))


def _opened(
    source: str | Path,
    how: Conversion,
    cache: Path,
    progress: Progress | None,
    read: Callable[[Packable], PackedDataset],
) -> Opened:
    """Return what needs no packing as it is, and all else as `read` makes it."""
    text = as_text(source)
    if text == STACKED_MNIST:
        if how.channels not in (None, 3):
            raise UserError(f"channels: {how.channels} is not 3, the digits that {STACKED_MNIST!r} stacks")
        digits = _opened(DIGITS, replace(how, channels=None), cache, progress, read)
        assert isinstance(digits, PackedDataset)
        return StackedDigits(digits)
    found = _resolve(text, how, cache, progress)
    if not isinstance(found, TableSource):
        how.refuse_for_others(text)
    return found if isinstance(found, PackedDataset | Density) else read(found)


def _resolve(text: str, how: Conversion, cache: Path, progress: Progress | None) -> Packable | PackedDataset | Density:
    path = Path(os.path.expanduser(text))
    if how.value_range and (text in NAMES or not _takes_range(path)):
        raise UserError(f"range: it is for folders, zips and arrays, and {text!r} is none of them")
    if text in DENSITIES:
        return _as_asked(DENSITIES[text](), text, how)
    if text in NAMES:
        return named_source(text, cache, progress)
    # Not Path.exists, which raises for names that no system accepts.
    if text and os.path.exists(path):
        return _from_path(path, text, how)
    raise UserError(
        f"data: {text!r} is neither a folder, a file nor one of {', '.join(NAMES)}{did_you_mean(text, NAMES)}"
    )


def _takes_range(path: Path) -> bool:
    """Return whether what lies at a path is read by a range of values; true where nothing does."""
    if path.is_dir():
        return not is_store(path) and not _from_arrays(path, str(path))
    return not is_tar(path) and path.suffix != SUFFIX


def _from_path(path: Path, text: str, how: Conversion) -> Packable | PackedDataset | Density:
    refuse_run(path, text)
    if path.is_file():
        if path.suffix == SUFFIX:
            return _as_asked(density_file(path, text), text, how)
        if is_tar(path):
            if found := cifar_source(path, text):
                return found
            raise UserError(f"data: {text!r} holds none of CIFAR-10's batches; unpack other tar files first")
        if is_csv(path) or (is_array_file(path) and holds_rows(path)):
            return TableSource(text, path)
        return array_source(path, text, how.values) if is_array_file(path) else Pictures(path, text)
    if not path.is_dir():
        raise UserError(f"data: {text!r} is neither a folder nor a regular file")
    if is_store(path):
        return _checked(from_store(text, Store(path)), how)
    return _from_arrays(path, text) or Pictures(path, text)


def _as_asked(density: Density, text: str, how: Conversion) -> Density:
    if how.size not in (None, (1, 1)) or how.channels not in (None, 2):
        raise UserError(f"data: {text!r} is a density of 2-channel 1x1 images; size and channels do not apply")
    return density


def _from_arrays(path: Path, text: str) -> ArraySource | None:
    try:
        return idx_source(path, text) if find_idx(path) else cifar_source(path, text)
    except OSError as error:
        raise UserError(f"data: {text!r} cannot be read: {error.strerror}") from error


def _checked(dataset: PackedDataset, how: Conversion) -> PackedDataset:
    shape = dataset.shape
    own = (shape.height, shape.width)
    if how.size not in (None, own) or how.channels not in (None, shape.channels):
        raise UserError(
            f"data: {dataset.name!r} is packed as {counted(shape.channels, 'channel')} of {own[0]}x{own[1]}; "
            "for another size or channels pack its source again"
        )
    return dataset


def _store_key(source: Packable, how: Conversion, digests: DigestCache) -> str:
    """Return what makes a store; how many files may fail is no part of it, for it changes no pixel."""
    parts: list[Any] = [source.content_key(digests), how.size, how.channels, how.fitting]
    parts += [how.values, PACKER_VERSION]
    if isinstance(source, TableSource):
        parts += [how.rows.said, ENCODING_VERSION, how.rows.table and how.rows.table.digest]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _from_cache(source: Packable, path: Path, how: Conversion) -> PackedDataset | None:
    """Return the store at `path`, None when there is none or a damaged one.

    Raises UserError when more files were skipped as it was packed than may be now.
    """
    if not path.is_dir():
        return None
    try:
        store = Store(path)
    except UserError:
        return None
    skipped = store.skipped()
    refuse_many(skipped, len(store.images) + len(skipped), how.max_skipped)
    return from_store(source.text, store)


def _is_sound(path: Path) -> bool:
    try:
        Store(path)
    except UserError:
        return False
    return True


def _remove_damaged(path: Path) -> None:
    """Remove a store that is damaged; a sound one is let alone, which another process may have just put there."""
    if not path.is_dir() or _is_sound(path):
        return
    aside = path.parent / f".{path.name}.{uuid.uuid4().hex[:12]}{PARTIAL}"
    with contextlib.suppress(OSError):  # another process has removed it, or what follows says why it cannot be
        os.rename(path, aside)
        if _is_sound(aside):  # put there since it was looked at
            os.rename(aside, path)
        shutil.rmtree(aside, ignore_errors=True)


def _silent(done: int, total: int) -> None:
    """Report to nobody."""
