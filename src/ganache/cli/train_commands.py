"""`ganache train`, `resume`, `plot` and `recipes`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganache.cli.common import load_code, mention_overlooked, packing_bar, say
from ganache.cli.options import (
    Batch,
    Channels,
    Code,
    Columns,
    Crop,
    Data,
    Device,
    Domains,
    EvaluateEvery,
    HoldOut,
    Images,
    LabelColumn,
    Labels,
    MaxSkipped,
    Mirror,
    Missing,
    Numbers,
    Precision,
    Range,
    RunFolder,
    Second,
    Seed,
    Settings,
    Size,
    Start,
    Task,
    Time,
    path_argument,
    path_option,
)
from ganache.support.console import show
from ganache.support.requests import collected
from ganache.support.units import count_text, duration_text

if TYPE_CHECKING:
    from ganache.training.plan import Request
    from ganache.training.sessions import Outcome


def train(
    data: Data,
    recipe: Annotated[str | None, path_argument(help="A name, or a Python file; see `ganache recipes`.")] = None,
    out: Annotated[Path | None, path_option(help="The run's folder; runs/RECIPE-DATA if left out.")] = None,
    images: Images = None,
    time: Time = None,
    size: Size = None,
    channels: Channels = None,
    labels: Labels = None,
    batch: Batch = None,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "auto",
    settings: Settings = None,
    max_skipped: MaxSkipped = 0.01,
    evaluate_every: EvaluateEvery = None,
    value_range: Range = None,
    mirror: Mirror = False,
    start: Start = None,
    second: Second = "",
    domains: Domains = "",
    task: Task = "",
    crop: Crop = None,
    label_column: LabelColumn = "",
    columns: Columns = None,
    missing: Missing = "refuse",
    numbers: Numbers = "quantiles",
    hold_out: HoldOut = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
) -> None:
    """Train a GAN on pictures or on the rows of a table, by the recipe that suits the data when none is named."""
    from ganache.training import sessions
    from ganache.training.plan import Request

    request = collected(Request, locals())
    mention_overlooked(data)
    if dry_run:
        _only_plan(request, out)
        return
    with packing_bar() as progress:
        _report(sessions.begin(request, out, quiet=False, progress=progress))


def resume(run: RunFolder, images: Images = None, time: Time = None, data: Data = "", code: Code = None) -> None:
    """Continue a run where it stands, to its own budget or a new total."""
    from ganache.training import sessions

    load_code(code)
    mention_overlooked(data or None)
    _report(sessions.resume(run, images=images, time=time, data=data or None, quiet=False))


def plot(run: RunFolder) -> None:
    """Draw a run's curves and its animation, at any time."""
    from ganache.training import sessions

    show(str(path) for path in sessions.plot(run))


def recipes(name: Annotated[str | None, typer.Argument(help="One recipe, whole.")] = None) -> None:
    """List the recipes, or explain one."""
    from ganache.recipes import describe, find, names

    if name is not None:
        print(f"{describe(name)}\n\n{find(name).to_json()}")
        return
    for known in names():
        print(f"{known:<16} {describe(known).splitlines()[0]}")


def _only_plan(request: "Request", out: Path | None) -> None:
    """Print the resolved recipe, parameter counts, the data and a time estimate; write nothing."""
    from ganache.training import briefing, sessions
    from ganache.training.plan import make_plan

    sessions.check_place(out, request.data)
    with packing_bar() as progress:
        plan = make_plan(request, progress, write=False)
    print(plan.recipe.to_json())
    state = plan.build()
    if plan.start is not None:
        plan.start.put_into(state, plan.data.label_names)  # it says what does not fit
    for role, network in state.cast.networks.items():
        print(f"{role:<14} {sum(weight.numel() for weight in network.parameters()):,} parameters")
    show(briefing.data_lines(plan.dataset.summary()))
    show(briefing.plan_lines(plan, plan.measure(), out or sessions.default_folder(plan)))
    show(briefing.mirror_lines(plan))
    print("nothing was written")


def _next(run: Path, folder: str) -> str:
    """Return what can be done with a finished run."""
    if (run / "a_to_b.safetensors").is_file():
        return f"translate      ganache translate {folder} PICTURES --out translated"
    return f"draw more      ganache sample {folder} --count 64 --seed 1 --out grid.png"


def _report(outcome: "Outcome") -> None:
    from ganache.web.report.writing import report_after

    report = report_after(outcome.run, say)
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
            *([f"report         {report}"] if report else []),
            _next(outcome.run, folder),
        ]
    )
