"""A lab that is served to all browser tests of a session: its processes take seconds to start."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.web.browser import missing

TOKEN = "secret"


@pytest.fixture(scope="session")
def lab_address() -> Iterator[str]:
    """The address of a lab's page; skipped where there is no browser to open it."""
    if why := missing():
        pytest.skip(why)
    uvicorn = pytest.importorskip("uvicorn", reason="the lab's server is not installed: pip install 'ganache[web]'")
    from ganache.web.lab.assistants import Assistant
    from ganache.web.lab.serving import hello, listening
    from ganache.web.lab.visits import application

    sources = ("ring", "two-moons", "digits")
    with listening(0) as listener:
        port = listener.getsockname()[1]
        app = application(
            hello(sources), lambda number, heard: Assistant(number, heard, "cpu", None), sources, TOKEN, port
        )
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}/{TOKEN}/"
        server.should_exit = True
        thread.join()
