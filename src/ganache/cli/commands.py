"""What the commands print: one library call each, and a few lines about what came of it."""

import contextlib
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ganache import recipes as recipe_files
from ganache.data.location import overlooked
from ganache.drawing import sampling
from ganache.support.console import json_output, show, write_then_print
from ganache.support.errors import shown
from ganache.support.places import check_output
from ganache.support.units import count_text, counted, duration_text, listed, parse_range, parse_size
from ganache.training import briefing, sessions
from ganache.training.plan import Progress, Request, make_plan
from ganache.training.sessions import Outcome

if TYPE_CHECKING:
    from ganache.evaluation.judgement import Judgement


def train(request: Request, out: Path | None) -> None:
    """Train a new run and say where everything is."""
    mention_overlooked(request.data)
    with packing_bar() as progress:
        _report(sessions.begin(request, out, quiet=False, progress=progress))


def resume(run: Path, images: str | None, time: str | None, data: str | None, code: Path | None) -> None:
    """Continue a run and say where everything is."""
    load_code(code)
    mention_overlooked(data)
    _report(sessions.resume(run, images, time, data, quiet=False))


def dry_run(request: Request, out: Path | None) -> None:
    """Print the resolved recipe, parameter counts, the data and a time estimate; write nothing."""
    mention_overlooked(request.data)
    sessions.check_place(out, request.data)
    with packing_bar() as progress:
        plan = make_plan(request, progress, write=False)
    print(plan.recipe.to_json())
    state = plan.build()
    for role, network in state.players.networks.items():
        print(f"{role:<14} {sum(weight.numel() for weight in network.parameters()):,} parameters")
    show(briefing.data_lines(plan.dataset.summary()))
    show(briefing.plan_lines(plan, plan.measure(), out or sessions.default_folder(plan)))
    print("nothing was written")


def sample(
    run: Path,
    out: str,
    count: int,
    seed: int,
    labels: tuple[str, ...],
    device: str,
    precision: str,
    code: Path | None,
) -> None:
    """Draw images and say where they are."""
    load_code(code)
    sampling.sample_to(run, out, count, seed, labels, device, precision)
    show([f"{counted(count, 'image')} from seed {seed}: {out}"])


def interpolate(
    run: Path, out: str, frames: int, seed: int, labels: tuple[str, ...], device: str, code: Path | None
) -> None:
    """Draw a walk and say where it is."""
    load_code(code)
    sampling.interpolate_to(run, out, frames, seed, labels, device)
    show([f"{counted(frames, 'frame')} from seed {seed}: {out}"])


def judge(
    run: Path,
    data: str,
    count: int,
    seed: int,
    labels: tuple[str, ...],
    json: Path | None,
    device: str,
    code: Path | None,
) -> None:
    """Print what a classifier of the data says of a run's samples, and write it as JSON if asked to."""
    from ganache.evaluation.judgement import judge_run

    load_code(code)
    if json is not None:
        check_output(json, "json")
    mention_overlooked(data)
    with packing_bar() as progress:
        judgement = judge_run(run, data, count, seed, labels, device, progress, say)
    outputs = [json_output(json, judgement.to_json)] if json is not None else []
    write_then_print(outputs, judgement_table(judgement, run))


def plot(run: Path) -> None:
    """Draw a run's curves and animation and say where they are."""
    show(str(path) for path in sessions.plot(run))


def recipes(name: str | None) -> None:
    """Print all recipes with their first line, or one with its text and its JSON."""
    if name is not None:
        print(f"{recipe_files.describe(name)}\n\n{recipe_files.find(name).to_json()}")
        return
    for known in recipe_files.names():
        print(f"{known:<16} {recipe_files.describe(known).splitlines()[0]}")


def data_info(source: str, size: str | None, channels: int | None, max_skipped: float, value_range: str | None) -> None:
    """Print what the data holds."""
    from ganache.data import preview

    mention_overlooked(source)
    with packing_bar() as progress:
        pixels, values = parse_size(size) if size else None, parse_range(value_range) if value_range else None
        found = preview(source, pixels, channels, max_skipped, progress, value_range=values)
    show(briefing.data_lines(found.summary()))


def data_pack(
    source: str, out: Path, size: str | None, channels: int | None, max_skipped: float, value_range: str | None
) -> None:
    """Pack the data and print what the store holds."""
    from ganache.data import pack

    mention_overlooked(source)
    with packing_bar() as progress:
        pixels, values = parse_size(size) if size else None, parse_range(value_range) if value_range else None
        packed = pack(source, out, pixels, channels, max_skipped, progress, value_range=values)
    show(briefing.data_lines(packed.summary()))
    show([f"packed         {out}"])


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


def _report(outcome: Outcome) -> None:
    folder = shlex.quote(str(outcome.run))
    seen = f"{count_text(outcome.images_seen)} image{'s' * (outcome.images_seen != 1)}"
    at = f"{seen}, {duration_text(outcome.training_seconds)} of training"
    if outcome.signal is not None:
        show([f"stopped at {at}; everything is saved. Continue with: ganache resume {folder}"])
        raise typer.Exit(128 + outcome.signal)
    show(
        [
            f"finished: {at}",
            f"pictures       {outcome.run}/samples/, {outcome.run}/progress.webp, {outcome.run}/curves.png",
            f"draw more      ganache sample {folder} --count 64 --seed 1 --out grid.png",
        ]
    )


def say(line: str) -> None:
    """Print a line that is no result, beside the results."""
    print(shown(line), file=sys.stderr, flush=True)


def mention_overlooked(data: str | None) -> None:
    """Say that a folder has the name of the set that was named, if one has."""
    if data is not None and (line := overlooked(data)):
        say(line)


def load_code(path: Path | None) -> None:
    """Run the Python file that the user named, if any, so that its parts are known."""
    if path is not None:
        recipe_files.load_code(path)


@contextlib.contextmanager
def packing_bar() -> Iterator[Progress | None]:
    """Show how far the decoding of pictures is, on a terminal, while there is any."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    with Bar(
        *Bar.get_default_columns()[:2],
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("packing", total=None, visible=False)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=done < total)

        yield progress
