"""`ganache report`: a run as one page that opens anywhere, or several beside each other."""

from pathlib import Path
from typing import Annotated

import typer

from ganache.cli.common import load_code
from ganache.cli.options import Code, output_of, path_argument
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
