"""The command line of the engine without autograd: arguments in, one call of the library out."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from ganache.data import Selection, select
from ganache.data.location import overlooked
from ganache.data.origin import Source
from ganache.runs.folder import Run
from ganache.scratch.accuracy import compose_with_accuracy
from ganache.scratch.array_module import MODULES, xp
from ganache.scratch.by_hand import PRESETS, ClassifierByHand, GanByHand, HandPlayed, choose
from ganache.support.console import end_with_status
from ganache.support.errors import UserError, shown
from ganache.support.files import at_home
from ganache.training import sessions
from ganache.training.plan import Request, make_plan
from ganache.training.sessions import Outcome

ENDLESS_PASS = 10_000  # points of a density that are called one pass


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like all others of Ganache."""

    def error(self, message: str) -> NoReturn:
        """Hand the complaint to `main`."""
        raise UserError(message)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the commands gan, classify and resume; a field's flag has its name."""
    whole = _Parser(prog="python -m ganache.scratch", description="Train on the engine without autograd.")
    commands = whole.add_subparsers(dest="command", required=True, parser_class=_Parser)
    gan = commands.add_parser("gan", help="train a GAN", allow_abbrev=False)
    gan.add_argument("--preset", help=f"{' or '.join(PRESETS)}; working unless given")
    gan.add_argument("--label", action="append", default=[], help="only this class; may be repeated")
    classify = commands.add_parser("classify", help="train a classifier", allow_abbrev=False)
    gan.set_defaults(kind=GanByHand, choose=choose)
    classify.set_defaults(
        kind=ClassifierByHand, preset=None, label=[], choose=lambda _, changes: ClassifierByHand().changed(**changes)
    )
    for command, kind in ((gan, GanByHand), (classify, ClassifierByHand)):
        command.add_argument(
            "--data", required=True, help="a folder, zip, IDX or CIFAR directory, packed store, or name"
        )
        command.add_argument("--out", required=True, type=at_home, help="the run's folder")
        command.add_argument("--size", help="HEIGHTxWIDTH in pixels; the data's if left out")
        command.add_argument("--channels", type=int, help="1 gray, 2 gray+alpha, 3 RGB, 4 RGBA")
        command.add_argument("--seed", type=int, default=0, help="decides every random number")
        for flag, field in _flags(kind).items():
            command.add_argument(flag, dest=field, help=kind.model_fields[field].description)
    resume = commands.add_parser("resume", help="continue a run where it stands", allow_abbrev=False)
    resume.add_argument("run", type=at_home, help="the run's folder")
    resume.add_argument("--epochs", type=int, help="a new total of passes over the data")
    resume.add_argument("--data", help="where the run's data lies now")
    for command in (gan, classify, resume):
        command.add_argument("--arrays", choices=MODULES, help="what computes: NumPy, or CuPy on a GPU")
    return whole


def run(words: Sequence[str]) -> int:
    """Do what was asked; return the exit status."""
    arguments = parser().parse_args(words)
    if arguments.arrays not in (None, xp.__name__):
        raise UserError(
            f"arrays: {arguments.arrays!r} cannot be chosen any more; this process computes with {xp.__name__!r}"
        )
    outcome = (_resume if arguments.command == "resume" else _begin)(arguments)
    if outcome.signal is not None:
        again = f"python -m ganache.scratch resume {shlex.quote(str(outcome.run))}"
        print(shown(f"stopped; everything is saved. Continue with: {again}"))
        return 128 + outcome.signal
    print(shown(f"finished: {outcome.run}"))
    return 0


def main() -> None:
    """Run the command line: exit status 0, 2 for a user's mistake, 1 for a run that failed, 130/143 when stopped."""
    end_with_status("ganache.scratch", lambda: run(sys.argv[1:]))


def _begin(arguments: argparse.Namespace) -> Outcome:
    fields = _flags(arguments.kind).values()
    changes = {field: getattr(arguments, field) for field in fields if getattr(arguments, field) is not None}
    game = arguments.choose(arguments.preset, changes)
    sessions.check_place(arguments.out, arguments.data)
    if line := overlooked(arguments.data):
        print(shown(line), file=sys.stderr)
    request = Request(
        data=arguments.data,
        recipe=game,
        size=arguments.size,
        channels=arguments.channels,
        labels=tuple(arguments.label),
        seed=arguments.seed,
        device="cpu" if xp.__name__ == "numpy" else "cuda",
        precision="fp32",
    )
    data = make_plan(request).data
    request = replace(request, recipe=game.fitted(data), images=_images(game, data, game.epochs))
    return sessions.begin(request, arguments.out, quiet=False, observers=compose_with_accuracy)


def _resume(arguments: argparse.Namespace) -> Outcome:
    run = Run.open(arguments.run)
    record, game = run.record("source.data"), run.recipe()
    if "scratch" in record:
        raise UserError(f"run: {run.path} is of an earlier version of this engine; train it anew")
    if not isinstance(game, HandPlayed):
        raise UserError(f"run: {run.path} was not trained on this engine; continue it with: ganache resume {run.path}")
    images = None
    if arguments.epochs is not None:
        source = Source.of(record["source"], arguments.data)
        data = select(source.open(), source.labels, game.conditional)
        images = _images(game, data, game.changed(epochs=arguments.epochs).epochs)
    return sessions.resume(run.path, images=images, data=arguments.data, quiet=False, observers=compose_with_accuracy)


def _images(game: HandPlayed, data: Selection, epochs: int) -> int:
    """Return how many images all passes are; what does not fill a batch at the end of a pass is left for the next."""
    return epochs * max(1, (data.rows() or ENDLESS_PASS) // game.batch_size) * game.batch_size


def _flags(kind: type[HandPlayed]) -> dict[str, str]:
    """Return the flags of a game, each with its field."""
    described = [name for name, field in kind.model_fields.items() if field.description]
    return {f"--{name.removesuffix('_size').replace('_', '-')}": name for name in described}
