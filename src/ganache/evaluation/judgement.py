"""A classifier that was trained on the data judges what a generator draws.

It says which classes occur and how often, how sure it is, how much the pictures differ, whether a conditional generator
draws what it is asked for, and how far the samples are from the training images in the classifier's features: a Fréchet
distance, but no FID, and comparable only under the same protocol, the classifier's checksum included.

All of it is an evaluation, by a preset of its own, as one table.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganache.data.dataset import Progress
from ganache.evaluation.evaluate import JUDGE, Asked, evaluate
from ganache.evaluation.records import Evaluation, Score


@dataclass(frozen=True)
class Verdict:
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

    `label_accuracies` holds, by class, the share of samples with the label that was asked for, and `label_accuracy`
    that of all; both are None for a generator that takes no labels. `labels` are the classes to which the comparison
    is restricted, all of them when it is empty.
    """

    evaluation: Evaluation

    @property
    def samples(self) -> Verdict:
        """What is said of the samples."""
        seen, deviation = self._certainty, self.evaluation["pixel-deviation"].value
        assert seen.value is not None
        assert deviation is not None
        told = seen.details
        return Verdict(seen.protocol.samples, told["shares"], seen.value, told["unsure"], deviation)

    @property
    def reals(self) -> Verdict:
        """What is said of the training images."""
        told = self._certainty.details["of_the_reals"]
        deviation = self.evaluation["pixel-deviation"].details["of_the_reals"]
        return Verdict(self._certainty.protocol.reals, told["shares"], told["confidence"], told["unsure"], deviation)

    @property
    def frechet_distance(self) -> float:
        """The distance of the samples to the training images, not negative."""
        assert self._distance.value is not None
        return self._distance.value

    @property
    def name(self) -> str:
        """The distance's name, which says features, samples and reference: ``fd/classifier@10k-vs-train``."""
        return self._distance.name

    @property
    def label_accuracy(self) -> float | None:
        """The share of samples, 0 to 1, of the class that was asked for."""
        return None if self._accuracy is None else self._accuracy.value

    @property
    def label_accuracies(self) -> dict[str, float] | None:
        """The same of each class that was asked for."""
        if self._accuracy is None:
            return None
        return {name: share for name, share in self._accuracy.details["by_class"].items() if share is not None}

    @property
    def seed(self) -> int:
        """The samples' seed."""
        return self.evaluation.samples.seed

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes of the training images that count; () for all of them."""
        return self.evaluation.reference.labels

    @property
    def data(self) -> str:
        """The data's name."""
        return self.evaluation.reference.source

    @property
    def classifier(self) -> dict[str, Any]:
        """The classifier's version and checksum, and how often it is right, of how many `tested` images of a split."""
        known = self._distance.protocol.features or {}
        told = {name: known[name] for name in ("version", "accuracy", "tested", "checksum")}
        return told | {"split": known["tested_on"]}

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
        protocol = {
            "samples": self.samples.count,
            "reals": self.reals.count,
            "split": self.evaluation.reference.split,
            "seed": self.seed,
            "labels": list(self.labels),
            "data": self.data,
            "fingerprint": self.evaluation.reference.fingerprint,
            "classifier": self.classifier,
            **{name: version for name, version in self._distance.versions.items() if name != "numpy"},
        }
        return {"scores": scores, "of_the_reals": _without_count(self.reals), "protocol": protocol}

    @property
    def _distance(self) -> Score:
        return self.evaluation["fd/classifier"]

    @property
    def _certainty(self) -> Score:
        return self.evaluation["confidence/classifier"]

    @property
    def _accuracy(self) -> Score | None:
        return next((score for score in self.evaluation.scores if score.protocol.metric == "label-accuracy"), None)


def judge_run(
    run: str | Path,
    data: str,
    *,
    count: str | int = 10_000,
    seed: int = 0,
    labels: Sequence[str] = (),
    device: str = "auto",
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Judgement:
    """Judge `count` samples of a run's averaged generator; a conditional one is asked for all its classes evenly.

    `labels` restricts both the training images and what is asked for to some classes; of the former, only those of
    classes that a conditional generator knows count in any case. `progress` hears of packing, `say` of a classifier
    that must be trained first. Raises UserError as `evaluate` does.
    """
    asked = Asked(
        samples=str(run),
        data=data,
        features="classifier",
        count=count,
        seed=seed,
        labels=tuple(labels),
        device=device,
    )
    return Judgement(evaluate(asked, progress, say, JUDGE).evaluation)


def _without_count(verdict: Verdict) -> dict[str, Any]:
    return {name: value for name, value in asdict(verdict).items() if name != "count"}
