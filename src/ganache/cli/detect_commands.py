"""`ganache detect fit` and `detect score`: which pictures are generated, and how far such a verdict can be trusted."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganache.cli.common import mention_overlooked, packing_bar, say
from ganache.cli.options import Channels, Device, JsonFile, Seed, Size, output_of, path_argument, path_option
from ganache.support.console import json_outputs, write_then_print
from ganache.support.requests import collected
from ganache.support.units import counted

if TYPE_CHECKING:
    from ganache.uses.detection.detection_record import Area, DetectionRecord
    from ganache.uses.detection.screening import Screening

DetectorFolder = Annotated[Path, path_argument(metavar="RUN", help="The folder of a detector.")]
MOST_SHOWN = 10


def fit(
    real: Annotated[str, typer.Option(metavar="SOURCE", help="Real pictures: what --data of train takes.")],
    fakes: Annotated[
        list[str],
        typer.Option(
            "--fake", metavar="SOURCE|RUN", help="A generator's run, or its pictures; repeat it for each generator."
        ),
    ],
    out: Annotated[Path, path_option(help="A new folder for the detector.")],
    count: Annotated[str, typer.Option(metavar="N", help="Pictures of either kind to learn from.")] = "6k",
    size: Size = None,
    channels: Channels = None,
    rate: Annotated[
        float, typer.Option("--false-positives", help="The share of real pictures that may be called generated.")
    ] = 0.01,
    worn: Annotated[
        bool, typer.Option("--worn/--clean", help="Learn from pictures after JPEG, other sizes, crops and noise too.")
    ] = True,
    recode: Annotated[
        str,
        typer.Option(
            metavar="auto|off|Q",
            help="Make everything JPEG of this quality before it is looked at; auto: where some files are.",
        ),
    ] = "auto",
    steps: Annotated[int | None, typer.Option(min=1, help="Batches that the network learns from.")] = None,
    seed: Seed = 0,
    device: Device = "auto",
    json: JsonFile = None,
) -> None:
    """Learn to tell the pictures of some generators from real ones, and measure how well that works."""
    from ganache.uses.detection.detecting import DetectorRequest
    from ganache.uses.detection.detecting import fit as fitted

    given = {**locals(), "fakes": tuple(fakes)}
    mention_overlooked(real)
    with packing_bar() as progress:
        record = fitted(collected(DetectorRequest, given, partial=True), out, progress, say).record
    further = f"ganache detect score {shlex.quote(str(out))} INPUT --out scores.csv"
    lines = [*_lines(record, rate), f"next           {further}"]
    write_then_print(json_outputs(json, lambda: record.model_dump(mode="json")), lines)


def score(
    run: DetectorFolder,
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A picture, or what --data of train takes.")],
    out: Annotated[Path, typer.Option(callback=output_of, help="scores.csv.")],
    by: Annotated[
        str, typer.Option(metavar="WAY", help="Who decides: network, spectrum or co-occurrence.")
    ] = "network",
    split: Annotated[
        str | None, typer.Option(help="Which split; one that is not for training if there is one.")
    ] = None,
    device: Device = "auto",
    json: JsonFile = None,
) -> None:
    """Say of each picture whether it is generated, and of how many that means little."""
    from ganache.uses.detection.screening import score as scored

    mention_overlooked(source)
    with packing_bar() as progress:
        found = scored(run, source, out, by=by, split=split, device=device, progress=progress)
    write_then_print(json_outputs(json, found.to_json), [*_told(found), f"written        {out}"])
    for warning in found.warnings():
        say(warning)


def _lines(record: "DetectionRecord", rate: float) -> Iterator[str]:
    from ganache.uses.detection.detection_record import EVERY
    from ganache.uses.detection.measured_areas import PLAIN

    drawn = ", ".join(f"{fake.learnt:,} of {fake.name}" for fake in record.fakes)
    recoded = "" if record.recode is None else f", all as JPEG {record.recode}"
    yield f"learnt         {counted(record.real.learnt, 'real picture')}; {drawn}"
    yield f"looked at      {record.shape}{recoded}{', disturbed' if record.worn else ''}"
    yield f"{'AUROC':<38}{''.join(f'{way:<22}' for way in record.decisions)}".rstrip()
    areas = {(one.never_seen, one.generator, one.treatment, one.way): one for one in record.areas}
    rows = {key[:3]: [areas[*key[:3], way] for way in record.decisions] for key in areas}
    for (never_seen, generator, treatment), found in rows.items():
        if treatment == PLAIN or generator == EVERY:
            name = f"{generator}, never seen" if never_seen else f"{generator}, {treatment}"
            yield f"{name:<38}{''.join(f'{_bounds(one):<22}' for one in found)}".rstrip()
    for way, decision in record.decisions.items():
        wrong, hits = decision.false_positives, decision.found
        yield (
            f"{way:<14} above {decision.threshold.value:.4g}: {hits[0]:.1%} of the generated, {wrong[0]:.1%} of the"
            f" real ones ({wrong[1]:.1%} to {wrong[2]:.1%}, asked for {rate:.1%})"
        )
    short = next(iter(record.decisions.values())).threshold.shortfall(rate)  # all are of the same pictures
    if short is not None:
        yield f"promise        {short}"
    for verdict in record.verdicts:
        yield f"verdict        {verdict}"


def _bounds(area: "Area") -> str:
    return f"{area.area:.3f} ({area.low:.3f}–{area.high:.3f})"


def _told(found: "Screening") -> Iterator[str]:
    threshold = found.record.decisions[found.by].threshold
    count = int(found.generated.sum())
    yield (
        f"generated      {count:,} of {len(found.names):,}, above {threshold.value:.4g} by {found.by};"
        f" {threshold.rate:.1%} of real ones would be"
    )
    yield f"unfamiliar     {found.count_unfamiliar:,} of {len(found.names):,}"
    for name, why in [*found.skipped.items()][:MOST_SHOWN]:
        yield f"not read       {name}: {why}"
    yield "beside         what a picture says of itself was not looked at: ganache verify PICTURE"
