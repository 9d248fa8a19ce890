"""What observers that evaluate have in common: the run's evaluations so far, of which a rollback forgets the last."""

from ganache.engine.state import TrainingState
from ganache.evaluation.records import Evaluation, Score, evaluation_from
from ganache.runs.folder import Run
from ganache.support.json_files import write_json_lines
from ganache.training.observers.observer import Observer

COUNT = 2_000  # samples of pictures


class Evaluations(Observer):
    """Keeps the evaluations of a training, made `every` so many images, in the run's evaluations.jsonl."""

    def __init__(self, run: Run, every: int) -> None:
        self.every = every
        self._run = run

    def go_back(self, state: TrainingState) -> None:
        """Forget the evaluations of a future that did not happen."""
        seen = state.counters.images_seen
        self._lines = [line for line in self._run.evaluation_lines() if line["images_seen"] <= seen]
        self._write()

    def found(self) -> list[tuple[int, Evaluation]]:
        """Return how many images had been seen, and the evaluation then, in order."""
        where = str(self._run.evaluations_file)
        return [(line["images_seen"], evaluation_from(line["evaluation"], where)) for line in self._lines]

    def keep(self, images_seen: int, evaluation: Evaluation) -> None:
        """Add an evaluation to the file."""
        self._lines.append({"images_seen": images_seen, "evaluation": evaluation.to_json()})
        self._write()

    def _write(self) -> None:
        write_json_lines(self._run.evaluations_file, self._lines)


def first_scores(run: Run) -> tuple[Score, ...]:
    """Return the scores of a run's first evaluation, none where there was none."""
    lines = run.evaluation_lines()[:1]
    return evaluation_from(lines[0]["evaluation"], str(run.evaluations_file)).scores if lines else ()


def features_of(scores: tuple[Score, ...]) -> str | None:
    """Return the name of the features in which scores were found, None where there are none."""
    return next((one.protocol.features["name"] for one in scores if one.protocol.features), None)


def with_error(one: Score) -> str:
    """Return what a line for people says of a score that has a value."""
    error = f" ± {one.uncertainty:.2g}" if one.uncertainty is not None else ""
    return f"{one.name} is {one.value:.4g}{error}"
