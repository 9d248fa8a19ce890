"""What two processes do that test_processes.py starts: the same iterations together and, process 0, alone.

In float64, so that what rounding does is far below what a forgotten share would. Prints what they exchange by, and for
every case how far the two states are apart, relative to each tensor's largest value.
"""

import json
import sys
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganache import recipes
from ganache.data import Batch, Selection
from ganache.data.rows.columns import CategoryColumn, NumberColumn
from ganache.data.rows.table import Schema
from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.processes import Processes, started
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.games import Game
from ganache.parts.objectives import Objective
from ganache.parts.part import kinds
from ganache.recipes.settings import with_settings
from ganache.support.precision import FULL
from ganache.support.world import ALONE, World
from tests.tiny import CPU, Numbered, NumberedStream, tiny_inversion, tiny_marking, tiny_recipe

ITERATIONS = 3
SMALL = ImageShape(1, 8, 8)
PAIRED = ImageShape(2, 16, 16, given=1)
NUMBER = NumberColumn(name="x", positions=(-1, 1), values=(0, 1))
ROW = Schema(columns=(NUMBER, CategoryColumn(name="y", names=("a", "b", "c"))))
NARROW = ("generator.width=4", "discriminator.width=4")
TRANSLATED = ("translator.width=4", "discriminator.width=4")
PATH = '{"kind": "PathLength", "every": 2}'
STYLED = (
    "generator.style_width=8",
    "generator.mixing=0.9",
    *(f"{player}.channel_{field}" for player in ("generator", "discriminator") for field in ("base=32", "max=8")),
)
# Adam divides rounding errors by each other where a gradient is 0 but for them, as that of a bias that only differences
# of logits see: not where ε is larger than they are.
ROBUST = ("optimizers.generator.epsilon=1e-4", "optimizers.discriminator.epsilon=1e-4", "batch_size=8")

# Recipe, settings, shape.
CASES: list[tuple[str, tuple[str, ...], ImageShape]] = [
    ("acgan", (), SMALL),
    ("bigan", (), SMALL),
    ("biggan", NARROW, SMALL),
    ("dcgan", NARROW, SMALL),
    ("dcgan", (*NARROW, "label_flips=0.3", "augment=InputNoise", "joint_batch=true"), SMALL),
    ("dcgan", (*NARROW, "discriminator.batch_norm=false", "augment=DiffAugment", 'penalties.r1={"kind": "R1"}'), SMALL),
    (
        "dcgan",
        (
            *NARROW,
            "augment=Adaptive",
            "augment.ramp=40",
            "augment.every=2",
            "augment.target=-0.9",
            "augment.cutout=0.5",
        ),
        SMALL,
    ),
    ("dcgan", (*NARROW, "augment=Adaptive", "augment.probability=0.5", "joint_batch=true"), SMALL),
    (
        "dcgan",
        (*NARROW, 'generator_terms.matching={"kind": "FeatureMatching", "every": 2}', "ema_half_life=20"),
        SMALL,
    ),
    ("cut", (*TRANSLATED, "translator.blocks=1", "layers=[0,2,4]", "places=9", "vectors=8"), PAIRED),
    ("cyclegan", (*TRANSLATED, "translator.blocks=1", "pool=10", "noise=0.1"), PAIRED),
    ("cyclegan", (*TRANSLATED, "translator.blocks=1", "pool=0", "conditional=true"), PAIRED),
    ("dcgan-mnist", (), SMALL),
    ("esrgan", (*TRANSLATED, "translator.blocks=1", "adversarial=1"), PAIRED),
    ("fastgan", NARROW, SMALL),
    ("infogan", (), SMALL),
    ("lsgan", (), ImageShape(1, 16, 16)),
    ("mlp-2d", (), ImageShape(2, 1, 1)),
    ("mlp-rows", ("generator.widths=[16]", "discriminator.widths=[16]"), ImageShape.of_row(ROW)),
    ("mnist-speedrun", (), SMALL),
    ("noise-classifier", (), SMALL),
    ("pix2pix", TRANSLATED, PAIRED),
    ("progan", (*NARROW, "steady=8", "fade=32"), SMALL),
    ("projected", ("generator.width=4", "discriminator.width=4", "discriminator.side=32", "conditional=true"), SMALL),
    ("r3gan", ('penalties.r1={"kind": "R1", "every": 2}',), SMALL),
    ("r3gan-cifar10", ("generator.max_width=8", "discriminator.max_width=8"), SMALL),
    ("ralsgan-conditional", (*NARROW, "generator.max_width=8", "discriminator.max_width=8"), SMALL),
    ("sngan", NARROW, SMALL),
    ("stylegan2", (*STYLED, "conditional=true", "penalties.r1.every=2", f"generator_terms.path={PATH}"), SMALL),
    ("stylegan2", (*STYLED, 'generator_terms.path={"kind": "PathLength", "shrink": 3}'), SMALL),  # 2 rows, and 1
    ("stylegan2", (*STYLED, "discriminator.deviation_group=8", "joint_batch=true"), SMALL),
    ("vanilla", ("generator.widths=[16]", "discriminator.widths=[16, 8]"), SMALL),
    ("vanilla", ("discriminator.widths=[16]", 'penalties.dragan={"kind": "DRAGAN"}'), SMALL),
    ("wgan", ("generator.widths=[16]", "critic_steps=3"), SMALL),
    ("wgan-gp", ("generator.widths=[16]", "critic_steps=2"), SMALL),
]


class Rows(Numbered):
    """Rows of random pixels, each a function of its number alone."""

    def stream(self, seed: int, labels: Any = (), split: str = "train") -> NumberedStream:
        return RandomStream(self.shape, self.classes, seed)


class RandomStream(NumberedStream):
    def batch(self, position: int, count: int) -> Batch:
        numbered, shape = super().batch(position, count), self.shape
        size = (shape.channels, shape.height, shape.width)
        rows = [np.random.default_rng(row).integers(0, 256, size) for row in range(position, position + count)]
        return Batch(np.stack(rows).astype(np.uint8), numbered.labels)


def games() -> dict[str, tuple[Game, ImageShape]]:
    """Return every game that is played, by a name that says what it is."""
    found: dict[str, tuple[Game, ImageShape]] = {}
    for name, settings, shape in CASES:
        game = with_settings(recipes.find(name), [*settings, *ROBUST])
        found[" ".join((name, *settings))] = (game, shape)
    found["inversion"] = (tiny_inversion(batch_size=8), SMALL)
    found["marking"] = (tiny_marking(batch_size=8, learning=8), SMALL)
    ours = [kind for kind in kinds(Objective) if kind.__module__.startswith("ganache.")]
    for kind in ours:
        found[f"tiny with {kind.__name__}"] = (
            with_settings(tiny_recipe(objective=kind()), list(ROBUST)),
            ImageShape(1, 2, 2),
        )
    return found


def played(game: Game, shape: ImageShape, world: World) -> dict[str, Tensor]:
    """Return the state's tensors after some iterations."""
    classes = 3 if game.conditional else 0
    state = TrainingState(game.settled(shape)[0], shape, classes, 0, CPU, FULL, world)
    data = Rows(shape, classes)
    draws = StateDraws(Selection(data, data.label_names, game.conditional), state)
    for _ in range(ITERATIONS):
        iterate(state, draws)
    state.tally.gather(world)
    return state.tensors()


def apart(one: dict[str, Tensor], other: dict[str, Tensor]) -> tuple[float, str]:
    """Return how far two states are from each other, and by which tensor."""
    assert one.keys() == other.keys(), one.keys() ^ other.keys()
    found = []
    for name, value in one.items():
        scale = max(float(value.double().abs().max()), 1e-3) if value.numel() else 1.0
        difference = float((value.double() - other[name].double()).abs().max()) if value.numel() else 0.0
        found.append((difference / scale, name))
    return max(found)


def main() -> None:
    """Play every game, or those whose name holds the first argument."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    torch.set_default_dtype(torch.float64)
    Tensor.float = Tensor.double  # type: ignore[method-assign]
    results = {}
    with started() as world:
        assert isinstance(world, Processes)
        world.on(CPU)
        for name, (game, shape) in games().items():
            if wanted not in name:
                continue
            together = played(game, shape, world)
            if world.rank == 0:
                results[name] = apart(played(game, shape, ALONE), together)
        if world.rank == 0:
            print(json.dumps({"by": type(world._iterating).__name__, "apart": results}))


if __name__ == "__main__":
    main()
    sys.exit()
