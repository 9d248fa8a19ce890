"""What differs between two trees of JSON values."""

from typing import Any


def leaves(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Return every value of a JSON tree by its dotted path; lists are values."""
    if not isinstance(tree, dict):
        return {prefix: tree}
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= leaves(value, f"{prefix}.{key}" if prefix else key)
    return found


def differences(before: Any, after: Any) -> list[str]:
    """Return one line ``path: old → new`` for each value in which two JSON trees differ."""
    old, new = leaves(before), leaves(after)
    absent = "nothing"
    return [
        f"{path}: {old.get(path, absent)} → {new.get(path, absent)}"
        for path in [*old, *(path for path in new if path not in old)]
        if old.get(path, absent) != new.get(path, absent)
    ]
