"""Which iterations are captured, which are not and why, and what stays right around a replay."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from ganache.data import select
from ganache.data.shape import ImageShape
from ganache.engine.graphs import CudaRecorder, Eager, Graphs, _why_eager, launcher
from ganache.engine.state import TrainingState
from ganache.games import Draws, Moment, Records, TwoPlayers
from ganache.parts.augmentations import Augmentation, Augmenter
from ganache.parts.penalties import R1
from ganache.parts.schedules import Linear
from ganache.scratch.by_hand import GanByHand
from ganache.support.errors import UserError
from tests.engine.tape import Tape, Watch
from tests.tiny import Numbered, draws_of, tiny_recipe, tiny_state

NEVER = 10**9  # warm-ups
FALLING = Linear(start=1.0, end=0.0, until=1000.0)


class Later(Augmenter):
    def forward(self, images: Tensor, now: Moment) -> Tensor:
        return images * FALLING.value(now.images_seen)


class ByNumber(Augmentation):
    """Asks a schedule for a number, which a graph would keep."""

    def build(self, shape: ImageShape) -> Augmenter:
        return Later()


class Read(Augmenter):
    def forward(self, images: Tensor, now: Moment) -> Tensor:
        return images * float(now.at(FALLING))


class ByReading(Augmentation):
    """Reads the number of a scalar, for which a device would be waited for."""

    def build(self, shape: ImageShape) -> Augmenter:
        return Read()


class Alternating(TwoPlayers):
    """Moves in one half of its iterations alone."""

    def play(self, cast: Any, draw: Draws, now: Moment) -> Records:
        """Move on even numbers."""
        return super().play(cast, draw, now) if now.iteration % 2 == 0 else {}


class SaysSo(Alternating):
    """Says which iterations are alike."""

    def phase(self, iteration: int) -> Any:
        """Return whether it moves, and what is due."""
        return (iteration % 2, super().phase(iteration))


class Widening(TwoPlayers):
    """Draws more latents with each iteration, by what it remembers outside of the state."""

    times: ClassVar[list[int]] = []

    def play(self, cast: Any, draw: Draws, now: Moment) -> Records:
        """Draw latents first, every second time."""
        self.times.append(1)
        if len(self.times) % 2:
            draw.latents(self.generator.latent)
        return super().play(cast, draw, now)

    def phase(self, iteration: int) -> Any:
        """Say that they are alike."""
        return ()


def lazy() -> TwoPlayers:
    return tiny_recipe(penalties={"r1": R1(weight=FALLING, every=3)}, ema_half_life=100.0)


def of(kind: type[TwoPlayers], **fields: Any) -> TwoPlayers:
    recipe = tiny_recipe(**fields)
    return kind(**{name: getattr(recipe, name) for name in TwoPlayers.model_fields})


def taped(state: TrainingState, tape: Tape | None = None, warm_ups: int = 2) -> Graphs:
    return Graphs(state, draws_of(state), tape or Tape(), warm_ups)


def play(launched: Graphs | Eager, iterations: int) -> None:
    for _ in range(iterations):
        launched.iterate()


def same(one: TrainingState, other: TrainingState) -> bool:
    ours, theirs = one.tensors(), other.tensors()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def copied(state: TrainingState) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in state.tensors().items()}


def test_a_schedule_that_is_asked_for_a_number_is_seen_and_nothing_is_captured() -> None:
    states, tape = [tiny_state(tiny_recipe(augment=ByNumber())) for _ in range(2)], Tape()
    launched = taped(states[0], tape)
    play(launched, 6)
    assert launched.describe() == {
        "launch": "eager",
        "why_eager": "the game, or a part of it, reads now.images_seen",
    }
    assert tape.records == 0
    play(Eager(states[1], draws_of(states[1]), ""), 6)
    assert same(*states)


def test_what_the_tape_refuses_is_seen() -> None:
    """The checks of what is captured fail where a schedule is baked in, or a device is read."""
    watches: dict[str, list[Watch]] = {}
    for augment in (ByNumber(), ByReading()):
        state = tiny_state(tiny_recipe(augment=augment))
        launched = taped(state, warm_ups=NEVER)
        play(launched, 2)
        for _ in range(2):
            with Watch() as watch:
                launched.iterate()
            watches.setdefault(type(augment).__name__, []).append(watch)
    one, other = watches["ByNumber"]
    assert [name for name, _ in one.fixed] == [name for name, _ in other.fixed]
    assert one.fixed != other.fixed
    assert watches["ByReading"][0].of_the_host() >= {"aten::_local_scalar_dense"}


def test_a_game_that_reads_the_iterations_number_says_for_what_or_is_not_captured() -> None:
    for kind, reason in ((Alternating, "the game reads now.iteration and does not say in `phase`"), (SaysSo, "")):
        states, tape = [tiny_state(of(kind)) for _ in range(2)], Tape()
        launched = taped(states[0], tape)
        play(launched, 9)
        assert launched.why_eager.startswith(reason)
        assert bool(launched.why_eager) == bool(reason)
        assert tape.records == (0 if reason else 2)
        play(taped(states[1], warm_ups=NEVER), 9)
        assert same(*states)


def test_a_game_whose_draws_differ_within_a_phase_is_refused_in_one_line() -> None:
    state = tiny_state(of(Widening))
    launched = taped(state)
    with pytest.raises(UserError, match=r"^game: where one iteration draws latents, another of the same phase draws b"):
        play(launched, 3)


def test_what_cannot_be_captured_is_run_and_the_record_says_why() -> None:
    class Refusing(Tape):
        def record(self, function: Callable[[], None]) -> Callable[[], None]:
            raise RuntimeError("operation not permitted when stream is capturing\nand more")

    states = [tiny_state(lazy()) for _ in range(2)]
    launched = taped(states[0], Refusing())
    assert launched.describe() == {"launch": "graphs", "why_eager": ""}
    play(launched, 8)
    assert launched.why_eager == (
        "an iteration could not be captured: operation not permitted when stream is capturing"
    )
    play(taped(states[1], warm_ups=NEVER), 8)
    assert same(*states)
    assert states[0].counts() == states[1].counts()


@pytest.mark.parametrize("same_launcher", [True, False])
def test_a_state_that_was_put_back_is_captured_anew_and_ends_in_the_same_bits(same_launcher: bool) -> None:
    state, tape = tiny_state(lazy()), Tape()
    launched = taped(state, tape)
    play(launched, 10)
    kept, counters = copied(state), state.counts()
    play(launched, 10)
    assert tape.records == 2
    expected = copied(state)
    if same_launcher:
        state.load(kept, counters)
    else:
        state = tiny_state(lazy())
        state.load(kept, counters)
        launched = taped(state, tape)
    play(launched, 10)
    assert tape.records == 4
    assert all(torch.equal(tensor, expected[name]) for name, tensor in state.tensors().items())


def test_sums_have_the_names_since_the_last_line_alone() -> None:
    states = [tiny_state(lazy()) for _ in range(2)]
    both = taped(states[0]), taped(states[1], warm_ups=NEVER)
    for launched in both:
        play(launched, 12)
    for _ in range(3):
        for state, launched in zip(states, both, strict=True):
            state.tally.clear()
            assert state.tally.means() == {}
            launched.iterate()
        assert states[0].tally.means() == states[1].tally.means()
        assert ("penalty/r1" in states[0].tally.entries) is ((states[0].counters.iterations - 1) % 3 == 0)
    assert same(*states)


def test_weights_show_the_slopes_of_the_last_move_whatever_launched_it() -> None:
    states = [tiny_state(lazy()) for _ in range(2)]
    both = taped(states[0]), taped(states[1], warm_ups=NEVER)
    for _ in range(14):
        for launched in both:
            launched.iterate()
        for one, other in zip(*(state.cast.weights("discriminator") for state in states), strict=True):
            assert one.grad is not None
            assert other.grad is not None
            assert torch.equal(one.grad, other.grad)


def test_why_iterations_are_run_one_operation_after_the_other() -> None:
    state = tiny_state(tiny_recipe())
    launched = launcher(select(Numbered()), state)
    assert launched.describe() == {"launch": "eager", "why_eager": "cpu has no graphs"}
    state.device = torch.device("cuda")
    assert _why_eager(state) == ""
    state.cast.networks["generator"].get_submodule("layers.0").not_captured = "it asks the host"  # type: ignore[assignment]
    assert _why_eager(state) == "it asks the host"
    by_hand = tiny_state(GanByHand(width=8))
    by_hand.device = torch.device("cuda")
    assert _why_eager(by_hand) == "the game is computed by arrays that are not torch's"


def test_cudas_optimisers_count_on_the_device_and_do_not_warn() -> None:
    state = tiny_state(tiny_recipe())
    CudaRecorder.prepare(state)
    for optimizer in state.cast.optimizers.values():
        assert all(group["capturable"] for group in optimizer.param_groups)
        assert optimizer._warned_capturable_if_run_uncaptured
