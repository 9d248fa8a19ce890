"""Going through the parts of a run for as long as there is time."""

import sys
import time
from collections.abc import Callable, Sequence

from benchmarks.gpu.cases import Json, Workshop
from benchmarks.gpu.parts import Part

OUT_OF_TIME = "out of time"


def go_through(
    parts: Sequence[Part],
    workshop: Workshop,
    until: float,
    keep: Callable[[list[Json]], None],
    now: Callable[[], float] = time.monotonic,
) -> list[Json]:
    """Return what every part found, or why nothing; all so far is handed to `keep` after each.

    A part that is given more seconds than are left until the clock shows `until` is left out, and the next one asked.
    """
    done: list[Json] = []
    for part in parts:
        told: Json = {"name": part.name, "kind": part.kind, "stated_seconds": part.seconds, "seconds": 0.0}
        began = now()
        if began + part.seconds > until:
            told["skipped"] = OUT_OF_TIME
        else:
            print(f"{part.name} (up to about {part.seconds:g} s)", flush=True)
            told |= attempted(lambda part=part: part.measure(workshop))  # type: ignore[misc]
            told["seconds"] = round(now() - began, 2)
        done.append(told)
        keep(done)
    return done


def attempted(work: Callable[[], Json]) -> Json:
    """Return what the work found or, so that minutes on a GPU are not lost to one part, why it failed."""
    try:
        return {"found": work()}
    except Exception as error:
        print(f"failed: {error}", file=sys.stderr)
        return {"failed": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}


def faults(parts: Sequence[Json]) -> list[str]:
    """Return a line for every check that failed and every part that could not be done."""
    return [f"{part['name']}: {fault}" for part in parts for fault in _faults(part)]


def _faults(part: Json) -> list[str]:
    if "failed" in part:
        return [part["failed"]]
    found = part.get("found", {})
    lines = [f"{which}: {why}" for which, why in found.get("failed", {}).items()]
    if not found.get("same_bits_after_resume", True):
        lines.append("the resumed run has other bits")
    if found.get("synchronisations"):
        lines.append(f"the host waits at {', '.join(found['synchronisations'])}")
    if not found.get("agrees", True):
        lines.append("bf16 and float32 have other losses")
    return lines
