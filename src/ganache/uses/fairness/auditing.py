"""From samples and data to a record of fairness: what the command `fairness` does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ganache.data.dataset import Progress
from ganache.data.python_arrays import Given, as_source
from ganache.data.selection import TRAIN, occurring
from ganache.data.sources.group_files import grouped
from ganache.data.store.packed import PackedDataset
from ganache.engine.devices import choose_device
from ganache.evaluation.asked import Asked, asked_count
from ganache.evaluation.catalogue import Say
from ganache.evaluation.cautions import warnings_of_data
from ganache.evaluation.evaluate import classes_of_reals, reals_for, usual_count
from ganache.evaluation.features.by_name import find
from ganache.evaluation.metrics.certainty import Certainty
from ganache.evaluation.metrics.group_shares import wide_enough
from ganache.evaluation.reference import Reference, refuse_few
from ganache.evaluation.sample_places import open_samples, run_of
from ganache.evaluation.samples import Samples
from ganache.evaluation.scoring import make_setting, score
from ganache.runs.folder import Run
from ganache.runs.trained_translators import is_translator
from ganache.support.errors import UserError
from ganache.support.files import at_home, digest_of
from ganache.support.places import check_place
from ganache.support.requests import collected
from ganache.support.units import check_seed, listed
from ganache.uses.fairness.fairness_record import MOST_GROUPS, Draw, Fairness
from ganache.uses.fairness.group_scores import KEEPING, SEEN, group_rows, group_scores
from ganache.uses.fairness.known_groups import LEAST_HELD_OUT, KnownGroups
from ganache.uses.fairness.sentences import sentences_of, share_text
from ganache.uses.fairness.ways_to_draw import WayToDraw, check_truncations, ways_of

CONFIDENCE = 0.99  # a fair generator is accused by one command in a hundred
READS_WELL = 0.9  # of held-out pictures, below which a classifier is a poor judge of groups
MORE_STRANGE = 0.05  # of the samples than of the reals, above which many are no picture of a group that was meant


@dataclass(frozen=True, eq=False)
class _Sides:
    """The reals by their classes, for which a generator is asked, and by the groups that are looked for in samples."""

    classes: Reference
    groups: Reference
    dataset: PackedDataset
    said: str


def audit(
    asked: Asked,
    groups: Path | None = None,
    truncations: Sequence[float] = (),
    progress: Progress | None = None,
    say: Say = lambda line: None,
) -> Fairness:
    """Say how often, how variedly and how well samples show each group of the data.

    Groups are the data's classes, or those of a table `groups`. Of `asked` count metrics and features for nothing: the
    features are those of a classifier of the groups. `progress` and `say` are as for `evaluate`. Raises UserError for
    what cannot be done as asked, before a classifier is trained for it.
    """
    check_seed(asked.seed)
    device = choose_device(asked.device)
    check_place(asked.samples, "samples")
    if groups is not None:
        check_place(groups, "groups")
    run = run_of(asked.samples)
    if run is not None and is_translator(run):
        raise UserError(f"samples: {asked.samples!r} translates pictures; it draws no groups of its own")
    source = open_samples(asked.samples, device.type, asked.values)
    check_truncations(source, truncations)
    count = asked_count(asked.count, source)
    record = Run.open(run).record() if run else None
    sides = _sides(asked, groups, source, record, device, progress, say)
    count = count or usual_count(source, sides.groups)
    known = KnownGroups.of(sides.dataset, sides.groups, count)
    ways = ways_of(source, known, sides.classes, truncations, count, asked.seed)
    statements = len(known.looked_for) * len(ways)
    z = wide_enough(CONFIDENCE, statements)
    draws = [_drawn(way, known, count, asked.seed, z, progress, say) for way in ways]
    found = Fairness(
        grouping=sides.said,
        group_file=None if groups is None else digest_of(groups),
        confidence=CONFIDENCE,
        statements=statements,
        **_errors(known),
        draws=tuple(draw for draw, _ in draws),
        sentences=tuple(sentences_of([draw for draw, _ in draws], groups is None)),
    )
    warnings = (
        *warnings_of_data(source, sides.classes, record),
        *_cautions(found),
        *(line for _, told in draws for line in told),
    )
    return found.model_copy(update={"warnings": tuple(dict.fromkeys(warnings))})


def fairness(
    samples: Given,
    *,
    data: Given | None = None,
    groups: str | Path | None = None,
    truncations: Sequence[float] = (),
    count: str | int | None = None,
    seed: int = 0,
    split: str | None = None,
    labels: Sequence[str] = (),
    size: str | None = None,
    channels: int | None = None,
    value_range: str | tuple[float, float] | None = None,
    device: str = "auto",
    progress: Progress | None = None,
    say: Say = lambda line: None,
) -> Fairness:
    """Say which groups of the data a generator, or whoever made these samples, shows too rarely or too alike.

    `samples` and `data` are what `ganache.evaluate` takes; `groups` is a table with the group of each picture, of which
    the classes are taken if it is left out; `truncations` are tried one after the other where a generator can. Nothing
    is written. Raises UserError for what cannot be done as asked.
    """
    own = {
        "samples": str(samples) if isinstance(samples, str | Path) else as_source(samples, "samples"),
        "data": None if data is None else as_source(data),
    }
    asked = collected(Asked, {**locals(), **own, "labels": tuple(labels)}, partial=True)
    return audit(asked, None if groups is None else at_home(groups), truncations, progress, say)


def _errors(known: KnownGroups) -> dict[str, Any]:
    """Return on how many held-out pictures of each group the classifier's errors were counted, and how many it read."""
    tested, right = known.confusion.sum(axis=1), known.confusion.diagonal()
    groups = known.looked_for
    return {
        "held_out": {known.names[group]: int(tested[group]) for group in groups},
        "read_rightly": {known.names[group]: float(right[group] / tested[group]) for group in groups if tested[group]},
    }


def _sides(
    asked: Asked,
    groups: Path | None,
    source: Samples,
    record: dict[str, Any] | None,
    device: torch.device,
    progress: Progress | None,
    say: Say,
) -> _Sides:
    dataset = reals_for(replace(asked, features="classifier"), source, record, progress)
    if not isinstance(dataset, PackedDataset):
        raise UserError(f"data: {dataset.name!r} is no set of pictures with groups")
    split = asked.split or TRAIN
    own = tuple((record or {}).get("source", {}).get("labels", ()))
    labels = classes_of_reals(source, dataset, asked.labels, own, split)
    refuse_few(dataset, split, dataset.stream(0, labels, split).count)
    by_group, said = (dataset, "the classes of the data") if groups is None else grouped(dataset, groups, labels)
    if len(by_group.label_names) > MOST_GROUPS:
        raise UserError(f"groups: {len(by_group.label_names):,} are more than {MOST_GROUPS:,}, each by each other")
    extractor = find("classifier", by_group, device=device, progress=progress, say=say)
    classes = Reference(dataset, extractor, split, labels, say=say, progress=progress)
    if groups is None:
        return _Sides(classes, classes, dataset, said)
    taken = _labelled_groups(by_group, split)
    return _Sides(classes, Reference(by_group, extractor, split, taken, say=say, progress=progress), by_group, said)


def _labelled_groups(dataset: PackedDataset, split: str) -> tuple[str, ...]:
    """Return the groups of which a split has pictures, where it has others beside them; none where all count."""
    return occurring(dataset, split) if dataset.rows_by_label(split)[-1] else ()


def _drawn(
    way: WayToDraw, known: KnownGroups, count: int, seed: int, z: float, progress: Progress | None, say: Say
) -> tuple[Draw, list[str]]:
    """Return what was found of the samples of one way, and what makes it doubtful."""
    setting = make_setting(known.reference, way.samples, way.requests, count, seed)
    scored = score(way.samples, known.reference, setting, (*SEEN, KEEPING), progress=progress, say=say)
    evidence = scored.evidence
    rows = group_rows(known, evidence, way.expected, z)
    scores = (*scored.evaluation.scores, *group_scores(rows, evidence, known, z))
    draw = Draw(
        truncation=way.truncation,
        balanced=way.balanced,
        expected=way.said,
        rows=tuple(rows),
        evaluation=scored.evaluation.model_copy(update={"scores": scores}),
    )
    told = strange(evidence.counted(Certainty), evidence.counted_of_reals(Certainty), known.looked_for)
    return draw, [f"{draw.title}: {sentence}" for sentence in told]


def strange(samples: Certainty, reals: Certainty, looked_for: Sequence[int]) -> Iterator[str]:
    """Say where many samples are no picture of any group, or pictures of others than are among the reals."""
    if samples.unsure > reals.unsure + MORE_STRANGE:
        yield (
            f"of {share_text(samples.unsure)} of the samples the classifier is not even half sure (reals"
            f" {share_text(reals.unsure)}); of which group they are is a guess"
        )
    elsewhere = 1.0 - float(samples.shares[list(looked_for)].sum())
    if elsewhere > MORE_STRANGE:
        yield f"{share_text(elsewhere)} of the samples are read as groups that are not among the reals"


def _cautions(found: Fairness) -> Iterator[str]:
    """Say where the classifier's errors are not well known, or many."""
    few = [name for name, count in found.held_out.items() if count < LEAST_HELD_OUT]
    if few:
        yield (
            f"fewer than {LEAST_HELD_OUT} held-out pictures tell how the classifier reads {listed(few)}, which makes"
            " intervals wide"
        )
    poor = [name for name, share in found.read_rightly.items() if share < READS_WELL and name not in few]
    if poor:
        yield (
            f"the classifier reads fewer than {READS_WELL:.0%} of held-out pictures rightly of {listed(poor)}; their"
            " intervals allow for it"
        )
