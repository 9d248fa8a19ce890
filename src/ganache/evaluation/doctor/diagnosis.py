"""From a log to findings: a pure function."""

from collections.abc import Collection, Sequence
from typing import Any

from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.finding import Finding
from ganache.evaluation.doctor.remedies import prescribe
from ganache.evaluation.doctor.rules import Rule, rules
from ganache.evaluation.doctor.signs import Sign
from ganache.games import Game

YOUNG = 250  # generator updates before which nothing is judged: every GAN is sick at first


def diagnose(
    lines: Sequence[dict[str, Any]], recipe: Game, record: dict[str, Any], known: Collection[str] = ()
) -> list[Finding]:
    """Return what is wrong with a run, the most likely cause first; [] when nothing is, or it is too young.

    `lines` are those of its log, `record` its run.json; diseases that are `known` by name are passed over.
    """
    return findings(Chart(lines, recipe, record), known)


def findings(chart: Chart, known: Collection[str] = ()) -> list[Finding]:
    """Return what `diagnose` does, of a log that was read already."""
    signs = [(rule, _sign(chart, rule)) for rule in rules(chart.players) if rule.name not in known]
    found = [Finding(rule.name, *sign, *prescribe(chart, rule.remedies)) for rule, sign in signs if sign]
    return sorted(found, key=lambda finding: finding.confidence != "certain")


def examined(lines: Sequence[dict[str, Any]], recipe: Game, record: dict[str, Any]) -> dict[str, bool]:
    """Return for each disease whether the run is old enough and enough was measured to see it."""
    chart = Chart(lines, recipe, record)
    return {rule.name: _can_be_seen(chart, rule) for rule in rules(chart.players)}


def _sign(chart: Chart, rule: Rule) -> Sign | None:
    return rule.examine(chart) if _can_be_seen(chart, rule) else None


def _can_be_seen(chart: Chart, rule: Rule) -> bool:
    return (rule.at_any_age or chart.generator_updates >= YOUNG) and chart.has(*rule.needs)
