"""`ganache report`: a run as one page that opens anywhere, or several beside each other; and `ganache card`."""

from pathlib import Path
from typing import Annotated

import typer

from ganache.cli.common import load_code, say
from ganache.cli.options import Code, RunFolder, output_of, path_argument
from ganache.support.console import show


def report(
    runs: Annotated[list[Path], path_argument(metavar="RUN…", help="A run's folder, or several to compare.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="HTML", callback=output_of, help="The page; RUN/report.html of one run if left out."),
    ] = None,
    code: Code = None,
) -> None:
    """Write the report of a run as one page that opens from disk, or compare several."""
    from ganache.web.report.writing import report_on

    load_code(code)
    show([f"report         {report_on(runs, out)}"])


def card(
    run: RunFolder,
    out: Annotated[
        Path | None,
        typer.Option(metavar="MD", callback=output_of, help="The card; RUN/MODEL_CARD.md if left out."),
    ] = None,
    code: Code = None,
) -> None:
    """Write the model card of a run: data, recipe, scores, groups, limits."""
    from ganache.runs.folder import Run
    from ganache.web.report.card_file import card_place, write_card

    load_code(code)
    Run.open(run)
    place = card_place(run, out)
    write_card(run, place)
    mention_edited(place, out or Run(run).card_file)
    show([f"model card     {place}"])


def mention_edited(place: Path, usual: Path) -> None:
    """Say that a card was written beside another, if it was."""
    if place != usual:
        say(f"{usual} was edited and stays as it is; what is new is in {place}")
