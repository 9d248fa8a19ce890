"""Scores as records: a number never travels without the protocol that gives it its meaning.

Two scores may be compared when `differences` of their protocols finds nothing. Seed, versions and the generator's age
are kept beside the protocol, not in it: the same protocol with another seed is the same measurement, taken again.
"""

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ganache.evaluation.features.extractor import ABOUT, BY
from ganache.parts.part import model_of
from ganache.support import trees
from ganache.support.errors import UserError
from ganache.support.json_files import read_json
from ganache.support.markup import element, table, text
from ganache.support.units import count_text

PROTOCOL = 1  # grows when a metric's definition changes: scores of before and after do not compare

# Names that the field has given to distances of one network's features, and that no others may bear.
_PUBLISHED = {"fd": "fid", "fd-infinity": "fid-infinity", "fd-by-class": "fid-by-class", "kd": "kid"}
_PUBLISHED_FEATURES = "inception"
# What is known about the same thing under another name, or follows from what is compared anyway.
_NOT_BINDING = ("reference.source", *(f"features.{name}" for name in (*ABOUT, BY)))

Better = Literal["lower", "higher", "neither"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ReferenceSet(_Frozen):
    """The real images: where they came from, what they are, and how many; `labels` if only these classes."""

    source: str
    split: str
    labels: tuple[str, ...] = ()
    fingerprint: str
    count: int | None = None  # None: endless


class Protocol(_Frozen):
    """All that two equal scores must share.

    `features` is the extractor's own description, checksum and rules for sizes and channels included; `reals` of the
    `reference` were compared with `samples`; `settings` are the metric's own.
    """

    metric: str
    samples: int = Field(ge=1)
    reals: int = Field(default=0, ge=0)
    features: dict[str, Any] | None = None
    reference: ReferenceSet | None = None
    settings: dict[str, Any] = {}
    version: int = PROTOCOL


class Score(_Frozen):
    """One score. Its `value` is None where nothing finite can be said; `details` then say what can.

    `uncertainty` is not negative, and `uncertainty_kind` says of what it is the measure.
    """

    name: str
    value: float | None
    uncertainty: float | None = None
    uncertainty_kind: str = ""
    better: Better = "neither"
    details: dict[str, Any] = {}
    protocol: Protocol
    seed: int
    images_seen: int | None = None
    versions: dict[str, str]

    @property
    def family(self) -> str:
        """The name without counts: what two scores must share for a comparison to be worth trying."""
        return self.name.partition("@")[0]

    @property
    def text(self) -> str:
        """The value in four digits, or the bound that is known in its place."""
        if self.value is not None:
            return f"{self.value:.4g}"
        low = self.details.get("low")
        return f"≥ {low:.4g}" if isinstance(low, float) and math.isfinite(low) else "unknown"


class SampleSet(_Frozen):
    """What was judged: where the samples came from, and how they were brought to the reals' size."""

    source: str
    kind: str
    count: int
    seed: int
    size: str
    read: str = ""
    images_seen: int | None = None


class Baseline(_Frozen):
    """What samples are that cost nothing, by the same protocols: of a translator the inputs themselves, for example."""

    name: str
    scores: tuple[Score, ...]

    def value(self, name: str) -> Score | None:
        """Return its score of a name, None where it has none."""
        return next((score for score in self.scores if score.name == name), None)


class Evaluation(_Frozen):
    """Everything that one evaluation found, warnings in words included."""

    format: Literal[1] = 1
    content: Literal["evaluation"] = "evaluation"
    samples: SampleSet
    reference: ReferenceSet
    scores: tuple[Score, ...]
    baselines: tuple[Baseline, ...] = ()
    warnings: tuple[str, ...] = ()

    def __getitem__(self, family: str) -> Score:
        """Return the score with this name, counts left out or not: ``evaluation["fd/classifier"]``; or KeyError."""
        for score in self.scores:
            if family in (score.name, score.family):
                return score
        raise KeyError(f"{family!r} is none of {', '.join(score.name for score in self.scores)}")

    @property
    def direction(self) -> str:
        """Which way a translator led, "" of what does not translate, as the protocol of the scores says."""
        return next((str(one.protocol.settings.get("direction", "")) for one in self.scores), "")

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values; `evaluation_from` is its inverse."""
        return self.model_dump(mode="json")

    def beside(self, score: Score) -> list[str]:
        """Return the values of one of the scores that the baselines have, "" where one has none."""
        found = [one.value(score.name) for one in self.baselines]
        return [one.text if one else "" for one in found]

    def _repr_html_(self) -> str:
        """Return the scores as a table, for a notebook."""
        beside = [one.name for one in self.baselines]
        rows = [(score.name, score.text, *self.beside(score), _error(score), score.better) for score in self.scores]
        judged = f"{self.samples.count:,} samples of {self.samples.source} against {self.reference.source}"
        said = [f"{judged}, {self.reference.split}, seed {self.samples.seed}", *self.warnings]
        lines = [element("p", text(line)) for line in said]
        return element("div", table(("score", "value", *beside, "±", "better"), rows), *lines)


def score_name(metric: str, samples: int, features: str | None = None, split: str | None = None) -> str:
    """Return a score's name: ``fid/inception@50k-vs-train``, ``fd/random@10k-vs-train``, ``is/classifier@10k``.

    Only of the features called exactly ``inception`` is a distance an FID or a KID.
    """
    family = _PUBLISHED.get(metric, metric) if features == _PUBLISHED_FEATURES else metric
    of = f"/{features}" if features else ""
    against = f"-vs-{split}" if split else ""
    return f"{family}{of}@{count_text(samples)}{against}"


def metric_named(name: str, features: str | None) -> str:
    """Return the metric that a user means: its own name, or the field's name for it with inception features.

    Raises UserError for a ``fid`` or ``kid`` of other features; None: nobody knows yet which they are.
    """
    of_inception = {published: own for own, published in _PUBLISHED.items()}
    if name not in of_inception:
        return name
    own = of_inception[name]
    if features not in (None, _PUBLISHED_FEATURES):
        raise UserError(
            f"metrics: {name!r} is made of 'inception' features alone; the same distance of {features!r} features is"
            f" called {own!r}"
        )
    return own


def differences(first: Protocol, second: Protocol) -> list[str]:
    """Return one line ``field: first → second`` for each field in which two protocols differ; none: they compare."""
    return trees.differences(_binding(first), _binding(second))


def finite(value: Any) -> Any:
    """Return a value as JSON has it: arrays as lists, and None for what is no finite number."""
    if isinstance(value, dict):
        return {str(name): finite(entry) for name, entry in value.items()}
    if isinstance(value, np.ndarray):
        return finite(value.tolist())
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    if isinstance(value, np.generic):
        return finite(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def evaluation_from(value: Any, where: str) -> Evaluation:
    """Return the evaluation of a JSON value; raises UserError, naming `where` it came from, when it is none."""
    return model_of(Evaluation, value, f"{where} holds no evaluation")


def read_evaluation(path: Path) -> Evaluation:
    """Return the evaluation in a JSON file; raises UserError when there is none."""
    return evaluation_from(read_json(path, "evaluation"), str(path))


def _binding(protocol: Protocol) -> dict[str, Any]:
    tree = protocol.model_dump(mode="json")
    return {path: value for path, value in trees.leaves(tree).items() if path not in _NOT_BINDING}


def _error(score: Score) -> str:
    return "" if score.uncertainty is None else f"{score.uncertainty:.2g} ({score.uncertainty_kind})"
