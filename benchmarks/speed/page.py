"""What is kept of the measurements: their JSON, and their section of RESULTS.md between two comments."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.markdown import write_section
from benchmarks.speed.part import Json, Part

BEGIN = "<!-- speed: written by python -m benchmarks.speed, do not edit -->"
END = "<!-- speed: end -->"
NUMBERS, PAGE = "speed.json", "RESULTS.md"


def kept(folder: Path) -> Json:
    """Return the parts that were measured before, by name."""
    path = folder / NUMBERS
    found: Json = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def write(folder: Path, parts: Sequence[Part], measured: Json) -> None:
    """Put the section of all measured parts into the page, in its place or at the end."""
    write_section(folder / PAGE, BEGIN, END, section(parts, measured))


def section(parts: Sequence[Part], measured: Json) -> str:
    """Return the Markdown of every part that was measured, each with its machine and command."""
    texts = ["## Speed"]
    for part in parts:
        if part.name in measured:
            known = measured[part.name]
            texts += [f"### {part.title}", part.tell(known["measured"]), _circumstances(known)]
    return "\n\n".join(texts)


def _circumstances(known: Json) -> str:
    machine = known["machine"]
    versions = f"torch {machine['torch']}, Python {machine['python']}"
    quick = " **A quick run, whose numbers mean nothing.**" if known["quick"] else ""
    return (
        f"*`{known['command']}` on {machine['processor']}, {known['usable_cores']} of {machine['cores']} cores,"
        f" {known['threads']} threads, load {known['load']:.1f} before; {versions}.*{quick}"
    )
