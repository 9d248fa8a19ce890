"""`ganache cache`: what lies in it, and emptying it."""

from ganache.support.errors import shown
from ganache.support.units import bytes_text


def list_() -> None:
    """Say where the cache lies, what is in it and how large that is."""
    from ganache.data.cache import cache_folder
    from ganache.data.cache_contents import KINDS, entries

    found = entries()
    print(f"cache          {shown(str(cache_folder()))}: {bytes_text(sum(entry.size for entry in found))}")
    for kind, known in KINDS.items():
        of_kind = [entry for entry in found if entry.kind == kind]
        if of_kind:
            print(f"{kind:<14} {bytes_text(sum(entry.size for entry in of_kind))}, {known.about}")
        for entry in of_kind:
            print(f"{'':<14} {bytes_text(entry.size):>10}  {shown(entry.about)}")


def clear() -> None:
    """Remove what Ganache can make or download anew, without asking, and say what that freed."""
    from ganache.data import cache_contents
    from ganache.data.cache import cache_folder

    removed = cache_contents.clear()
    for kind in cache_contents.KINDS:
        if sizes := [entry.size for entry in removed if entry.kind == kind]:
            print(f"{kind:<14} {bytes_text(sum(sizes))} freed")
    print(f"freed          {bytes_text(sum(entry.size for entry in removed))} in {shown(str(cache_folder()))}")
