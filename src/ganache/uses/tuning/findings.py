"""What a study found: whether the best is better than the default by more than noise, and what mattered.

The best of many was chosen by its score, which was lucky too; so it is trained anew with the seeds of the default, and
only these fresh scores are compared.
"""

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from ganache.support.student import quantile
from ganache.support.units import count_text, counted
from ganache.uses.tuning.decisions import promising
from ganache.uses.tuning.definition import SEEDS, Definition
from ganache.uses.tuning.dials import distributions_of
from ganache.uses.tuning.trials import Trial, best_search, full_scores, of_purpose

LEAST_FOR_IMPORTANCE = 10  # trials


@dataclass(frozen=True)
class Findings:
    """Scores of the default and of the best anew (lower is better), their difference and the half of its interval."""

    definition: Definition
    trials: tuple[Trial, ...]
    defaults: tuple[float, ...]
    checks: tuple[float, ...]
    best: Trial | None

    @property
    def difference(self) -> float | None:
        """How much higher the best scored anew than the default, on average; below 0 it is better."""
        if not (self.defaults and self.checks):
            return None
        return statistics.fmean(self.checks) - statistics.fmean(self.defaults)

    @property
    def half_width(self) -> float | None:
        """Half of the 95% interval of the difference (Student's, of one variance); None for a single score of each."""
        freedom = len(self.defaults) + len(self.checks) - 2
        if not (self.defaults and self.checks and freedom):
            return None
        squares = sum(_squares(scores) for scores in (self.defaults, self.checks))
        error = math.sqrt(squares / freedom * (1 / len(self.defaults) + 1 / len(self.checks)))
        return quantile(freedom) * error

    @functools.cached_property
    def shares(self) -> dict[str, float]:
        """What mattered: see `importances`."""
        return importances(self.definition, self.trials)

    @property
    def is_finished(self) -> bool:
        """Whether all checks that there are to be have ended."""
        checked = [trial for trial in of_purpose(self.trials, "check") if self.best and trial.of == self.best.number]
        ended = [trial for trial in checked if trial.fate != "running"]
        return all(trial.fate != "running" for trial in self.trials) and (
            promising(self.trials) is None or len(ended) == SEEDS
        )

    @property
    def is_better(self) -> bool:
        """Whether the best is better than the default beyond noise."""
        if len(self.checks) < SEEDS:  # what diverges with a seed is no better for what it scores with others
            return False
        if not self.defaults:  # it never lasted to the end
            return True
        difference, half = self.difference, self.half_width
        return difference is not None and half is not None and difference + half < 0

    def sentence(self) -> str:
        """Return the verdict."""
        searches = counted(len(of_purpose(self.trials, "search")), "trial")
        if not self.is_finished:
            return f"not finished: {searches} so far"
        if self.best is None:
            return f"nothing beat the default: none of {searches} came to a full training"
        if not self.checks:
            return f"nothing beat the default: the best of {searches} scored {_g(self.best.scores[-1])} at its one seed"
        if not self.defaults:
            return f"trial {self.best.number} is the best of {searches}; the default itself diverged"
        anew = f"anew, with {counted(len(self.checks), 'other seed')}"
        if self.difference is None or self.half_width is None:
            return f"it cannot be told whether trial {self.best.number} beats the default"
        low, high = self.difference - self.half_width, self.difference + self.half_width
        scored = f"{anew}, its score differs by {self.difference:+.3g} (95%: {low:+.3g} … {high:+.3g})"
        if lost := SEEDS - len(self.checks):
            scored += f"; with {lost} more of the {SEEDS} it did not come to the end"
        if self.is_better:
            return f"trial {self.best.number} beats the default beyond noise: {scored}"
        return f"nothing beat the default beyond noise: of {searches} the best is trial {self.best.number}; {scored}"


def findings(definition: Definition, trials: Sequence[Trial]) -> Findings:
    """Return what the trials of a study show."""
    best = best_search(trials)
    checks = [trial for trial in of_purpose(trials, "check") if best is not None and trial.of == best.number]
    defaults = full_scores(of_purpose(trials, "default"))
    return Findings(definition, tuple(trials), tuple(defaults), tuple(full_scores(checks)), best)


def importances(definition: Definition, trials: Sequence[Trial]) -> dict[str, float]:
    """Return each dial's share (0 to 1) in what made trials good at the first rung, which all of them reached.

    By PED-ANOVA (Watanabe et al. 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
    Subspaces"). It is empty for fewer than 10 trials.
    """
    known = [trial for trial in trials if trial.purpose != "check" and trial.scores]
    known = [trial for trial in known if len(trial.values) == len(definition.dials)]
    if len(known) < LEAST_FOR_IMPORTANCE:
        return {}
    from optuna import create_study, logging
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.trial import create_trial

    logging.set_verbosity(logging.WARNING)
    study = create_study()
    distributions = distributions_of(definition.dials)
    study.add_trials(
        [create_trial(params=trial.values, distributions=distributions, value=trial.scores[0]) for trial in known]
    )
    return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())


def noise_line(findings: Findings) -> str:
    """Return the default's scores in words."""
    known = findings.defaults
    if not known:
        return "the default diverged with every seed"
    spread = f", ± {statistics.stdev(known):.2g} from seed to seed" if len(known) > 1 else ""
    images = count_text(findings.definition.rungs[-1])
    return f"{_g(statistics.fmean(known))} after {images} images ({', '.join(map(_g, known))}){spread}"


def _squares(scores: Sequence[float]) -> float:
    middle = statistics.fmean(scores)
    return sum((score - middle) ** 2 for score in scores)


def _g(value: float) -> str:
    return f"{value:.4g}"
