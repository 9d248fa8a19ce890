"""Tensors with their description and a digest of both in one file, written whole or not at all, checked when read.

Nothing in the file depends on the clock or the machine's name: equal states are equal bytes.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganache.support.errors import RunError, reason
from ganache.support.files import replacing
from ganache.support.json_files import BROKEN

# One key holds all of the description: several would be written in an order that changes from run to run.
METADATA_KEY = "ganache"
_UNREADABLE = (OSError, SafetensorError, *BROKEN)


class DamagedError(RunError):
    """A file that is not what was written."""


def save(path: Path, tensors: dict[str, Tensor], description: dict[str, Any]) -> None:
    """Write tensors with a JSON description and a digest of both; atomic and on the disk when it returns.

    A file that holds exactly this already is left alone. Raises RunError, leaving what was there, when the disk is full
    or refuses.
    """
    ready = _unshared({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    sealed = {**description, "sha256": digest(ready, description)}
    if _sealed(path) == sealed and is_whole(path):
        return
    try:
        with replacing(path) as temporary:
            save_file(ready, temporary, {METADATA_KEY: json.dumps(sealed, sort_keys=True)})
    except SafetensorError as error:
        raise RunError(f"could not write {path}: {reason(error)}") from error


def load(path: Path, device: str = "cpu") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and the description; raises DamagedError unless they are exactly what was saved."""
    return loaded(path, device)[:2]


def loaded(path: Path, device: str = "cpu") -> tuple[dict[str, Tensor], dict[str, Any], str]:
    """Return the tensors, the description and the digest of both, likewise."""
    try:
        with safe_open(path, framework="pt", device=device) as file:
            sealed = json.loads((file.metadata() or {}).get(METADATA_KEY, "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dictionary
    except _UNREADABLE as error:
        raise DamagedError(f"{path} cannot be read: {reason(error)}") from error
    if not isinstance(sealed, dict) or "sha256" not in sealed:
        raise DamagedError(f"{path} was not written by ganache: it has no description")
    said = sealed.pop("sha256")
    if said != digest(tensors, sealed):
        raise DamagedError(f"{path} is damaged: its content does not match its checksum")
    return tensors, sealed, said


def is_whole(path: Path) -> bool:
    """Whether a file's content is what it says that it is; all of it is read."""
    try:
        loaded(path)
    except DamagedError:
        return False
    return True


def newest(folder: Path, accept: Callable[[int], bool] = lambda images: True) -> list[Path]:
    """Return the checkpoints of a folder, the one with the most images seen first; `accept` chooses by number."""
    found = {int(path.stem): path for path in folder.glob("*.safetensors") if path.stem.isdigit()}
    return [found[images] for images in sorted(found, reverse=True) if accept(images)]


def newest_readable(
    folder: Path, say: Callable[[str], None], accept: Callable[[int], bool] = lambda images: True
) -> tuple[Path, dict[str, Tensor], dict[str, Any]] | None:
    """Return the newest accepted checkpoint that can be read, with its content; None when the folder has none at all.

    A damaged one is set aside as ``.damaged``, with a word to the user. Raises RunError when there are checkpoints but
    none can be read: to begin anew would destroy what the run still has.
    """
    candidates = newest(folder, accept)
    for path in candidates:
        try:
            return path, *load(path)
        except DamagedError as error:
            why = str(error)
        # Not above: the exception still holds what was read, and Windows renames no file that is mapped into memory.
        path.replace(path.with_suffix(".safetensors.damaged"))
        say(f"{why}; set aside as {path.name}.damaged")
    if candidates:
        raise RunError(f"no checkpoint of {folder.parent} can be read; nothing else in it was changed")
    return None


def prune(folder: Path, keep_last: int, keep: Callable[[int], bool]) -> None:
    """Delete all checkpoints but the last few and those that `keep` wants."""
    for path in newest(folder)[keep_last:]:
        if not keep(int(path.stem)):
            path.unlink()


def _sealed(path: Path) -> Any:
    """Return what a file says of itself, its digest included; None where there is no such file."""
    try:
        with safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {}).get(METADATA_KEY, "null"))
    except _UNREADABLE:
        return None


def _unshared(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors that share memory with another, as tied weights do: the format has no place for that."""
    seen: set[int] = set()
    separate: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        memory = tensor.untyped_storage().data_ptr()
        separate[name] = tensor.clone() if memory in seen else tensor
        seen.add(memory)
    return separate


def digest(tensors: dict[str, Tensor], description: dict[str, Any]) -> str:
    """Return the SHA-256 of tensors and their description, as it stands in their file."""
    found = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
