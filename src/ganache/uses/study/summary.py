"""What a study leaves in its folder for people and programs: a page in Markdown, a plot, a record in JSON."""

import statistics
from collections.abc import Iterator
from pathlib import Path

from ganache.drawing.interval_plots import Estimates, IntervalPanel, draw_intervals
from ganache.support.errors import shown
from ganache.support.files import write_text
from ganache.support.json_files import write_json
from ganache.uses.study.augmentation_study import Studied
from ganache.uses.study.learners import ARMS, BATCH, Arm
from ganache.uses.study.outcomes import COMPARED, CountOutcome, Difference

PAGE, PLOT, RECORD = "README.md", "accuracies.png", "record.json"
_COLOURS = {"plain": "#6b6f76", "moved": "#2f5d8c", "synthetic": "#d6392b", "both": "#b8792a"}
COMPARISONS = {
    "alone": "synthetic pictures, against none",
    "beside": "synthetic pictures beside {moves}, against {moves}",
    "instead": "synthetic pictures, against {moves}",
    "moves": "{moves}, against none",
}


def write_summary(found: Studied) -> list[Path]:
    """Write page, plot and record; return their paths, none while no number of pictures has three seeds."""
    if not found.outcomes:
        return []
    folder = found.folder
    write_json(folder / RECORD, {**found.record.model_dump(mode="json"), **_known(found)})
    draw_intervals(_panels(found), folder / PLOT, f"{folder.name}: synthetic pictures for a classifier of few")
    write_text(folder / PAGE, "\n".join(_page(found)) + "\n")
    return [folder / name for name in (PAGE, PLOT, RECORD)]


def verdicts(found: Studied) -> list[str]:
    """Return a sentence for each number of pictures."""
    return [one.sentence() for one in found.outcomes]


def protocol(found: Studied) -> Iterator[str]:
    """Yield how the study was made, in sentences."""
    record = found.record
    moves = found.outcomes[0].moves if found.outcomes else "flips and crops"
    yield f"Synthetic pictures: {found.source.says}; the same number of each class."
    if record.confident or record.not_copies:
        sure = f"that the plain classifier gives their class with {record.confident:g}" if record.confident else ""
        copies = "that are no nearer to one of the few than 5% of unseen pictures are" if record.not_copies else ""
        yield f"Of them are kept those {' and '.join(filter(None, [sure, copies]))}."
    yield (
        f"Each classifier takes {record.steps:,} steps of {BATCH} pictures, of which half are synthetic where there are"
        f" any; those of one seed have the same few pictures and first weights. Moved are all pictures of a step, by"
        f" {moves}."
    )
    yield f"Judged on {record.judged_on}, which no training sees."
    yield (
        "Intervals are paired t intervals of 95% over seeds: they say what the choice of the few may do, for these"
        f" judges. That of a class, of which there are {len(record.classes)}, lies below 0 by chance once in forty."
    )


def _known(found: Studied) -> dict[str, object]:
    return {
        "synthetic": found.source.says,
        "cautions": list(found.source.cautions),
        "protocol": list(protocol(found)),
        "outcomes": [one.to_json() for one in found.outcomes],
    }


def _page(found: Studied) -> Iterator[str]:
    yield f"# Do synthetic pictures help a classifier of few? {_plain(found.record.data)}"
    yield ""
    for caution in found.source.cautions:
        yield f"**Warning: {_plain(caution)}.**"
        yield ""
    for sentence in verdicts(found):
        yield f"- {_plain(sentence)}"
    yield ""
    yield f"![accuracies and their differences, with intervals]({PLOT})"
    yield ""
    yield f"| per class | {' | '.join(arm.says for arm in _told(found))} |"
    yield "|---" * (len(ARMS) + 1) + "|"
    for one in found.outcomes:
        yield f"| {one.count:,} | {' | '.join(_spread(one, arm.name) for arm in ARMS)} |"
    yield ""
    yield "Means over seeds ± their standard deviation. Differences in percentage points, with 95% intervals:"
    yield ""
    yield f"| per class | {' | '.join(text.format(moves=one.moves) for text in COMPARISONS.values())} |"
    yield "|---" * (len(COMPARISONS) + 1) + "|"
    for one in found.outcomes:
        yield f"| {one.count:,} | {' | '.join(_cell(one.difference(name)) for name in COMPARISONS)} |"
    yield ""
    yield from _classes(found)
    yield "## How it was made"
    yield ""
    for sentence in protocol(found):
        yield f"- {_plain(sentence)}"
    yield from _nearness(found)


def _told(found: Studied) -> list[Arm]:
    moves = found.outcomes[0].moves
    return [arm._replace(says=moves) if arm.name == "moved" else arm for arm in ARMS]


def _classes(found: Studied) -> Iterator[str]:
    yield "## Classes that lose accuracy"
    yield ""
    for one in found.outcomes:
        for name in ("alone", "beside"):
            for called, lost in one.harmed(name).items():
                what = COMPARISONS[name].format(moves=one.moves)
                yield f"- {one.count:,} per class, {what}: {_plain(called)} {lost.said()}"
    if not any(one.harmed(name) for one in found.outcomes for name in ("alone", "beside")):
        yield "None whose interval lies below 0."
    yield ""


def _nearness(found: Studied) -> Iterator[str]:
    """Yield what is known of the synthetic pictures themselves."""
    yield ""
    yield "## The synthetic pictures"
    yield ""
    yield "| per class | kept | of their class | by chance | copies of the few | hits that judge | copies of judges |"
    yield "|---|---|---|---|---|---|---|"
    for one in found.outcomes:
        near = [cell.nearness for cell in one.cells if cell.nearness is not None]
        kept = sum(cell.kept for cell in one.cells) / max(1, sum(cell.drawn for cell in one.cells))
        told = ["not known"] * 3
        if near:
            told = [
                f"{statistics.fmean(cell.few_copied for cell in near):.0%}",
                f"{sum(cell.judge_hits for cell in near):,} of {sum(cell.hits for cell in near):,}",
                f"{statistics.fmean(cell.judges_copied for cell in near):.0%}",
            ]
        agreed = f"{one.mean('agreement'):.1%} | {one.mean('by_chance'):.1%}"
        yield f"| {one.count:,} | {kept:.0%} | {agreed} | {' | '.join(told)} |"
    yield ""
    yield (
        "Copies are nearer than 5% of unseen pictures are; hits are real pictures, as many that judge as others that"
        " nobody saw, that are the nearest one of a synthetic picture: half of them judge where nobody knew either."
    )


def _panels(found: Studied) -> list[IntervalPanel]:
    numbers = [one.count for one in found.outcomes]
    lines = []
    for arm in _told(found):
        alone = [Difference.of(one.accuracies(arm.name)) for one in found.outcomes]
        lines.append(_line(arm.says, numbers, alone, _COLOURS[arm.name]))
    moves = found.outcomes[0].moves
    compared = [
        _line(
            COMPARISONS[name].format(moves=moves),
            numbers,
            [one.difference(name) for one in found.outcomes],
            _COLOURS[COMPARED[name][0]],
        )
        for name in ("moves", "alone", "beside")
    ]
    across = "real pictures of each class"
    return [
        IntervalPanel("accuracy, each by itself", across, "%", lines),
        IntervalPanel("differences within each seed", across, "percentage points", compared, has_zero=True),
    ]


def _line(name: str, numbers: list[int], found: list[Difference], colour: str) -> Estimates:
    middles, lows, highs = ([100.0 * value for value in values] for values in zip(*found, strict=True))
    return Estimates(name, colour, numbers, middles, lows, highs)


def _spread(one: CountOutcome, arm: str) -> str:
    values = one.accuracies(arm)
    return f"{100 * statistics.fmean(values):.1f}% ± {100 * statistics.stdev(values):.1f}"


def _cell(found: Difference) -> str:
    return found.said().replace(" points", "")


def _plain(text: str) -> str:
    """Return a text that means nothing else in Markdown and in a terminal: names of classes may hold anything."""
    return "".join(f"\\{mark}" if mark in "\\`*_[]<>|#" else mark for mark in shown(text))
