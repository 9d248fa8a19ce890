"""Two processes with half a batch each are one with the whole: started as `torchrun` does, on this machine."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from ganache.runs import sealed
from ganache.runs.folder import Run
from tests.commands import TINY, run_command
from tests.engine.together import games

ROOT = Path(__file__).parents[2]


class Pair(NamedTuple):
    """Two processes, and the store in which they meet unless the first one keeps it."""

    processes: list[subprocess.Popen[str]]
    meeting: TCPStore | None = None


ROUNDING = 1e-12  # in float64, after three iterations


def begin(command: list[str], rank: int, port: int, **more: str) -> subprocess.Popen[str]:
    """Start one of two processes with what `torchrun` puts around it."""
    place = {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    around = {**os.environ, "OMP_NUM_THREADS": "1", **place, **more}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=around, stdout=pipe, stderr=pipe, text=True)


def begin_two(*command: str, **more: str) -> Pair:
    """Start both processes of a Python command in this project."""
    meeting = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)  # as torchrun's agent keeps it
    more["TORCHELASTIC_USE_AGENT_STORE"] = "True"
    both = [begin([sys.executable, *command], rank, meeting.port, **more) for rank in range(2)]
    return Pair(both, meeting)


def ended(pair: Pair) -> list[tuple[int, str, str]]:
    """Return each one's status and what it wrote to its two streams, once both have ended."""
    found = []
    for process in pair.processes:
        output, complaints = process.communicate(timeout=300)
        found.append((process.returncode, output, complaints))
    return found


def complaints(*results: tuple[int, str, str]) -> list[str]:
    """Return the lines with which commands failed, without torch's warnings about the network."""
    return [line for result in results for line in result[2].splitlines() if line.startswith("ganache:")]


def test_two_processes_move_every_weight_as_one_does() -> None:
    first, second = ended(begin_two("-m", "tests.engine.together"))
    assert (first[0], second[0]) == (0, 0), first[2] + second[2]
    by, apart = json.loads(first[1]).values()
    assert by == "SharedMemory"
    assert apart.keys() == games().keys()
    assert {name: found for name, found in apart.items() if found[0] > ROUNDING} == {}


LATE_IMPORT = """
import importlib, os, sys
from ganache.engine.processes import started
with started() as world:
    importlib.import_module("torch._dynamo")  # as a training does, in the middle
    world.told(None)
for task in os.listdir("/proc/self/task"):
    print(open(f"/proc/self/task/{task}/comm").read().strip())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are listed by Linux alone")
def test_no_thread_of_the_exchange_is_left_when_python_ends() -> None:
    """One that still frees a tensor then aborts the process, seldom on a quiet machine."""
    for status, output, complaint in ended(begin_two("-c", LATE_IMPORT)):
        assert status == 0, complaint
        assert "gloo" not in output


ACCIDENT = """
import os, signal
from tests.tiny import tiny_recipe
from ganache.games import TwoPlayers

class Accident(TwoPlayers):
    def play(self, cast, draw, now):
        begun = os.path.exists(os.environ["RUN"])  # not only measured
        if begun and now.iteration == 3 and os.environ["RANK"] == "1":
            {what}
        return super().play(cast, draw, now)

def recipe():
    tiny = tiny_recipe()
    return Accident(**{{name: getattr(tiny, name) for name in TwoPlayers.model_fields}})
"""


def accident(folder: Path, what: str, **more: str) -> Pair:
    """Start a training in whose fourth iteration something happens to the second process."""
    return begin_two(*accident_command(folder, what), RUN=str(folder / "run"), **more)


def accident_command(folder: Path, what: str) -> tuple[str, ...]:
    """Return such a training, as Python's arguments."""
    recipe = folder / "accident.py"
    recipe.write_text(ACCIDENT.format(what=what), encoding="utf-8")
    training = ("train", str(recipe), "--data", "digits", "--images", "100k", "--out", str(folder / "run"))
    return ("-m", "ganache", *training)


@pytest.fixture
def networks() -> Iterator[list[tuple[str, ...]]]:
    """Two networks of their own on this machine, joined by a cable: how a command is run in each."""
    names, address = [f"ganache-{os.getpid()}-{side}" for side in range(2)], "10.98.0.{}/24"
    cable = ["ip", "link", "add", "eth0", "netns", names[0], "type", "veth", "peer", "name", "eth0", "netns", names[1]]
    try:
        made = [run("ip", "netns", "add", name) for name in names] + [run(*cable)]
        for number, name in enumerate(names, 1):
            inside = ("ip", "-n", name)
            made.append(run(*inside, "addr", "add", address.format(number), "dev", "eth0"))
            made += [run(*inside, "link", "set", device, "up") for device in ("lo", "eth0")]
        if not all(made):
            pytest.skip("networks cannot be made here")
        yield [("ip", "netns", "exec", name) for name in names]
    finally:
        for name in names:
            run("ip", "netns", "delete", name)


def run(*command: str) -> bool:
    """Whether a command of the system is there and succeeds."""
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def test_two_machines_are_one_too(networks: list[tuple[str, ...]]) -> None:
    """Each has a network in which the other is not 127.0.0.1, by which this machine knows itself."""
    play = [sys.executable, "-m", "tests.engine.together", "wgan-gp"]
    both = [begin([*inside, *play], rank, 29_400, MASTER_ADDR="10.98.0.1") for rank, inside in enumerate(networks)]
    first, second = ended(Pair(both))
    assert (first[0], second[0]) == (0, 0), first[2] + second[2]
    by, apart = json.loads(first[1]).values()
    assert by == "Network"
    assert [distance < ROUNDING for distance, _ in apart.values()] == [True]


def test_a_lost_machine_ends_the_other_with_one_line(tmp_path: Path, networks: list[tuple[str, ...]]) -> None:
    training = accident_command(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    around = {"MASTER_ADDR": "10.98.0.1", "RUN": str(tmp_path / "run")}
    both = [begin([*inside, sys.executable, *training], rank, 29_401, **around) for rank, inside in enumerate(networks)]
    first, second = ended(Pair(both))
    assert first[0] == 1
    (said,) = complaints(first, second)
    assert said.startswith("ganache: another process of this training has ended")


def test_one_run_of_two_processes_is_continued_by_one(tmp_path: Path) -> None:
    training = ("train", "dcgan", "--data", "digits", *TINY, "--batch", "8", "--out", str(tmp_path / "run"))
    first, second = ended(begin_two("-m", "ganache", *training))
    assert (first[0], second[0]) == (0, 0), first[2] + second[2]
    assert first[1].rstrip().endswith("grid.png")
    assert second[1:] == ("", "")
    assert Run(tmp_path / "run").record()["sessions"][0]["processes"] == 2
    went_on = run_command("resume", tmp_path / "run", "--images", "64")
    assert went_on.status == 0, went_on.complaints
    assert "trained by 2 processes before, by 1 now: equal but for rounding" in went_on.output


def test_a_signal_to_one_process_stops_both_and_all_is_saved(tmp_path: Path) -> None:
    first, second = ended(accident(tmp_path, "os.kill(os.getpid(), signal.SIGTERM)"))
    assert (first[0], second[0]) == (128 + signal.SIGTERM, 128 + signal.SIGTERM), first[2] + second[2]
    assert "everything is saved" in first[1]
    run = Run(tmp_path / "run")
    assert run.record()["outcome"] == "interrupted by SIGTERM"
    assert int(sealed.newest(run.checkpoints)[0].stem) == run.record()["images_seen"] >= 16


@pytest.mark.parametrize(
    ("what", "status", "line"),
    [
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            -signal.SIGKILL,
            "another process of this training has ended",
        ),
        ("raise MemoryError", 1, "the memory does not suffice"),
    ],
)
def test_a_lost_process_ends_the_other_with_one_line(tmp_path: Path, what: str, status: int, line: str) -> None:
    first, second = ended(accident(tmp_path, what))
    assert (first[0], second[0]) == (1, status)
    (said,) = complaints(first, second)
    assert said.startswith(f"ganache: {line}")
    assert sealed.newest(Run(tmp_path / "run").checkpoints)


def test_a_process_that_stands_still_ends_the_other(tmp_path: Path) -> None:
    (first, second), _kept = accident(tmp_path, "os.kill(os.getpid(), signal.SIGSTOP)", GANACHE_PATIENCE="3")
    try:
        said = first.communicate(timeout=120)[1]
    finally:
        second.kill()
    second.communicate()
    assert first.returncode == 1
    (said,) = complaints((first.returncode, "", said))
    assert said.endswith("the run can be resumed")


def test_a_batch_that_cannot_be_shared_is_one_line(tmp_path: Path) -> None:
    training = ("train", "dcgan", "--data", "digits", *TINY, "--batch", "9", "--out", str(tmp_path / "run"))
    first, second = ended(begin_two("-m", "ganache", *training))
    assert first[0] == 2
    assert second[0] in (1, 2)  # it may miss the first one before it sees the mistake
    (said,) = complaints(first, second)
    assert said == "ganache: batch: 9 images cannot be shared evenly by 2 processes; 8 could"
