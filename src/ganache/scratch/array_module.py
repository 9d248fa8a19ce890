"""The array module, chosen once: NumPy on the CPU or CuPy on a GPU. The engine computes with nothing else.

Both offer the same functions, so that a layer written with `xp` runs on either. The environment variable
GANACHE_ARRAYS (numpy or cupy) decides, before anything of the engine is imported; everything is float64.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ganache.support.errors import UserError, did_you_mean

VARIABLE = "GANACHE_ARRAYS"
MODULES = ("numpy", "cupy")

Array: TypeAlias = npt.NDArray[np.float64]


def module_named(name: str) -> Any:
    """Return the array module; raises UserError when the name is unknown or it is not installed."""
    if name not in MODULES:
        raise UserError(f"arrays: {name!r} is not one of {', '.join(MODULES)}{did_you_mean(name, MODULES)}")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(f"arrays: {name!r} cannot be imported here ({error})") from None


if TYPE_CHECKING:
    xp = np
else:
    xp = module_named(os.environ.get(VARIABLE, "numpy"))


def from_outside(numbers: Any) -> Array:
    """Return numbers from outside, of NumPy's or torch's, as float64 where the engine computes."""
    return xp.asarray(numbers, dtype=xp.float64)
