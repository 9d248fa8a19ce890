"""What must be said beside a score: that data or sizes differ, that samples are few, what its features cannot see."""

from collections.abc import Iterable
from typing import Any

from ganache.evaluation.catalogue import KERNEL_BELOW, TRUSTED
from ganache.evaluation.evidence import Evidence
from ganache.evaluation.features.by_name import unlabelled_name
from ganache.evaluation.records import Score, score_name
from ganache.evaluation.reference import Reference
from ganache.evaluation.reference_statistics import StatisticsReference
from ganache.evaluation.samples import PictureSamples, Samples
from ganache.networks.efficientnet_weights import INSTALL

BLIND = ("random", "pixels")  # features of pictures that order what is done to them otherwise than people


def warnings_of_data(source: Samples, reference: Reference, record: dict[str, Any] | None) -> list[str]:
    """Say that data or sizes are not the samples' own; `record` is that of the run that they come from."""
    warnings, dataset = [], reference.dataset
    if isinstance(reference, StatisticsReference):
        warnings.append(
            f"{dataset.name} does not say of which images and features it is, only that they are"
            f" {reference.extractor.size:,}; a score is right if they are those of {reference.extractor.name!r}"
        )
    elif record is not None and record["data"]["fingerprint"] != dataset.fingerprint:
        warnings.append(f"{dataset.name} is not the data that {source.source} was trained on")
    if isinstance(source, PictureSamples) and (own := source.own_shape) != dataset.shape:
        as_what = "which loses their proportions" if source.fitting == "stretched" else "like the reals"
        had = f"all {own}" if own else "of several sizes"
        warnings.append(f"the pictures in {source.source} are {had}; they are read as {dataset.shape}, {as_what}")
    return warnings


def warnings_of_copies(record: dict[str, Any] | None, scores: Iterable[Score]) -> list[str]:
    """Say that copies of mirrored pictures are not counted, where a run of this record learnt from such."""
    is_mirrored = bool((record or {}).get("source", {}).get("mirror"))
    if not is_mirrored or all(score.protocol.metric != "memorisation" for score in scores):
        return []
    return ["the run learnt from mirrored pictures too, and memorisation looks for copies of unmirrored ones alone"]


LEAST = 1e-6  # of a distance: below it is the rounding of its computation


def warnings_of_few(evidence: Evidence) -> list[str]:
    """Say that a Fréchet distance is too high, and by how much, when a set is small for the number of features."""
    size, count, reals = evidence.setting.extractor.size, evidence.setting.count, evidence.reference.used
    warnings = []
    if 0 < reals < TRUSTED * size:
        warnings.append(f"{reals:,} reals are few for {size:,} features: compare distances to these same reals only")
    if count >= TRUSTED * size:
        return warnings
    few = f"{count:,} samples are few for {size:,} features"
    if count < 4:
        return [*warnings, f"{few}: their distance means nothing"]
    if count < KERNEL_BELOW * size:
        kernel = score_name("kd", count, evidence.setting.extractor.name).partition("@")[0]
        warnings.append(f"below {KERNEL_BELOW * size:,} samples prefer {kernel}, which has no bias, to this distance")
    found = evidence.extrapolation
    if found.limit == 0.0:
        return [*warnings, f"{few}: all of their distance may be its bias (fd-infinity is 0)"]
    rough = "roughly " if min(found.sizes) <= size else ""
    bias, limit = _amount(found.bias, rough), _amount(found.limit, rough)
    error = f" ± {found.standard_error:.2g}" if (found.standard_error or 0.0) >= LEAST else ""
    warnings.append(
        f"{few}: their distance is too high by {bias}; of infinitely many it would be {limit}{error} (fd-infinity)"
    )
    return warnings


def warnings_of_features(evidence: Evidence) -> list[str]:
    """Say that the features of pictures rank blur and noise wrongly, where they do."""
    name = evidence.setting.extractor.name
    if name not in BLIND or evidence.setting.dataset.shape.is_point:
        return []
    other = unlabelled_name()
    how = "" if other not in BLIND else f" ({INSTALL})"
    return [
        f"{name!r} features rank blur and noise wrongly, and know nothing of what is seen:"
        f" --features efficientnet-lite0 sees pictures{how}"
    ]


def _amount(value: float, rough: str) -> str:
    return f"{rough}{value:.3g}" if value >= LEAST else f"less than {LEAST:g}"
