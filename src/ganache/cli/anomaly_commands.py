"""`ganache anomaly fit` and `anomaly score`: what is strange, by what GANs learnt of what is normal."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganache.cli.common import load_code, marks_of, mention_overlooked, packing_bar, say
from ganache.cli.options import (
    Channels,
    Code,
    Columns,
    Data,
    Device,
    JsonFile,
    Key,
    LabelColumn,
    Labels,
    MaxSkipped,
    Missing,
    NoMetadata,
    Precision,
    Range,
    Seed,
    Settings,
    Sign,
    Size,
    output_of,
    path_argument,
    path_option,
)
from ganache.support.console import json_outputs, show, write_then_print
from ganache.support.requests import collected
from ganache.support.units import counted

if TYPE_CHECKING:
    from ganache.uses.anomaly.telling import Report

DetectorFolder = Annotated[Path, path_argument(metavar="RUN", help="The folder of a detector.")]
MOST_SHOWN = 10


def fit(
    data: Data,
    out: Annotated[Path, path_option(help="A new folder for the detector; one of a fit that was stopped goes on.")],
    labels: Labels = None,
    images: Annotated[str | None, typer.Option(help="How many pictures or rows the GAN sees, such as 40k.")] = None,
    judges: Annotated[
        list[str] | None,
        typer.Option("--judge", metavar="NAME", help="f-anogan, bigan, neighbours; may be repeated. All if none."),
    ] = None,
    false_positives: Annotated[float, typer.Option(help="The share of normal ones that may be called strange.")] = 0.05,
    size: Size = None,
    channels: Channels = None,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "auto",
    settings: Settings = None,
    max_skipped: MaxSkipped = 0.01,
    value_range: Range = None,
    label_column: LabelColumn = "",
    columns: Columns = None,
    missing: Missing = "refuse",
    code: Code = None,
) -> None:
    """Learn what is normal: pictures or rows, of some classes if --label names them."""
    from ganache.training.plan import Request
    from ganache.uses.anomaly.fitting import JUDGES
    from ganache.uses.anomaly.fitting import fit as fitted

    given = locals()
    load_code(code)
    mention_overlooked(data)
    with packing_bar() as progress:
        found = fitted(
            collected(Request, given, partial=True),
            out,
            judges=judges or JUDGES,
            rate=false_positives,
            progress=progress,
            say=say,
        )
    folder = shlex.quote(str(out))
    if found.signal is not None or found.detector is None:
        show([f"stopped; everything is saved. The same command goes on with {folder}"])
        raise typer.Exit(128 + (found.signal or 0))
    threshold = found.detector.threshold
    show(
        [
            f"learnt         {counted(found.learnt, 'normal')}; {counted(found.held_out, 'normal')} held out",
            f"threshold      {threshold.value:.4g}: {threshold.exceeding:,} of {threshold.held_out:,} held-out normals"
            f" exceed it ({threshold.low:.1%} to {threshold.high:.1%}, asked for {false_positives:.1%})",
            *([] if (short := threshold.shortfall(false_positives)) is None else [f"promise        {short}"]),
            f"next           ganache anomaly score {folder} INPUT --out scores.csv",
        ]
    )


def score(
    run: DetectorFolder,
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A picture, or what --data of train takes.")],
    out: Annotated[Path, typer.Option(callback=output_of, help="scores.csv.")],
    maps: Annotated[
        Path | None, path_option(metavar="FOLDER", help="Draw where the 100 strangest pictures are strange.")
    ] = None,
    normal: Annotated[
        list[str] | None,
        typer.Option("--normal", metavar="NAME", help="A class that is normal, if not those of the fit."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Which split; one that is not for training if there is one.")
    ] = None,
    device: Device = "auto",
    json: JsonFile = None,
    no_metadata: NoMetadata = False,
    sign: Sign = None,
    key: Key = None,
) -> None:
    """Say how strange things are; where their classes are known, who tells best."""
    from ganache.uses.anomaly.telling import score as scored

    mention_overlooked(source)
    how: dict[str, Any] = {"maps": maps, "split": split, "device": device, "marks": marks_of(no_metadata, sign, key)}
    with packing_bar() as progress:
        found = scored(run, source, out, normal=normal or (), progress=progress, **how)
    lines = [*_lines(found), f"written        {out}", *([f"maps           {maps}"] if maps else [])]
    write_then_print(json_outputs(json, found.to_json), lines)
    if found.warning:
        say(f"drift: {found.warning}")


def _lines(found: "Report") -> Iterator[str]:
    count = int(found.strange.sum())
    yield f"strange        {count:,} of {len(found.names):,}, above {found.threshold.value:.4g}"
    for name, why in [*found.skipped.items()][:MOST_SHOWN]:
        yield f"not read       {name}: {why}"
    if found.won is not None:
        yield f"classes        {found.won.normals:,} normal ({', '.join(found.normal)}), {found.won.strangers:,} others"
        for name in sorted(found.won.auroc, key=lambda name: -found.won.auroc[name]):  # type: ignore[union-attr]
            yield f"{name:<17} AUROC {found.won.auroc[name]:.4f}  AP {found.won.precision[name]:.4f}"
        yield f"verdict        {found.won.sentence()}"
