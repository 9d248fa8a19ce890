"""A model card: what a generator is, learnt from, scores and lacks, in Markdown, from the files of its run.

The sections are those of Mitchell et al. 2019, "Model Cards for Model Reporting", as far as files can tell; what only a
person knows is an explicit blank. Nothing in it depends on when or where it was written.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ganache.evaluation.records import Evaluation, Score
from ganache.runs.network_files import Kept
from ganache.support.errors import UserError
from ganache.support.units import counted
from ganache.uses.fairness.fairness_record import Fairness, GroupRow
from ganache.web.report.circumstances import data_facts, machine_facts, reproduction_facts
from ganache.web.report.found import FoundRun
from ganache.web.report.health import health_of
from ganache.web.report.plain import mapping, number, text
from ganache.web.report.recipe_facts import recipe_facts

BLANK = "**[to be filled in]**"
MOST_SCORES, MOST_CLASSES, MOST_GROUPS, MOST_CHANGED = 60, 100, 100, 60
LOOKED_FOR = {  # what a generator can be measured for, by the metric that does, and how it is asked for
    "recall": "how much of the data's variety it reaches",
    "memorisation": "whether it copies training pictures",
    "label-accuracy": "whether it draws the class that it is asked for",
}


def model_card(found: FoundRun) -> str:
    """Return the card of a run that was read."""
    name = found.path.resolve().name
    sections: dict[str, Iterable[str]] = {
        f"Model card: {plain(name)}": _introduction(found),
        "Intended use": _intended(),
        "Data": _data(found),
        "Recipe": _recipe(found),
        "Training": _training(found),
        "Scores": _scores(found.afterwards, name),
        "Groups": _groups(found.fairness, name),
        "Limits": _limits(found),
        "How to sample": _sampling(found, name),
    }
    parts = ["\n".join([f"## {title}", "", *lines]).rstrip() for title, lines in sections.items()]
    return "\n\n".join(parts)[1:] + "\n"


def plain(value: Any, most: int = 300) -> str:
    """Return a text of a file as it may stand in Markdown: nothing in it is markup, or a table's border."""
    return re.sub(r"([\\`*_\[\]<>|~#!])", r"\\\1", text(value, most))


def _introduction(found: FoundRun) -> Iterator[str]:
    facts = recipe_facts(found)
    about = f": {plain(facts['about'])}" if facts["about"] else "."
    yield f"A generative adversarial network that was trained by the recipe {plain(facts['name'])}{about}"
    yield ""
    yield f"Everything below was read from the files of its run. What they cannot tell is marked {BLANK}."


def _intended() -> Iterator[str]:
    yield f"- What it is for: {BLANK}"
    yield f"- What it must not be used for: {BLANK}"
    yield f"- Who answers for it: {BLANK}"


def _data(found: FoundRun) -> Iterator[str]:
    facts = data_facts(found)
    full = text(mapping(found.record.get("data")).get("fingerprint"), 64)
    rows = [row for row in facts["rows"] if row[0] != "fingerprint"]
    yield from _table(("", ""), [*rows, ["fingerprint (SHA-256)", full]])
    if facts["classes"]:
        yield ""
        yield from _table(("class", "pictures"), [[name, _count(of)] for name, of in facts["classes"][:MOST_CLASSES]])
        if facts["class_count"] > MOST_CLASSES:
            yield f"\n… and {facts['class_count'] - MOST_CLASSES:,} classes more."
    yield ""
    yield f"- Licence, or by what right the pictures may be used: {BLANK}"
    yield f"- Whether persons are to be seen, and whether they agreed: {BLANK}"
    yield f"- How the pictures were chosen, and what they leave out: {BLANK}"


def _recipe(found: FoundRun) -> Iterator[str]:
    facts = recipe_facts(found)
    changed = list(_changed(facts["root"], ""))
    if not facts["known"]:
        yield "The recipe is none of the package's: `recipe.json` of the run has all of it."
    elif not changed:
        yield "The recipe as it comes, with nothing set."
    else:
        yield "Set otherwise than the recipe has it:"
        yield ""
        yield from _table(("field", "value", "without"), changed[:MOST_CHANGED])
    if command := reproduction_facts(found)["command"]:
        yield ""
        yield from _code([command])


def _changed(part: dict[str, Any], path: str) -> Iterator[list[str]]:
    """Yield name, value and default of what was set, of a part and of those within it."""
    if part["new"] and part["instead_of"]:
        yield [path, part["kind"], part["instead_of"]]
    for field in part["fields"]:
        if field["default"] is not None:
            yield [f"{path}{'.' if path else ''}{field['name']}", field["value"], field["default"]]
    for inner in part["parts"]:
        yield from _changed(inner, f"{path}{'.' if path else ''}{inner['role']}")


def _training(found: FoundRun) -> Iterator[str]:
    record = found.record
    rows = [
        ["began", text(record.get("created"), 60)],
        ["images seen", _count(record.get("images_seen"))],
        ["seed", text(record.get("seed"))],
        ["ended", text(record.get("outcome"))],
        ["weights (SHA-256)", _weights(found)],
        ["rollbacks", text(record.get("rollbacks") or "")],
        ["began with the weights of", text(mapping(record.get("start")).get("run"))],
        *machine_facts(found)["rows"],
    ]
    yield from _table(("", ""), [row for row in rows if row[1]])


def _weights(found: FoundRun) -> str:
    try:
        return Kept.read(found.path, "generator").weights
    except UserError:  # a translator, or a run that has no generator yet
        return ""


def _scores(evaluations: Sequence[Evaluation], name: str) -> Iterator[str]:
    if not evaluations:
        yield "It was not evaluated. Scores come here after `ganache evaluate`:"
        yield ""
        yield from _code([f"ganache evaluate {_quoted(name)}"])
    for evaluation in evaluations:
        yield from _scored(evaluation)
        yield ""


def _scored(evaluation: Evaluation) -> Iterator[str]:
    samples, reference = evaluation.samples, evaluation.reference
    age = f", of the generator after {counted(samples.images_seen, 'image')}" if samples.images_seen is not None else ""
    reals = "endless" if reference.count is None else counted(reference.count, "real")
    yield (
        f"{counted(samples.count, 'sample')} (seed {samples.seed}{age}) against {reals} of {plain(reference.source)},"
        f" {plain(reference.split)}, fingerprint {plain(reference.fingerprint[:12])}. ↓ lower is better, ↑ higher."
    )
    yield ""
    titles = ("score", "value", "±", "", "features", "reals", "settings")
    yield from _table(titles, [_score(score) for score in evaluation.scores[:MOST_SCORES]])
    for warning in evaluation.warnings[:20]:
        yield f"\n- {plain(warning, 600)}"


def _score(score: Score) -> list[str]:
    protocol, features = score.protocol, score.protocol.features or {}
    checksum = text(features.get("checksum"), 64)[:12]
    seen = f"{text(features.get('name'), 60)}, version {text(features.get('version'))}" if features else ""
    known = "" if score.uncertainty is None else f"{score.uncertainty:.2g} ({score.uncertainty_kind})"
    settings = ", ".join(f"{key} {text(value, 60)}" for key, value in mapping(protocol.settings, 12).items())
    arrow = {"lower": "↓", "higher": "↑"}.get(score.better, "")
    return [score.name, score.text, known, arrow, f"{seen} {checksum}".strip(), _count(protocol.reals), settings]


def _groups(found: Fairness | None, name: str) -> Iterator[str]:
    if found is None:
        yield "Which groups it draws was not measured. They come here after `ganache fairness`:"
        yield ""
        yield from _code([f"ganache fairness {_quoted(name)}"])
        return
    first = found.draws[0]
    yield from (f"- {plain(sentence, 600)}" for sentence in found.sentences[:60])
    yield ""
    yield f"{plain(first.title).capitalize()}; expected is {plain(first.expected)}:"
    yield ""
    titles = ("group", "expected", "share", "interval", "", "recall (reals)", "coverage (reals)", "distance (reals)")
    yield from _table(titles, [_group(row) for row in first.rows[:MOST_GROUPS]])
    if len(first.rows) > MOST_GROUPS:
        yield f"\n… and {len(first.rows) - MOST_GROUPS:,} groups more."
    yield ""
    samples, held_out = first.evaluation.samples, sum(found.held_out.values())
    ways = f" in each of {len(found.draws)} ways" if len(found.draws) > 1 else ""
    yield (
        f"Groups are {plain(found.grouping)}. {counted(samples.count, 'sample')}{ways} (seed {samples.seed}); all"
        f" {found.statements:,} intervals hold at once with {found.confidence:.0%}, the classifier's errors on"
        f" {counted(held_out, 'held-out picture')} within them. `fairness.json` of the run has all of it."
    )
    yield from (f"\n- {plain(warning, 600)}" for warning in found.warnings[:20])


def _group(row: GroupRow) -> list[str]:
    def beside(value: float | None, of_reals: float | None) -> str:
        return "too few" if value is None or of_reals is None else f"{value:.3g} ({of_reals:.3g})"

    verdict = "" if row.verdict == "as expected" else row.verdict
    return [
        *(row.name, f"{row.expected:.2%}", f"{row.share:.2%}", f"{row.low:.2%} to {row.high:.2%}", verdict),
        beside(row.recall, row.recall_of_reals),
        beside(row.coverage, row.coverage_of_reals),
        beside(row.distance, row.distance_of_reals),
    ]


def _limits(found: FoundRun) -> Iterator[str]:
    shape = dict(data_facts(found)["rows"]).get("shape", "")
    if mapping(found.record.get("data")).get("columns"):
        yield f"- It draws {plain(shape)}, of the columns that it learnt from and no others."
    else:
        yield f"- It draws at one size ({plain(shape) or 'unknown'}): anything larger would be enlarged."
    health = health_of(found)
    for finding in (health or {}).get("findings", [])[:20]:
        yield f"- The doctor says: {plain(finding['evidence'], 600)}"
    if health is None:
        yield "- Its training was not examined."
    measured = {score.protocol.metric for evaluation in found.afterwards for score in evaluation.scores}
    measured |= {"recall"} if found.fairness else set()
    for metric, words in LOOKED_FOR.items():
        needed = metric != "label-accuracy" or found.tree.get("conditional")
        if needed and metric not in measured:
            yield f"- Not measured: {words} ({metric})."
    if found.fairness is None:
        yield "- Not measured: which groups it draws too rarely (`ganache fairness`)."
    yield "- It was compared with its own data. How well these stand for anything else was not measured."
    yield f"- What else is known to go wrong: {BLANK}"


def _sampling(found: FoundRun, name: str) -> Iterator[str]:
    folder = _quoted(name)
    if found.recipe is not None and found.recipe.translators:
        yield from _code([f"ganache translate {folder} pictures --out translated"])
        return
    balance = [f"ganache sample {folder} --balance --count 1000 --seed 1 --out even.npz"]
    yield from _code(
        [
            f"ganache sample {folder} --count 64 --seed 1 --out grid.png",
            *(balance if found.tree.get("conditional") else []),
            "ganache verify grid.png",
        ]
    )
    yield ""
    yield "Picture *i* depends on the seed, on *i* and on its class alone; its metadata say that it is generated."


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield "|---" * len(titles) + "|"
    for row in rows:
        yield f"| {' | '.join(plain(cell) for cell in row)} |"


def _code(lines: Iterable[str]) -> Iterator[str]:
    yield from ("```console", *(line.replace("`", "'") for line in lines), "```")


def _quoted(name: str) -> str:
    return shlex.quote(text(name, 200))


def _count(value: Any) -> str:
    known = number(value)
    return "" if known is None else f"{known:,.0f}"
