"""A little HTML for notebooks: whatever a text holds, it is shown as text."""

import base64
import html
from collections.abc import Iterable, Sequence

from ganache.support.errors import shown


def text(words: object) -> str:
    """Return words as they may stand in HTML."""
    return html.escape(shown(str(words)))


def element(tag: str, *inside: str, **attributes: object) -> str:
    """Return an element around HTML; attributes are text."""
    told = "".join(f' {name}="{text(value)}"' for name, value in attributes.items())
    return f"<{tag}{told}>{''.join(inside)}</{tag}>"


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table of texts."""
    head = element("tr", *(element("th", text(title)) for title in titles))
    body = (element("tr", *(element("td", text(cell)) for cell in row)) for row in rows)
    return element("table", element("thead", head), element("tbody", *body))


def picture(png: bytes, words: str) -> str:
    """Return an image that holds a PNG; the words say what it shows."""
    return f'<img alt="{text(words)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
