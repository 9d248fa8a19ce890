"""The tensors of a teller in a file, of which nothing is believed and no code run."""

from pathlib import Path

import torch

from ganache.data.shape import ImageShape
from ganache.runs import sealed
from ganache.runs.network_files import layout
from ganache.support.errors import UserError
from ganache.uses.detection.teller import Teller

CONTENT = "detector of generated pictures"
MOST_BYTES = 2**26


def save_teller(path: Path, teller: Teller) -> None:
    """Write a teller's tensors; raises RunError as the disk does."""
    sealed.save(path, dict(teller.state_dict()), {"content": CONTENT, "format": 1})


def read_teller(path: Path, shape: ImageShape, recode: int | None, kinds: int, device: torch.device) -> Teller:
    """Return what `save_teller` wrote of a teller made with these arguments; raises UserError for anything else."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"run: {path} has more than {MOST_BYTES >> 20} MiB, and is none of ours")
        tensors, _ = sealed.load(path)
    except (OSError, sealed.DamagedError) as error:
        raise UserError(f"run: {path} cannot be read: {error}") from None
    with torch.device("meta"):
        expected = layout(Teller(shape, recode, kinds).state_dict())
    if layout(tensors) != expected or not all(bool(one.isfinite().all()) for one in tensors.values()):
        raise UserError(f"run: the tensors in {path} are not those of the detector that lies beside them")
    with torch.random.fork_rng(devices=()):
        teller = Teller(shape, recode, kinds)
    teller.load_state_dict(tensors)
    return teller.to(device).eval().requires_grad_(False)
