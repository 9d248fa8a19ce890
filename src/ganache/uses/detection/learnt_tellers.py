"""What a fit that was stopped had learnt: each teller in a file that is named by all that decides its numbers.

So whatever a later fit into the same folder is asked for, it takes what is its own, and learns the rest.
"""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from ganache.data.npy import digest_of
from ganache.data.shape import ImageShape
from ganache.support.version import __version__
from ganache.uses.detection.apart import Pixels, taught
from ganache.uses.detection.teller import Teller
from ganache.uses.detection.teller_files import read_teller, save_teller

FOLDER = "learning"  # in the detector's, until that is whole


@dataclasses.dataclass(frozen=True)
class Lesson:
    """All but the pictures that decides what a teller learns, as `taught` takes it."""

    shape: ImageShape
    recode: int | None
    is_worn: bool
    steps: int | None
    seed: int
    device: torch.device


@dataclasses.dataclass(frozen=True)
class LearntTellers:
    """The tellers of one fit, kept as they are learnt."""

    out: Path  # the detector's folder

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.out / FOLDER

    def are_all_there_is(self) -> bool:
        """Return whether the detector's folder holds nothing else: a fit was stopped."""
        return self.folder.is_dir() and [one.name for one in self.out.iterdir()] == [FOLDER]

    def get(self, lesson: Lesson, reals: Pixels, fakes: Sequence[Pixels]) -> Teller:
        """Return the teller of a lesson and pictures (N, C, H, W), learnt now or before.

        Raises UserError where what was kept is damaged, RunError where the network diverges or the disk refuses.
        """
        path = self.folder / f"{_digest(lesson, [reals, *fakes])}.safetensors"
        if path.exists():
            return read_teller(path, lesson.shape, lesson.recode, 1 + len(fakes), lesson.device)
        teller = taught(**vars(lesson), reals=reals, fakes=fakes)
        save_teller(path, teller)
        return teller

    def clear(self) -> None:
        """Forget them: the detector is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _digest(lesson: Lesson, groups: Sequence[Pixels]) -> str:
    pictures = digest_of({str(number): group for number, group in enumerate(groups)})
    said = {**vars(lesson), "shape": str(lesson.shape), "device": lesson.device.type, "version": __version__}
    return hashlib.sha256(json.dumps({**said, "pictures": pictures}, sort_keys=True).encode()).hexdigest()[:32]
