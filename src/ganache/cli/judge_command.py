"""`ganache judge`: what a classifier of the data says of a generator's samples, as a table."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganache.cli.common import load_code, mention_overlooked, packing_bar, say
from ganache.cli.options import Code, Data, Device, JsonFile, Labels, RunPath, Seed
from ganache.support.console import json_outputs, write_then_print
from ganache.support.units import counted, listed

if TYPE_CHECKING:
    from ganache.evaluation.judgement import Judgement


def judge(
    run: RunPath,
    data: Data,
    count: Annotated[str, typer.Option(metavar="N", help="How many samples, such as 10k.")] = "10k",
    seed: Seed = 0,
    labels: Labels = None,
    json: JsonFile = None,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Let a classifier of the data judge a generator: class shares, labels, Fréchet distance."""
    from ganache.evaluation import judgement
    from ganache.evaluation.asked import Asked

    load_code(code)
    mention_overlooked(data)
    asked = Asked(samples=str(run), data=data, count=count, seed=seed, labels=tuple(labels or ()), device=device)
    with packing_bar() as progress:
        found = judgement.judge(asked, progress, say)
    write_then_print(json_outputs(json, found.to_json), judgement_table(found, run))


def judgement_table(judgement: "Judgement", run: Path) -> Iterator[str]:
    """Yield the classes' shares as a table, then every score beside what the reals have, then the distance."""
    samples, reals, right = judgement.samples, judgement.reals, judgement.label_accuracies or {}
    classifier = judgement.classifier
    restricted = f", only {listed(judgement.labels)}" if judgement.labels else ""
    yield f"judged         {counted(samples.count, 'sample')} of {run}, seed {judgement.seed}"
    yield f"against        {reals.count:,} training images of {judgement.data}{restricted}"
    tested = f"{classifier['accuracy']:.2%} of {classifier['tested']:,} images ({classifier['split']})"
    yield f"by             a classifier (version {classifier['version']}) that is right on {tested}"
    width = max(14, *(len(name) for name in samples.shares))
    yield f"{'class':<{width}} samples   reals{'   right when asked for' if right else ''}"
    for name, share in samples.shares.items():
        asked = f"   {right[name]:20.1%}" if name in right else ""
        yield f"{name:<{width}} {share:7.1%} {reals.shares[name]:7.1%}{asked}"
    rarest, commonest = judgement.extremes
    yield f"smallest       {rarest}: {samples.shares[rarest]:.1%}; largest {commonest}: {samples.shares[commonest]:.1%}"
    yield f"confidence     {samples.confidence:.3f} (reals {reals.confidence:.3f})"
    yield f"unsure         {samples.unsure:.1%} below a confidence of 0.5 (reals {reals.unsure:.1%})"
    yield f"pixel std      {samples.pixel_deviation:.3f} across samples (reals {reals.pixel_deviation:.3f})"
    if judgement.label_accuracy is not None:
        yield f"labels         {judgement.label_accuracy:.1%} of the samples have the class that was asked for"
    yield f"{judgement.name}  {judgement.frechet_distance:.2f}"
