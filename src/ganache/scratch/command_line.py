"""The command line of the engine without autograd: arguments in, one call out."""

import argparse
import dataclasses
import os
import shlex
import sys
from typing import Any, NoReturn, get_args, get_type_hints

from ganache.scratch.settings import PRESETS, ClassifierSettings, GanSettings, choose
from ganache.support.console import end_with_status
from ganache.support.errors import UserError, shown
from ganache.support.files import at_home

# Those of `array_module`, which cannot be asked: to import it is to choose one.
MODULES = ("numpy", "cupy")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like all others of Ganache."""

    def error(self, message: str) -> NoReturn:
        """Hand the complaint to `main`."""
        raise UserError(message)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the commands gan, classify and resume; a setting's flag has its field's name."""
    whole = _Parser(prog="python -m ganache.scratch", description="Train on the engine without autograd.")
    commands = whole.add_subparsers(dest="command", required=True, parser_class=_Parser)
    gan = commands.add_parser("gan", help="train a GAN", allow_abbrev=False)
    gan.add_argument("--preset", help=f"{' or '.join(PRESETS)}; working unless given")
    gan.add_argument("--label", action="append", default=[], help="only this class; may be repeated")
    classify = commands.add_parser("classify", help="train a classifier", allow_abbrev=False)
    for command, kind in ((gan, GanSettings), (classify, ClassifierSettings)):
        command.add_argument(
            "--data", required=True, help="a folder, zip, IDX or CIFAR directory, packed store, or name"
        )
        command.add_argument("--out", required=True, type=at_home, help="the run's folder")
        command.add_argument("--size", help="HEIGHTxWIDTH in pixels; the data's if left out")
        command.add_argument("--channels", type=int, help="1 gray, 2 gray+alpha, 3 RGB, 4 RGBA")
        _add_settings(command, kind)
    resume = commands.add_parser("resume", help="continue a run where it stands", allow_abbrev=False)
    resume.add_argument("run", type=at_home, help="the run's folder")
    resume.add_argument("--epochs", type=int, help="a new total of passes over the data")
    resume.add_argument("--data", help="where the run's data lies now")
    for command in (gan, classify, resume):
        command.add_argument("--arrays", choices=MODULES, help="what computes: NumPy, or CuPy on a GPU")
    return whole


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; return the exit status."""
    settings = _settings(arguments)
    _choose_arrays(arguments.arrays)
    # The engine is imported once its array module is chosen.
    from ganache.data.conversion import Conversion
    from ganache.data.location import overlooked
    from ganache.data.source import Source
    from ganache.scratch import sessions
    from ganache.support.units import parse_size

    if arguments.command == "resume":
        out = arguments.run
        stopped = sessions.resume(out, arguments.epochs, arguments.data)
    else:
        out = arguments.out
        size = parse_size(arguments.size) if arguments.size else None
        if line := overlooked(arguments.data):
            print(shown(line), file=sys.stderr)
        source = Source(arguments.data, Conversion(size, arguments.channels), tuple(getattr(arguments, "label", ())))
        stopped = sessions.begin(settings, source, out)
    if stopped is not None:
        again = f"python -m ganache.scratch resume {shlex.quote(str(out))}"
        print(shown(f"stopped; everything is saved. Continue with: {again}"))
        return 128 + stopped
    print(shown(f"finished: {out}"))
    return 0


def main() -> None:
    """Run the command line: exit status 0, 2 for a user's mistake, 1 for a run that failed, 130/143 when stopped."""
    end_with_status("ganache.scratch", lambda: run(parser().parse_args()))


def _add_settings(command: argparse.ArgumentParser, kind: type[Any]) -> None:
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        choices = get_args(hints[field.name])
        flag = f"--{field.name.replace('_', '-')}"
        kind_of_value = str if choices else hints[field.name]
        command.add_argument(flag, type=kind_of_value, choices=choices or None, help=field.metadata["help"])


def _settings(arguments: argparse.Namespace) -> Any:
    """Return the preset with what was given on the command line in its place; None for a resume."""
    given = {name: value for name, value in vars(arguments).items() if value is not None}
    if arguments.command == "resume":
        return None
    kind = GanSettings if arguments.command == "gan" else ClassifierSettings
    changes = {field.name: given[field.name] for field in dataclasses.fields(kind) if field.name in given}
    return choose(arguments.preset, changes) if kind is GanSettings else ClassifierSettings(**changes)


def _choose_arrays(name: str | None) -> None:
    from_flag = name is not None
    if from_flag and "ganache.scratch.array_module" not in sys.modules:
        os.environ["GANACHE_ARRAYS"] = str(name)
    from ganache.scratch.array_module import xp

    if from_flag and xp.__name__ != name:
        raise UserError(f"arrays: {name!r} cannot be chosen any more; this process computes with {xp.__name__!r}")
