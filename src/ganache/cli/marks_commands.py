"""`ganache verify`."""

from pathlib import Path
from typing import Annotated

from ganache.cli.options import JsonFile, path_argument
from ganache.support.console import json_outputs, write_then_print
from ganache.support.errors import UserError


def verify(
    pictures: Annotated[list[Path], path_argument(metavar="PICTURE…", help="Pictures, or .npz files of samples.")],
    json: JsonFile = None,
) -> None:
    """Say what pictures tell of where they come from: metadata and credentials."""
    from ganache.uses.marks.verification import verify as verify_one

    found = [verify_one(picture) for picture in pictures]
    lines = (line for finding in found for line in finding.lines())
    write_then_print(json_outputs(json, lambda: [finding.to_json() for finding in found]), lines)
    unread = sum(finding.statement is None for finding in found)
    if unread:
        raise UserError(f"verify: {unread} of {len(found)} could not be read")
