"""What is said of data and of a training before it begins: by `train`, its dry run, `resume` and `data info`.

At most some twenty lines, however much there is to say: lists are cut, with the number of what is left out.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganache import recipes
from ganache.evaluation.alike import PICTURES, mirrored_alike
from ganache.games import Game
from ganache.support.errors import UserError
from ganache.support.units import brief, count_text, counted, duration_text, listed
from ganache.training.plan import Plan

_COLUMNS = 12  # that are described
_FILES = 3  # of those that are named with a reason
_PICTURES = {".heic", ".heif", ".cr2", ".cr3", ".nef", ".arw", ".dng"}  # of cameras, which Pillow does not read


def data_lines(summary: dict[str, Any]) -> Iterator[str]:
    """Yield what the data is, how its shape was decided, what was converted, splits, classes, what is left out."""
    yield _line("data", f"{brief(summary['source'])}: {_extent(summary)}")
    yield from _columns(summary)
    converted = summary.get("converted") or {}
    for name, decision in summary.get("decisions", {}).items():
        if name != "resize" or "resized or cropped" in converted:
            yield _line(name, brief(decision, 400))
    if converted:
        yield _line("converted", listed([f"{note} ({number:,})" for note, number in converted.items()]))
    splits = [f"{name} {stop - start:,}" for name, rows in summary["splits"].items() if rows for start, stop in [rows]]
    if splits:
        yield _line("splits", ", ".join(splits))
    numbers = (summary.get("classes") or {}).items()
    classes = [name if number is None else f"{name} ({number:,})" for name, number in numbers]
    if classes:
        yield _line("classes", f"{len(classes):,}: {listed(classes)}" if len(classes) > 1 else classes[0])
        if summary.get("unlabelled"):
            yield _line("without class", f"{summary['unlabelled']:,}")
    yield from _left_out(summary)
    yield _line("fingerprint", summary["fingerprint"] or "known when it is packed")


def plan_lines(plan: Plan, speed: float, run: Path) -> Iterator[str]:
    """Yield what the training takes of the data, and how, where and about how long it trains at images per second."""
    for note in plan.notes():
        yield _line("note", note)
    yield _line("recipe", recipe_line(plan.recipe))
    if plan.start is not None:
        yield _line("start", plan.start.line(plan.data.label_names if plan.recipe.conditional else ()))
    if plan.choice is not None:
        yield _line("chosen for", f"{plan.choice.when}: {plan.choice.why}")
    for sentence in plan.settled:
        yield _line("settled", sentence)
    yield device_line(plan)
    yield _line("budget", estimate(plan, speed))
    yield _line("run", str(run))


def mirror_lines(plan: Plan) -> Iterator[str]:
    """Yield the advice to take pictures mirrored too, where the training's look alike then."""
    if plan.data.mirrored or plan.data.shape.is_row:
        return
    stream = plan.data.stream(plan.seed)
    if stream.count is None:
        return
    found = mirrored_alike(stream.batch(0, min(PICTURES, stream.count)).images[:, plan.data.shape.given :])
    if found is not None and found.is_alike:
        apart = f"{max(0.0, found.mirrored):.3f} apart, halves of them {max(0.0, found.as_it_is):.3f}"
        yield _line("advice", f"mirrored, the pictures look alike ({apart}): --mirror makes two of each")


def resumed_lines(plan: Plan, run: Path) -> Iterator[str]:
    """Yield in short what goes on, with which data and how."""
    yield _line("run", f"{run}: {recipe_line(plan.recipe)}")
    yield next(data_lines(plan.dataset.summary()))
    for note in plan.notes():
        yield _line("note", note)
    yield device_line(plan)


def progress_line(plan: Plan, images_seen: int, training_seconds: float) -> str:
    """Return where a run stands that goes on, and about how long it will be at the speed that it had."""
    seen, whole = count_text(images_seen), budget_text(plan)
    share = plan.budget.share(images_seen, training_seconds)
    left = f", about {duration_text(training_seconds * (1 - share) / share)} left" if 0 < share < 1 else ""
    return _line("budget", f"{seen} images seen in {duration_text(training_seconds)}, of {whole}{left}")


def recipe_line(recipe: Game) -> str:
    """Return a recipe's name and the first line of its text, where it has one."""
    try:
        first = recipes.describe(recipes.own_name(recipe.name)).splitlines()
    except UserError:  # of a user's own file, or made in Python
        first = []
    return f"{recipe.name}: {first[0]}" if first else recipe.name


def device_line(plan: Plan) -> str:
    """Return where a plan computes and how, and its seed."""
    return _line("device", f"{plan.device.type}, {plan.precision}, {counted(plan.threads, 'thread')}, seed {plan.seed}")


def budget_text(plan: Plan) -> str:
    """Return when a plan ends."""
    images, seconds = plan.budget.images, plan.budget.seconds
    return counted(images, "image") if images is not None else f"{duration_text(seconds or 0)} of training"


def estimate(plan: Plan, speed: float) -> str:
    """Return when a plan ends and about what that is in time, or in images, at so many images per second."""
    images, seconds = plan.budget.images, plan.budget.seconds
    about = duration_text(images / speed) if images is not None else f"{count_text(speed * (seconds or 0))} images"
    return f"{budget_text(plan)}, about {about} at {speed:.0f} images/s, without pictures and saving"


def _extent(summary: dict[str, Any]) -> str:
    channels, height, width = summary["shape"]
    if columns := summary.get("column_count"):
        rows = f"{counted(summary['count'], 'row')} of {counted(columns, 'column')}"
        return rows if channels == columns else f"{rows}, {channels:,} values"
    kind = "point" if (height, width) == (1, 1) and summary["count"] is None else "image"
    count = counted(summary["count"], kind) if summary["count"] is not None else f"endless {kind}s"
    return f"{count} of {height}×{width}, {counted(channels, 'channel')}"


def _columns(summary: dict[str, Any]) -> Iterator[str]:
    """Yield what the first columns of a table hold."""
    for column in summary.get("columns", ())[:_COLUMNS]:
        yield _line("column", f"{brief(str(column.get('name')), 40)}: {brief(str(column.get('said')), 200)}")
    if (more := summary.get("column_count", 0) - _COLUMNS) > 0:
        yield _line("", f"… and {counted(more, 'more column', 'more columns')}")


def _left_out(summary: dict[str, Any]) -> Iterator[str]:
    skipped = summary.get("skipped", [])
    count = summary.get("skipped_count", len(skipped))
    if count:
        yield _line("skipped", counted(count, "file"))
    for entry in skipped[:_FILES]:
        yield _line("", f"{brief(entry['file'])}: {brief(entry['reason'])}")
    if count > _FILES:
        yield _line("", f"… and {count - _FILES:,} more; the packed store's manifest.json lists them all")
    if ignored := summary.get("ignored_count", len(summary.get("ignored", []))):
        suffixes = summary.get("ignored_suffixes", {})
        of = listed([f"{suffix or 'no suffix'} ({number:,})" for suffix, number in suffixes.items()])
        is_or_are = "that is no image by its name" if ignored == 1 else "that are no images by their names"
        yield _line("ignored", f"{counted(ignored, 'file')} {is_or_are}{': ' if of else ''}{of}")
        if unread := sorted(_PICTURES & set(suffixes)):
            yield _line("advice", f"{', '.join(unread)} cannot be read here; save them as JPEG, PNG or TIFF first")


def _line(title: str, text: str) -> str:
    return f"{title:<14} {text}"
