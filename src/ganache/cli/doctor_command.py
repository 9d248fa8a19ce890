"""What `ganache doctor` prints: each finding with its evidence and the command to paste, or what was looked at."""

import shlex
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ganache.cli.common import load_code, mention_overlooked, packing_bar
from ganache.cli.options import Code, Device, JsonFile, RunFolder
from ganache.support.console import json_outputs, write_then_print
from ganache.support.units import count_text

if TYPE_CHECKING:
    from ganache.evaluation.doctor.examination import Examination

WIDTH = 110


def doctor(
    run: RunFolder,
    json: JsonFile = None,
    data: Annotated[str | None, typer.Option(help="The run's data, to look for copies of training images.")] = None,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Say what is wrong with a run, by what evidence, and what to change."""
    from ganache.evaluation.doctor.examination import examine

    load_code(code)
    mention_overlooked(data)
    with packing_bar() as progress:
        found = examine(run, data, progress, device=device)
    write_then_print(json_outputs(json, found.to_json), report(found))


def report(found: "Examination") -> Iterator[str]:
    """Yield the lines: the most likely cause first, then what was looked for in vain, and what could not be."""
    from ganache.evaluation.doctor.examination import MEMORISATION

    names = [finding.name for finding in found.findings]
    verdict = f"{len(names)} found, the most likely cause first" if names else "nothing found"
    yield f"{found.run}, {count_text(found.images_seen)} images: {verdict}"
    for number, (finding, command) in enumerate(zip(found.findings, found.commands, strict=True), 1):
        yield ""
        yield f"{number}. {finding.name} ({finding.confidence})"
        yield from _wrapped("evidence", finding.evidence)
        yield from _wrapped("advice", finding.advice)
        if command:
            yield f"   {'change':<11} {' '.join(f'--set {shlex.quote(setting)}' for setting in finding.settings)}"
            # One line, however long: it is to be pasted.
            yield f"   {'to train':<11} {command}"
    yield ""
    absent = [name for name, seen in found.looked_for.items() if seen and name not in names]
    unseen = [name for name, seen in found.looked_for.items() if not seen and name not in names]
    if absent:
        yield from _wrapped("no sign of", ", ".join(absent))
    if unseen:
        yield from _wrapped("not judged", f"{', '.join(unseen)} (too young, or what they need was not measured)")
    if MEMORISATION in unseen:
        yield from _wrapped("", "memorisation needs --data with a held-out split")


def _wrapped(title: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, WIDTH, initial_indent=f"   {title:<11} ", subsequent_indent=" " * 15)
