"""A run examined after the fact: its log, and with its data at hand whether its samples are copies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganache.data.dataset import Progress
from ganache.data.origin import Source
from ganache.data.selection import TRAIN, Selection, held_out_split, select
from ganache.data.shape import ImageShape
from ganache.engine.devices import choose_device
from ganache.evaluation.doctor import remedies
from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.diagnosis import diagnose, examined
from ganache.evaluation.doctor.finding import Finding
from ganache.evaluation.doctor.prescription import command
from ganache.evaluation.metrics.inputs import Features
from ganache.evaluation.metrics.memorisation import compare
from ganache.evaluation.metrics.neighbours import Nearest, nearest_in_blocks
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.support.markup import element, text

MEMORISATION = "memorisation"
SAMPLES, LEAST_HELD_OUT, MOST_HELD_OUT = 1_000, 100, 10_000
_BLOCK_BYTES, _HELD_BYTES = 2**26, 2**27  # of training and of held-out images that are held at once, in float32
COPIED, ERRORS = 0.1, 4.0  # share of the samples, and standard errors above what chance would give


@dataclass(frozen=True)
class Examination:
    """What was found, most likely cause first, each with the command that follows the advice.

    `looked_for` says of each disease whether it could be seen: the log is long enough and holds what that needs.
    """

    run: str
    images_seen: int
    findings: tuple[Finding, ...]
    commands: tuple[str, ...]  # one for each finding; empty text where no setting helps
    looked_for: dict[str, bool]

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        pairs = zip(self.findings, self.commands, strict=True)
        return {
            "run": self.run,
            "images_seen": self.images_seen,
            "findings": [{**finding.to_json(), "command": text} for finding, text in pairs],
            "looked_for": self.looked_for,
        }

    def _repr_html_(self) -> str:
        """Return the findings with what follows from each, for a notebook."""
        told = [f"{self.run}, {self.images_seen:,} images seen"]
        if not self.findings:
            told.append("nothing wrong was found")
        parts = [element("p", text(line)) for line in told]
        for finding, command_line in zip(self.findings, self.commands, strict=True):
            name = element("strong", text(f"{finding.name} ({finding.confidence})"))
            parts.append(element("p", name, text(f": {finding.evidence} {finding.advice}")))
            parts += [element("pre", text(command_line))] if command_line else []
        return element("div", *parts)


def examine(
    path: Path,
    data: str | None = None,
    progress: Progress | None = None,
    block_bytes: int = _BLOCK_BYTES,
    device: str = "auto",
) -> Examination:
    """Examine a run; with `data`, where its data lies, copies of training images are looked for too, on the device.

    So many `block_bytes` of them are held at once, in float32.
    Raises UserError when it is no run, has no log, or the data are not those that it learnt from.
    """
    chosen = choose_device(device)
    run = Run.open(path)
    lines, recipe = run.log_lines(), run.recipe()
    record = run.record(*(("source", "data.fingerprint") if data is not None else ()))
    if not lines and record.get("outcome") in ("running", "finished"):
        raise UserError(f"run: {str(path)!r} has nothing in its log yet")
    chart = Chart(lines, recipe, record)
    if data is None:
        return examine_chart(str(path), chart)
    copies = _copies(run, record, data, progress, block_bytes, chosen)
    remedy = remedies.prescribe(chart, (remedies.smooth_discriminator,))
    found = [Finding(MEMORISATION, "certain", copies, *remedy)] if copies else []
    return examine_chart(str(path), chart, found, memorisation_seen=copies is not None)


def examine_chart(
    name: str, chart: Chart, others: Sequence[Finding] = (), memorisation_seen: bool = False
) -> Examination:
    """Examine what a log holds; `others` were found by other means, and come last."""
    findings = (*diagnose(chart), *others)
    looked_for = {**examined(chart), **({MEMORISATION: memorisation_seen} if chart.game.draws else {})}
    commands = tuple(command(chart.game, chart.record, one.settings) if one.settings else "" for one in findings)
    return Examination(name, chart.images_seen, findings, commands, looked_for)


def _copies(
    run: Run,
    record: dict[str, Any],
    data: str,
    progress: Progress | None,
    block_bytes: int,
    device: torch.device,
) -> str | None:
    """Return the evidence of copies, nothing where there are none, None where they cannot be looked for."""
    source = Source.of(record["source"], data)
    dataset = source.open(progress)
    if dataset.fingerprint != record["data"]["fingerprint"]:
        raise UserError(f"data: {data!r} is not what {str(run.path)!r} learnt from: {record['data']['source']!r} is")
    recipe = run.recipe()
    known = select(dataset, source.labels, recipe.conditional)
    held_out = held_out_split(known)
    if not recipe.draws or held_out is None or (known.rows(held_out) or 0) < LEAST_HELD_OUT:
        return None
    samples = products.load(run.path, device.type).sample(SAMPLES, seed=0, labels=())
    unseen = next(vectors(known, held_out, held_rows(known.shape)))
    both = np.concatenate([samples.transpose(0, 3, 1, 2).reshape(SAMPLES, -1), unseen]).astype(np.float32)
    learnt = vectors(known, TRAIN, _rows(block_bytes, known.shape), source.mirror)
    near = nearest_in_blocks(both, learnt, device)
    ours, theirs = (Nearest(near.indices[part], near.squares[part]) for part in (slice(SAMPLES), slice(SAMPLES, None)))
    found = compare(ours, theirs)
    if not (found.copied > COPIED and found.share - found.expected > ERRORS * found.standard_error):
        return ""
    return (
        f"{100 * found.share:.0f}% of {SAMPLES:,} samples are as near to a training image as "
        f"{100 * found.expected:.0f}% of the held-out images are: about {100 * found.copied:.0f}% are copies"
    )


def vectors(data: Selection, split: str, rows: int, mirrored: bool = False) -> Iterator[Features]:
    """Yield a split's images as vectors (n, D) in one shuffled order, so many at a time: a split may fit no memory.

    If they are to be `mirrored`, the mirror pictures of some come after them.
    """
    count = data.rows(split)
    assert count is not None
    stream = data.stream(0, split)
    for start in range(0, count, rows):
        images = stream.batch(start, min(rows, count - start)).images
        for faced in (images, images[..., ::-1]) if mirrored else (images,):
            yield faced.reshape(len(images), -1).astype(np.float32)


def held_rows(shape: ImageShape) -> int:
    """Return how many held-out images, a random choice of them, stand for all."""
    return max(LEAST_HELD_OUT, min(MOST_HELD_OUT, _rows(_HELD_BYTES, shape)))


def _rows(room: int, shape: ImageShape) -> int:
    return max(1, room // (4 * shape.pixels))
