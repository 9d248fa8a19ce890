"""`ganache serve`: trained generators and translators over HTTP."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ganache.cli.common import marks_of, say
from ganache.cli.options import Code, Device, NoMetadata, Precision, path_argument, path_option
from ganache.support.console import show
from ganache.support.errors import UserError

TOKEN = "GANACHE_TOKEN"


def serve(
    runs: Annotated[
        list[Path], path_argument(metavar="RUN…", help="Runs' folders, or a generator.safetensors; each by its name.")
    ],
    host: Annotated[str, typer.Option(help="Where to listen; any but a loopback address needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.")] = 8000,
    token_file: Annotated[
        Path | None, path_option(metavar="FILE", help=f"Holds the token to be asked for; or {TOKEN} does.")
    ] = None,
    device: Device = "auto",
    precision: Precision = "fp32",
    no_metadata: NoMetadata = False,
    code: Code = None,
) -> None:
    """Draw from trained generators, and translate pictures, over HTTP and on a page of its own, until Ctrl-C."""
    try:
        from ganache.web.serve.http_server import Address, read_token
        from ganache.web.serve.http_server import serve as serve_at
    except ImportError as error:
        raise UserError(f"serve: {error.name} is not installed: pip install 'ganache[web]'") from error
    from ganache.web.serve.drawing_client import ServedRuns
    from ganache.web.serve.run_names import named

    token = read_token(token_file, os.environ.get(TOKEN))
    stopped = serve_at(
        ServedRuns(named(runs, say), device, precision, code),
        Address(host, port, token),
        _tell,
        marks=marks_of(no_metadata),
    )
    _tell(f"stopped by {stopped.name}" if stopped else "stopped")


def _tell(line: str) -> None:
    """Print a line at once; a full disk under the log is no reason not to serve."""
    with contextlib.suppress(OSError):
        show([line])
        sys.stdout.flush()
