"""Markdown that several pages need."""

from collections.abc import Sequence
from pathlib import Path

from ganache.support.files import replacing


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows of cells as a table, the first as its head."""
    lines = [rows[0], tuple("---" for _ in rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(cell.replace('|', '∣') for cell in cells)} |" for cells in lines)


def write_section(path: Path, begin: str, end: str, text: str) -> None:
    """Put a text between its two comments in a page, which is begun if there is none; all else stays as it is."""
    before = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    with replacing(path) as temporary:
        temporary.write_text(with_section(before, begin, end, text), encoding="utf-8")


def with_section(page: str, begin: str, end: str, text: str) -> str:
    """Return a page with this text between the two comments, in their place or at the end."""
    block = f"{begin}\n{text}\n{end}"
    if begin not in page and end not in page:
        return f"{page.rstrip()}\n\n{block}\n"
    assert page.count(begin) == page.count(end) == 1, "the page must have each of the two comments once"
    before, rest = page.split(begin)
    assert end in rest, "the two comments are in the wrong order"
    return before + block + rest.split(end)[1]
