"""What the machine decides."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ganache import devices, recipes
from ganache.critic import Autocast
from ganache.players import ROLES
from ganache.shape import ImageShape
from ganache.step import TrainingBatch, discriminator_step
from tests.tiny import tiny_state

MIB = 2**20
TWO_BLOCKS = """
import ctypes, sys
from ganache.devices import keep_freed_memory
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
CHILD = "import torch; from ganache.devices import memory_in_use; print(memory_in_use(torch.device('cpu')))"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux hands the count on")
def test_the_memory_of_a_process_is_not_that_of_the_one_that_started_it() -> None:
    large = b"\1" * (1_200 * MIB)
    found = subprocess.run([sys.executable, "-c", CHILD], check=True, stdout=subprocess.PIPE, text=True)
    assert 30 * MIB < int(found.stdout) < len(large)


def test_auto_is_bfloat16_only_where_products_are_fast_enough_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, points, cpu = ImageShape(1, 8, 8), ImageShape(2, 1, 1), torch.device("cpu")
    for speedup, expected in ((0.01, "fp32"), (1.4, "fp32"), (1.9, "bf16")):
        monkeypatch.setattr(devices, "_cpu_speedup_of_bf16", lambda speedup=speedup: speedup)
        assert devices.choose_precision("auto", cpu, pictures) == expected
        assert devices.choose_precision("auto", cpu, points) == "fp32"
        assert devices.choose_precision("fp32", cpu, pictures) == "fp32"


def test_the_speedup_of_bfloat16_is_a_ratio_of_measured_times(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.5, 0.2, 0.3, 0.1, 0.4, 0.7])  # three products of each precision in turn, float32 first
    monkeypatch.setattr(devices, "_timed", lambda work: next(seconds))
    assert devices._cpu_speedup_of_bf16.__wrapped__(tries=3) == pytest.approx(3.0)


def test_the_measurement_leaves_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []

    def note(_: object) -> float:
        used.append(torch.get_num_threads())
        return 1.0

    monkeypatch.setattr(devices, "_timed", note)
    before = torch.get_num_threads()
    devices._cpu_speedup_of_bf16.__wrapped__()
    assert set(used) == {1}
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("device", "dtype", "last"),
    [
        ("cpu", None, {"discriminator"}),
        ("cpu", torch.bfloat16, {"generator", "discriminator"}),
        ("cuda", None, {"generator", "discriminator"}),
        ("mps", None, set()),
    ],
)
def test_channels_come_last_where_that_is_faster(device: str, dtype: torch.dtype | None, last: set[str]) -> None:
    formats = {role: devices.memory_format_for(role, Autocast(device, dtype)) for role in ROLES}
    assert {role for role, found in formats.items() if found is torch.channels_last} == last


def test_the_layout_of_the_features_changes_a_step_by_rounding_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, shape = recipes.find("lsgan").changed(batch_size=4), ImageShape(1, 16, 16)
    batch = TrainingBatch(torch.rand(4, 1, 16, 16) * 2 - 1, torch.zeros(4, 0))
    losses = []
    for memory_format in (torch.channels_last, torch.contiguous_format):
        monkeypatch.setattr("ganache.state.memory_format_for", lambda role, autocast, made=memory_format: made)
        state = tiny_state(recipe, shape)
        weights = [w for w in state.players.networks["discriminator"].parameters() if w.dim() == 4 and w.shape[1] > 1]
        assert weights[0].is_contiguous(memory_format=memory_format)
        records = discriminator_step(state.players, batch, state.draw_latents(), recipe, state.moment())
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
