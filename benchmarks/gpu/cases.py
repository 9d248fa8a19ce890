"""What is trained: recipes on synthetic pictures, planned like any other run."""

import contextlib
import dataclasses
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch

from ganache import recipes
from ganache.data.conversion import Conversion
from ganache.data.decoding.pool import Workers
from ganache.data.shape import ImageShape
from ganache.data.sources.array_source import ArraySource, Contents
from ganache.data.store.packing import write_store
from ganache.data.store.survey import Block
from ganache.training.plan import Plan, Request, make_plan

Json = dict[str, Any]

COLOURS = np.random.Generator(np.random.Philox(7)).integers(40, 216, (10, 3))  # one for each class
SIZED = ("dcgan", "sngan", "ralsgan", "r3gan")  # whose depth grows with the pictures' size
POINTS = ("mlp-2d",)


@dataclass(frozen=True)
class Scale:
    """How much is done."""

    steps: int  # iterations of a training
    seeds: int  # trainings in each precision
    sides: tuple[int, ...]  # pixels; every recipe is trained and timed at the first
    pictures: int
    rounds: int  # of every timing
    seconds: float  # of a round, about
    products: tuple[int, ...]  # sides of the square matrices whose product is the peak
    batch: int | None = None  # None: the recipe's own
    width: int | None = None  # likewise, of the networks that have one


FULL = Scale(
    steps=300, seeds=3, sides=(32, 64, 128, 256), pictures=1_024, rounds=5, seconds=0.5, products=(2048, 4096, 8192)
)
QUICK = Scale(
    steps=4, seeds=2, sides=(8,), pictures=32, rounds=1, seconds=0.0, products=(64,), batch=4, width=4
)  # fmt: skip
QUICK_RECIPES = ("r3gan", "ralsgan-conditional")  # lazy penalties that differentiate twice; batch norm and labels


class Workshop:
    """A folder with the pictures of every size, and how recipes are planned on them."""

    def __init__(self, folder: Path, device: torch.device, scale: Scale) -> None:
        self.folder, self.device, self.scale = folder, device, scale

    def plan(self, recipe: str, side: int, precision: str = "auto", seed: int = 0) -> Plan:
        """Return the plan of a run of so many iterations, on pictures of side × side pixels or on points."""
        data = "ring" if recipe in POINTS else str(self._pictures(side))
        batch, found = self.scale.batch, recipes.find(recipe)
        images = self.scale.steps * found.changed(batch_size=batch or found.batch_size).images_per_iteration
        width, device = self.scale.width, self.device.type
        settings = (f"generator.width={width}", f"discriminator.width={width}")
        return make_plan(
            Request(
                data=data,
                recipe=recipe,
                images=images,
                batch=batch,
                seed=seed,
                device=device,
                precision=precision,
                settings=settings if width and hasattr(found.sampler, "width") else (),
            )
        )

    def _pictures(self, side: int) -> Path:
        path = self.folder / f"pictures-{side}"
        if not path.exists():
            write_store(_synthetic(side, self.scale.pictures), path, Conversion(), Workers(1), lambda done, total: None)
        return path


def _synthetic(side: int, count: int) -> ArraySource:
    """Return RGB pictures (count, 3, side, side) of random blotches around the colours of ten classes."""

    def read() -> Contents:
        names = tuple(f"colour {number}" for number in range(len(COLOURS)))
        return Contents("synthetic", ImageShape(3, side, side), count, names, parts)

    def parts() -> Iterator[Block]:
        random = np.random.Generator(np.random.Philox(side))
        block = -(-side // 8)
        for start in range(0, count, 128):
            labels = np.arange(start, min(start + 128, count)) % len(COLOURS)
            blotches = random.integers(-40, 40, (len(labels), 3, 8, 8)) + COLOURS[labels][:, :, None, None]
            images = np.kron(blotches, np.ones((1, 1, block, block)))[:, :, :side, :side]
            yield Block("train", images.astype(np.uint8), labels.astype(np.int32))

    return ArraySource(f"synthetic {side}x{side}", lambda digests: f"{side} {count}", read)


def timed_cases(names: Sequence[str], sides: Sequence[int]) -> list[tuple[str, int]]:
    """Return which recipe is timed at which size: all of pictures at the first, the deepening networks at every one."""
    first = [(name, sides[0]) for name in names if name not in POINTS]
    return first + [(name, side) for side in sides[1:] for name in names if name in SIZED]


@contextlib.contextmanager
def noted(*beginnings: str) -> Iterator[set[str]]:
    """Collect the warnings that contain one of the texts, each with Ganache's line that caused it; show the others."""
    found: set[str] = set()
    with warnings.catch_warnings():
        show = warnings.showwarning

        def note(
            message: Warning | str, category: type[Warning], filename: str, lineno: int,
            file: TextIO | None = None, line: str | None = None,
        ) -> None:  # fmt: skip
            text = str(message)
            if any(beginning in text for beginning in beginnings):
                found.add(f"{_cause(filename, lineno)}: {text.splitlines()[0].partition('(')[0].strip()[:160]}")
            else:
                show(message, category, filename, lineno, file, line)

        for beginning in beginnings:
            warnings.filterwarnings("always", f"(?s).*{beginning}")
        warnings.showwarning = note  # catch_warnings puts the old one back
        yield found


def _cause(filename: str, lineno: int) -> str:
    """Return the innermost line of the package that is running, or the one that is named when none is."""
    package = Path(recipes.__file__).parents[1]
    own = [frame for frame in traceback.extract_stack() if package in Path(frame.filename).parents]
    if not own:
        return f"{Path(filename).name}:{lineno}"
    return f"{Path(own[-1].filename).relative_to(package)}:{own[-1].lineno}"


def scale_as_json(scale: Scale) -> Json:
    """Return the scale as JSON values."""
    return dataclasses.asdict(scale)
