"""Device, precision and threads: what the machine decides, so that recipes need not."""

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch

from ganache.data.shape import ImageShape
from ganache.support.errors import UserError, did_you_mean
from ganache.support.precision import Autocast

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fp32", "bf16")
Precision = Literal["fp32", "bf16"]
ISA_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")  # environment: oneDNN uses no newer instructions than these
WITHOUT_BF16 = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"}
CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
STATUS = Path("/proc/self/status")  # Linux: its getrusage would begin at what the process that started this one had


def choose_device(name: str) -> torch.device:
    """Return the device with this name; ``auto`` is CUDA, else MPS, else the CPU.

    Raises UserError for an unknown name, or a device that this machine does not have.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(device for device in ("cuda", "mps", "cpu") if available[device]))
    if name not in available:
        raise UserError(f"device: {name!r} is not one of {', '.join(DEVICES)}{did_you_mean(name, DEVICES)}")
    if not available[name]:
        raise UserError(f"device: {name!r} is not available here; --device auto takes what there is")
    return torch.device(name)


def choose_precision(name: str, device: torch.device, shape: ImageShape) -> Precision:
    """Return the precision with this name; ``auto`` is bf16 where the hardware has instructions for it, else fp32.

    Rows and points stay in float32: three digits are too few for numbers. Raises UserError for an unknown
    name, or bf16 where the device cannot.
    """
    if name not in PRECISIONS:
        raise UserError(f"precision: {name!r} is not one of {', '.join(PRECISIONS)}{did_you_mean(name, PRECISIONS)}")
    if name == "bf16" and device.type == "mps":
        raise UserError("precision: 'bf16' is not supported on mps; use fp32")
    if name == "auto":
        return "bf16" if not shape.is_row and _has_fast_bf16(device) else "fp32"
    return "bf16" if name == "bf16" else "fp32"


def autocast_for(precision: Precision, device: torch.device) -> Autocast:
    """Return the context in which forward passes run."""
    return Autocast(device.type, torch.bfloat16 if precision == "bf16" else None)


def memory_format_for(use: Literal["making", "reading", "drawing"], autocast: Autocast) -> torch.memory_format:
    """Return the order in memory of features in a network that learns to make or to read images, or that only draws.

    GPUs and bfloat16 multiply fastest with the channels last. In float32 on a CPU that gains where a discriminator
    pools and strides and in drawing; a generator in training gains or loses with its width (docs/design.md).
    """
    gains = {"cuda": True, "cpu": autocast.dtype is not None or use != "making"}
    return torch.channels_last if gains.get(autocast.device_type, False) else torch.contiguous_format


def make_reproducible(device: torch.device, threads: int) -> None:
    """Fix what would otherwise let two equal runs differ: the number of threads, and kernels chosen by chance."""
    torch.set_num_threads(threads)
    if device.type == "cuda":
        os.environ.setdefault(CUBLAS, ":4096:8")
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False  # else convolutions in float32 have ten bits
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # nothing reads it unwritten
        torch.use_deterministic_algorithms(True, warn_only=True)


@contextlib.contextmanager
def settings_given_back() -> Iterator[None]:
    """Give the caller torch's settings back as they were before `make_reproducible`: the process may not be ours."""
    threads, workspace = torch.get_num_threads(), os.environ.get(CUBLAS)
    cudnn = torch.backends.cudnn
    benchmark, tf32 = cudnn.benchmark, cudnn.allow_tf32
    fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        cudnn.benchmark, cudnn.allow_tf32 = benchmark, tf32
        torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        if workspace is None:
            os.environ.pop(CUBLAS, None)


def keep_freed_memory() -> None:
    """Let what a step frees serve the next one: glibc else returns it to the system, whose pages cost as much again.

    Its thresholds follow the largest block of up to 32 MiB that was freed; other allocators do not mind.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all that was asked, so that the clock can be read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def memory_in_use(device: torch.device) -> int:
    """Return the peak memory of this process so far in bytes: the device's for CUDA, else resident memory."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if STATUS.exists():
        kibibytes = next(line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024 * int(kibibytes)
    try:
        import resource
    except ImportError:  # Windows has no such count
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if platform.system() == "Darwin" else peak * 1024)


def _has_fast_bf16(device: torch.device) -> bool:
    """Whether the device has instructions that multiply bfloat16, and on a processor oneDNN is allowed to use them."""
    if device.type != "cpu":
        return device.type == "cuda" and bool(torch.cuda.is_bf16_supported(including_emulation=False))
    allowed = next((os.environ[name] for name in ISA_LIMITS if name in os.environ), "").upper() not in WITHOUT_BF16
    has = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return bool(allowed and has)
