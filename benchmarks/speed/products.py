"""What the machine can do at most: products of square matrices, in float32 and in bfloat16."""

import statistics

import torch

from benchmarks.speed.part import Json, seconds_of

SIDE, SMALLER, PROBE = 2_048, 512, 128
LONGEST = 2.0  # seconds of one product; where bfloat16 is emulated, the smaller matrices must do
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
DTYPES = {"fp32": "float32", "bf16": "bfloat16"}  # of a run's precision


def measure_products(repeats: int, quick: bool) -> Json:
    """Return, for each type, the matrices' side and the GFLOP/s (two for each multiplication) of every repetition."""
    found = {}
    for name, dtype in TYPES.items():
        side = PROBE if quick else SIDE
        if not quick and 2.0 * SIDE**3 / (1e9 * max(_speeds(dtype, PROBE, 3))) > LONGEST:
            side = SMALLER
        found[name] = {"side": side, "gflops": _speeds(dtype, side, repeats)}
    return found


def together(first: Json, second: Json) -> Json:
    """Return two measurements as one; a side that differs (the machine was at its limit) keeps the greater's."""
    found = {}
    for name in TYPES:
        one, other = sorted((first[name], second[name]), key=lambda products: -products["side"])
        same = one["side"] == other["side"]
        found[name] = {"side": one["side"], "gflops": one["gflops"] + (other["gflops"] if same else [])}
    return found


def peak(products: Json, name: str) -> float:
    """Return the median GFLOP/s of a type."""
    return float(statistics.median(products[name]["gflops"]))


def _speeds(dtype: torch.dtype, side: int, repeats: int) -> list[float]:
    left, right = (torch.randn(side, side).to(dtype) for _ in range(2))
    out = torch.empty_like(left)
    torch.mm(left, right, out=out)  # the first one also allocates and chooses kernels
    return [2.0 * side**3 / seconds_of(lambda: torch.mm(left, right, out=out)) / 1e9 for _ in range(repeats)]
