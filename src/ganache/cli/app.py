"""The command `ganache`: every command by its name, and how each of them ends.

Commands import what they need when they are called, so that ``--help`` does not wait for it.
"""

import contextlib
import functools
import os
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ganache.cli import anomaly_commands, cache_commands, data_commands, detect_commands
from ganache.cli.doctor_command import doctor
from ganache.cli.draw_commands import codes, encode, interpolate, mix, project, sample, translate
from ganache.cli.evaluation_commands import compare, evaluate
from ganache.cli.export_command import export
from ganache.cli.fairness_command import fairness
from ganache.cli.judge_command import judge
from ganache.cli.lab_command import lab
from ganache.cli.marks_commands import mark, verify
from ganache.cli.report_command import card, report
from ganache.cli.serve_command import serve
from ganache.cli.study_command import augment_study
from ganache.cli.train_commands import plot, recipes, resume, train
from ganache.cli.tune_command import tune
from ganache.support.console import end_with_status
from ganache.support.errors import RunError, UserError
from ganache.support.version import __version__

app = typer.Typer(
    help="GANs without the ache: train, judge, explain and use generative adversarial networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Look at training data, or pack it once and for all.", no_args_is_help=True)
cache_app = typer.Typer(help="Look at the cache, or empty it.", no_args_is_help=True)
anomaly_app = typer.Typer(help="Find what is strange among pictures or rows.", no_args_is_help=True)
detect_app = typer.Typer(help="Tell generated pictures from real ones.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(anomaly_app, name="anomaly")
app.add_typer(detect_app, name="detect")
app.add_typer(cache_app, name="cache")

COMMANDS: dict[typer.Typer, tuple[Callable[..., None], ...]] = {
    app: (
        train,
        resume,
        tune,
        augment_study,
        sample,
        interpolate,
        codes,
        encode,
        project,
        mix,
        export,
        translate,
        judge,
        evaluate,
        compare,
        fairness,
        doctor,
        report,
        card,
        plot,
        serve,
        lab,
        mark,
        verify,
        recipes,
    ),
    data_app: (data_commands.info, data_commands.pack),
    anomaly_app: (anomaly_commands.fit, anomaly_commands.score),
    detect_app: (detect_commands.fit, detect_commands.score),
    cache_app: (cache_commands.list_, cache_commands.clear),
}
for home, commands in COMMANDS.items():
    for command in commands:
        home.command(command.__name__.rstrip("_").replace("_", "-"))(command)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Show the version when asked."""
    if show:
        print(f"ganache {__version__}")
        raise typer.Exit


# For GNU's OpenMP, of torch under Linux, the count of spins refines the policy.
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "2000"}

# typer does not export the base class of its usage errors, which it takes from click or from a copy of it.
_UsageError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def main() -> None:
    """Run the command line: exit status 0, 2 for a user's mistake, 1 for a run that failed, 130/143 when stopped."""
    _let_waiting_threads_sleep()
    end_with_status("ganache", _followed if os.environ.get("RANK", "0") != "0" else _command)


@functools.cache
def _all_commands() -> Any:
    """Return the tree of commands with their options, which takes typer a while to build of the functions."""
    return typer.main.get_command(app)


def _command() -> int | None:
    try:
        status = _all_commands().main(standalone_mode=False)
    except _UsageError as error:
        raise UserError(error.format_message()) from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit as left:  # a closed pipe has a status 1 of typer's own
        if isinstance(left.__context__, BrokenPipeError):
            raise left.__context__ from None
        raise
    return status if isinstance(status, int) else None


def _followed() -> int | None:
    """Run the command beside the process of `torchrun` that speaks for all: without a word, also of mistakes."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        try:
            return _command()
        except (UserError, RunError) as error:
            return 2 if isinstance(error, UserError) else 1


def _let_waiting_threads_sleep() -> None:
    """Have threads that wait for each other spin for some microseconds and then sleep, unless the user says otherwise.

    Spinning on costs most of the speed beside any other busy process; sleeping at once costs a third of it alone, in
    networks whose operators take no longer than waking up. It is read when torch is imported.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        for name, value in WAITING.items():
            os.environ.setdefault(name, value)
