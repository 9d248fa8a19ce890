"""Float32 as it is: without the ten bits of TF32, and by kernels that repeat their bits."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Compute in float32, whatever precision the caller trains in: neither a score nor a picture may depend on it."""
    products = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")  # of matrix products; cuDNN's flag is of convolutions
    try:
        with (
            torch.autocast("cpu", enabled=False),
            torch.autocast("cuda", enabled=False),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
        ):
            yield
    finally:
        torch.set_float32_matmul_precision(products)
