"""Under which names runs are served: those of their folders."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ganache.support.errors import UserError
from ganache.support.places import check_place


def named(paths: Sequence[Path], say: Callable[[str], None] = lambda line: None) -> dict[str, Path]:
    """Return the runs by the names of their folders, or of their files without the suffix.

    A second run of the same name gets a number, which `say` is told. Raises UserError for a run that is named twice,
    and for a path that has no name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        check_place(path, "run")
        place = path.resolve()
        if place in found.values():
            raise UserError(f"run: {str(path)!r} is named twice")
        name = place.stem if place.is_file() else place.name
        if not name:
            raise UserError(f"run: {str(path)!r} has no name to be served under")
        free = _free(name, found)
        if free != name:
            say(f"another run is called {name!r}: {path} is served as {free!r}")
        found[free] = place
    return found


def _free(name: str, taken: dict[str, Path]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free
