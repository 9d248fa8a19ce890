"""An evaluation as it was asked for, and what is done where nothing was."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ganache.data.ranges import Pair
from ganache.evaluation.catalogue import Metric, defaults, for_judge
from ganache.evaluation.evidence import Setting
from ganache.evaluation.samples import Samples
from ganache.runs.trained_translators import FORWARD
from ganache.support.errors import UserError
from ganache.support.units import are, parse_count, parse_range

DEFAULT_COUNT = 10_000  # samples, or as many as there are reals where those are fewer


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What is done where nothing else is asked for.

    `metrics` chooses what is computed; `evenly` asks a conditional generator for all classes equally often, and not as
    often as they occur among the reals; `own_classes` compares with the reals of a run's own classes alone; `baselines`
    scores beside a translator what does nothing; `strict` raises where a metric cannot be computed in the end, and does
    not leave it out with a warning.
    """

    metrics: Callable[[Setting], list[Metric]] = defaults
    evenly: bool = False
    own_classes: bool = True
    baselines: bool = True
    strict: bool = False


USUAL = Preset()
JUDGE = Preset(metrics=for_judge, evenly=True, own_classes=False, baselines=False, strict=True)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An evaluation as a user asked for it; what is left empty is chosen by the data and a preset.

    `direction` and `paired` are for translators: that pictures of one name are partners, though they were trained
    without.
    """

    samples: str
    data: str | None = None
    metrics: tuple[str, ...] = ()
    features: str | None = None
    weights: Path | None = None
    count: str | int | None = None
    seed: int = 0
    split: str | None = None
    direction: str = FORWARD
    paired: bool = False
    labels: tuple[str, ...] = ()
    size: str | None = None
    channels: int | None = None
    device: str = "auto"
    value_range: str | Pair | None = None

    @property
    def values(self) -> Pair | None:
        """What becomes 0 and 255 in files of more than 8 bits; raises UserError for a text that says nothing."""
        return parse_range(self.value_range) if isinstance(self.value_range, str) else self.value_range

    def extractor_name(self, default: str | None = None) -> str | None:
        """Return the features that were asked for, with weights inception's; else the default."""
        return self.features or ("inception" if self.weights is not None else default)


def asked_count(asked: str | int | None, source: Samples) -> int | None:
    """Return how many samples were asked for; raises UserError for fewer than two, and more than there are."""
    if asked is None:
        return None
    count = parse_count(asked, "count")
    if source.available is not None and count > source.available:
        raise UserError(f"count: {are(count, 'sample')} more than the {source.available:,} of {source.source!r}")
    return with_spread(count)


def with_spread(count: int) -> int:
    """Return a count of samples that have a spread; raises UserError for fewer than two."""
    if count < 2:
        raise UserError(f"count: {count} sample has no spread to compare; at least 2")
    return count
