"""From a log to findings: a pure function."""

from collections.abc import Collection

from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.finding import Finding
from ganache.evaluation.doctor.remedies import prescribe
from ganache.evaluation.doctor.rules import Rule, rules
from ganache.evaluation.doctor.signs import Sign

YOUNG = 250  # generator updates before which nothing is judged: every GAN is sick at first


def diagnose(chart: Chart, known: Collection[str] = ()) -> list[Finding]:
    """Return what is wrong with a run, the most likely cause first; [] when nothing is, or it is too young.

    Diseases that are `known` by name are passed over.
    """
    signs = [(rule, _sign(chart, rule)) for rule in rules(chart.players, chart.ways) if rule.name not in known]
    found = [Finding(rule.name, *sign, *prescribe(chart, rule.remedies, rule.of)) for rule, sign in signs if sign]
    return sorted(found, key=lambda finding: finding.confidence != "certain")


def examined(chart: Chart) -> dict[str, bool]:
    """Return for each disease whether the run is old enough and enough was measured to see it."""
    return {rule.name: _can_be_seen(chart, rule) for rule in rules(chart.players, chart.ways)}


def _sign(chart: Chart, rule: Rule) -> Sign | None:
    return rule.examine(chart) if _can_be_seen(chart, rule) else None


def _can_be_seen(chart: Chart, rule: Rule) -> bool:
    return (rule.at_any_age or chart.generator_updates >= YOUNG) and chart.has(*rule.needs)
