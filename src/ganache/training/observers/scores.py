"""Evaluation during training: every so many images the average generator's score, and the best generator so far.

Pictures have the Fréchet distance of 2,000 samples (or as many as there are reals) in the features that suit the data,
and what it would be for infinitely many; points have modes found, the share of high quality and the sliced Wasserstein
distance, by which they are ranked. All of them with the same latents, so that what changes is the generator.

All processes of a training draw and see the samples, in whole groups: the records have the bits of one process alone.

The best one is replaced only by one whose score is lower by more than twice the standard error of the difference: what
chance alone could have brought is no reason. Its weights are part of every checkpoint, so that a resumed run has the
same best as one that was never interrupted; ``best.safetensors`` is their copy, ready to draw.
"""

import copy
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from ganache.data import Selection
from ganache.engine.inference import as_in_inference
from ganache.engine.state import TrainingState
from ganache.evaluation.by_all import drawn_by_all, seen_by_all
from ganache.evaluation.catalogue import choose
from ganache.evaluation.features.by_name import find
from ganache.evaluation.mode_counters import published_samples
from ganache.evaluation.records import Evaluation, Score, evaluation_from
from ganache.evaluation.reference import Reference
from ganache.evaluation.samples import GeneratorSamples
from ganache.evaluation.scoring import Scored, as_among_reals, make_setting, score
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.runs.products import TrainedGenerator
from ganache.support.json_files import write_json_lines
from ganache.support.units import count_text
from ganache.training.observers.observer import Marks, Observer, Say

COUNT = 2_000  # samples of pictures
SURE = 2.0  # standard errors by which a better one must be better
FOR_POINTS = ("modes", "sliced-wasserstein")
FOR_PICTURES = ("fd", "fd-infinity")
RANKED_BY = ("fd", "sliced-wasserstein")  # lower is better in both


class Scores(Observer):
    """The evaluations of a run, `every` so many images. `measured_by` computes them."""

    def __init__(
        self,
        run: Run,
        data: Selection,
        state: TrainingState,
        every: int,
        say: Say,
        measured_by: Callable[..., Scored] = score,
    ) -> None:
        self.every = every
        self._run, self._data, self._say, self._measured_by = run, data, say, measured_by
        extractor = find(None, data.dataset, device=state.device, say=say, world=state.world)
        see = seen_by_all(extractor, state.world)
        self._reference = Reference(data.dataset, extractor, labels=data.labels_in(), say=say, see=see)
        self._draw = drawn_by_all(functools.partial(self._make, state), state.shape, state.world)

    def go_back(self, state: TrainingState) -> None:
        """Forget the evaluations of a future that did not happen, and find the best of those that did."""
        self.best: tuple[int, Score] | None = None  # images seen, and the score by which it is ranked
        self._written: int | None = None  # images seen of what is in best.safetensors
        seen = state.counters.images_seen
        self._lines = [line for line in self._run.evaluation_lines() if line["images_seen"] <= seen]
        for line in self._lines:
            self._rank(line["images_seen"], evaluation_from(line["evaluation"], str(self._run.evaluations_file)))
        self._write()

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        """Return the scores for the log, by name; the weights are kept when they are the best so far."""
        state.check_finite()
        seen, network = state.counters.images_seen, state.average
        evaluation = self._evaluate(state)
        is_best = self._rank(seen, evaluation)
        if is_best:
            state.best = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        self._lines.append({"images_seen": seen, "evaluation": evaluation.to_json()})
        self._write()
        self._tell(evaluation, seen, is_best)
        return {f"evaluation/{one.name}": one.value for one in evaluation.scores if one.value is not None}

    def publish(self, state: TrainingState, at_end: bool) -> None:
        """Write best.safetensors as the state has it, or see to it that there is none."""
        if self.best is None or not state.best:
            self._run.best_file.unlink(missing_ok=True)
            return
        seen, found = self.best
        if self._written == seen:
            return
        network = copy.deepcopy(state.average)
        network.load_state_dict(state.best)
        facts: dict[str, Any] = {
            "label_names": list(self._data.label_names) if state.conditions else [],
            "images_seen": seen,
            "data": self._data.fingerprint,
            "score": {"name": found.name, "value": found.value, "uncertainty": found.uncertainty},
        }
        products.save(self._run.best_file, network, state.recipe, state.shape, facts)
        self._written = seen

    def _generator(self, state: TrainingState) -> TrainedGenerator:
        names = self._data.label_names if state.conditions else ()
        facts = {"images_seen": state.counters.images_seen}
        return TrainedGenerator(state.average, state.recipe.sampler, state.shape, names, facts)

    def _make(self, state: TrainingState, latents: Tensor, conditions: Tensor) -> NDArray[Any]:
        """Return images of the average generator, in a process that only helps too."""
        with as_in_inference(state.average):
            return self._generator(state).make(latents, conditions)

    def _evaluate(self, state: TrainingState) -> Evaluation:
        source = GeneratorSamples(self._generator(state), str(self._run.path), draw=self._draw)
        reference = self._reference
        count = published_samples(self._data.dataset) if state.shape.is_point else min(COUNT, reference.used)
        assert count is not None
        requests = as_among_reals(source, reference, count, state.seed)
        setting = make_setting(reference, source, requests, count, state.seed)
        chosen = choose(FOR_POINTS if state.shape.is_point else FOR_PICTURES, setting)
        return self._measured_by(source, reference, setting, chosen, strict=False).evaluation

    def _rank(self, images_seen: int, evaluation: Evaluation) -> bool:
        """Return whether an evaluation is the best so far, and remember it if so."""
        found = next((one for one in evaluation.scores if one.protocol.metric in RANKED_BY), None)
        if found is None or not beats(found, self.best and self.best[1]):
            return False
        self.best = (images_seen, found)
        return True

    def _write(self) -> None:
        write_json_lines(self._run.evaluations_file, self._lines)

    def _tell(self, evaluation: Evaluation, seen: int, is_best: bool) -> None:
        for one in evaluation.scores:
            if one.protocol.metric in RANKED_BY and one.value is not None:
                error = f" ± {one.uncertainty:.2g}" if one.uncertainty is not None else ""
                best = ", the best so far" if is_best else ""
                self._say(f"{one.name} is {one.value:.4g}{error} after {count_text(seen)} images{best}")


def beats(score: Score, best: Score | None) -> bool:
    """Return whether a score is lower than the best by more than chance explains; the first one is the best."""
    if score.value is None:
        return False
    if best is None or best.value is None:
        return True
    error = math.hypot(score.uncertainty or 0.0, best.uncertainty or 0.0)
    return score.value < best.value - SURE * error
