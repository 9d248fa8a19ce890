"""An iteration that is captured once and launched again trains as one that is run, in the same bits.

There is no GPU here: a tape of operations stands in for CUDA's graphs, and runs them again in the same memory.
"""

from collections import Counter
from collections.abc import Hashable
from itertools import pairwise

import pytest
import torch

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.engine.graphs import Eager, Graphs, Launcher
from ganache.engine.iteration import move_on, play
from ganache.engine.scalars import DeviceMoment, Scalars
from ganache.engine.state import TrainingState
from ganache.engine.static_inputs import StaticInputs
from ganache.games import Game
from ganache.games.game import _Shapes
from ganache.recipes.settings import with_settings
from ganache.support.precision import FULL
from ganache.support.trees import leaves
from tests.engine.tape import Tape, Watch
from tests.tiny import CPU, draws_of, tiny_inversion, tiny_marking, tiny_state

SHAPE, TWOFOLD = ImageShape(1, 16, 16), ImageShape(2, 16, 16, given=1)
SMALL = {"width": 4, "max_width": 8, "latent_width": 8, "channel_base": 32, "channel_max": 8, "style_width": 8}
ITERATIONS, OF_LAZY_TERMS = 5, 13  # two of each phase are run before it is captured
NEVER = 10**9  # warm-ups


def moving(start: float, end: float, until: int = 40, since: int = 0) -> str:
    return f'{{"kind": "Linear", "start": {start}, "end": {end}, "until": {until}, "since": {since}}}'


FLIPS = [f"label_flips={moving(0.5, 0.0)}", f'augment={{"kind": "InputNoise", "deviation": {moving(0.5, 0.0)}}}']
RATES = [
    f"optimizers.generator.learning_rate={moving(1e-2, 1e-4)}",
    f"optimizers.discriminator.betas=[{moving(0.0, 0.5)}, {moving(0.9, 0.999)}]",
]
PATH = 'generator_terms.path={"kind": "PathLength", "every": 2}'
CASES: dict[str, tuple[str, list[str]]] = {
    "lsgan": ("lsgan", []),
    "dcgan": ("dcgan", []),
    "wgan": ("wgan", []),
    "wgan-gp": ("wgan-gp", ["critic_steps=3"]),
    "r3gan": ("r3gan", ["penalties.r1.every=2", "penalties.r2.every=3"]),
    "r3gan-cifar10": ("r3gan-cifar10", []),
    "sngan": ("sngan", []),
    "stylegan2": ("stylegan2", ["penalties.r1.every=3", PATH, "generator.mixing=0.9", "conditional=true"]),
    "mnist-speedrun": ("mnist-speedrun", []),
    "dropout": ("vanilla", ["joint_batch=true"]),
    "acgan": ("acgan", []),
    "infogan": ("infogan", []),
    "bigan": ("bigan", []),
    "biggan": ("biggan", ["generator.latent.size=8"]),
    "mlp-rows": ("mlp-rows", ["penalties.r1.every=2", "penalties.r2.every=3"]),
    "progan": ("progan", ["steady=12", "fade=16"]),
    "fastgan": ("fastgan", ["penalties.reconstruction.every=2"]),
    "projected": ("projected", ["discriminator.side=32", "conditional=true"]),
    "pix2pix": ("pix2pix", ["penalties.r1=R1", "penalties.r1.every=2"]),
    "cyclegan": ("cyclegan", ["translator.blocks=1", "pool=6", f"noise={moving(0.1, 0.0)}"]),
    "cyclegan told": ("cyclegan", ["translator.blocks=1", "conditional=true", "pool=0"]),
    "cut": ("cut", ["translator.blocks=1", "layers=[0,2,4]", "places=20", "vectors=8"]),
    "marking": ("marking", ["conditional=true"]),
    "inversion": ("inversion", [f"features={moving(0.0, 1.0)}"]),
    "relativistic": ("ralsgan-conditional", []),
    "esrgan": ("esrgan", ["translator.blocks=1", f"adversarial={moving(0.0, 1.0, 20, since=12)}"]),
    "flips": ("dcgan", FLIPS),
    "diff-augment": ("r3gan", ["augment=DiffAugment", "penalties.r1.every=2"]),
    "steered": (
        "dcgan",
        ["augment=Adaptive", "augment.ramp=40", "augment.every=2", "augment.target=-0.9", "augment.cutout=1"],
    ),
    "augmented": ("r3gan", ["augment=Adaptive", f"augment.probability={moving(0.0, 0.9)}", "penalties.r1.every=2"]),
    "rates": ("nonsaturating", [*RATES, f"adversarial={moving(1.0, 0.5)}", f"ema_half_life={moving(0.0, 64)}"]),
    "matching": ("dcgan", ['generator_terms.matching={"kind": "FeatureMatching", "every": 3}', "generator_steps=2"]),
}
each_case = pytest.mark.parametrize("case", CASES)


def game_of(case: str) -> Game:
    """Return a case's recipe with narrow networks and a tiny batch."""
    name, settings = CASES[case]
    own = {"marking": tiny_marking, "inversion": tiny_inversion}
    recipe = own[name]() if name in own else recipes.find(name)
    fields = leaves(recipe.model_dump(mode="json"))
    narrow = [f"{path}={SMALL[path.rpartition('.')[2]]}" for path in fields if path.rpartition(".")[2] in SMALL]
    return with_settings(recipe, [*narrow, "batch_size=4", *settings])


def shape_of(game: Game) -> ImageShape:
    return TWOFOLD if game.meeting else SHAPE


def iterations_of(game: Game) -> int:
    """Return as many iterations as it takes to replay each phase."""
    return ITERATIONS if len({game.phase(number) for number in range(OF_LAZY_TERMS)}) == 1 else OF_LAZY_TERMS


def graphs_of(state: TrainingState, tape: Tape, warm_ups: int = 2) -> Graphs:
    return Graphs(state, draws_of(state, 3), tape, warm_ups)


def train(launcher: Launcher, game: Game) -> None:
    for _ in range(iterations_of(game)):
        launcher.iterate()


def differing(one: TrainingState, other: TrainingState) -> list[str]:
    ours, theirs = one.tensors(), other.tensors()
    assert ours.keys() == theirs.keys()
    return [name for name in ours if not torch.equal(ours[name], theirs[name])]


def state_of(case: str) -> TrainingState:
    game = game_of(case)
    return tiny_state(game, shape_of(game), labels=3)


@each_case
def test_replays_train_as_iterations_that_are_run(case: str) -> None:
    states = [state_of(case) for _ in range(3)]
    tape = Tape()
    game = states[0].recipe
    train(graphs_of(states[0], tape), game)
    train(graphs_of(states[1], Tape(), NEVER), game)
    train(Eager(states[2], draws_of(states[2], 3), "by numbers"), game)
    played = Counter(game.phase(iteration) for iteration in range(iterations_of(game)))
    assert tape.replays == sum(max(0, count - 2) for count in played.values()) > 0
    assert tape.records == sum(count > 2 for count in played.values())
    assert differing(states[0], states[1]) == []
    assert states[0].counts() == states[1].counts() == states[2].counts()
    numbers = states[2].tensors()
    for name, tensor in states[0].tensors().items():  # scalars have 24 bits of a schedule's 53
        # As a whole: where a gradient is all but 0, Adam makes steps of whatever rounding left of it.
        apart = float((tensor.double() - numbers[name].double()).norm())
        assert apart <= 1e-2 * float(numbers[name].double().norm()) + 1e-4, (name, apart)


def watched(case: str) -> dict[Hashable, list[Watch]]:
    """Return what the iterations of each phase do on the device, but for the first two; batches are drawn before."""
    state = state_of(case)
    draws, scalars = draws_of(state, 3), Scalars(CPU)
    inputs: dict[Hashable, StaticInputs] = {}
    found: dict[Hashable, list[Watch]] = {}
    for _ in range(iterations_of(state.recipe)):
        phase = state.recipe.phase(state.counters.iterations)
        kept = inputs.setdefault(phase, StaticInputs(draws))
        draws.begin()
        scalars.fill(state.counters.images_seen)
        kept.refill()
        with Watch() as watch:
            play(state, kept, DeviceMoment(state.counters.images_seen, state.counters.iterations, scalars))
        found.setdefault(phase, []).append(watch)
        move_on(state)
    return {phase: watches[2:] for phase, watches in found.items()}


@each_case
def test_what_is_captured_asks_nothing_of_the_host_and_is_the_same_each_time(case: str) -> None:
    """Whatever moves is a tensor: a number that differed between two iterations would be captured and stay."""
    compared = 0
    for alike in watched(case).values():
        for watch in alike:
            assert watch.of_the_host() == set()
        for one, other in pairwise(alike):
            assert one.fixed == other.fixed
            compared += 1
    assert compared >= 1


@each_case
def test_on_a_device_that_is_not_the_hosts_all_tensors_are_the_devices(case: str) -> None:
    """The meta device has shapes alone, and no copy of what the host has comes to it unseen."""
    device = torch.device("meta")
    game = game_of(case)
    shape = shape_of(game)
    with device:
        state = TrainingState(game.settled(shape)[0], shape, 3, 0, device, FULL)
    scalars = Scalars(device)
    for iteration in range(3):
        draws = _Shapes(4, shape, state.conditions)
        with Watch() as watch:
            play(state, draws, DeviceMoment(iteration, iteration, scalars))
        assert watch.devices == {"meta"}
