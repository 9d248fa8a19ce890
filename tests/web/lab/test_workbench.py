"""A training of the lab is the training of the command line, whoever looks at it and however it is stopped."""

from pathlib import Path

import numpy as np
import pytest
import torch

import ganache
from ganache.engine.state import NonFiniteError
from ganache.runs import sealed
from ganache.runs.cadence import Cadence
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.web.lab.keeping import keep
from ganache.web.lab.sights import Layers, Viewer
from ganache.web.lab.workbench import planned
from tests.web.lab.benches import bench, recipe

DROPOUT = ("discriminator.dropout=0.2", 'augment={"kind": "InputNoise", "deviation": 0.1}')
ITERATIONS = 20  # 320 images of batches of 16: the whole budget
ALL = Layers(field=True, lattice=True, arrows=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that `ganache train` makes of the same game; it draws noise and dropout, which looks must not move."""
    out = tmp_path_factory.mktemp("lab") / "run"
    return ganache.train(recipe(*DROPOUT), data="ring", out=out, seed=3, device="cpu").run


def last_state(run: Path) -> dict[str, torch.Tensor]:
    return sealed.load(sealed.newest(run / "checkpoints")[0])[0]


def assert_same_bits(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> None:
    assert left.keys() == right.keys()
    assert [name for name in left if not torch.equal(left[name], right[name])] == []


def test_it_has_the_bits_of_the_command_line(trained: Path) -> None:
    played = bench(*DROPOUT, iterations=ITERATIONS)
    assert_same_bits(played.state.tensors(), last_state(trained))


def test_looking_at_every_iteration_moves_nothing(trained: Path) -> None:
    watched = bench(*DROPOUT)
    viewer = Viewer(watched)
    for number in range(ITERATIONS):
        viewer.arrays(ALL if number % 2 else Layers(average=True))
        viewer.modes(ALL, at_rest=True)
        watched.advance()
        watched.curves()
    assert_same_bits(watched.state.tensors(), last_state(trained))


def test_its_lines_are_those_of_the_log(trained: Path) -> None:
    played = bench(*DROPOUT, iterations=ITERATIONS)
    clocks = {"training_seconds", "images_per_second", "memory_bytes"}
    written = [{name: line[name] for name in line.keys() - clocks} for line in Run.open(trained).log_lines()]
    assert [{name: line[name] for name in line.keys() - clocks} for line in played.lines] == written
    assert len(written) == ITERATIONS


def test_one_that_is_kept_goes_on_as_if_it_had_been_a_run(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = keep(bench(*DROPOUT, iterations=12))
    assert kept == Path("runs/mlp-2d-ring")
    run = Run.open(kept)
    assert run.record()["images_seen"] == 192
    assert [path.name for path in run.sample_files()] == ["00000192.png"]
    assert run.generator_file.exists()
    assert len(run.log_lines()) == 12
    ganache.resume(kept)
    assert_same_bits(last_state(kept), last_state(trained))
    assert keep(bench(iterations=1)) == Path("runs/mlp-2d-ring-2")


def test_what_was_not_begun_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="before the first iteration"):
        keep(bench())
    assert not list(tmp_path.iterdir())


def test_a_drawn_density_is_kept_beside_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    drawn = tmp_path / "elsewhere" / "drawn.json"
    drawn.parent.mkdir()
    drawn.write_text('{"modes": [[0, 0], [0.5, 0.5]], "std": 0.05, "weights": [1, 2]}')
    kept = keep(bench(data=str(drawn), iterations=2))
    drawn.unlink()
    assert kept == Path("runs/mlp-2d-drawn")
    assert Path("runs/mlp-2d-drawn-data.json").exists()
    assert ganache.resume(kept).images_seen == 320


def test_lines_become_rarer_in_a_training_that_goes_on_and_on() -> None:
    played, images = bench("images=160000"), 16  # an iteration
    for planned_before, tick in ((160_000, 500), (320_000, 1_000)):
        assert played.cadence.stretches[-1].planned == planned_before
        assert played.cadence.stretches[-1].tick == tick
        played.state.counters.images_seen = planned_before - images
        played.advance()
    assert played.cadence == plan_cadence().extended(160_000, 320_000, images).extended(320_000, 640_000, images)
    assert [line["images_seen"] for line in played.lines] == [160_000, 320_000]


def plan_cadence() -> Cadence:
    return Cadence.over(160_000, 16)


@pytest.mark.parametrize("images", [32_000, 10_000, 100])  # a tick every 50, 3 and 1 iterations
def test_curves_are_means_since_they_were_last_asked_for(images: int) -> None:
    played = bench(f"images={images}")
    single = []
    for _ in range(6):
        played.advance()
        single.append(played.curves()["loss/discriminator"])
    other = bench(f"images={images}", iterations=6)
    assert other.curves()["loss/discriminator"] == pytest.approx(sum(single) / 6, rel=1e-6)
    assert other.curves() == {}


def test_a_broken_state_is_found_before_it_is_shown() -> None:
    played = bench(iterations=2)
    with torch.no_grad():
        next(played.state.cast.networks["discriminator"].parameters()).fill_(float("nan"))
    with pytest.raises(NonFiniteError):
        played.advance()  # a tick
    with pytest.raises(NonFiniteError):
        played.curves()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (("batch_size=8192",), "batch_size: the lab takes batches of at most 4,096, not 8,192"),
        (("generator.widths=[4000, 4000]",), "recipe: the lab takes networks of 10,000,000 weights at most, not 16,"),
        (("constraint=WeightClipping", "discriminator.spectral_norm=true"), "constraint: "),
    ],
)
def test_what_is_too_much_or_cannot_be_is_refused_in_one_line(settings: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(UserError) as refused:
        planned(recipe(*settings), "ring", 0)
    assert str(refused.value).startswith(complaint)
    assert "\n" not in str(refused.value)


def test_pictures_may_be_small_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "large.npy", np.zeros((4, 65, 8, 1), np.uint8))
    with pytest.raises(UserError, match="at most 64x64, not 65x8; --size 64x64 makes them so"):
        planned(recipe(), str(tmp_path / "large.npy"), 0)
