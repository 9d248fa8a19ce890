"""Where the 2015 Inception's weights come from: this machine, a download with a pinned checksum, or the user.

Two projects publish the same bytes under two names. Their SHA-256 begins with the digits that both names end in, and is
the one that the projects which pin it in full agree on.
"""

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ganache.data.cache import cache_folder, named_cache
from ganache.data.dataset import Progress
from ganache.data.download import PinnedFile, fetch
from ganache.evaluation.features.inception import InceptionExtractor, InceptionNetwork
from ganache.runs import sealed
from ganache.support.errors import RunError, UserError
from ganache.support.places import check_place

SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
SIZE = 95_628_359  # bytes
MOST_BYTES = 2 * SIZE
PUBLISHED = (
    ("https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/", "pt_inception-2015-12-05-6726825d.pth"),
    ("https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/", "weights-inception-2015-12-05-6726825d.pth"),
)

_CONVERTED = "inception-2015-12-05.safetensors"


def inception(
    weights: Path | None = None,
    cache: Path | None = None,
    device: torch.device | None = None,
    progress: Progress | None = None,
) -> InceptionExtractor:
    """Return the extractor with the published weights, or with those of a file.

    Raises UserError when the file is not weights of this network, RunError, saying where to put which file, when the
    published weights are neither here nor to be had.
    """
    if weights is not None:
        tensors, checksum = _given(weights)
    else:
        tensors, checksum = _published(cache or cache_folder(), progress), SHA256
    return InceptionExtractor(tensors, checksum, checksum == SHA256, device)


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor of the network's weights."""
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in InceptionNetwork().state_dict().items()}


def _given(path: Path) -> tuple[dict[str, Tensor], str]:
    check_place(path, "weights")
    if not path.is_file():
        raise UserError(f"weights: {str(path)!r} is not a file")
    if path.stat().st_size > MOST_BYTES:
        raise UserError(f"weights: {path} has {path.stat().st_size:,} bytes, more than Inception v3 can have")
    if path.suffix != ".safetensors":
        if (found := _sha256(path)) != SHA256:
            raise UserError(
                f"weights: {path} has the SHA-256 {found}, not {SHA256} of {PUBLISHED[0][1]}; "
                "other weights are read from .safetensors alone, in which no code can hide"
            )
        return _unpickled(path), SHA256
    try:
        tensors, description = sealed.load(path)
        if description.get("converted_from") == SHA256:
            return _checked(tensors, path), SHA256
    except sealed.DamagedError:  # of another writer
        pass
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"weights: {path} cannot be read: {error}") from error
    return _checked(tensors, path), _sha256(path)


def _published(cache: Path, progress: Progress | None) -> dict[str, Tensor]:
    converted = cache / "features" / _CONVERTED
    try:
        tensors, description = sealed.load(converted)
        if description.get("converted_from") == SHA256:
            return _checked(tensors, converted)
    except sealed.DamagedError:  # absent, torn or of another version: it is made anew
        pass
    tensors = _unpickled(_on_this_machine(cache) or _downloaded(cache / "downloads" / "inception", progress))
    with named_cache(cache):
        sealed.save(converted, tensors, {"converted_from": SHA256})
    return tensors


def _on_this_machine(cache: Path) -> Path | None:
    """Return the published file from where the user was told to put it, or where another tool left it."""
    folders = [cache / "downloads" / "inception", Path(torch.hub.get_dir()) / "checkpoints"]
    if data := os.environ.get("GANACHE_DATA"):
        folders.insert(0, Path(data).expanduser() / "inception")
    places = [folder / name for folder in folders for _, name in PUBLISHED]
    return next((path for path in places if path.is_file() and _sha256(path) == SHA256), None)


def _downloaded(folder: Path, progress: Progress | None) -> Path:
    failures = []
    for mirror, name in PUBLISHED:
        try:
            return fetch(PinnedFile(name, "sha256", SHA256, SIZE), (mirror,), folder, progress=progress)
        except RunError as error:
            failures.append(str(error).removeprefix("data: "))
    raise RunError(
        f"features: 'inception' needs {PUBLISHED[0][1]} (SHA-256 {SHA256}), which is not on this machine; "
        f"put it into {folder}, or name it with --weights. {'; '.join(failures)}"
    )


def _unpickled(path: Path) -> dict[str, Tensor]:
    # Checked once more as the very bytes that are unpickled: nobody can exchange the file in between.
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise RunError(f"features: {path} changed while it was read")
    return _checked(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True), path)


def _checked(tensors: Any, path: Path) -> dict[str, Tensor]:
    """Return the network's own tensors as float32; raises UserError naming the first that does not fit."""
    counted = ".num_batches_tracked"  # of training; some files have it, others not
    given = {name: tensor for name, tensor in tensors.items() if not name.endswith(counted)}
    wanted = {name: shape for name, shape in expected_shapes().items() if not name.endswith(counted)}
    for name in sorted(wanted.keys() | given.keys()):
        found = tuple(given[name].shape) if name in given else "absent"
        if found != wanted.get(name):
            needed = f"not {wanted[name]}" if name in wanted else "no part of Inception v3"
            raise UserError(f"weights: {path} does not fit: {name} is {found}, {needed}")
    state = {name: given[name].float().contiguous() for name in wanted}
    return state | {name: torch.tensor(0) for name in expected_shapes() if name.endswith(counted)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
