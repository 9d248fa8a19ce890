"""A worker's life on a study, from its folder to what is left there: the command `tune`."""

from collections.abc import Callable
from dataclasses import dataclass
from signal import Signals

from ganache.data.dataset import Progress
from ganache.support.errors import UserError
from ganache.support.files import write_text
from ganache.uses.tuning.claims import Claims
from ganache.uses.tuning.findings import Findings, findings
from ganache.uses.tuning.proposals import propose
from ganache.uses.tuning.study import LOCKS, Study, Tuning, open_study
from ganache.uses.tuning.trainings import Trainings
from ganache.uses.tuning.trials import Trial

BEST = "best.json"


@dataclass(frozen=True)
class Tuned:
    """How a worker's session ended: the study, what is known by now, and the signal that stopped it, if one did."""

    study: Study
    findings: Findings
    signal: Signals | None = None


def tune(
    wanted: Tuning,
    *,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
    begun: Callable[[Study, list[Trial]], None] = lambda study, trials: None,
) -> Tuned:
    """Work on a study until nothing is left to do, as one of any number of workers.

    `begun` hears of the study, and of the trials that it has already, before anything is trained. Raises UserError for
    what cannot be as asked, RunError where the machine refuses; the study can be continued then.
    """
    try:
        from ganache.uses.tuning.ledger import open_ledger
        from ganache.uses.tuning.tuner import Tuner
    except ModuleNotFoundError as error:
        raise UserError(f"tune: {error.name} is not installed: pip install 'ganache[tuning]'") from error
    study = open_study(wanted, progress)
    definition = study.definition
    claims = Claims(study.folder / LOCKS, say)
    with claims.desk():
        ledger = open_ledger(study.folder, definition.name, definition.dials, wanted.storage)
        begun(study, ledger.trials())
    worker = Tuner(
        definition,
        ledger,
        claims,
        Trainings(study.folder, definition, say),
        lambda trials: propose(definition, trials, study.fits),
        say=say,
    )
    signal = worker.work()
    with claims.desk():
        found = findings(definition, ledger.trials())
    if found.is_finished:
        write_text(study.folder / BEST, best_recipe(found) + "\n")
    return Tuned(study, found, signal)


def best_recipe(found: Findings) -> str:
    """Return the recipe to take as JSON text: the best where it beats the default beyond noise, else the default."""
    best = found.best if found.is_better else None
    recipe = found.definition.recipe if best is None else found.definition.recipe_of(best.values)
    return recipe.to_json()
