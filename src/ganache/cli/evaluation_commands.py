"""What `ganache evaluate` and `ganache compare` print: one library call each, and a table of what came of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganache.cli.common import load_code, mention_overlooked, packing_bar, say
from ganache.cli.options import (
    Channels,
    Code,
    Device,
    Direction,
    JsonFile,
    Labels,
    Range,
    Seed,
    Size,
    path_argument,
    path_option,
)
from ganache.support.console import Output, json_outputs, write_then_print
from ganache.support.errors import RunError, UserError
from ganache.support.files import at_home
from ganache.support.requests import collected
from ganache.support.units import counted, listed

if TYPE_CHECKING:
    from PIL.Image import Image

    from ganache.evaluation.asked import Asked
    from ganache.evaluation.compare import Comparison
    from ganache.evaluation.records import Evaluation, Score
    from ganache.evaluation.scoring import Scored
    from ganache.runs.folder import Run

NO_PAIRS = "pairs: they come with the metric memorisation, which was not computed"
ARROWS = {"lower": "↓", "higher": "↑", "neither": ""}


def evaluate(
    samples: Annotated[str, path_argument(help="A run, a .safetensors, a folder or zip of pictures, x.npz, x.npy.")],
    data: Annotated[str | None, typer.Option(help="What to compare with; a run's own data if left out.")] = None,
    metrics: Annotated[str, typer.Option(metavar="NAME,NAME", help="What the data allows, if left out.")] = "",
    features: Annotated[str | None, typer.Option(help="inception, efficientnet-lite0, classifier, …")] = None,
    weights: Annotated[Path | None, path_option(metavar="FILE", help="The weights of inception.")] = None,
    count: Annotated[str | None, typer.Option(metavar="N", help="How many samples, such as 10k.")] = None,
    seed: Seed = 0,
    split: Annotated[str | None, typer.Option(help="The reals' split; train, of a translator a held-out one.")] = None,
    direction: Direction = "a-to-b",
    paired: Annotated[bool, typer.Option("--paired", help="Of a translator: equal names are partners.")] = False,
    labels: Labels = None,
    size: Size = None,
    channels: Channels = None,
    value_range: Range = None,
    json: JsonFile = None,
    pairs: Annotated[Path | None, path_option(metavar="PNG", help="Draw samples beside the nearest reals.")] = None,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Score samples against real images: every score with its protocol."""
    from ganache.drawing.exports import check_picture, save_picture
    from ganache.evaluation.asked import Asked
    from ganache.evaluation.evaluate import evaluate as evaluated
    from ganache.evaluation.side_by_side import pairs_picture

    names = [name.strip() for name in metrics.split(",") if name.strip()]
    asked = collected(Asked, {**locals(), "metrics": names})
    load_code(code)
    mention_overlooked(data)
    if pairs is not None:
        check_picture(pairs, "pairs")
        if names and "memorisation" not in names:
            raise UserError(NO_PAIRS)
    with packing_bar() as progress:
        found = evaluated(asked, progress, say)
    drawn = None if pairs is None or found.evidence.pairs is None else pairs_picture(found)
    outputs = _kept(asked, json, found, drawn)
    if pairs is not None and drawn is not None:
        outputs.append(Output("nearest pairs", pairs, lambda: save_picture(drawn, pairs)))
    write_then_print(outputs, table(found.evaluation))
    if pairs is not None and drawn is None:  # only now, for the scores were minutes of work
        raise UserError(NO_PAIRS)


def compare(
    evaluations: Annotated[list[str], path_argument(metavar="A B …", help="Runs, or files of evaluate --json.")],
    out: Annotated[Path | None, path_option(metavar="PNG", help="Draw the runs' samples beside reals.")] = None,
    direction: Direction = "a-to-b",
    json: JsonFile = None,
    device: Device = "auto",
) -> None:
    """Compare evaluations where their protocols match, and say where not."""
    from ganache.drawing.exports import check_picture, save_picture
    from ganache.engine.devices import choose_device
    from ganache.evaluation import compare

    chosen = choose_device(device).type
    if out is not None:
        check_picture(out, "out")
    found = compare.compare(evaluations, direction)
    outputs = json_outputs(json, found.to_json)
    if out is not None:
        drawn = compare.picture(evaluations, device=chosen, direction=direction)
        outputs.append(Output("picture", out, lambda: save_picture(drawn, out)))
    write_then_print(outputs, comparison_table(found))


def table(evaluation: "Evaluation") -> Iterator[str]:
    """Yield the lines of an evaluation: what was judged, against what, each score, warnings, protocol."""
    from ganache.evaluation.reference_statistics import SPLIT

    samples, reference = evaluation.samples, evaluation.reference
    age = f", {samples.images_seen:,} images seen" if samples.images_seen is not None else ""
    yield f"judged         {counted(samples.count, 'sample')} of {samples.source} ({samples.kind}{age}), {samples.read}"
    only = f", only {listed(reference.labels)}" if reference.labels else ""
    endless = "a mean and a covariance" if reference.split == SPLIT else "endless"
    count = counted(reference.count, "image") if reference.count is not None else endless
    mark = reference.fingerprint[:12]
    yield f"against        {reference.source}, {reference.split}: {count}{only}, fingerprint {mark}"
    seen = {_features_text(score) for score in evaluation.scores if score.protocol.features}
    for text in sorted(seen):
        yield f"features       {text}"
    yield ""
    width = max((len(score.name) for score in evaluation.scores), default=0)
    columns = [max(10, len(one.name)) for one in evaluation.baselines]
    if columns:
        titles = (f"{one.name:>{column}}" for one, column in zip(evaluation.baselines, columns, strict=True))
        yield f"{'':<{width}}  {'translated':>10}    {'  '.join(titles)}"
    for score in evaluation.scores:
        beside = (f"{text:>{column}}  " for text, column in zip(evaluation.beside(score), columns, strict=True))
        named = f"{score.name:<{width}}  {score.text:>10} {ARROWS[score.better]:<1} "
        yield f"{named}{''.join(beside)}{_remark(score)}".rstrip()
    for warning in evaluation.warnings:
        yield f"warning        {warning}"
    if evaluation.scores:
        versions = ", ".join(f"{name} {version}" for name, version in evaluation.scores[0].versions.items())
        yield f"protocol       seed {samples.seed}, {versions}, ↓ lower is better, ↑ higher is better"


def comparison_table(found: "Comparison") -> Iterator[str]:
    """Yield a row for each kind of score, and below them each field in which protocols differ, with the scores."""
    width = max([5, *(len(row.family) for row in found.rows)])
    columns = [max(12, len(name)) for name in found.names]
    titles = "  ".join(f"{name:>{column}}" for name, column in zip(found.names, columns, strict=True))
    yield f"{'score':<{width}}  {titles}  better"
    differing: dict[str, list[str]] = {}
    for row in found.rows:
        for line in row.differs:
            differing.setdefault(line, []).append(row.family)
        values = "  ".join(
            f"{score.text if score else '':>{column}}" for score, column in zip(row.scores, columns, strict=True)
        )
        yield f"{row.family:<{width}}  {values}  {row.verdict}".rstrip()

    for line, families in differing.items():
        yield f"differs        {line}: {', '.join(families)}"


def _kept(asked: "Asked", json: Path | None, found: "Scored", pairs: "Image | None") -> list[Output]:
    """Return where an evaluation is kept: in the run's folder, when a run's was judged, and in `json`.

    The run keeps the nearest `pairs` too, where they were asked for, and none that belong to another evaluation.
    """
    from ganache.runs.folder import Run
    from ganache.runs.trained_translators import evaluation_file

    place = at_home(asked.samples)
    outputs = json_outputs(json, found.evaluation.to_json)
    if not (place / "run.json").is_file():
        return outputs
    run = Run(place)
    kept = evaluation_file(place, asked.direction)
    own = Output("written", kept, lambda: _keep(run, kept, found, pairs))
    if json is None:
        return [own]
    try:
        own.write()
    except RunError as error:  # a run of somebody else: the copy that was asked for is what counts
        say(f"ganache: {error}; the evaluation is in {json} alone")
        return outputs
    return [own._replace(write=lambda: None), *outputs]


def _keep(run: "Run", kept: Path, found: "Scored", pairs: "Image | None") -> None:
    from ganache.drawing.exports import save_picture
    from ganache.support.files import writing
    from ganache.support.json_files import write_json

    write_json(kept, found.evaluation.to_json())
    if pairs is not None:
        save_picture(pairs, run.nearest_file)
        return
    with writing(run.nearest_file):
        run.nearest_file.unlink(missing_ok=True)


def _remark(score: "Score") -> str:
    error = f"± {score.uncertainty:.2g} ({score.uncertainty_kind})" if score.uncertainty is not None else ""
    bound = ""
    if score.value is not None and "low" in score.details:
        high = score.details.get("high")
        bound = f"95%: {score.details['low']:.4g} … {f'{high:.4g}' if high is not None else '∞'}"
    reals = f"{score.protocol.reals:,} reals" if score.protocol.reals else ""
    return ", ".join(part for part in (error, bound, reals) if part)


def _features_text(score: "Score") -> str:
    features = score.protocol.features or {}
    checksum = f", checksum {features['checksum'][:12]}" if features.get("checksum") else ""
    right = f", right on {features['accuracy']:.1%}" if features.get("accuracy") is not None else ""
    named = f"{features['name']}, version {features['version']}, {features['size']} values"
    return f"{named}{checksum}{right}; {features['resize']}"
