"""What is told of a set stays small however large the set is: names are counted, and a hundred of them are given."""

from typing import Any

from ganache.data.containers.listing import EXAMPLES, Ignored


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
