"""Which values are tried next: Optuna's TPE (Bergstra et al. 2011), made anew for every trial.

Its seed is a function of the study's and of the trial's number, and all else that it knows are the trials of the
ledger: so a study that was killed and goes on proposes what it would have proposed undisturbed.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ganache.support.streams import derive
from ganache.uses.tuning.definition import Definition
from ganache.uses.tuning.dials import Values, distributions_of
from ganache.uses.tuning.trials import Trial

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

MOST_TRIES = 50  # for values that were not tried yet and that the networks can have
GUIDED_TRIES = 10  # of them by what is known; then by chance alone
_SEEDS = 2**32  # that NumPy's generator takes


def propose(
    definition: Definition, trials: Sequence[Trial], fits: Callable[[Values], bool] = lambda values: True
) -> Values | None:
    """Return values that no trial had yet and that fit, by what is known of all others; None where there are none."""
    trials = [trial for trial in trials if trial.purpose != "check"]  # which repeat what is known
    tried = [trial.values for trial in trials]
    for attempt in range(MOST_TRIES):
        values = _asked(definition, trials, derive(definition.request.seed, "tuning", len(trials), attempt), attempt)
        if values not in tried and fits(values):
            return values
        tried.append(values)
    return None


def _asked(definition: Definition, trials: Sequence[Trial], seed: int, attempt: int) -> Values:
    """Return what a sampler with a seed proposes, be it new or not."""
    from optuna import create_study, logging
    from optuna.samplers import RandomSampler, TPESampler

    logging.set_verbosity(logging.WARNING)
    sampler = TPESampler if attempt < GUIDED_TRIES else RandomSampler
    study = create_study(sampler=sampler(seed=seed % _SEEDS))
    # A default may lie beside the dials, and then tells nothing of them.
    study.add_trials([_for_optuna(definition, trial) for trial in trials if len(trial.values) == len(definition.dials)])
    asked = study.ask(distributions_of(definition.dials))
    return dict(asked.params)


def _for_optuna(definition: Definition, trial: Trial) -> "FrozenTrial":
    """Return a trial for the sampler: of one that ended early, how far it came counts before its score."""
    from optuna.trial import TrialState, create_trial

    states = {"running": TrialState.RUNNING, "complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
    return create_trial(
        state=states[trial.fate],
        value=trial.scores[-1] if trial.fate == "complete" else None,
        params=trial.values,
        distributions=distributions_of(definition.dials),
        intermediate_values=dict(enumerate(trial.scores)),
    )
