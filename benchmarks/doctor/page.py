"""docs/doctor.md: what each diagnosis means, and the table of what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.doctor.cases import HEALTHY, SICK, Case
from benchmarks.doctor.trials import CURED, Course
from benchmarks.markdown import table
from ganache.evaluation.doctor.rules import rules
from ganache.support.files import replacing
from ganache.support.json_files import write_json
from ganache.support.machine import describe_machine

TEMPLATE = Path(__file__).with_name("page.md")

Courses = Mapping[str, Course | None]


def write(page: Path, numbers: Path, courses: Courses) -> None:
    """Write the page and its JSON from the courses that are known; what was not measured is said to be so."""
    known = {rule.name for rule in (*rules(), *rules(ways=("a_to_b", "b_to_a")))}
    assert all(f"**{name}**" in TEMPLATE.read_text(encoding="utf-8") for name in known), "a disease is not told of"
    text = TEMPLATE.read_text(encoding="utf-8")
    for mark, part in {
        "{summary}": summary(courses),
        "{sick}": _sick(courses),
        "{healthy}": _healthy(courses),
        "{machine}": _machine(),
    }.items():
        text = text.replace(mark, part)
    with replacing(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    write_json(numbers, {name: asdict(course) if course else None for name, course in courses.items()})


def summary(courses: Courses) -> str:
    """Return what the tables come to, misses by name."""
    sick, healthy = _known(SICK, courses), _known(HEALTHY, courses)
    missed = [case.name for case, course in sick if course.first != case.expected]
    alarms = [case.name for case, course in healthy if course.first]
    treated = [course for _, course in sick if course.distance_after is not None]
    lines = [
        f"- the right diagnosis first: {len(sick) - len(missed)} of {len(sick)} sick runs{_named(missed)}",
        f"- false alarms: {len(alarms)} of {len(healthy)} healthy runs{_named(alarms)}",
        f"- cured by the first finding's advice: {sum(course.is_cured for course in treated)} of {len(treated)} runs "
        f"that got some; cured means a distance at most {CURED:g} times what it was",
    ]
    absent = [case.name for case in (*SICK, *HEALTHY) if courses.get(case.name) is None]
    return "\n".join([*lines, *([f"- not measured: {', '.join(absent)}"] if absent else [])])


def _known(cases: Sequence[Case], courses: Courses) -> list[tuple[Case, Course]]:
    return [(case, course) for case in cases if (course := courses.get(case.name)) is not None]


def _named(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _sick(courses: Courses) -> str:
    head = ("run", "seed", "fault", "expected first", "found, in order", "advice", "distance", "after", "cured")
    rows = [
        (
            *(case.name, str(course.seed), case.fault, case.expected),
            _names(course, case.expected),
            _advice(course),
            f"{course.distance:.3f}",
            f"{course.distance_after:.3f}" if course.distance_after is not None else "–",
            "yes" if course.is_cured else "no",
        )
        for case, course in _known(SICK, courses)
    ]
    return table([head, *rows])


def _healthy(courses: Courses) -> str:
    head = ("run", "seed", "data", "found", "distance")
    rows = [
        (case.name, str(course.seed), _data(case), _names(course, ""), f"{course.distance:.3f}")
        for case, course in _known(HEALTHY, courses)
    ]
    return table([head, *rows])


def _data(case: Case) -> str:
    return "digits, 400 held out" if case.data == "SPLIT" else case.data


def _names(course: Course, expected: str) -> str:
    names = [str(finding["name"]) for finding in course.findings]
    return ", ".join(f"**{name}**" if name == expected else name for name in names) or "nothing"


def _advice(course: Course) -> str:
    settings = course.findings[0]["settings"] if course.findings else ()
    return " ".join(f"`{setting}`" for setting in settings) or "–"


def _machine() -> str:
    known = describe_machine(torch.device("cpu"))
    return f"torch {known['torch']}, Python {known['python']}, one thread of an {known['processor']}"
