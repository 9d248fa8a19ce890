"""What `ganache cache` prints."""

from ganache.data.cache import KINDS, clear, entries
from ganache.data.catalog import cache_folder
from ganache.support.errors import shown
from ganache.support.units import bytes_text


def print_cache() -> None:
    """Print the cache's folder, each kind with its size, and each thing of it."""
    found = entries()
    print(f"cache          {shown(str(cache_folder()))}: {bytes_text(sum(entry.size for entry in found))}")
    for kind, known in KINDS.items():
        of_kind = [entry for entry in found if entry.kind == kind]
        if of_kind:
            print(f"{kind:<14} {bytes_text(sum(entry.size for entry in of_kind))}, {known.about}")
        for entry in of_kind:
            print(f"{'':<14} {bytes_text(entry.size):>10}  {shown(entry.about)}")


def clear_cache() -> None:
    """Remove what can be made anew and print what that freed."""
    removed = clear()
    for kind in KINDS:
        if sizes := [entry.size for entry in removed if entry.kind == kind]:
            print(f"{kind:<14} {bytes_text(sum(sizes))} freed")
    print(f"freed          {bytes_text(sum(entry.size for entry in removed))} in {shown(str(cache_folder()))}")
