"""`ganache augment-study`: does a classifier of few pictures gain by a generator's?"""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganache.cli.common import load_code, mention_overlooked, packing_bar
from ganache.cli.common import say as warn
from ganache.cli.options import (
    Batch,
    Channels,
    Code,
    Data,
    Device,
    MaxSkipped,
    Precision,
    Range,
    Seed,
    Settings,
    Size,
    path_option,
)
from ganache.support.console import show
from ganache.support.errors import shown
from ganache.support.requests import collected
from ganache.support.units import counted, listed

if TYPE_CHECKING:
    from ganache.uses.study.augmentation_study import StudyRecord
    from ganache.uses.study.study_cells import Workshop


def augment_study(
    data: Data,
    out: Annotated[Path, path_option(help="The study's folder; one that was stopped goes on.")],
    per_class: Annotated[
        str, typer.Option(metavar="N,N,…", help="How many pictures of each class a classifier has.")
    ] = "10,20,50,100",
    seeds: Annotated[int, typer.Option(help="How often each is tried, with other pictures each time.")] = 5,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the generators; mnist-speedrun with DiffAugment if none.")
    ] = None,
    images: Annotated[str | None, typer.Option(help="How many images each generator sees, such as 20k.")] = None,
    budget: Annotated[str | None, typer.Option(metavar="TIME", help="Instead: of the whole study, such as 2h.")] = None,
    generator: Annotated[
        Path | None,
        path_option(metavar="RUN", help="Study a generator that you have; its pictures are looked at, too."),
    ] = None,
    synthetic: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Study labelled pictures that you have, such as a folder.")
    ] = None,
    confident: Annotated[
        float, typer.Option(metavar="SHARE", help="Keep pictures of which the plain classifier is so sure.")
    ] = 0.0,
    not_copies: Annotated[
        bool, typer.Option("--not-copies", help="Leave out pictures nearer to one of the few than is usual.")
    ] = False,
    flips: Annotated[
        bool, typer.Option("--flips/--no-flips", help="Whether what is moved is mirrored too: digits should not be.")
    ] = True,
    steps: Annotated[int, typer.Option(help="Steps of each classifier, of 64 pictures.")] = 400,
    size: Size = None,
    channels: Channels = None,
    batch: Batch = None,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "auto",
    settings: Settings = None,
    max_skipped: MaxSkipped = 0.01,
    value_range: Range = None,
    code: Code = None,
) -> None:
    """Say whether synthetic pictures help a classifier that has few."""
    from ganache.training.plan import Request
    from ganache.uses.study.augmentation_study import AugmentStudy
    from ganache.uses.study.augmentation_study import augment_study as studied
    from ganache.uses.study.summary import verdicts, write_summary

    given = locals()
    load_code(code)
    mention_overlooked(data)
    wanted = collected(AugmentStudy, {**given, "request": collected(Request, given, partial=True)})
    with packing_bar() as progress:
        found = studied(wanted, progress=progress, say=lambda line: print(shown(line), flush=True), begun=_begun)
    written = write_summary(found)
    show(["", *(f"verdict        {sentence}" for sentence in verdicts(found))])
    show(f"written        {path}" for path in written)
    for caution in found.source.cautions:
        warn(f"warning: {caution}")
    if found.signal is not None:
        show([f"stopped; everything is saved. The same command goes on with {shlex.quote(str(out))}"])
        raise typer.Exit(128 + found.signal)


def _begun(record: "StudyRecord", workshop: "Workshop") -> None:
    """Say what is compared, and warn of what is known of the synthetic pictures, before anything is learnt."""
    show(_beginning(record, workshop))
    for caution in workshop.source.cautions:
        warn(f"warning: {caution}")


def _beginning(record: "StudyRecord", workshop: "Workshop") -> Iterator[str]:
    cells = len(record.per_class) * record.seeds
    yield f"data           {record.data}: {len(record.classes)} classes: {listed(record.classes)}"
    yield f"judged on      {record.judged_on}; no training sees them"
    counts = listed([f"{count:,}" for count in record.per_class])
    yield f"learnt from    {counts} of each class, {counted(record.seeds, 'seed')}"
    yield f"synthetic      {workshop.source.says}"
    yield f"to do          {counted(4 * cells, 'classifier')} of {record.steps:,} steps" + (
        "" if workshop.source.is_given else f", {counted(cells, 'generator')}"
    )
