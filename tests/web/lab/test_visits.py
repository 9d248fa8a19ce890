"""The lab's addresses: who is let in, who is not, and what a page is told."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the lab's server is not installed: pip install 'ganache[web]'")
pytest.importorskip("httpx2", reason="starlette's test client needs httpx2")

from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from ganache.web.lab.packets import head_of
from ganache.web.lab.visits import application
from tests.web.lab.test_laboratory import GAME, Pretended

PORT, TOKEN = 8123, "secret"
HOME = f"http://127.0.0.1:{PORT}"
SOCKET = f"/{TOKEN}/socket"
OURS = {"host": f"127.0.0.1:{PORT}", "origin": HOME}


@pytest.fixture
def hired() -> list[Pretended]:
    return []


@pytest.fixture
def client(hired: list[Pretended]) -> Iterator[TestClient]:
    def hire(number: int, heard: Callable[[bytes], None]) -> Pretended:
        hired.append(Pretended(number, heard))
        return hired[-1]

    app = application({"presets": []}, hire, ("ring",), TOKEN, PORT)
    with TestClient(app, base_url=HOME) as client:
        yield client


def told(socket: Any) -> dict[str, Any]:
    return head_of(socket.receive_bytes())


def test_the_page_is_at_its_secret_address_alone(client: TestClient) -> None:
    page = client.get(f"/{TOKEN}/")
    assert page.status_code == 200
    assert "Ganache lab" in page.text
    assert f"connect-src 'self' ws://127.0.0.1:{PORT}" in page.text
    assert [client.get(path).status_code for path in ("/", "/other/", f"/{TOKEN}/../")] == [404] * 3
    assert client.get("/static/lab.js").status_code == 200
    assert client.get("/static/../lab/desk.py").status_code == 404


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", ""])
def test_an_address_that_was_bent_to_here_is_refused(client: TestClient, host: str) -> None:
    assert client.get(f"/{TOKEN}/", headers={"host": host}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(SOCKET, headers={"host": host, "origin": f"http://{host}"}),
    ):
        pass


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1", f"https://127.0.0.1:{PORT}", ""])
def test_another_page_cannot_drive_it(client: TestClient, origin: str, hired: list[Pretended]) -> None:
    headers = {"host": f"127.0.0.1:{PORT}", **({"origin": origin} if origin else {})}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers=headers):
        pass
    assert not any(one.orders for one in hired)


def test_one_without_the_token_cannot_either(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/guess/socket", headers=OURS):
        pass


def test_a_page_is_greeted_and_plays(client: TestClient, hired: list[Pretended]) -> None:
    with client.websocket_connect(SOCKET, headers=OURS) as socket:
        assert told(socket) == {"is": "hello", "presets": [], "arrays": []}
        socket.send_json({"do": "begin", "games": [GAME], "seed": 2})
        socket.send_text("nonsense")
        assert told(socket)["line"] == "lab: a message is no JSON"
        assert [order["do"] for order in hired[0].orders] == ["begin"]
        socket.send_bytes(b"\0\1")
        assert told(socket)["line"] == "lab: a message is no JSON"


def test_a_page_that_comes_takes_the_place_of_the_one_before(client: TestClient, hired: list[Pretended]) -> None:
    with client.websocket_connect(SOCKET, headers=OURS) as first:
        assert told(first)["is"] == "hello"
        with client.websocket_connect(SOCKET, headers=OURS) as second:
            assert told(second)["is"] == "hello"
            assert told(first)["line"] == "the lab was opened in another window"
            first.send_json({"do": "begin", "games": [GAME], "seed": 2})
            second.send_text("")
            assert told(second)["is"] == "trouble"
            assert hired[0].orders == []


def test_the_process_is_there_before_the_page_and_goes_with_the_server(hired: list[Pretended]) -> None:
    def hire(number: int, heard: Callable[[bytes], None]) -> Pretended:
        hired.append(Pretended(number, heard))
        return hired[-1]

    with TestClient(application({}, hire, ("ring",), TOKEN, PORT), base_url=HOME):
        assert len(hired) == 1
    assert hired[0].dismissed
