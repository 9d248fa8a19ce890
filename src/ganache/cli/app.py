"""The command `ganache`: arguments in, one library call out."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ganache.cli.options import (
    Batch,
    Channels,
    Code,
    Data,
    Device,
    EvaluateEvery,
    Images,
    Label,
    MaxSkipped,
    Precision,
    Range,
    RunFolder,
    RunPath,
    Seed,
    Set,
    Size,
    SourceArgument,
    Time,
    path_argument,
    path_option,
)
from ganache.support.console import end_with_status
from ganache.support.errors import UserError

app = typer.Typer(
    help="GANs without the ache: train, judge, explain and use generative adversarial networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Look at training data, or pack it once and for all.", no_args_is_help=True)
app.add_typer(data_app, name="data")
cache_app = typer.Typer(help="Look at the cache, or empty it.", no_args_is_help=True)
app.add_typer(cache_app, name="cache")


@app.command()
def train(
    data: Data,
    recipe: Annotated[str | None, path_argument(help="A name, or a Python file; see `ganache recipes`.")] = None,
    out: Annotated[Path | None, path_option(help="The run's folder; runs/RECIPE-DATA if left out.")] = None,
    images: Images = None,
    time: Time = None,
    size: Size = None,
    channels: Channels = None,
    label: Label = None,
    batch: Batch = None,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "auto",
    setting: Set = None,
    max_skipped: MaxSkipped = 0.01,
    evaluate_every: EvaluateEvery = None,
    value_range: Range = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
) -> None:
    """Train a GAN on pictures (recipe dcgan when none is named)."""
    from ganache.training.plan import Request

    request = Request(
        data,
        recipe,
        images,
        time,
        size,
        channels,
        tuple(label or ()),
        batch,
        seed,
        device,
        precision,
        tuple(setting or ()),
        max_skipped,
        evaluate_every,
        value_range,
    )
    from ganache.cli import commands

    commands.dry_run(request, out) if dry_run else commands.train(request, out)


@app.command()
def resume(run: RunFolder, images: Images = None, time: Time = None, data: Data = "", code: Code = None) -> None:
    """Continue a run where it stands, to its own budget or a new total."""
    from ganache.cli import commands

    commands.resume(run, images, time, data or None, code)


@app.command()
def sample(
    run: RunPath,
    out: Annotated[str, path_option(help="grid.png, folder/, x.npy or x.npz.")],
    count: Annotated[int, typer.Option(help="How many images.")] = 64,
    seed: Seed = 0,
    label: Label = None,
    device: Device = "auto",
    precision: Precision = "fp32",
    code: Code = None,
) -> None:
    """Draw images from a trained generator."""
    from ganache.cli import commands

    commands.sample(run, out, count, seed, tuple(label or ()), device, precision, code)


@app.command()
def interpolate(
    run: RunPath,
    out: Annotated[str, path_option(help="walk.gif, walk.webp or walk.mp4.")],
    frames: Annotated[int, typer.Option(help="How many frames, 25 a second.")] = 100,
    seed: Seed = 0,
    label: Label = None,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Draw a walk through the latent space as an animation."""
    from ganache.cli import commands

    commands.interpolate(run, out, frames, seed, tuple(label or ()), device, code)


@app.command()
def judge(
    run: RunPath,
    data: Data,
    count: Annotated[int, typer.Option(help="How many samples.")] = 10_000,
    seed: Seed = 0,
    label: Label = None,
    json: Annotated[Path | None, path_option(metavar="FILE", help="Write scores and protocol there.")] = None,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Let a classifier of the data judge a generator: class shares, labels, Fréchet distance."""
    from ganache.cli import commands

    commands.judge(run, data, count, seed, tuple(label or ()), json, device, code)


@app.command()
def evaluate(
    samples: Annotated[str, path_argument(help="A run, a .safetensors, a folder or zip of pictures, x.npz, x.npy.")],
    data: Annotated[str | None, typer.Option(help="What to compare with; a run's own data if left out.")] = None,
    metrics: Annotated[str, typer.Option(metavar="NAME,NAME", help="What the data allows, if left out.")] = "",
    features: Annotated[str | None, typer.Option(help="inception, classifier, random or pixels.")] = None,
    weights: Annotated[Path | None, path_option(metavar="FILE", help="The weights of inception.")] = None,
    count: Annotated[str | None, typer.Option(metavar="N", help="How many samples, such as 10k.")] = None,
    seed: Seed = 0,
    split: Annotated[str, typer.Option(help="The reals' split.")] = "train",
    label: Label = None,
    size: Size = None,
    channels: Channels = None,
    value_range: Range = None,
    json: Annotated[Path | None, path_option(metavar="FILE", help="Write all records there.")] = None,
    pairs: Annotated[Path | None, path_option(metavar="PNG", help="Draw samples beside the nearest reals.")] = None,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Score samples against real images: every score with its protocol."""
    from ganache.cli.evaluation_commands import run_evaluate
    from ganache.evaluation.evaluate import Asked

    asked = Asked(
        samples,
        data,
        tuple(name.strip() for name in metrics.split(",") if name.strip()),
        features,
        weights,
        count,
        seed,
        split,
        tuple(label or ()),
        size,
        channels,
        device,
        value_range,
    )
    run_evaluate(asked, json, pairs, code)


@app.command()
def compare(
    evaluations: Annotated[list[str], path_argument(metavar="A B …", help="Runs, or files of evaluate --json.")],
    out: Annotated[Path | None, path_option(metavar="PNG", help="Draw the runs' samples beside reals.")] = None,
    json: Annotated[Path | None, path_option(metavar="FILE", help="Write the comparison there.")] = None,
) -> None:
    """Compare evaluations where their protocols match, and say where not."""
    from ganache.cli.evaluation_commands import run_compare

    run_compare(evaluations, out, json)


@app.command()
def doctor(
    run: RunFolder,
    json: Annotated[Path | None, path_option(metavar="OUT", help="Write the findings there.")] = None,
    data: Annotated[str | None, typer.Option(help="The run's data, to look for copies of training images.")] = None,
    code: Code = None,
) -> None:
    """Say what is wrong with a run, by what evidence, and what to change."""
    from ganache.cli.doctor_command import run_doctor

    run_doctor(run, json, data, code)


@app.command()
def plot(run: RunFolder) -> None:
    """Draw a run's curves and its animation, at any time."""
    from ganache.cli import commands

    commands.plot(run)


@app.command()
def recipes(name: Annotated[str | None, typer.Argument(help="One recipe, whole.")] = None) -> None:
    """List the recipes, or explain one."""
    from ganache.cli import commands

    commands.recipes(name)


@data_app.command("info")
def data_info(
    source: SourceArgument,
    size: Size = None,
    channels: Channels = None,
    max_skipped: MaxSkipped = 0.01,
    value_range: Range = None,
) -> None:
    """Say what the data holds: shape, classes, what would be skipped and why. Writes nothing."""
    from ganache.cli import commands

    commands.data_info(source, size, channels, max_skipped, value_range)


@data_app.command("pack")
def data_pack(
    source: SourceArgument,
    out: Annotated[Path, path_option(help="The store's folder.")],
    size: Size = None,
    channels: Channels = None,
    max_skipped: MaxSkipped = 0.01,
    value_range: Range = None,
) -> None:
    """Decode the data once into a store that training reads without decoding."""
    from ganache.cli import commands

    commands.data_pack(source, out, size, channels, max_skipped, value_range)


@cache_app.command("list")
def cache_list() -> None:
    """Say where the cache lies, what is in it and how large that is."""
    from ganache.cli.cache_commands import print_cache

    print_cache()


@cache_app.command("clear")
def cache_clear() -> None:
    """Remove what Ganache can make or download anew, without asking, and say what that freed."""
    from ganache.cli.cache_commands import clear_cache

    clear_cache()


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Show the version when asked."""
    if show:
        import importlib.metadata

        print(f"ganache {importlib.metadata.version('ganache')}")
        raise typer.Exit


# For GNU's OpenMP, of torch under Linux, the count of spins refines the policy.
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "2000"}

# typer does not export the base class of its usage errors, which it takes from click or from a copy of it.
_UsageError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def main() -> None:
    """Run the command line: exit status 0, 2 for a user's mistake, 1 for a run that failed, 130/143 when stopped."""
    _let_waiting_threads_sleep()
    end_with_status("ganache", _command)


def _command() -> int | None:
    try:
        status = typer.main.get_command(app).main(standalone_mode=False)
    except _UsageError as error:
        raise UserError(error.format_message()) from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit as left:  # a closed pipe has a status 1 of typer's own
        if isinstance(left.__context__, BrokenPipeError):
            raise left.__context__ from None
        raise
    return status if isinstance(status, int) else None


def _let_waiting_threads_sleep() -> None:
    """Have threads that wait for each other spin for some microseconds and then sleep, unless the user says otherwise.

    Spinning on costs most of the speed beside any other busy process; sleeping at once costs a third of it alone, in
    networks whose operators take no longer than waking up. It is read when torch is imported.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        for name, value in WAITING.items():
            os.environ.setdefault(name, value)
