"""The two ways in which a page goes to a browser: as one file that opens from a disk, or with addresses of a server.

A page is a document of `static/` that names its style sheets and its module by bare names (``ganache/report.js``), as
modules name each other. One file has all of them inside, modules as addresses that hold their text; a served page has
the server's addresses of them. The modules are the same. Either way a policy in the page keeps it from asking anybody
else for anything.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganache.support.errors import shown

STATIC = Path(__file__).parent / "static"
HOME = "ganache/"  # before the name of each file of ours, wherever one names another
MOUNTED = "/static/"  # where a server has them

_IMPORT = re.compile(rf"""(?:\bfrom|\bimport)\s*\(?\s*["']{HOME}([\w-]+\.js)["']""")
_SHEET = re.compile(rf"""<link rel="stylesheet" href="{HOME}([\w-]+\.css)">""")
_SCRIPT = re.compile(r'<script type="module">(.*?)</script>', re.DOTALL)
_PLACE = "<!-- policy, modules, data -->"  # of a document, where it gets all three

Policy = Mapping[str, str]  # directive → what it allows besides


def self_contained(page: str | Path, data: Any, title: str = "", also: Policy | None = None) -> str:
    """Return a document as one file, with JSON values as its data; of `static/` by its name, or any by its path.

    `also` allows more than a page needs that only shows its data: ``{"script-src": "'wasm-unsafe-eval'"}``.
    """
    text = _document(page)
    modules = {name: data_address("text/javascript", _static(name)) for name in modules_of(text)}
    sheets = {name: _static(name).decode() for name in _SHEET.findall(text)}
    text = _SHEET.sub(lambda found: f"<style>{sheets[found[1]]}</style>", text)
    policy = {
        "default-src": "'none'",
        "script-src": "data:",
        "style-src": " ".join(_hash(sheet) for sheet in sheets.values()),
        "img-src": "data: blob:",
    }
    return _titled(_filled(text, modules, data, policy, also), title)


def served(page: str | Path, data: Any, title: str = "", mounted: str = MOUNTED, also: Policy | None = None) -> str:
    """Return a document, likewise, for a server that has the files of `static/` below `mounted`."""
    text = _document(page)
    modules = {name: f"{mounted}{name}" for name in modules_of(text)}
    text = _SHEET.sub(lambda found: f'<link rel="stylesheet" href="{mounted}{found[1]}">', text)
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "connect-src": "'self'",
    }
    return _titled(_filled(text, modules, data, policy, also), title)


def modules_of(text: str) -> list[str]:
    """Return the names of all modules that a text imports, and that those import in turn."""
    found: dict[str, None] = {}
    waiting = _IMPORT.findall(text)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            waiting += _IMPORT.findall(_static(name).decode())
    return list(found)


def data_address(kind: str, content: bytes) -> str:
    """Return an address that holds the content of a file: for a picture, kind is ``image/webp``."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _filled(text: str, modules: Mapping[str, str], data: Any, policy: dict[str, str], also: Policy | None) -> str:
    """Return a document with its policy, its map of modules and its data."""
    imports = json.dumps({"imports": {f"{HOME}{name}": address for name, address in modules.items()}})
    hashes = " ".join(_hash(script) for script in (imports, *_SCRIPT.findall(text)))
    policy = {**policy, "script-src": f"{policy['script-src']} {hashes}", "base-uri": "'none'", "form-action": "'none'"}
    for directive, sources in (also or {}).items():
        policy[directive] = f"{policy.get(directive, '')} {sources}".strip()
    rules = "; ".join(f"{directive} {sources}" for directive, sources in policy.items())
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{rules}">\n'
        '<link rel="icon" href="data:,">\n'  # or a browser asks the server for one
        f'<script type="importmap">{imports}</script>\n'
        f'<script type="application/json" id="data">{_json(data)}</script>'
    )
    before, place, after = text.partition(_PLACE)
    assert place, f"a document without {_PLACE}"
    return before + head + after


def _json(data: Any) -> str:
    """Return JSON that may stand in a script element: nothing in it can end that."""
    return json.dumps(_plain(data), allow_nan=False).replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    """Return a value with null for numbers that JSON does not know."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _titled(text: str, title: str) -> str:
    """Return a document with another title, which comes last: it is of a file, and may read like an import of ours."""
    escaped = shown(title).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"(?<=<title>).*?(?=</title>)", lambda found: escaped or found[0], text, count=1)


def _document(page: str | Path) -> str:
    return page.read_text(encoding="utf-8") if isinstance(page, Path) else _static(f"{page}.html").decode()


def _static(name: str) -> bytes:
    return (STATIC / name).read_bytes()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
