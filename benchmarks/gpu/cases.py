"""What is trained: recipes on synthetic pictures, planned and played like any other run."""

import contextlib
import math
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
from torch import Tensor

from ganache import recipes
from ganache.data import Selection
from ganache.data.conversion import Conversion
from ganache.data.decoding.pool import Workers
from ganache.data.shape import ImageShape
from ganache.data.sources.array_source import ArraySource, Contents
from ganache.data.store.packing import write_store
from ganache.data.store.survey import Block
from ganache.engine.graphs import launcher
from ganache.engine.state import TrainingState
from ganache.games import Game
from ganache.support.trees import leaves
from ganache.training.plan import Plan, Request, make_plan

Json = dict[str, Any]

COLOURS = np.random.Generator(np.random.Philox(7)).integers(40, 216, (10, 3))  # one for each class
SIZED = ("dcgan", "sngan", "ralsgan", "r3gan")  # whose depth grows with the pictures' size
POINTS = ("mlp-2d",)
SETTLED = 3  # periods after which nothing is set up, tried or captured any more


@dataclass(frozen=True)
class Case:
    """A training: a recipe at one size, with what is asked of it beyond its defaults."""

    recipe: str
    side: int = 32  # pixels
    batch: int | None = None  # None: the recipe's own
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scale:
    """How much is done."""

    steps: int  # iterations of a training that is checked
    seeds: int  # trainings in each precision
    pictures: int
    rounds: int  # of every timing
    seconds: float  # of a round, about
    products: tuple[int, ...]  # sides of the square matrices whose product is the peak
    pixels: int | None = None  # pictures are at most so large
    batch: int | None = None  # in place of any other
    width: int | None = None  # likewise, of the networks that have one


DEFAULT = Scale(steps=80, seeds=3, pictures=1_024, rounds=5, seconds=0.5, products=(4096, 8192))
FULL = Scale(steps=300, seeds=3, pictures=1_024, rounds=5, seconds=0.5, products=(2048, 4096, 8192))
QUICK = Scale(
    steps=4, seeds=2, pictures=32, rounds=1, seconds=0.0, products=(64,), pixels=8, batch=4, width=4
)  # fmt: skip


class Workshop:
    """A folder with the pictures of every size, and how recipes are planned on them."""

    def __init__(self, folder: Path, device: torch.device, scale: Scale) -> None:
        self.folder, self.device, self.scale = folder, device, scale

    def side(self, case: Case) -> int:
        """Return the pixels of a side of the case's pictures at this scale."""
        return min(case.side, self.scale.pixels or case.side)

    def batch(self, case: Case) -> int:
        """Return the images of a batch of the case at this scale."""
        return self.scale.batch or case.batch or recipes.find(case.recipe).batch_size

    def plan(self, case: Case, precision: str = "auto", seed: int = 0) -> Plan:
        """Return the plan of a run of so many iterations, on pictures of side × side pixels or on points."""
        found, batch = recipes.find(case.recipe), self.batch(case)
        images = self.scale.steps * found.changed(batch_size=batch).images_per_iteration
        width = self.scale.width if hasattr(found.sampler, "width") else None
        narrow = (f"generator.width={width}", f"discriminator.width={width}") if width else ()
        return make_plan(
            Request(
                data="ring" if case.recipe in POINTS else str(self.pictures(self.side(case))),
                recipe=case.recipe,
                images=images,
                batch=batch,
                seed=seed,
                device=self.device.type,
                precision=precision,
                settings=(*case.settings, *narrow),
            )
        )

    def tensor(self, case: Case) -> Tensor:
        """Return all pictures of the case's size on the device, (N, 3, side, side) uint8."""
        data = make_plan(Request(data=str(self.pictures(self.side(case))), recipe="dcgan", device="cpu")).data
        return torch.from_numpy(data.stream(0).batch(0, self.scale.pictures).images).to(self.device)

    def pictures(self, side: int) -> Path:
        """Return the store with the pictures of side × side pixels, which is made when it is first asked for."""
        path = self.folder / f"pictures-{side}"
        if not path.exists():
            source = synthetic_pictures(side, self.scale.pictures)
            write_store(source, path, Conversion(), Workers(1), lambda done, total: None)
        return path


def playing(data: Selection, state: TrainingState) -> Callable[[], None]:
    """Return what plays the next iteration of a training, as sessions do."""
    return launcher(data, state).iterate


def period_of(recipe: Game) -> int:
    """Return after how many iterations every lazy term has had its turn."""
    fields = leaves(recipe.model_dump(mode="json"))
    return math.lcm(*(every for path, every in fields.items() if path.endswith(".every")))


def synthetic_pictures(side: int, count: int) -> ArraySource:
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
