"""Evaluation during training: every so many images the average generator's score, and the best generator so far.

Pictures have the Fréchet distance of 2,000 samples (or as many as there are reals) in the features that suit the data,
and what it would be for infinitely many; of fewer than two samples for each feature, they are ranked by the kernel
distance, which has no bias. Points have modes found, the share of high quality and the sliced Wasserstein distance, by
which they are ranked. All of them with the same latents, so that what changes is the generator; and in the features in
which a run was scored first, whatever was installed since.

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

from ganache.data import Dataset, Selection
from ganache.engine.inference import as_in_inference
from ganache.engine.state import TrainingState
from ganache.evaluation.by_all import drawn_by_all, seen_by_all
from ganache.evaluation.catalogue import KERNEL_BELOW, choose
from ganache.evaluation.features.by_name import default_name, find
from ganache.evaluation.mode_counters import published_samples
from ganache.evaluation.records import Evaluation, Score
from ganache.evaluation.reference import Reference
from ganache.evaluation.samples import GeneratorSamples
from ganache.evaluation.scoring import Scored, as_among_reals, make_setting, score
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.runs.products import TrainedGenerator
from ganache.support.units import count_text
from ganache.training.observers.evaluations import COUNT, Evaluations, features_of, first_scores, with_error
from ganache.training.observers.observer import Marks, Say

SURE = 2.0  # standard errors by which a better one must be better
FOR_POINTS = ("modes", "sliced-wasserstein")
FOR_PICTURES = ("fd", "fd-infinity")
FOR_FEW_PICTURES = ("kd", *FOR_PICTURES)
RANKED_BY = ("kd", "fd", "sliced-wasserstein")  # the first that there is; lower is better in all


class Scores(Evaluations):
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
        super().__init__(run, every)
        self._data, self._say, self._measured_by = data, say, measured_by
        first = _as_before(run, data.dataset) if state.world.rank == 0 else None
        features, metrics = state.world.told(first)
        extractor = find(features, data.dataset, device=state.device, say=say, world=state.world)
        see = seen_by_all(extractor, state.world)
        self._reference = Reference(data.dataset, extractor, labels=data.labels_in(), say=say, see=see)
        self._draw = drawn_by_all(functools.partial(self._make, state), state.shape, state.world)
        self._count = _samples(data, state, self._reference)
        is_few = self._count < KERNEL_BELOW * extractor.size and "kd" in (metrics or FOR_FEW_PICTURES)
        self._metrics = FOR_POINTS if state.shape.is_point else FOR_FEW_PICTURES if is_few else FOR_PICTURES

    def go_back(self, state: TrainingState) -> None:
        """Forget the evaluations of a future that did not happen, and find the best of those that did."""
        self.best: tuple[int, Score] | None = None  # images seen, and the score by which it is ranked
        self._written: int | None = None  # images seen of what is in best.safetensors
        super().go_back(state)
        for seen, evaluation in self.found():
            self._rank(seen, evaluation)

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        """Return the scores for the log, by name; the weights are kept when they are the best so far."""
        state.check_finite()
        seen, network = state.counters.images_seen, state.average
        evaluation = self._evaluate(state)
        is_best = self._rank(seen, evaluation)
        if is_best:
            state.best = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        self.keep(seen, evaluation)
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
        requests = as_among_reals(source, reference, self._count, state.seed)
        setting = make_setting(reference, source, requests, self._count, state.seed)
        chosen = choose(self._metrics, setting)
        return self._measured_by(source, reference, setting, chosen, strict=False).evaluation

    def _rank(self, images_seen: int, evaluation: Evaluation) -> bool:
        """Return whether an evaluation is the best so far, and remember it if so."""
        found = _ranked_by(evaluation)
        if found is None or not beats(found, self.best and self.best[1]):
            return False
        self.best = (images_seen, found)
        return True

    def _tell(self, evaluation: Evaluation, seen: int, is_best: bool) -> None:
        one = _ranked_by(evaluation)
        if one is not None and one.value is not None:
            best = ", the best so far" if is_best else ""
            self._say(f"{with_error(one)} after {count_text(seen)} images{best}")


def _as_before(run: Run, dataset: Dataset) -> tuple[str, list[str]]:
    """Return the features and the metrics of a run's first evaluation; where there was none, what suits the data."""
    scores = () if dataset.shape.is_point else first_scores(run)
    return features_of(scores) or default_name(dataset), [one.protocol.metric for one in scores]


def _samples(data: Selection, state: TrainingState, reference: Reference) -> int:
    count = published_samples(data.dataset) if state.shape.is_point else min(COUNT, reference.used)
    assert count is not None
    return count


def _ranked_by(evaluation: Evaluation) -> Score | None:
    by_metric = {one.protocol.metric: one for one in evaluation.scores}
    return next((by_metric[metric] for metric in RANKED_BY if metric in by_metric), None)


def beats(score: Score, best: Score | None) -> bool:
    """Return whether a score is lower than the best by more than chance explains; the first one is the best."""
    if score.value is None:
        return False
    if best is None or best.value is None:
        return True
    error = math.hypot(score.uncertainty or 0.0, best.uncertainty or 0.0)
    return score.value < best.value - SURE * error
