"""What all tests share: one thread, a cache of their own, and one small trained run."""

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import ganache
from ganache.evaluation.features import by_name


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GANACHE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tests run side by side, and small tensors gain nothing from more; nor do the processes that tests start."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OMP_NUM_THREADS", "1")
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Flush nothing: no test cuts the power, and those of what is flushed when have a recorder in this place."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_precision() -> Iterator[None]:
    """Let `auto` mean float32, whatever the processor multiplies fast: tests of bfloat16 ask for it."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
            patched.setattr(torch.cpu, name, lambda: False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_default_of_features() -> Iterator[None]:
    """Let pictures without labels have `random` features unless others are asked for, whatever is installed."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(by_name, "installed", lambda: None)
        yield


SMALL = ("generator.width=8", "discriminator.width=8", "generator.latent.size=4", "batch_size=16")


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a small dcgan on the digits, conditional on their labels; tests must not change it."""
    out = tmp_path_factory.mktemp("runs") / "digits"
    settings = (*SMALL, "conditional=true")
    return ganache.train("dcgan", data="digits", out=out, images=640, seed=3, settings=settings).run


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that locks no files, as some mounts do not."""

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
