"""`ganache fairness`: which groups of the data a generator draws too rarely, too alike, or not at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganache.cli.common import load_code, mention_overlooked, packing_bar, say
from ganache.cli.options import (
    Channels,
    Code,
    Device,
    JsonFile,
    Labels,
    Range,
    Seed,
    Size,
    path_argument,
    path_option,
)
from ganache.cli.report_command import mention_edited
from ganache.support.console import Output, json_outputs, write_then_print
from ganache.support.errors import UserError
from ganache.support.files import at_home, is_run
from ganache.support.json_files import write_json
from ganache.support.requests import collected
from ganache.support.units import counted

if TYPE_CHECKING:
    from ganache.runs.folder import Run
    from ganache.uses.fairness.fairness_record import Draw, Fairness, GroupRow


def fairness(
    samples: Annotated[str, path_argument(metavar="RUN", help="A run, or samples as `evaluate` takes them.")],
    data: Annotated[str | None, typer.Option(help="What to compare with; a run's own data if left out.")] = None,
    groups: Annotated[
        Path | None, path_option(metavar="CSV", help="The group of each picture by its name; the classes if left out.")
    ] = None,
    count: Annotated[str | None, typer.Option(metavar="N", help="How many samples of each kind, such as 10k.")] = None,
    truncation: Annotated[
        str | None, typer.Option(metavar="T,T", help="Such as 1,0.7,0.5, which it is where a generator can.")
    ] = None,
    seed: Seed = 0,
    split: Annotated[str | None, typer.Option(help="The reals' split; train if left out.")] = None,
    labels: Labels = None,
    size: Size = None,
    channels: Channels = None,
    value_range: Range = None,
    json: JsonFile = None,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Say which groups a generator draws too rarely or too alike, with intervals."""
    from ganache.evaluation.asked import Asked
    from ganache.runs.folder import Run
    from ganache.uses.fairness.auditing import audit
    from ganache.uses.fairness.ways_to_draw import parse_truncations

    asked = collected(Asked, locals(), partial=True)
    truncations = parse_truncations(truncation)
    load_code(code)
    mention_overlooked(data)
    with packing_bar() as progress:
        found = audit(asked, groups, truncations, progress, say)
    outputs = json_outputs(json, found.to_json)
    if is_run(place := at_home(samples)):
        outputs = [*_kept(Run(place), found), *outputs]
    write_then_print(outputs, fairness_table(found))


def _kept(run: "Run", found: "Fairness") -> Iterator[Output]:
    """Yield what stays in a run's folder: the record, and then the model card that tells of it."""
    from ganache.web.report.card_file import card_place, write_card

    yield Output("written", run.fairness_file, lambda: write_json(run.fairness_file, found.to_json()))
    try:
        place = card_place(run.path)
    except UserError as error:  # what was measured does not depend on it
        say(f"no model card was written: {error}")
        return
    mention_edited(place, run.card_file)
    yield Output("model card", place, lambda: write_card(run.path, place))


def fairness_table(found: "Fairness") -> Iterator[str]:
    """Yield the groups of every draw as tables, then what they mean."""
    first = found.draws[0]
    samples, reference = first.evaluation.samples, first.evaluation.reference
    yield f"judged         {counted(samples.count, 'sample')} of {samples.source}, seed {samples.seed}"
    yield f"against        {reference.source}, {reference.split}, fingerprint {reference.fingerprint[:12]}"
    yield f"groups         {found.grouping}"
    yield (
        f"intervals      all {found.statements:,} hold at once with {found.confidence:.0%}, the classifier's errors"
        " within them"
    )
    for draw in found.draws:
        yield ""
        yield from _draw_table(draw)
    yield ""
    yield from found.sentences
    for warning in found.warnings:
        yield f"warning        {warning}"


def _draw_table(draw: "Draw") -> Iterator[str]:
    width = max(14, *(len(row.name) for row in draw.rows))
    yield f"{draw.title}; expected is {draw.expected}"
    yield (
        f"{'group':<{width}} expected   share   interval             recall (reals)  coverage (reals)"
        "  distance (reals)  verdict"
    )
    for row in draw.rows:
        interval = f"{row.low:6.2%} … {row.high:6.2%}"
        recall = _beside(row.recall, row.recall_of_reals, ".2f")
        coverage = _beside(row.coverage, row.coverage_of_reals, ".2f")
        distance = _beside(row.distance, row.distance_of_reals, ".1f")
        shares = f"{row.name:<{width}} {row.expected:8.2%} {row.share:7.2%}   {interval:<19}"
        yield f"{shares}  {recall:>14}  {coverage:>16}  {distance:>16}  {_verdict_text(row)}"


def _beside(value: float | None, of_reals: float | None, form: str) -> str:
    return "few" if value is None or of_reals is None else f"{value:{form}} ({of_reals:{form}})"


def _verdict_text(row: "GroupRow") -> str:
    return {"as expected": "", "too few": "too few to tell"}.get(row.verdict, row.verdict)
