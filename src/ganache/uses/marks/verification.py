"""What can be found out of where a picture comes from: what it says, who signed it. What the command `verify` does."""

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganache.drawing.credentials import credentials_of
from ganache.drawing.origins import SHORT
from ganache.support.errors import UserError, shown
from ganache.support.files import at_home
from ganache.uses.marks.fingerprints import Fingerprint
from ganache.uses.marks.statements import FORMATS, Statement, statement_of

_NOT_READ = {"state": "not read", "why": ["pip install 'ganache[provenance]' reads them"]}


@dataclass(frozen=True)
class Verified:
    """All that was found of one picture."""

    picture: str
    statement: Statement | None  # None: it cannot be read
    credentials: dict[str, Any] | None = None  # None: there are none
    problem: str = ""
    fingerprint: dict[str, Any] | None = None  # None: none was looked for

    def lines(self) -> list[str]:
        """Return it for people: what was found first, then what the picture says, each row of it called so."""
        if self.statement is None:
            return [f"{self.picture}: {self.problem}"]
        said = self.statement
        verdict = "says that it is generated" if said.says_generated else "does not say that it is generated"
        found = [f"  {'credentials':<15}{self._credentials()}", *self._fingerprint()]
        return [f"{self.picture}: {verdict}", *found, *_told(said)]

    def to_json(self) -> dict[str, Any]:
        """Return it by name."""
        said = self.statement
        if said is None:
            return {"picture": self.picture, "problem": self.problem}
        return {
            "picture": self.picture,
            "format": said.kind,
            "says_generated": said.says_generated,
            "source_type": said.source_type,
            "software": said.software,
            "provenance": dict(said.provenance),
            "credentials": self.credentials,
            "fingerprint": self.fingerprint,
        }

    def _fingerprint(self) -> list[str]:
        found = self.fingerprint
        if found is None:
            return []
        verdict = "marked" if found["marked"] else "not marked"
        agree = f"{found['agreeing']} of {found['bits']} bits agree, by chance with p = {found['chance']:.2g}"
        own = ["  weights        those of the marked generator"] if found["own_weights"] else []
        return [*own, f"  {'fingerprint':<15}{verdict}: {agree}"]

    def _credentials(self) -> str:
        found = self.credentials
        if found is None:
            return "none"
        by = f", signed by {found['signed_by']}" if found.get("signed_by") else ""
        made = f", made by {found['made_by']}" if found.get("made_by") else ""
        why = f" ({', '.join(found['why'])})" if found.get("why") else ""
        return f"{found['state']}{by}{made}{why}"


def verify(picture: str | Path, fingerprint: Fingerprint | None = None) -> Verified:
    """Return what is found of a picture or an .npz; one that cannot be read is a finding too.

    A `fingerprint` is looked for in pictures.
    """
    path = at_home(picture)
    try:
        statement = statement_of(path)
        read = None
        if fingerprint is not None and statement.kind in FORMATS:
            said = str(statement.provenance.get("weights", ""))
            own = len(said) == SHORT and fingerprint.weights.startswith(said)
            read = {**fingerprint.of_file(path), "own_weights": own}
        return Verified(str(path), statement, _credentials(path, statement.kind), fingerprint=read)
    except UserError as error:
        return Verified(str(path), None, problem=str(error).removeprefix("picture: ").removeprefix("pictures: "))


def _told(said: Statement) -> Iterator[str]:
    """Yield what a picture says of itself, which anybody may have written and which must not look like a finding."""
    facts = [("source type", said.source_type), ("software", said.software), *said.provenance.items()]
    for name, value in dict.fromkeys((name.replace("_", " "), value) for name, value in facts):
        if value != "":
            row = shown(f"{name} = {value}")
            yield f"  {'it says':<15}{re.sub(' +', ' ', row)}"  # or many spaces would fill up a line and begin another


def _credentials(path: Path, kind: str) -> dict[str, Any] | None:
    if kind not in FORMATS:
        return None
    content = path.read_bytes()
    if b"c2pa" not in content:  # the label of the box in which credentials lie
        return None
    return credentials_of(content, kind) if importlib.util.find_spec("c2pa") else dict(_NOT_READ)
