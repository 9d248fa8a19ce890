"""What surrounds a training: its data, the machine, its sessions, and the command that makes it again."""

from pathlib import PurePath
from typing import Any

from ganache import recipes
from ganache.evaluation.doctor.prescription import command
from ganache.support.errors import UserError
from ganache.support.json_files import well_formed
from ganache.support.units import count_text, counted, duration_text
from ganache.web.report.found import FoundRun
from ganache.web.report.plain import mapping, number, sequence, text, words

MOST_SKIPPED, MOST_SESSIONS = 100, 50
Rows = list[list[str]]  # a title and what is said


def data_facts(found: FoundRun) -> dict[str, Any]:
    """Return what is known of a run's data as rows, its classes with their counts, and which files were skipped."""
    data, selection = mapping(found.record.get("data")), mapping(found.record.get("selection"))
    skipped = sequence(data.get("skipped"), MOST_SKIPPED)
    count = number(data.get("skipped_count"))
    rows = [
        ["source", text(data.get("source"))],
        ["kind", text(data.get("kind"))],
        ["images", _count(data.get("count"), "without end")],
        ["shape", _shape(data.get("shape"), bool(data.get("columns")))],
        ["splits", _splits(data.get("splits"))],
        ["trained on", _count(selection.get("rows"), "")],
        ["left out, for they have no label", _count(selection.get("left_out") or None, "")],
        *([name, text(why)] for name, why in mapping(data.get("decisions"), 20).items()),
        ["originals", words(mapping(data.get("original"), 4))],
        ["converted", words(mapping(data.get("converted"), 12))],
        ["no images by their names", _count(data.get("ignored_count") or None, "")],
        ["fingerprint", text(data.get("fingerprint"), 64)[:16]],
    ]
    return {
        "rows": _said(rows),
        "classes": [[text(name, 80), number(of)] for name, of in mapping(data.get("classes"), 100).items()],
        "class_count": len(sequence(data.get("label_names"), 10**6)),
        "skipped": [[text(mapping(one).get("file"), 300), text(mapping(one).get("reason"), 300)] for one in skipped],
        "skipped_count": len(skipped) if count is None else count,
    }


def machine_facts(found: FoundRun) -> dict[str, Any]:
    """Return where and how fast a run was trained, as rows, and its sessions."""
    record = found.record
    seen, seconds = number(record.get("images_seen")) or 0, number(record.get("training_seconds")) or 0.0
    speed = f"{seen / seconds:,.4g} images a second on average" if seconds else ""
    sessions = _sessions(record)
    processes = max((number(one.get("processes")) or 1 for one in sessions), default=1)
    rows = [
        ["device", text(record.get("device_name")) or text(record.get("device"))],
        ["cores, threads", f"{text(record.get('cores'))}, {text(record.get('threads'))}"],
        ["processes", f"{processes:.0f}" if processes > 1 else ""],
        ["precision", text(record.get("precision"))],
        ["approximations", "; ".join(text(one) for one in sequence(record.get("approximations"), 10))],
        ["launch", text(record.get("launch"))],
        ["launched one by one", text(record.get("why_eager"))],
        ["speed", speed],
        ["training", f"{duration_text(seconds)} for {count_text(seen)} images"],
        ["versions", _versions(record)],
        ["system", text(record.get("platform"))],
    ]
    return {"rows": _said(rows), "sessions": [_session(one) for one in sessions]}


def reproduction_facts(found: FoundRun) -> dict[str, Any]:
    """Return the command that trains the run anew, and what must be the same for the same bits."""
    record = found.record
    same = ["seed", "device", "precision", "threads"]
    return {
        "command": _made(found) or next((typed(one.get("command")) for one in _sessions(record)), ""),
        "same": [f"{name} {text(record.get(name))}" for name in same if text(record.get(name))],
        "versions": _versions(record),
    }


def _made(found: FoundRun) -> str:
    """Return the command with a run's settings; of a recipe of the user's own nobody knows which of them were set."""
    if found.recipe is None:
        return ""
    try:
        recipes.own_name(found.recipe.name)
    except UserError:
        return ""
    try:
        with well_formed(str(found.run.record_file)):
            return text(command(found.recipe, found.record, ()))
    except UserError as error:
        found.missing.append(f"The command that makes the run again is not known: {error}")
        return ""


def typed(command: Any) -> str:
    """Return a session's command as it is typed, without the place where the program lies."""
    words = text(command)
    first, space, rest = words.partition(" ")
    place = PurePath(first)
    if place.name == "ganache" or place.parts[-2:] == ("ganache", "__main__.py"):
        return f"ganache{space}{rest}"
    if place.parts[-3:] == ("ganache", "scratch", "__main__.py"):
        return f"python -m ganache.scratch{space}{rest}"
    return words


def _sessions(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [mapping(one) for one in sequence(record.get("sessions"), MOST_SESSIONS)]


def _session(one: dict[str, Any]) -> dict[str, str]:
    return {**{name: text(one.get(name), 60) for name in ("began", "ended")}, "command": typed(one.get("command"))}


def _versions(record: dict[str, Any]) -> str:
    named = [(name, text(record.get(name), 60)) for name in ("ganache", "torch", "numpy", "python")]
    return ", ".join(f"{name} {version}" for name, version in named if version)


def _said(rows: Rows) -> Rows:
    return [row for row in rows if row[1].strip(", ")]


def _count(value: Any, endless: str) -> str:
    known = number(value)
    return endless if known is None else f"{known:,.0f}"


def _shape(value: Any, is_table: bool) -> str:
    sides = [number(side) for side in sequence(value, 3)]
    if len(sides) != 3 or None in sides:
        return ""
    channels, height, width = sides
    if is_table:
        return f"rows of {counted(int(channels or 0), 'value')}"
    if sides == [2, 1, 1]:
        return "points of the plane"
    return f"{height:.0f} × {width:.0f} pixels, {counted(int(channels or 0), 'channel')}"


def _splits(value: Any) -> str:
    """Return how many rows each split has, of [first, last) or none where they have no end."""
    told = []
    for name, ends in mapping(value, 12).items():
        places = [number(end) for end in sequence(ends, 2)]
        if len(places) == 2 and places[0] is not None and places[1] is not None:
            told.append(f"{text(name, 60)} {places[1] - places[0]:,.0f}")
    return ", ".join(told)
