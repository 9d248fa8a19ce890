"""What the machine decides."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
import torch

import ganache
from ganache.data.shape import ImageShape
from ganache.engine import devices
from ganache.games import Moment
from ganache.games.game import TrainingBatch
from ganache.support.precision import Autocast
from tests.conftest import SMALL
from tests.tiny import tiny_state, two_players

MIB = 2**20
TWO_BLOCKS = """
import ctypes, sys
from ganache.engine.devices import keep_freed_memory
libc, size = ctypes.CDLL(None), 20 * 2**20
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
class Info(ctypes.Structure):
    _fields_ = [("others", ctypes.c_int * 8), ("free", ctypes.c_int), ("keepcost", ctypes.c_int)]
libc.mallinfo.restype = Info
if sys.argv[1] == "kept":
    keep_freed_memory()
for turn in range(3):
    blocks = [libc.malloc(size) for _ in range(2)]
    for block in reversed(blocks):
        libc.free(block)
print(libc.mallinfo().free)
"""
CHILD = "import torch; from ganache.engine.devices import memory_in_use; print(memory_in_use(torch.device('cpu')))"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux hands the count on")
def test_the_memory_of_a_process_is_not_that_of_the_one_that_started_it() -> None:
    large = b"\1" * (1_200 * MIB)
    found = subprocess.run([sys.executable, "-c", CHILD], check=True, stdout=subprocess.PIPE, text=True)
    assert 30 * MIB < int(found.stdout) < len(large)


@pytest.mark.parametrize(
    ("flags", "environment", "expected"),
    [
        ((), {}, "fp32"),
        (("amx_tile",), {}, "bf16"),
        (("avx512_bf16",), {}, "bf16"),
        (("amx_tile", "avx512_bf16"), {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"}, "bf16"),
        (("amx_tile", "avx512_bf16"), {"ONEDNN_MAX_CPU_ISA": "avx2"}, "fp32"),
        (("amx_tile", "avx512_bf16"), {"DNNL_MAX_CPU_ISA": "AVX512_CORE"}, "fp32"),
    ],
)
def test_auto_is_bfloat16_where_the_processor_has_instructions_for_it(
    flags: tuple[str, ...], environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopwatch decided, and on a busy machine said now one thing and now the other."""
    for name in devices.ISA_LIMITS:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for flag in ("amx_tile", "avx512_bf16"):
        monkeypatch.setattr(torch.cpu, f"_is_{flag}_supported", lambda has=flag in flags: has)
    cpu = torch.device("cpu")
    assert devices.choose_precision("auto", cpu, ImageShape(1, 8, 8)) == expected
    assert devices.choose_precision("auto", cpu, ImageShape(2, 1, 1)) == "fp32"
    assert devices.choose_precision("fp32", cpu, ImageShape(1, 8, 8)) == "fp32"


def settings() -> list[object]:
    return [
        torch.get_num_threads(),
        torch.backends.cudnn.benchmark,
        torch.backends.cudnn.allow_tf32,
        torch.utils.deterministic.fill_uninitialized_memory,  # type: ignore[attr-defined]
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        os.environ.get(devices.CUBLAS),
    ]


def make_reproducible_and_fail() -> None:
    with devices.settings_given_back():
        devices.make_reproducible(torch.device("cuda"), threads=3)
        assert settings() == [3, False, False, False, True, True, ":4096:8"]
        raise ZeroDivisionError


def test_the_callers_settings_are_given_back_also_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(devices.CUBLAS, raising=False)
    before = settings()
    with pytest.raises(ZeroDivisionError):
        make_reproducible_and_fail()
    assert settings() == before


def test_a_training_gives_the_callers_threads_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ganache.train` left its own number of threads, and on a GPU the deterministic mode, in the caller's process."""
    seen: list[int] = []
    make = devices.make_reproducible

    def noting(device: torch.device, threads: int) -> None:
        make(device, torch.get_num_threads() + 1)
        seen.append(torch.get_num_threads())

    monkeypatch.setattr("ganache.training.plan.make_reproducible", noting)
    before = settings()
    run = ganache.train("dcgan", data="digits", out=tmp_path / "run", images=16, settings=SMALL).run
    assert settings() == before
    ganache.resume(run, images=32)
    assert settings() == before
    assert seen == [before[0] + 1] * 2  # type: ignore[operator]


@pytest.mark.parametrize(
    ("device", "dtype", "last"),
    [
        ("cpu", None, {"reading", "drawing"}),
        ("cpu", torch.bfloat16, {"making", "reading", "drawing"}),
        ("cuda", None, {"making", "reading", "drawing"}),
        ("mps", None, set()),
    ],
)
def test_channels_come_last_where_that_is_faster(device: str, dtype: torch.dtype | None, last: set[str]) -> None:
    uses: tuple[Literal["making", "reading", "drawing"], ...] = ("making", "reading", "drawing")
    formats = {use: devices.memory_format_for(use, Autocast(device, dtype)) for use in uses}
    assert {use for use, found in formats.items() if found is torch.channels_last} == last


def test_the_layout_of_the_features_changes_a_step_by_rounding_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, shape = two_players("lsgan", "batch_size=4"), ImageShape(1, 16, 16)
    batch = TrainingBatch(torch.rand(4, 1, 16, 16) * 2 - 1, torch.zeros(4, 0))
    latents, losses = torch.randn(4, recipe.generator.latent.size), []
    for memory_format in (torch.channels_last, torch.contiguous_format):
        monkeypatch.setattr("ganache.engine.state.memory_format_for", lambda use, autocast, made=memory_format: made)
        state = tiny_state(recipe, shape)
        weights = [w for w in state.cast.networks["discriminator"].parameters() if w.dim() == 4 and w.shape[1] > 1]
        assert weights[0].is_contiguous(memory_format=memory_format)
        torch.manual_seed(0)  # of the dropout
        records = recipe.move_discriminator(state.cast, batch, latents, Moment())
        losses.append((records["loss/discriminator"], *(weight.grad for weight in weights)))
    torch.testing.assert_close(losses[0], losses[1], atol=1e-6, rtol=1e-4)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have other rules")
def test_memory_that_a_step_frees_serves_the_next() -> None:
    """The C library keeps what was freed, where it gave it back: a page fault for every 4 KiB of the next step."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    free = {
        way: int(
            subprocess.run(
                [sys.executable, "-c", TWO_BLOCKS, way], check=True, capture_output=True, text=True, env=environment
            ).stdout
        )
        for way in ("kept", "returned")
    }
    assert free["returned"] < 20 * MIB < 40 * MIB < free["kept"]
