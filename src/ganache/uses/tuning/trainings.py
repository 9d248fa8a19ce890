"""How a trial is trained and scored: by the commands' own sessions and evaluation, in a run's folder of its own."""

from collections.abc import Callable
from pathlib import Path
from signal import Signals
from typing import Protocol

from ganache.evaluation.asked import Asked
from ganache.evaluation.evaluate import evaluate
from ganache.evaluation.records import Evaluation
from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.support.errors import RunError, UserError
from ganache.support.files import is_run, remove_unfinished
from ganache.support.json_files import write_json
from ganache.support.refusals import refusals
from ganache.training.plan import make_plan
from ganache.training.unattended import begin_or_resume, leave_the_networks
from ganache.uses.tuning.definition import Definition, Judging
from ganache.uses.tuning.trials import Trial

TRIALS = "trials"


class UnsuitedError(RunError):
    """Values with which nothing can be trained on these data."""


class Trainer(Protocol):
    """What a worker needs of trainings."""

    def reach(self, trial: Trial, rung: int) -> Signals | None:
        """Train a trial to a rung, from where it stands; return the signal that stopped it before, if one did."""

    def judge(self, trial: Trial) -> float | None:
        """Return the score of a trial where it stands; None where it has no finite one."""

    def forget(self, trial: Trial, is_kept: bool) -> None:
        """Free the disk of what a trial that ended does not need any more."""


class Trainings:
    """Runs in the folder of a study, ``trials/00007`` and so on."""

    def __init__(self, folder: Path, definition: Definition, say: Callable[[str], None] = lambda line: None) -> None:
        self.folder, self.definition, self._say = folder, definition, say

    def run(self, trial: Trial) -> Path:
        """Return the folder of a trial's run."""
        return run_of_trial(self.folder, trial.number)

    def reach(self, trial: Trial, rung: int) -> Signals | None:
        """Begin or resume the run.

        Raises DivergedError, NoMemoryError and UnsuitedError for what ends the trial, others for what ends the study.
        """
        path, images = self.run(trial), self.definition.rungs[rung]
        request = self.definition.request_of(trial, rung)
        is_new = not is_run(path)
        try:
            return begin_or_resume(lambda: request, path, images=images, data=request.data).signal  # where it lies now
        except UserError as error:
            if not is_new:
                raise
            # Where the default could be trained all the same, it is the values that cannot.
            make_plan(self.definition.default_request, write=False)
            if trial.purpose == "default":
                raise
            raise UnsuitedError(str(error)) from error

    def judge(self, trial: Trial) -> float | None:
        """Evaluate the run's generator by the study's protocol; the record stays with the run."""
        with refusals():
            evaluation = judged(self.run(trial), self.definition.judging, self.definition.request.device, self._say)
        write_json(Run(self.run(trial)).evaluation_file, evaluation.to_json())
        return evaluation.scores[0].value

    def forget(self, trial: Trial, is_kept: bool) -> None:
        """Leave one checkpoint of a run that is kept, and of another one no networks at all."""
        run = Run(self.run(trial))
        if not is_run(run.path):
            return
        if is_kept:
            sealed.prune(run.checkpoints, 1, lambda images: False)
        else:
            leave_the_networks(run)
            remove_unfinished(run.checkpoints)
            for path in run.path.glob("*.safetensors"):
                path.unlink()


def run_of_trial(folder: Path, number: int) -> Path:
    """Return where the run of a study's trial lies."""
    return folder / TRIALS / f"{number:05d}"


def judged(run: Path, judging: Judging, device: str, say: Callable[[str], None]) -> Evaluation:
    """Return the evaluation of a run by a protocol, of one score."""
    asked = Asked(
        samples=str(run),
        metrics=(judging.metric,),
        features=judging.features,
        count=judging.samples,
        seed=judging.seed,
        split=judging.split,
        device=device,
    )
    return evaluate(asked, say=say).evaluation
