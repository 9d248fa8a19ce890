"""Reports as files, and the one that follows every training."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ganache.support.errors import RunError, UserError, reason
from ganache.support.files import write_text
from ganache.web.pages import self_contained
from ganache.web.report.comparison import comparison_facts
from ganache.web.report.run_facts import run_facts

NAME = "report.html"


def report_on(runs: Sequence[Path], out: Path | None = None) -> Path:
    """Write the report of one run, or a page that compares several to `out`; return its path.

    Raises UserError for what is no run, and for several without a file to write; RunError when the disk refuses.
    """
    if len(runs) == 1:
        return write_report(runs[0], out)
    if out is None or not runs:
        raise UserError("report: name the page that compares runs, as in --out compared.html")
    return write_comparison(runs, out)


def write_report(run: Path, out: Path | None = None) -> Path:
    """Write the report of a run, one file that needs nothing else, into its folder or to `out`; return its path.

    Raises UserError where there is no run, RunError when the disk refuses.
    """
    facts = run_facts(run)
    place = out or run / NAME
    write_text(place, self_contained("report", facts, f"{facts['name']}: {facts['recipe']['name']}"))
    return place


def write_comparison(runs: Sequence[Path], out: Path) -> Path:
    """Write a page that compares runs; raises as `write_report` does."""
    facts = comparison_facts(runs)
    write_text(out, self_contained("compared", facts, f"{len(runs)} runs compared"))
    return out


def report_after(run: Path, say: Callable[[str], None] = lambda line: None) -> Path | None:
    """Write the report of a run that was just trained; whatever fails is told in a line, for the run is what counts.

    Of many processes the first one does.
    """
    if os.environ.get("RANK", "0") != "0":
        return None
    try:
        return write_report(run)
    except (UserError, RunError) as error:
        say(f"no report was written: {error}")
    except Exception as error:  # a page is not worth a training: what it lacks is ours to mend
        say(f"no report was written: {type(error).__name__}: {reason(error)}")
    return None
