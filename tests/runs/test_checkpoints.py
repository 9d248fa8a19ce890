from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ganache.engine.iteration import iterate
from ganache.engine.state import TrainingState
from ganache.games import TwoPlayers
from ganache.runs import sealed
from ganache.runs.checkpoints import forget_after, restore, save_state, seconds_at
from ganache.runs.folder import Run
from ganache.support.errors import RunError, UserError
from tests.tiny import draws_of, tiny_recipe, tiny_state

DATA = "f" * 64


def always(images: int) -> bool:
    return True


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with checkpoints at 0, 4, 8 and 12 images."""
    run = Run.create(tmp_path / "run", tiny_recipe(), {"images_seen": 0, "training_seconds": 0.0})
    state = tiny_state(tiny_recipe())
    draws = draws_of(state)
    for _ in range(4):
        save_state(run, state, DATA)
        iterate(state, draws)
    return run


def files(run: Run) -> list[str]:
    return sorted(path.name for path in run.checkpoints.iterdir())


def restored(run: Run, accept: Callable[[int], bool] = always) -> tuple[TrainingState, list[str]]:
    state = tiny_state(tiny_recipe())
    said: list[str] = []
    restore(run, state, DATA, said.append, accept)
    return state, said


def test_a_checkpoint_bears_its_images_and_says_what_it_is(run: Run) -> None:
    assert files(run) == [f"{images:08d}.safetensors" for images in (0, 4, 8, 12)]
    tensors, description = sealed.load(run.checkpoints / "00000008.safetensors")
    assert description == {
        "format": 2,
        "content": "checkpoint",
        "counters": {"images_seen": 8, "images_drawn": 8, "iterations": 2, "rollbacks": 0},
        "recipe": tiny_recipe().model_dump(mode="json"),
        "seed": 0,
        "data": DATA,
    }
    assert {name.split("/")[0] for name in tensors} == {
        *("generator", "discriminator", "average", "optimizer", "tally")
    }


def test_the_newest_is_restored_and_nothing_is_said(run: Run) -> None:
    state, said = restored(run)
    assert (state.counters.images_seen, state.counters.iterations, said) == (12, 3, [])
    tensors, _ = sealed.load(run.checkpoints / "00000012.safetensors")
    now = state.tensors()
    assert set(now) == set(tensors)
    assert all(torch.equal(now[name], tensor) for name, tensor in tensors.items())


def test_only_accepted_numbers_are_restored(run: Run) -> None:
    assert restored(run, lambda images: images % 8 == 0)[0].counters.images_seen == 8


def test_without_any_the_state_stays_as_it_is_built(tmp_path: Path) -> None:
    empty = Run.create(tmp_path / "run", tiny_recipe(), {})
    state, said = restored(empty)
    assert (state.counters.images_seen, said) == (0, [])
    untouched = tiny_state(tiny_recipe()).tensors()
    assert all(torch.equal(tensor, untouched[name]) for name, tensor in state.tensors().items())


def test_a_damaged_one_is_set_aside_and_the_one_before_is_used(run: Run) -> None:
    newest = run.checkpoints / "00000012.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1] + b"\xff")
    (run.checkpoints / "00000008.safetensors").write_bytes(b"")
    state, said = restored(run)
    assert state.counters.images_seen == 4
    assert files(run) == [
        *("00000000.safetensors", "00000004.safetensors"),
        *("00000008.safetensors.damaged", "00000012.safetensors.damaged"),
    ]
    assert len(said) == 2
    assert said[0] == (
        f"{newest} is damaged: its content does not match its checksum; set aside as 00000012.safetensors.damaged"
    )
    assert "00000008.safetensors cannot be read" in said[1]


def test_when_all_are_damaged_the_training_does_not_quietly_begin_anew(run: Run) -> None:
    for path in run.checkpoints.iterdir():
        path.write_bytes(b"")
    with pytest.raises((UserError, RunError)):
        restored(run)


@pytest.mark.parametrize(
    ("recipe", "seed", "data", "difference"),
    [
        (tiny_recipe(batch_size=8), 0, DATA, "recipe.batch_size: 4 → 8"),
        (
            tiny_recipe(objective={"kind": "LeastSquares"}),
            0,
            DATA,
            "recipe.objective.kind: NonSaturating → LeastSquares; recipe.objective.fake_target: nothing → 0.0; "
            "recipe.objective.generator_target: nothing → 1.0",
        ),
        (tiny_recipe(), 1, DATA, "seed: 0 → 1"),
        (tiny_recipe(), 0, "e" * 64, f"data: {DATA} → {'e' * 64}"),
        (tiny_recipe(critic_steps=2), 1, DATA, "recipe.critic_steps: 1 → 2; seed: 0 → 1"),
    ],
)
def test_a_change_is_refused_with_old_and_new(
    run: Run, recipe: TwoPlayers, seed: int, data: str, difference: str
) -> None:
    state = tiny_state(recipe, seed=seed)
    before = {name: tensor.clone() for name, tensor in state.tensors().items()}
    said: list[str] = []
    with pytest.raises(UserError) as refused:
        restore(run, state, data, said.append, always)
    prefix = f"run: {run.path} cannot be continued, this changed since it was saved: "
    assert str(refused.value) == prefix + difference
    assert all(torch.equal(tensor, before[name]) for name, tensor in state.tensors().items())
    assert (len(files(run)), said) == (4, [])


def test_another_format_is_refused(run: Run) -> None:
    path = run.checkpoints / "00000012.safetensors"
    tensors, description = sealed.load(path)
    sealed.save(path, tensors, {**description, "format": 3})
    with pytest.raises(
        UserError, match="its checkpoint is a checkpoint of format 3; continue it with the version that wrote it"
    ):
        restored(run)


def test_a_future_that_was_given_up_is_forgotten(run: Run) -> None:
    (run.checkpoints / "00000016.safetensors.damaged").write_bytes(b"")
    forget_after(run, 4)
    assert files(run) == ["00000000.safetensors", "00000004.safetensors", "00000016.safetensors.damaged"]


def test_seconds_are_those_of_the_last_point_that_was_reached(run: Run) -> None:
    lines = [(4, 1.5), (8, 3.25), (12, 4.0)]
    run.log_file.write_text(
        "".join(f'{{"images_seen": {images}, "training_seconds": {seconds}}}\n' for images, seconds in lines)
    )
    run.update_record(images_seen=10, training_seconds=3.75)
    assert [seconds_at(run, images) for images in (0, 3, 4, 7, 8, 10, 11, 12, 99)] == [
        *(0.0, 0.0, 1.5, 1.5, 3.25, 3.75, 3.75, 4.0, 4.0)
    ]


def test_a_run_that_never_moved_used_no_seconds(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_recipe(), {"images_seen": 0, "training_seconds": 0.0})
    assert seconds_at(run, 0) == seconds_at(run, 100) == 0.0
