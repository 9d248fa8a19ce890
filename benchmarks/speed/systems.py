"""What is compared: each system's plain loop and the same recipe in Ganache's engine, as iterators of images."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

import ganache
from benchmarks.speed import plain, plain_cycle
from benchmarks.speed.part import Settings
from benchmarks.speed.pictures import write_pictures
from ganache.data.shape import ImageShape
from ganache.data.store.store import IMAGES
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.parts.terms import ROLES
from ganache.training.plan import Plan, Request

PICTURES = 2_048  # a multiple of every batch size
PLAIN, FROZEN, GANACHE = "plain", "plain, frozen", "ganache"


@dataclass(frozen=True)
class System:
    """A recipe of Ganache's and the loop that it is compared with, where there is one."""

    recipe: str
    shape: ImageShape
    batch_size: int
    document: str = ""
    loop: Callable[..., Iterator[int]] | None = None
    networks: Callable[..., tuple[nn.Module, ...]] | None = None
    freezes: bool = False  # whether the document spares the discriminator's weight gradients in the generator's half
    settings: tuple[str, ...] = ()  # with which the recipe's networks are the document's
    small: tuple[str, ...] = ()  # the settings for --quick besides
    small_networks: Mapping[str, int] = field(default_factory=dict)
    domains: tuple[str, ...] = ()  # of a translator: the first half of the pictures is of one, the second of the other


DIGIT, PICTURE = ImageShape(1, 28, 28), ImageShape(3, 64, 64)


def narrow(width: int) -> tuple[str, ...]:
    """Return the settings that give both networks of `ralsgan` or `dcgan` so many features at half the sides."""
    return tuple(f"{role}.{field}" for role in ROLES for field in (f"width={width}", f"max_width={8 * width}"))


DOCUMENTS = (
    System("vanilla", DIGIT, 32, "S2", plain.vanilla, plain.vanilla_networks),
    System("lsgan", DIGIT, 128, "S3", plain.lsgan, plain.lsgan_networks),
    System("dcgan-mnist", DIGIT, 512, "S4", plain.dcgan_mnist, plain.dcgan_mnist_networks, freezes=True),
    System(
        *("ralsgan", PICTURE, 32, "S1", plain.ralsgan, plain.ralsgan_networks),
        freezes=True,
        small=narrow(4),
        small_networks={"width": 4},
    ),
)
CYCLE = System(
    *("cyclegan", PICTURE, 4, "", plain_cycle.cyclegan, plain_cycle.cyclegan_networks),
    freezes=True,
    settings=("translator.doubling=transposed",),
    small=("translator.width=4", "translator.blocks=1", "discriminator.width=4"),
    small_networks={"width": 4, "blocks": 1, "judges_width": 4},
    domains=("A", "B"),
)
COMPARED = (*DOCUMENTS, CYCLE)
SYSTEMS = (*COMPARED, System("dcgan", PICTURE, 64, small=narrow(4)))


@dataclass(frozen=True)
class Contestant:
    """One way to train a system; `begin` gives an endless iterator, a step of which is an iteration."""

    precision: str
    begin: Callable[[], Iterator[int]]


def trained_in(recipe: str) -> System:
    """Return the system of a recipe."""
    return next(system for system in SYSTEMS if system.recipe == recipe)


@contextlib.contextmanager
def store_of(system: System, settings: Settings) -> Iterator[Path]:
    """Write the pictures of a system into a packed store that is deleted at the end."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        write_pictures(system.shape, 8 if settings.quick else PICTURES, store, system.domains)
        yield store


def contestants(system: System, store: Path, quick: bool) -> dict[str, Contestant]:
    """Return the plain loop, the one that does not differentiate what its document freezes, and Ganache's."""
    plan = planned(system, store, quick)
    found = {}
    if system.loop is not None:
        for name in (PLAIN, FROZEN) if system.freezes else (PLAIN,):
            options = {"freeze": name == FROZEN} if system.freezes else {}
            found[name] = Contestant("fp32", partial(_plain, system, store, quick, options))
    return {**found, GANACHE: Contestant(plan.precision, lambda: engine(plan, plan.build()))}


def planned(system: System, store: Path, quick: bool) -> Plan:
    """Return a run of the system as `ganache train` would begin it on a CPU."""
    settings, batch = ((*system.settings, *system.small), 2) if quick else (system.settings, None)
    asked = Request(
        data=str(store), recipe=system.recipe, device="cpu", settings=settings, batch=batch, domains=system.domains
    )
    plan = ganache.plan(asked)
    assert plan.recipe.batch_size == (batch or system.batch_size), "the plain loop's batches have another size"
    return plan


def _plain(system: System, store: Path, quick: bool, options: Mapping[str, Any]) -> Iterator[int]:
    assert system.loop is not None
    assert system.networks is not None
    small = {"batch_size": 2, "networks": system.networks(**system.small_networks)} if quick else {}
    return system.loop(np.load(store / IMAGES), **small, **options)


def engine(plan: Plan, state: TrainingState) -> Iterator[int]:
    """Train a state of a plan in Ganache's engine, for ever; yield the images of each iteration."""
    draws = StateDraws(plan.data, state)
    while True:
        iterate(state, draws)
        yield plan.recipe.images_per_iteration
