"""A training of the lab as a run's folder, which `ganache resume` continues and every other command reads."""

import shutil
from dataclasses import replace
from pathlib import Path

from ganache.runs.budget import Budget
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.support.files import writing
from ganache.support.interrupts import Interrupts
from ganache.support.json_files import write_json_lines
from ganache.training.loop import Loop
from ganache.training.new_runs import created
from ganache.training.observers.observer import unnoticed
from ganache.training.observers.sample_sheet import SampleSheet
from ganache.training.plan import Plan
from ganache.training.sessions import default_folder
from ganache.web.lab.workbench import Workbench


def keep(bench: Workbench) -> Path:
    """Write a training as it stands as a run's folder below ``runs/``, and return that.

    Raises UserError when nothing was trained, RunError when the disk refuses, NonFiniteError for a broken state.
    """
    if not bench.iteration:
        raise UserError("lab: there is nothing to keep before the first iteration")
    folder = default_folder(bench.plan)
    plan = _with_lasting_data(bench, folder)
    run = created(folder, plan, bench.state, bench.cadence)
    try:
        write_json_lines(run.log_file, bench.lines)
        _save(run, plan, bench)
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    return run.path


def _save(run: Run, plan: Plan, bench: Workbench) -> None:
    """Save the state as a loop does whose budget is used: nothing is trained."""
    with unnoticed(bench.state):
        SampleSheet(run, plan.data, bench.state).publish(bench.state, at_end=True)
    loop = Loop(
        run,
        bench.state,
        plan.data,
        budget=Budget(bench.state.counters.images_seen, None),
        cadence=bench.cadence,
        clock=bench.clock,
    )
    with run.recorded(Interrupts()):
        loop.go()


def _with_lasting_data(bench: Workbench, folder: Path) -> Plan:
    """Return the plan with a density that lies in a file copied beside the run: one that was drawn is nowhere else."""
    source = Path(bench.plan.source.data)
    if bench.density is None or not source.is_file():
        return bench.plan
    copy = folder.with_name(f"{folder.name}-data.json")
    with writing(copy):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    return replace(bench.plan, source=replace(bench.plan.source, data=str(copy)))
