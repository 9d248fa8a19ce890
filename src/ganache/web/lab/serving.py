"""The lab on an address of this machine: found, told, opened, and served until it is stopped."""

import secrets
import socket
import webbrowser
from typing import Any

from ganache import recipes
from ganache.data.sources.densities import DENSITIES
from ganache.engine.devices import choose_device
from ganache.games import TwoPlayers
from ganache.support.errors import UserError, reason
from ganache.web.lab.presets import presets

HOST = "127.0.0.1"
DRAWN, PICTURES = "drawn", "digits"


def run_lab(data: str | None, *, port: int, browser: bool, size: str | None, device: str) -> None:
    """Serve the lab until it is interrupted. Raises UserError for a port that is taken, or what is not installed."""
    try:
        import uvicorn

        from ganache.web.lab.assistants import Assistant
        from ganache.web.lab.visits import application
    except ImportError as error:
        raise UserError("lab: it comes with a web server: pip install 'ganache[web]'") from error
    kind = choose_device(device).type
    sources = tuple(dict.fromkeys([*DENSITIES, PICTURES, *([data] if data else [])]))
    with listening(port) as listener:
        port, token = listener.getsockname()[1], secrets.token_urlsafe(12)
        app = application(
            hello(sources), lambda number, heard: Assistant(number, heard, kind, size), sources, token, port
        )
        address = f"http://{HOST}:{port}/{token}/"
        print(f"the lab is at {address} (Ctrl-C ends it)", flush=True)
        if browser:
            webbrowser.open(address)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws_max_size=2**17, lifespan="on"))
        server.run(sockets=[listener])
        raise KeyboardInterrupt  # nothing else ends it, and the signal is not passed on where it came early


def hello(sources: tuple[str, ...]) -> dict[str, Any]:
    """Return what a page is told first: the parts, the recipes of two players, the presets, and the data."""
    from ganache.web.lab.offers import catalogue

    found = {name: recipes.find(name) for name in recipes.names()}
    playable = {name: one.model_dump(mode="json") for name, one in found.items() if isinstance(one, TwoPlayers)}
    return {
        "catalogue": catalogue(),
        "recipes": playable,
        "presets": [preset.to_json() for preset in presets()],
        "data": [*sources, DRAWN],
    }


def listening(port: int) -> socket.socket:
    """Return a socket that listens on this machine alone."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise UserError(f"port: {port} cannot be listened on: {reason(error)}") from None
    return listener
