"""Evaluation during training of what translates: every so many images the average translators' scores, each way.

They are those of ``ganache evaluate RUN``, of at most 2,000 pictures, always the same, of a held-out split where there
is one: how far translations are from what was wanted, where that is known, and how like its domain, in the features in
which the run was scored first. There is no best one: two ways need not be best at the same time.

The first of several processes translates alone.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ganache.data.origin import Source
from ganache.data.twofold.directions import Inputs
from ganache.engine.state import TrainingState
from ganache.evaluation.asked import with_spread
from ganache.evaluation.catalogue import KERNEL_BELOW, METRICS, possible
from ganache.evaluation.records import Evaluation
from ganache.evaluation.reference import Reference
from ganache.evaluation.scoring import make_setting, score
from ganache.evaluation.translations import OF_INPUTS, domain_seen, judged_split, opened_whole, translations
from ganache.runs.folder import Run
from ganache.runs.trained_translators import TrainedTranslator
from ganache.support.units import count_text
from ganache.training.observers.evaluations import COUNT, Evaluations, features_of, first_scores, with_error
from ganache.training.observers.observer import Marks, Say
from ganache.training.observers.translation_sheet import translators_of

SCORES, FOR_FEW = ("l1", "fd"), ("l1", "kd", "fd")


class TranslationScores(Evaluations):
    """The evaluations of a run that translates, `every` so many images."""

    def __init__(self, run: Run, source: Source, state: TrainingState, every: int, say: Say) -> None:
        super().__init__(run, every)
        self._say = say
        self._ways: list[tuple[Inputs, Reference]] = []
        if state.world.rank == 0:
            met, features = opened_whole(source), features_of(first_scores(run))
            for product in state.recipe.translators:
                inputs = Inputs(met, judged_split(met), product.is_reverse)
                self._ways.append((inputs, domain_seen(inputs, features, device=state.device, say=say)))

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        """Return the scores for the log, by the network and the score's name."""
        state.check_finite()
        seen = state.counters.images_seen
        marks: Marks = {}
        described = {"images_seen": seen}
        networks = [product.network for product in state.recipe.translators]
        for network, way, translator in zip(networks, self._ways, translators_of(state), strict=True):
            evaluation = self._evaluated(way, dataclasses.replace(translator, description=described), state.seed)
            self.keep(seen, evaluation)
            marks |= {
                f"evaluation/{network}_{one.name}": one.value for one in evaluation.scores if one.value is not None
            }
            self._tell(evaluation, seen)
        return marks

    def _evaluated(self, way: tuple[Inputs, Reference], translator: TrainedTranslator, seed: int) -> Evaluation:
        inputs, reference = way
        samples = translations(inputs, translator, None, str(self._run.path)).samples
        count = with_spread(min(COUNT, inputs.count))
        setting = make_setting(reference, samples, OF_INPUTS, count, seed)
        names = FOR_FEW if count < KERNEL_BELOW * reference.extractor.size else SCORES
        metrics = possible([METRICS[name] for name in names], setting)
        return score(samples, reference, setting, metrics, strict=False).evaluation

    def _tell(self, evaluation: Evaluation, seen: int) -> None:
        one = next((one for one in evaluation.scores if one.value is not None), None)
        if one is not None:
            self._say(f"{with_error(one)} {evaluation.direction} after {count_text(seen)} images")
