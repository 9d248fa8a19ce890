"""What Windows, some mounts and Apple's GPUs refuse, imitated on this system: everything is written all the same."""

import errno
import fcntl
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.overrides import TorchFunctionMode

import ganache
from ganache import data
from ganache.data.selection import select
from ganache.data.shape import ImageShape
from ganache.drawing import sampling
from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.support import files
from ganache.support.streams import untouched_global_stream
from ganache.training.observers.held_out import HeldOut
from ganache.training.observers.vitals import Vitals
from tests.conftest import SMALL
from tests.tiny import Numbered, tiny_recipe, tiny_state
from tests.training.company import measured
from tests.training.observers.test_held_out import Split, judging


def refuse(number: int, path: object) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def in_use(path: object) -> bool:
    """Whether this process has a file open or mapped into its memory, itself or below a folder."""
    wanted = os.path.realpath(os.fspath(path))  # type: ignore[call-overload]
    names = [os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
    maps = Path("/proc/self/maps").read_text().splitlines()
    names += [line.split(maxsplit=5)[-1].strip() for line in maps if "/" in line]
    return any(name == wanted or name.startswith(f"{wanted}/") for name in names)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch, no_locks: None) -> None:
    """Folders cannot be opened; what is open for reading cannot be flushed; what is open or mapped cannot be moved."""
    real: dict[str, Any] = {
        name: getattr(os, name) for name in ("open", "fsync", "replace", "rename", "unlink", "remove")
    }

    def open_file(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if isinstance(path, str | os.PathLike) and os.path.isdir(path) and not flags & os.O_DIRECTORY:
            raise refuse(errno.EACCES, path)
        return int(real["open"](path, flags, *rest, **options))

    def flush(descriptor: int) -> None:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise refuse(errno.EBADF, descriptor)
        real["fsync"](descriptor)

    def move(source: Any, target: Any) -> None:
        if in_use(source) or in_use(target) or os.path.isdir(target):
            raise refuse(errno.EACCES, source)
        real["replace"](source, target)

    def rename(source: Any, target: Any) -> None:
        if os.path.exists(target):
            raise refuse(errno.EEXIST, source)
        move(source, target)

    def unlink(path: Any, **options: Any) -> None:
        if not options and in_use(path):
            raise refuse(errno.EACCES, path)
        real["unlink"](path, **options)

    for name, imitation in {"open": open_file, "fsync": flush, "replace": move, "rename": rename}.items():
        monkeypatch.setattr(os, name, imitation)
    monkeypatch.setattr(os, "unlink", unlink)
    monkeypatch.setattr(os, "remove", unlink)
    monkeypatch.setattr(shutil, "_use_fd_functions", False)  # as there, trees are removed by names


@pytest.fixture
def no_folder_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount that cannot flush folders, as CIFS and some FUSE file systems."""
    real = os.fsync

    def flush(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise refuse(errno.EINVAL, descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", flush)


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="the imitation reads /proc")
@pytest.mark.parametrize("system", ["windows", "no_folder_sync"])
def test_a_run_from_beginning_to_end(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Before, on both, nothing could be written at all."""
    request.getfixturevalue(system)
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "run").mkdir()  # an empty folder may become the run
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(24):
        Image.fromarray(np.full((8, 8), 10 * number, np.uint8)).save(pictures / f"{number}.png")
    run = tmp_path / "run"
    ganache.train("dcgan", data=pictures, out=run, images=64, settings=SMALL, evaluate_every=16)
    newest = sealed.newest(run / "checkpoints")[0]
    newest.write_bytes(newest.read_bytes()[:-3] + b"xyz")  # is set aside
    ganache.resume(run, images=128)
    assert Run.open(run).record()["outcome"] == "finished"
    sampling.sample_to(run, str(tmp_path / "grid.png"), count=3, device="cpu")
    data.pack(pictures, tmp_path / "store")
    assert data.open_dataset(tmp_path / "store").shape == ImageShape(1, 8, 8)
    assert not list(tmp_path.rglob("*partial*"))


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="the imitation reads /proc")
def test_a_state_that_was_read_holds_no_file(tmp_path: Path) -> None:
    """Before, the best generator was the checkpoint itself, mapped into memory, which Windows does not delete."""
    path, state = tmp_path / "a.safetensors", tiny_state(tiny_recipe())
    state.best = {"weight": torch.ones(1000)}
    state.tally.add({"loss": torch.ones(3)})
    sealed.save(path, state.tensors(), {})
    tensors, _ = sealed.load(path)
    assert in_use(path)
    state.load(tensors, state.counts())
    del tensors
    assert not in_use(path)
    assert torch.equal(state.best["weight"], torch.ones(1000))


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_folder_whose_disk_fails_is_an_error_all_the_same(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def flush(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise refuse(number, descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", flush)
    with pytest.raises(ganache.RunError, match=r"^could not write .*a: "):
        files.write_text(tmp_path / "a", "b")


class NoFloat64(TorchFunctionMode):
    """Refuses float64 to tensors that were not brought to the CPU, as Apple's GPUs do."""

    def __init__(self) -> None:
        super().__init__()
        self.on_cpu: list[torch.Tensor] = []

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        found = function(*arguments, **(options or {}))
        if isinstance(found, torch.Tensor):
            given = [one for one in arguments if isinstance(one, torch.Tensor)]
            allowed = all(any(one is other for other in self.on_cpu) for one in given)
            if function is torch.Tensor.cpu or (given and allowed) or (not given and found.dtype == torch.float64):
                self.on_cpu.append(found)
            elif found.dtype == torch.float64:
                raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        return found


def test_what_is_measured_on_the_way_needs_no_float64_of_apples_gpus() -> None:
    """Before, the discriminator's examination did, which ended a training on MPS after its first pass."""
    state, other = judging(bound=0.5), tiny_state(tiny_recipe())
    held_out, vitals = HeldOut(select(Split()), state), Vitals(select(Numbered()), other)
    with NoFloat64():
        measured(held_out, state)
        measured(vitals, other)
    with NoFloat64(), pytest.raises(TypeError, match="float64"):
        torch.ones(2).double()


class Apple:
    """Apple's random state, where there is none."""

    def __init__(self) -> None:
        self.state = torch.zeros(1)

    def get_rng_state(self) -> torch.Tensor:
        return self.state.clone()

    def set_rng_state(self, state: torch.Tensor) -> None:
        self.state = state


def test_the_callers_random_numbers_on_apples_gpus_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    apple = Apple()
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch, "mps", apple)
    with untouched_global_stream():
        apple.state += 5
    assert apple.state.item() == 0
