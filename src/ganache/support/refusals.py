"""What the machine refuses, disk or memory, as the one line of a RunError."""

import contextlib
import re
from collections.abc import Iterator

from ganache.support.errors import NoMemoryError, RunError, reason

# torch has a class of its own for CUDA alone; these are the words of CUDA and MPS, of Linux, of Windows.
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Raise RunError for an error of the operating system, and for memory that does not suffice; let all else pass."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read the output has left: nothing failed
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        raise RunError(f"{where}{reason(error)}") from error
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RunError) or not _is_out_of_memory(error):
            raise
        wanted = re.search(r"allocate ([\d.]+ \w+)", str(error))
        asked = f": {wanted[1]} more were asked for" if wanted else ""
        raise NoMemoryError(
            f"the memory does not suffice{asked}; a smaller --batch, --size or network needs less, and what else runs"
            " here may leave more"
        ) from error


def _is_out_of_memory(error: MemoryError | RuntimeError) -> bool:
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)
