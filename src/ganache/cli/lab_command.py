"""`ganache lab`: a playground in the browser."""

from typing import Annotated

import typer

from ganache.cli.options import Device, Size

DataOfLab = Annotated[str | None, typer.Option(help="Pictures of at most 64x64 to play with too: what train takes.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Where to listen on this machine; 0 takes a free one.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Print the address alone, and open nothing.")]


def lab(
    data: DataOfLab = None, port: Port = 0, no_browser: NoBrowser = False, size: Size = None, device: Device = "cpu"
) -> None:
    """Play with GANs in the browser, on the engine that trains them."""
    from ganache.web.lab.serving import run_lab

    run_lab(data, port=port, browser=not no_browser, size=size, device=device)
