"""What is told of a set stays small however large the set is: names are counted, and a hundred of them are given."""

import os
from collections import Counter
from typing import Any

EXAMPLES = 100
_SUFFIXES, _SUFFIX_LETTERS = 20, 12
_KINDS_COUNTED = 1_000  # suffixes that are kept apart while there is no end of names
OTHERS = "others"


class Ignored:
    """Names of files that are no images, counted by their suffixes; the first hundred are kept."""

    def __init__(self) -> None:
        self.count = 0
        self._suffixes: Counter[str] = Counter()
        self._examples: list[str] = []

    def add(self, name: str) -> None:
        """Count a name."""
        self.count += 1
        suffix = os.path.splitext(name)[1].lower()
        is_kept = suffix in self._suffixes or len(self._suffixes) < _KINDS_COUNTED
        self._suffixes[suffix if is_kept and len(suffix) <= _SUFFIX_LETTERS else OTHERS] += 1
        if len(self._examples) < EXAMPLES:
            self._examples.append(name)

    def to_json(self) -> dict[str, Any]:
        """Return how many there are, how many of each suffix ("" for none; rare ones together) and the examples."""
        common = sorted(self._suffixes.items(), key=lambda item: (-item[1], item[0]))
        shown = {suffix: count for suffix, count in common if suffix != OTHERS}
        shown = dict(list(shown.items())[:_SUFFIXES])
        if rest := self.count - sum(shown.values()):
            shown[OTHERS] = rest
        return {"ignored": sorted(self._examples), "ignored_count": self.count, "ignored_suffixes": shown}


def summarise(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest with at most a hundred skipped and ignored names, beside how many there are.

    Manifests and records of earlier versions, which list all names, are given the same form.
    """
    told = dict(manifest)
    if isinstance(told.get("ignored"), list) and "ignored_count" not in told:
        ignored = Ignored()
        for name in told["ignored"]:
            ignored.add(str(name))
        told |= ignored.to_json()
    if isinstance(told.get("skipped"), list):
        told["skipped_count"] = told.get("skipped_count", len(told["skipped"]))
        told["skipped"] = told["skipped"][:EXAMPLES]
    return told
