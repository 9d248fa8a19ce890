"""The file of a model card: written anew as long as nobody has edited it, and beside it where somebody has."""

import hashlib
from pathlib import Path

from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.support.files import write_text
from ganache.web.report.found import FoundRun, find_run
from ganache.web.report.model_card import model_card

MOST_BYTES = 2**24  # of a card that is read; a longer one is nobody's but its writer's
_SEAL = "<!-- Written by Ganache, and written anew until somebody edits it: "
_END = " -->\n"


def card_place(run: Path, out: Path | None = None) -> Path:
    """Return where the card of a run is written: into its folder or to `out`, or beside one that a person has edited.

    Raises UserError where the one beside was edited too.
    """
    place = out or Run(run).card_file
    if not is_edited(place):
        return place
    beside = place.with_name(f"{place.stem}.new{place.suffix}")
    if is_edited(beside):
        raise UserError(f"card: {place} and {beside} were both edited; move one of them away")
    return beside


def write_card(run: Path, place: Path) -> None:
    """Write the card of a run to a place that `card_place` found.

    Raises UserError where there is no run, RunError when the disk refuses.
    """
    write_text(place, sealed_card(find_run(run)))


def sealed_card(found: FoundRun) -> str:
    """Return the card of a run with a last line that tells whether it was edited since."""
    card = model_card(found)
    return f"{card}\n{_SEAL}{_digest(card)}{_END}"


def is_edited(path: Path) -> bool:
    """Return whether there is a file that is not as Ganache wrote it."""
    if not path.is_file():
        return False
    try:
        if path.stat().st_size > MOST_BYTES:
            return True
        card, seal, digest = path.read_text(encoding="utf-8").rpartition(f"\n{_SEAL}")
    except (OSError, UnicodeDecodeError):
        return True
    return not seal or digest != f"{_digest(card)}{_END}"


def _digest(card: str) -> str:
    return hashlib.sha256(card.encode(errors="backslashreplace")).hexdigest()
