"""Where the 2015 Inception's weights come from: this machine, a download with a pinned checksum, or the user.

Two projects publish the same bytes under two names. Their SHA-256 begins with the digits that both names end in, and is
the one that the projects which pin it in full agree on.
"""

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ganache.data.cache import named_cache
from ganache.data.dataset import Progress
from ganache.data.download import PinnedFile, fetch
from ganache.evaluation.features.inception import InceptionNetwork
from ganache.runs import sealed
from ganache.support.errors import RunError, UserError
from ganache.support.files import at_home, digest_of
from ganache.support.places import check_place

Shapes = dict[str, tuple[int, ...]]

_CONVERTED = "inception-2015-12-05.safetensors"
_COUNTED = ".num_batches_tracked"  # of training; some files have it, others not


@dataclass(frozen=True)
class PublishedWeights:
    """Weights as their authors publish them: digest, bytes, (address, name) of copies, what `shapes` they have."""

    sha256: str
    size: int
    copies: tuple[tuple[str, str], ...]
    shapes: Callable[[], Shapes]

    def find(self, given: Path | None, cache: Path, progress: Progress | None = None) -> tuple[dict[str, Tensor], str]:
        """Return these weights, or those of a `given` file for the same network, and the SHA-256 of the file.

        Raises UserError when the file is not weights of this network, RunError, saying where to put which file, when
        the published weights are neither here nor to be had.
        """
        return self._read(given) if given is not None else (self._kept(cache, progress), self.sha256)

    def _read(self, path: Path) -> tuple[dict[str, Tensor], str]:
        check_place(path, "weights")
        if not path.is_file():
            raise UserError(f"weights: {str(path)!r} is not a file")
        if path.stat().st_size > 2 * self.size:
            raise UserError(f"weights: {path} has {path.stat().st_size:,} bytes, more than Inception v3 can have")
        if path.suffix != ".safetensors":
            if (found := digest_of(path)) != self.sha256:
                raise UserError(
                    f"weights: {path} has the SHA-256 {found}, not {self.sha256} of {self.copies[0][1]}; "
                    "other weights are read from .safetensors alone, in which no code can hide"
                )
            return self._unpickled(path), self.sha256
        try:
            tensors, description = sealed.load(path)
            if description.get("converted_from") == self.sha256:
                return self._checked(tensors, path), self.sha256
        except sealed.DamagedError:  # of another writer
            pass
        try:
            tensors = load_file(path)
        except (OSError, SafetensorError) as error:
            raise UserError(f"weights: {path} cannot be read: {error}") from error
        return self._checked(tensors, path), digest_of(path)

    def _kept(self, cache: Path, progress: Progress | None) -> dict[str, Tensor]:
        converted = cache / "features" / _CONVERTED
        try:
            tensors, description = sealed.load(converted)
            if description.get("converted_from") == self.sha256:
                return self._checked(tensors, converted)
        except sealed.DamagedError:  # absent, torn or of another version: it is made anew
            pass
        folder = cache / "downloads" / "inception"
        tensors = self._unpickled(self._on_this_machine(folder) or self._downloaded(folder, progress))
        with named_cache(cache):
            sealed.save(converted, tensors, {"converted_from": self.sha256})
        return tensors

    def _on_this_machine(self, folder: Path) -> Path | None:
        """Return the published file from where the user was told to put it, or where another tool left it."""
        folders = [folder, Path(torch.hub.get_dir()) / "checkpoints"]
        if data := os.environ.get("GANACHE_DATA"):
            folders.insert(0, at_home(data) / "inception")
        places = [folder / name for folder in folders for _, name in self.copies]
        return next((path for path in places if path.is_file() and digest_of(path) == self.sha256), None)

    def _downloaded(self, folder: Path, progress: Progress | None) -> Path:
        failures = []
        for mirror, name in self.copies:
            try:
                file = PinnedFile(name, "sha256", self.sha256, self.size)
                return fetch(file, (mirror,), folder, progress=progress)
            except RunError as error:
                failures.append(str(error).removeprefix("data: "))
        raise RunError(
            f"features: 'inception' needs {self.copies[0][1]} (SHA-256 {self.sha256}), which is not on this machine; "
            f"put it into {folder}, or name it with --weights. {'; '.join(failures)}"
        )

    def _unpickled(self, path: Path) -> dict[str, Tensor]:
        # Checked once more as the very bytes that are unpickled: nobody can exchange the file in between.
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise RunError(f"features: {path} changed while it was read")
        return self._checked(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True), path)

    def _checked(self, tensors: Any, path: Path) -> dict[str, Tensor]:
        """Return the network's own tensors as float32; raises UserError naming the first that does not fit."""
        shapes = self.shapes()
        given = {name: tensor for name, tensor in tensors.items() if not name.endswith(_COUNTED)}
        wanted = {name: shape for name, shape in shapes.items() if not name.endswith(_COUNTED)}
        for name in sorted(wanted.keys() | given.keys()):
            found = tuple(given[name].shape) if name in given else "absent"
            if found != wanted.get(name):
                needed = f"not {wanted[name]}" if name in wanted else "no part of Inception v3"
                raise UserError(f"weights: {path} does not fit: {name} is {found}, {needed}")
        state = {name: given[name].float().contiguous() for name in wanted}
        return state | {name: torch.tensor(0) for name in shapes if name.endswith(_COUNTED)}


def inception_shapes() -> Shapes:
    """Return the name and shape of every tensor of the network's weights."""
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in InceptionNetwork().state_dict().items()}


INCEPTION = PublishedWeights(
    sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    size=95_628_359,
    copies=(
        (
            "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/",
            "pt_inception-2015-12-05-6726825d.pth",
        ),
        (
            "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/",
            "weights-inception-2015-12-05-6726825d.pth",
        ),
    ),
    shapes=inception_shapes,
)
