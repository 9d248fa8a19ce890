"""The loop with observers, data and a clock of the tests' own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganache.data import Batch, select
from ganache.engine.state import TrainingState
from ganache.parts.augmentations import Augmenter
from ganache.parts.moment import Moment
from ganache.runs import sealed
from ganache.runs.budget import Budget
from ganache.runs.cadence import Cadence, Stretch
from ganache.runs.folder import Run
from ganache.training.clock import Clock
from ganache.training.display import Display
from ganache.training.loop import Loop
from ganache.training.observers.observer import Marks, Observer
from tests.conftest import SMALL
from tests.tiny import CPU, Numbered, NumberedStream, tiny_recipe, tiny_state
from tests.training import company
from tests.training.company import Poison
from tests.training.test_clock import Hands

RARELY = 4000
SPECTRAL = ("discriminator.batch_norm=false", "discriminator.spectral_norm=true")


def looped(
    folder: Path, *, images: int | None = None, seconds: float | None = None, checkpoint: int = RARELY, **given: Any
) -> Loop:
    """Return a loop over numbered rows that ticks at each iteration, of 4 images, or else every `tick` images."""
    recipe, data, tick = tiny_recipe(), given.pop("data", Numbered()), given.pop("tick", 4)
    cadence = Cadence((Stretch(since=0, planned=RARELY, tick=tick, samples=RARELY, checkpoint=checkpoint),))
    run = Run.create(folder / "run", recipe, {})
    return Loop(run, tiny_state(recipe), select(data), budget=Budget(images, seconds), cadence=cadence, **given)


class Noting(Observer):
    """Notes in a common list what it is asked, and marks a line with its own name."""

    def __init__(self, name: str, every: Any, heard: list[Any]) -> None:
        self.name, self.every, self.heard = name, every, heard

    def go_back(self, state: TrainingState) -> None:
        self.heard.append((self.name, "back to", state.counters.images_seen))

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        seen = [name for name in line if name.startswith("mark/")]
        self.heard.append((self.name, line["images_seen"], seen))
        return {f"mark/{self.name}": 1.0}

    def publish(self, state: TrainingState, at_end: bool) -> None:
        self.heard.append((self.name, "at the end" if at_end else "published", state.counters.images_seen))


def test_each_observer_looks_when_it_wants_to_and_reads_what_those_before_it_found(tmp_path: Path) -> None:
    heard: list[Any] = []
    kinds: list[tuple[str, Any]] = [("never", 0), ("ten", 10), ("checkpoint", "checkpoint")]
    loop = looped(tmp_path, images=20, checkpoint=12, observers=[Noting(*kind, heard) for kind in kinds])
    loop.go()
    # Multiples of 10 are passed at 12 and reached at 20, ticks both; of 12 there is only one.
    looks = [entry for entry in heard if isinstance(entry[1], int)]
    assert looks == [("ten", 12, []), ("checkpoint", 12, ["mark/ten"]), ("ten", 20, [])]
    rest = [entry for entry in heard if entry[0] == "never"]
    assert rest == [
        ("never", "back to", 0),
        ("never", "published", 0),
        ("never", "published", 12),
        ("never", "at the end", 20),
    ]
    marked = {line["images_seen"]: [name for name in line if "mark/" in name] for line in loop.run.log_lines()}
    assert marked == {4: [], 8: [], 12: ["mark/ten", "mark/checkpoint"], 16: [], 20: ["mark/ten"]}


def test_all_go_back_together_after_a_rollback(tmp_path: Path) -> None:
    heard: list[Any] = []
    observers = [Noting("one", "tick", heard), Poison(at=16, times=1)]
    loop = looped(tmp_path, images=24, checkpoint=12, observers=observers)
    loop.go()
    assert loop.state.counters.rollbacks == 1
    looks = [entry[1] for entry in heard if isinstance(entry[1], int)]
    assert looks == [4, 8, 12, 16, 16, 20, 24]
    # The weights are no numbers after 16, which is found at 20.
    at = heard.index(("one", "back to", 12))
    assert heard[at - 1][:2] == ("one", 16)
    assert heard[at + 1] == ("one", "published", 12)


class Counting(Augmenter):
    """Adds noise to the images that it sees, and counts them in either mode."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        self.seen.add_(len(images))  # type: ignore[operator]
        return images + 0.1 * torch.randn_like(images)


class Clumsy(Observer):
    """Does at every occasion whatever an observer should not."""

    every = "tick"

    def __init__(self) -> None:
        self.times = 0

    def go_back(self, state: TrainingState) -> None:
        self._meddle(state)

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        self._meddle(state)
        return {}

    def publish(self, state: TrainingState, at_end: bool) -> None:
        self._meddle(state)

    def _meddle(self, state: TrainingState) -> None:
        self.times += 1
        for module in state.modules().values():
            module.train()
            for buffer in module.buffers():
                buffer.add_(1)
        size, critic = state.recipe.batch_size, state.recipe.critic(state.cast, state.now)
        fakes = state.cast("generator", torch.randn(size, state.recipe.sampler.latent.size), torch.zeros(size, 0))
        assert critic is not None
        critic(fakes + torch.randn_like(fakes), torch.zeros(size, 0))
        torch.manual_seed(self.times)


@pytest.mark.parametrize("settings", [("augment=InputNoise",), SPECTRAL])
def test_an_observer_that_does_everything_wrong_moves_no_bit(settings: tuple[str, ...], tmp_path: Path) -> None:
    clumsy, last = Clumsy(), []
    for name, observers in (("without", ()), ("with", (clumsy,))):
        asked: dict[str, Any] = {"images": 160, "settings": (*SMALL, *settings)}
        run = company.train(tmp_path / name, "dcgan", "digits", observers=company.only(*observers), **asked).run
        last.append(sealed.newest(run / "checkpoints")[0].read_bytes())
    assert clumsy.times > 10
    assert last[0] == last[1]


def test_what_an_augmentation_counts_is_not_moved_by_an_observer_either(tmp_path: Path) -> None:
    counts = []
    for name, observers in (("without", ()), ("with", (Clumsy(),))):
        loop = looped(tmp_path / name, images=20, observers=observers)
        loop.state.cast.memories["augment"] = Counting()
        loop.go()
        counts.append({key: value.clone() for key, value in loop.state.tensors().items()})
    assert counts[0]["augment/seen"] == 5 * (4 + 4 + 4)  # reals and fakes for the critic, fakes for the generator
    assert all(torch.equal(value, counts[1][key]) for key, value in counts[0].items())


class SlowStream(NumberedStream):
    hands: Hands

    def batch(self, position: int, count: int) -> Batch:
        self.hands.at += 10.0
        return super().batch(position, count)


class Slow(Numbered):
    """Every batch takes ten seconds."""

    def __init__(self, hands: Hands) -> None:
        super().__init__()
        self.hands = hands

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> NumberedStream:
        stream = SlowStream(self.shape, self.classes, seed)
        stream.hands = self.hands
        return stream


class Waiting(Observer):
    """Takes a thousand seconds at each tick."""

    every = "tick"

    def __init__(self, hands: Hands) -> None:
        self.hands = hands

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        self.hands.at += 1000.0
        return {}


def test_a_budget_of_time_counts_iterations_alone(tmp_path: Path) -> None:
    hands = Hands()
    clock = Clock(CPU, before=100.0, now=hands)
    loop = looped(tmp_path, seconds=135.0, data=Slow(hands), clock=clock, observers=[Waiting(hands)])
    loop.go()
    # One batch an iteration: 110, 120, 130 and 140 seconds.
    assert [line["training_seconds"] for line in loop.run.log_lines()] == [110.0, 120.0, 130.0, 140.0]
    assert [line["images_per_second"] for line in loop.run.log_lines()] == [0.4] * 4
    assert loop.run.record()["training_seconds"] == 140.0


class Saves(Observer):
    """Notes at how many images the state was saved."""

    def __init__(self) -> None:
        self.at: list[int] = []

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        raise AssertionError("it never looks")

    def publish(self, state: TrainingState, at_end: bool) -> None:
        self.at.append(state.counters.images_seen)


def test_the_state_is_saved_once_a_minute_has_passed(tmp_path: Path) -> None:
    hands, saves = Hands(), Saves()
    loop = looped(tmp_path, images=64, data=Slow(hands), clock=Clock(CPU, now=hands), observers=[saves])
    loop.go()
    # More than 60 seconds are seven iterations, 28 images.
    assert saves.at == [0, 28, 56, 64]


def test_a_slow_training_is_saved_between_two_ticks_and_goes_on_from_there(tmp_path: Path) -> None:
    last = []
    for name in ("whole", "cut"):
        hands, saves = Hands(), Saves()
        clock = Clock(CPU, now=hands)
        given: dict[str, Any] = {"tick": 40, "data": Slow(hands), "clock": clock, "observers": [saves]}
        loop = looped(tmp_path / name, images=64 if name == "whole" else 60, **given)
        loop.go()
        assert saves.at[:3] == [0, 28, 56]
        if name == "cut":
            for path in sealed.newest(loop.run.checkpoints)[:1]:
                path.unlink()  # as it was killed after the safety checkpoint at 56
            other = looped(tmp_path / "again", images=64, tick=40, data=Numbered())
            tensors, said = sealed.load(loop.run.checkpoints / "00000056.safetensors")
            other.state.load(tensors, said["counters"])
            other.go()
            loop = other
        last.append(loop.state.tensors())
    assert all(torch.equal(value, last[1][name]) for name, value in last[0].items())


class Listening(Display):
    def __init__(self) -> None:
        self.moved: list[tuple[int, float]] = []

    def advance(self, images_seen: int, done: float) -> None:
        self.moved.append((images_seen, done))


def test_a_display_hears_of_every_iteration(tmp_path: Path) -> None:
    display = Listening()
    looped(tmp_path, images=10, display=display).go()
    assert display.moved == [(4, 0.4), (8, 0.8), (12, 1.0)]


def test_the_record_says_how_iterations_are_launched_and_why(tmp_path: Path) -> None:
    loop = looped(tmp_path, images=4)
    loop.go()
    record = loop.run.record()
    assert (record["launch"], record["why_eager"]) == ("eager", "cpu has no graphs")
