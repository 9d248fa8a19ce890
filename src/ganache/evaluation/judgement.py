"""A classifier that was trained on the data judges what a generator draws.

It says which classes occur and how often, how sure it is, how much the pictures differ, whether a conditional generator
draws what it is asked for, and how far the samples are from the training images in the classifier's features: a Fréchet
distance, but no FID, and comparable only under the same protocol, the classifier's checksum included.

All of it is an evaluation, by a preset of its own, as one table.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from ganache.data.dataset import Progress
from ganache.evaluation.asked import JUDGE, Asked
from ganache.evaluation.catalogue import Say
from ganache.evaluation.evaluate import evaluate
from ganache.evaluation.records import Evaluation


@dataclass(frozen=True)
class Opinion:
    """What the classifier says of one set of images.

    `shares` are those of the classes that it sees, `confidence` is its mean greatest probability and `unsure` the share
    of images for which that is below 0.5. `pixel_deviation` is the standard deviation of a pixel over the images,
    averaged over all pixels, which lie in [0, 1].
    """

    count: int
    shares: dict[str, float]
    confidence: float
    unsure: float
    pixel_deviation: float


@dataclass(frozen=True)
class Judgement:
    """A generator's samples and the training images in the eyes of one classifier: an evaluation, read as a table.

    `name` is the distance's, which says features, samples and reference: ``fd/classifier@10k-vs-train``.
    `label_accuracies` holds, by class, the share of samples with the label that was asked for, and `label_accuracy`
    that of all; both are None for a generator that takes no labels. `labels` are the classes to which the comparison
    is restricted, all of them when it is empty. `classifier` is its version, checksum, and how often it is right.
    """

    evaluation: Evaluation
    samples: Opinion
    reals: Opinion
    name: str
    frechet_distance: float
    label_accuracy: float | None
    label_accuracies: dict[str, float] | None
    seed: int
    labels: tuple[str, ...]
    data: str
    classifier: dict[str, Any]

    @classmethod
    def of(cls, evaluation: Evaluation) -> "Judgement":
        """Read what an evaluation by the preset says."""
        distance, seen = evaluation["fd/classifier"], evaluation["confidence/classifier"]
        deviation, known = evaluation["pixel-deviation"], distance.protocol.features
        accuracy = next((score for score in evaluation.scores if score.protocol.metric == "label-accuracy"), None)
        assert known is not None
        of_samples = {**seen.details, "confidence": seen.value, "deviation": deviation.value}
        of_reals = {**seen.details["of_the_reals"], "deviation": deviation.details["of_the_reals"]}
        by_class = accuracy.details["by_class"].items() if accuracy else ()
        return cls(
            evaluation,
            samples=_opinion(seen.protocol.samples, of_samples),
            reals=_opinion(seen.protocol.reals, of_reals),
            name=distance.name,
            frechet_distance=cast(float, distance.value),
            label_accuracy=accuracy.value if accuracy else None,
            label_accuracies={name: share for name, share in by_class if share is not None} if accuracy else None,
            seed=evaluation.samples.seed,
            labels=evaluation.reference.labels,
            data=evaluation.reference.source,
            classifier={
                **{name: known[name] for name in ("version", "accuracy", "tested", "checksum")},
                "split": known["tested_on"],
            },
        )

    @property
    def extremes(self) -> tuple[str, str]:
        """The names of the classes with the smallest and the largest share, among those that are meant to occur."""
        occurring = [name for name, share in self.reals.shares.items() if share > 0]
        shares = {name: self.samples.shares[name] for name in self.labels or occurring}
        return min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)

    def to_json(self) -> dict[str, Any]:
        """Return scores and protocol as JSON values."""
        scores = {self.name: self.frechet_distance, **_without_count(self.samples)}
        if self.label_accuracy is not None:
            scores |= {"label_accuracy": self.label_accuracy, "label_accuracies": self.label_accuracies}
        versions = self.evaluation.scores[0].versions
        protocol = {
            "samples": self.samples.count,
            "reals": self.reals.count,
            "split": self.evaluation.reference.split,
            "seed": self.seed,
            "labels": list(self.labels),
            "data": self.data,
            "fingerprint": self.evaluation.reference.fingerprint,
            "classifier": self.classifier,
            **{name: versions[name] for name in ("ganache", "torch")},
        }
        return {"scores": scores, "of_the_reals": _without_count(self.reals), "protocol": protocol}


def judge(asked: Asked, progress: Progress | None = None, say: Say = lambda line: None) -> Judgement:
    """Judge samples of a generator; a conditional one is asked for all its classes evenly.

    Of the training images only those of classes that it knows count. `progress` hears of packing, `say` of a classifier
    that must be trained first. Raises UserError as `evaluate` does.
    """
    return Judgement.of(evaluate(replace(asked, features="classifier"), progress, say, JUDGE).evaluation)


def _opinion(count: int, told: dict[str, Any]) -> Opinion:
    return Opinion(count, told["shares"], told["confidence"], told["unsure"], told["deviation"])


def _without_count(opinion: Opinion) -> dict[str, Any]:
    return {name: value for name, value in asdict(opinion).items() if name != "count"}
