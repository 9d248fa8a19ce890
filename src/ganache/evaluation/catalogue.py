"""The metrics by name: what each needs, when it cannot be had, and its record.

A new one is a file in metrics/ that computes it, a function in metric_records.py and an entry here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ganache.data.selection import HELD_OUT_SPLITS, TRAIN
from ganache.evaluation import class_records as of_classes
from ganache.evaluation import metric_records as by
from ganache.evaluation.column_records import column_records
from ganache.evaluation.evidence import KEPT, PAIRED, Evidence, Setting
from ganache.evaluation.features.classifier_features import ClassifierExtractor
from ganache.evaluation.features.inception import InceptionExtractor
from ganache.evaluation.metrics.certainty import Certainty
from ganache.evaluation.metrics.column_sums import ColumnSums
from ganache.evaluation.metrics.counter import Counter
from ganache.evaluation.metrics.pixel_deviation import PixelDeviation
from ganache.evaluation.mode_counters import knows_modes, mode_counter
from ganache.evaluation.records import Score, metric_named
from ganache.evaluation.reference_statistics import StatisticsReference
from ganache.evaluation.translated import GIVEN
from ganache.evaluation.translation_records import LIKENESSES
from ganache.support.errors import UserError, did_you_mean

OF_MOMENTS = ("fd", "fd-infinity", "is")  # what needs no more of the reals than their moments
UNLESS_ASKED = ("sliced-wasserstein", "confidence", "pixel-deviation")  # not computed of pictures
OF_TRANSLATORS = ("l1", "psnr", "ssim", "map-distance", "fd", "kd", "label-accuracy", "cycle")
JUDGED = ("fd", "confidence", "pixel-deviation", "label-accuracy")  # by `judge`
KERNEL_BELOW = 2  # samples for each feature, below which the kernel distance is the better one
TRUSTED = 10  # samples for each feature; with fewer a Fréchet distance is clearly too high

Say = Callable[[str], None]


@dataclass(frozen=True)
class Metric:
    """One metric. `refuse` says why it cannot be had here, or nothing; `keeps` how many samples' features it needs, and
    `keeps_reals` how many reals'.

    `counter` makes what counts while the samples pass, and the reals too where it is one of sums.
    """

    name: str
    score: Callable[[Evidence], Iterable[Score]]
    refuse: Callable[[Setting], str | None] = lambda setting: None  # it can be had everywhere
    keeps: Callable[[Setting], int] = lambda setting: 0
    keeps_reals: Callable[[Setting], int] = lambda setting: 0
    counter: Callable[[Setting, Say], Counter] | None = None

    def why_not(self, setting: Setting) -> str | None:
        """Return why it cannot be had here, None where it can."""
        if isinstance(setting.reference, StatisticsReference) and self.name not in OF_MOMENTS:
            return f"{setting.dataset.name!r} holds a mean and a covariance, and no images"
        return self.refuse(setting)


def _many(setting: Setting) -> int:
    return min(setting.count, KEPT)


def _paired(setting: Setting) -> int:
    return min(setting.count, PAIRED)


def _training(setting: Setting) -> int:
    return setting.reference.used if setting.reference.split == TRAIN else 0


def _few(setting: Setting) -> int:
    """Keep all samples where they are so few that the distance's bias must be estimated."""
    return setting.count if setting.count < TRUSTED * setting.extractor.size else 0


def _needs_logits(setting: Setting) -> str | None:
    knows = isinstance(setting.extractor, ClassifierExtractor | InceptionExtractor)
    return None if knows else f"{setting.extractor.name!r} features know no classes"


def _needs_judge(setting: Setting) -> str | None:
    judges = isinstance(setting.extractor, ClassifierExtractor)
    return None if judges else "only 'classifier' features know the data's classes"


def _needs_requests(setting: Setting) -> str | None:
    return None if setting.has_classes else "the samples' classes are not known, as those of a conditional generator"


def _needs_shares(setting: Setting) -> str | None:
    return "only some classes were asked for" if setting.reference.labels else _needs_judge(setting)


def _needs_modes(setting: Setting) -> str | None:
    return None if knows_modes(setting.dataset) else f"the modes of {setting.dataset.name!r} are not known"


def _needs_held_out(setting: Setting) -> str | None:
    if setting.dataset.count is None:
        return f"{setting.dataset.name!r} is endless, so nothing of it can be known by heart"
    if not any(split in setting.dataset.summary()["splits"] for split in HELD_OUT_SPLITS):
        return f"{setting.dataset.name!r} has no split beside the training images, such as test, to compare with"
    return None


def _needs_requests_and_judge(setting: Setting) -> str | None:
    return _needs_requests(setting) or _needs_judge(setting)


def _needs_pictures(setting: Setting) -> str | None:
    return "rows and points have no pixels" if setting.dataset.shape.is_row else None


def _needs_table(setting: Setting) -> str | None:
    return None if setting.dataset.shape.table is not None else f"{setting.dataset.name!r} is no table with columns"


def _certainty(setting: Setting, say: Say) -> Counter:
    return Certainty(len(setting.dataset.label_names))


def _deviation(setting: Setting, say: Say) -> Counter:
    return PixelDeviation(setting.dataset.shape)


def _columns(setting: Setting, say: Say) -> Counter:
    assert setting.dataset.shape.table is not None
    return ColumnSums(setting.dataset.shape.table)


def _modes(setting: Setting, say: Say) -> Counter:
    reference = setting.reference
    return mode_counter(reference.dataset, reference.labels, reference.cache, say, reference.extractor.device)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("fd", by.frechet_records, keeps=_few),  # of inception features, FID
        Metric("fd-infinity", by.frechet_infinity_records, keeps=_many),
        Metric("kd", by.kernel_records, keeps=_paired, keeps_reals=_paired),  # of inception features, KID
        Metric("is", of_classes.inception_score_records, _needs_logits, _many),
        Metric("prdc", by.manifold_records, keeps=_paired, keeps_reals=_paired),  # precision, recall, density, coverage
        Metric("support", by.support_records, keeps=_paired, keeps_reals=_paired),
        Metric("memorisation", by.memorisation_records, _needs_held_out, _paired, _training),
        Metric("sliced-wasserstein", by.sliced_records, keeps=_paired, keeps_reals=_paired),
        Metric("class-shares", of_classes.class_shares_records, _needs_shares, _many),
        Metric("fd-by-class", of_classes.by_class_records, _needs_requests, _many),
        Metric("label-accuracy", of_classes.label_accuracy_records, _needs_requests_and_judge, _many),
        Metric("confidence", of_classes.certainty_records, _needs_judge, counter=_certainty),
        Metric("pixel-deviation", by.deviation_records, _needs_pictures, counter=_deviation),
        Metric("columns", column_records, _needs_table, counter=_columns),
        Metric("modes", by.modes_records, _needs_modes, counter=_modes),
    )
} | {one.name: Metric(one.name, one.records, one.refuse, counter=one.counter) for one in LIKENESSES}


def possible(metrics: Iterable[Metric], setting: Setting) -> list[Metric]:
    """Return those that can be had."""
    return [metric for metric in metrics if metric.why_not(setting) is None]


def check_names(names: Iterable[str], features: str | None) -> None:
    """Raise UserError for a name that is no metric's, and for a ``fid`` where features are named, but not inception's.

    This can be known before the data are, and before a classifier is trained of them.
    """
    for name in names:
        known = metric_named(name, features)
        if known not in METRICS:
            raise UserError(f"metrics: {name!r} is not one of {', '.join(METRICS)}{did_you_mean(name, METRICS)}")


def choose(names: tuple[str, ...], setting: Setting) -> list[Metric]:
    """Return the metrics with these names; raises UserError for an unknown one, or one that cannot be had here."""
    check_names(names, setting.extractor.name)
    chosen: dict[str, Metric] = {}
    for name in names:
        known = metric_named(name, setting.extractor.name)
        if reason := METRICS[known].why_not(setting):
            raise UserError(f"metrics: {name!r} cannot be had: {reason}")
        chosen[known] = METRICS[known]
    return list(chosen.values())


def defaults(setting: Setting) -> list[Metric]:
    """Return what the data allows: for points of a density their modes and the sliced Wasserstein distance.

    For translations, how like what was wanted they are, how like its domain, and whether they keep their class.
    """
    if GIVEN in setting.beside:
        return _possible(OF_TRANSLATORS, setting)
    if setting.dataset.shape.is_point:
        return _possible(("modes", "sliced-wasserstein"), setting)
    return _possible([name for name in METRICS if name not in UNLESS_ASKED], setting)


def for_judge(setting: Setting) -> list[Metric]:
    """Return what `judge` tells of; the accuracy of the labels is for a conditional generator."""
    return _possible(JUDGED, setting)


def _possible(names: Iterable[str], setting: Setting) -> list[Metric]:
    return possible([METRICS[name] for name in names], setting)
