"""`ganache mark` and `ganache verify`."""

from pathlib import Path
from typing import Annotated

import typer

from ganache.cli.common import load_code, packing_bar
from ganache.cli.options import Code, Device, Images, JsonFile, RunPath, Seed, Settings, path_argument, path_option
from ganache.support.console import json_outputs, show, write_then_print
from ganache.support.errors import UserError


def mark(
    run: RunPath,
    out: Annotated[Path, path_option(help="A new folder: the run of the marked generator.")],
    bits: Annotated[int, typer.Option(help="Of the message, which is drawn anew each time: 24 to 256.")] = 32,
    message: Annotated[str | None, typer.Option(metavar="HEX", help="A message of one's own, drawn at random.")] = None,
    images: Images = None,
    data: Annotated[str | None, typer.Option(help="Where the run's data lies now.")] = None,
    seed: Seed = 0,
    device: Device = "auto",
    settings: Settings = None,
    code: Code = None,
) -> None:
    """Teach a generator to draw a fingerprint into every picture, and measure what is left of it after what."""
    from ganache.uses.marks import teaching
    from ganache.uses.marks.survival import table

    load_code(code)
    with packing_bar() as progress:
        done = teaching.mark(
            run,
            out,
            bits=bits,
            message=message,
            images=images or teaching.IMAGES,
            data=data,
            seed=seed,
            device=device,
            settings=settings or (),
            quiet=False,
            progress=progress,
        )
    if done.signal is None:
        show(table(teaching.examine(done.run, run, device=device)))
        show([f"all of it: {done.run / teaching.RECORD}"])


def verify(
    pictures: Annotated[list[Path], path_argument(metavar="PICTURE…", help="Pictures, or .npz files of samples.")],
    marked: Annotated[
        Path | None, path_option(metavar="RUN", help="Look for the fingerprint of this run of `ganache mark`.")
    ] = None,
    json: JsonFile = None,
) -> None:
    """Say what pictures tell of where they come from: metadata, credentials, a fingerprint."""
    from ganache.uses.marks.fingerprints import Fingerprint
    from ganache.uses.marks.verification import verify as verify_one

    fingerprint = None if marked is None else Fingerprint.load(marked)
    found = [verify_one(picture, fingerprint) for picture in pictures]
    lines = (line for finding in found for line in finding.lines())
    write_then_print(json_outputs(json, lambda: [finding.to_json() for finding in found]), lines)
    unread = sum(finding.statement is None for finding in found)
    if unread:
        raise UserError(f"verify: {unread} of {len(found)} could not be read")
