"""A game of one's own: trained, killed, resumed to the bits of a run that nobody disturbed, sampled."""

import contextlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.same_run import differing

ROOT = Path(__file__).parents[1]
GAME = ROOT / "examples" / "my_game.py"
GANACHE = [sys.executable, "-m", "ganache"]
KILLED = -9


def training(out: Path, images: str = "6k") -> list[str]:
    return [*GANACHE, "train", str(GAME), "--data", "digits", "--images", images, "--out", str(out)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; tests must not change it."""
    out = tmp_path_factory.mktemp("game") / "run"
    subprocess.run(training(out), check=True, capture_output=True)
    return out


def test_it_is_short() -> None:
    assert len(GAME.read_text().splitlines()) < 120


def test_killed_and_resumed_it_ends_with_the_files_of_one_that_nobody_disturbed(
    undisturbed: Path, tmp_path: Path
) -> None:
    killed = tmp_path / "run"
    process = subprocess.Popen(training(killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # The second checkpoint lies in the middle of the run; its name is there when it is whole.
    while not enough(killed) and process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    process.kill()
    assert process.wait() == KILLED
    subprocess.run([*GANACHE, "resume", str(killed), "--code", str(GAME)], check=True, capture_output=True)
    assert differing(killed, undisturbed) == []


def enough(run: Path) -> bool:
    return len(list(run.glob("checkpoints/*.safetensors"))) >= 2


def test_it_is_sampled_where_its_code_is_named(undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "samples.npy"
    command = [*GANACHE, "sample", str(undisturbed), "--count", "5", "--out", str(out)]
    subprocess.run([*command, "--code", str(GAME)], check=True, capture_output=True)
    samples = np.load(out)
    assert (samples.shape, samples.dtype) == ((5, 8, 8, 1), np.uint8)
    assert len({sample.tobytes() for sample in samples}) == 5


def test_a_run_of_a_game_that_is_not_known_names_the_way(undisturbed: Path) -> None:
    done = subprocess.run([*GANACHE, "resume", str(undisturbed)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "no Game is called 'EnergyGame'" in done.stderr
    assert "--code" in done.stderr
