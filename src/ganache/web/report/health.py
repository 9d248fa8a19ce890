"""What the doctor says of a run's log."""

from typing import Any

from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.examination import examine_chart
from ganache.support.errors import UserError
from ganache.support.json_files import well_formed
from ganache.web.report.found import FoundRun
from ganache.web.report.plain import text


def health_of(found: FoundRun) -> dict[str, Any] | None:
    """Return the findings with their evidence and commands, and what was looked for; None where nothing can be said."""
    if found.recipe is None or not found.lines:
        return None
    try:
        with well_formed(str(found.run.record_file)):
            examined = examine_chart(str(found.path), Chart(found.lines, found.recipe, found.record)).to_json()
    except UserError as error:
        found.missing.append(f"The doctor cannot say anything: {error}")
        return None
    names = [finding["name"] for finding in examined["findings"]]
    looked = examined["looked_for"]
    return {
        "findings": [
            {**{name: text(finding[name]) for name in ("name", "confidence", "evidence", "advice", "command")}}
            | {"settings": [text(setting) for setting in finding["settings"]]}
            for finding in examined["findings"]
        ],
        "absent": [name for name, seen in looked.items() if seen and name not in names],
        "unseen": [name for name, seen in looked.items() if not seen and name not in names],
    }
