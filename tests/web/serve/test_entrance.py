"""Who may ask: names of hosts, tokens, pages of other sites, and how many at once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from ganache.support.errors import UserError
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.drawing_client import Commission, ServedRuns
from ganache.web.serve.entrance import host_name, hosts_for, is_loopback
from ganache.web.serve.http_server import Address, read_token, serve
from ganache.web.serve.messages import Message
from tests.web.serve.asking import Ask, Here, Reply, ask_once, asking

TOKEN = "correct-horse-battery"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:80", "[::1]:8000", "[::1]", "localhost."])
def test_a_server_on_a_loopback_answers_to_its_names(host: str) -> None:
    assert ask_once(Here(), "/api/runs", hosts=hosts_for("127.0.0.1"), headers={"host": host}).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "", "127.0.0.1.evil.example", "localhost@evil"])
@pytest.mark.parametrize("address", ["/", "/health", "/api/runs", "/metrics", "/openapi.json", "/nowhere"])
def test_and_to_no_other(host: str, address: str) -> None:
    """A page whose own name leads to this machine (DNS rebinding) is the same site as far as a browser knows."""
    reply = ask_once(Here(), address, hosts=hosts_for("127.0.0.1"), headers={"host": host})
    assert (reply.status, "another name" in reply.error) == (403, True)


def test_elsewhere_any_name_will_do_for_there_a_token_is_asked_for() -> None:
    assert hosts_for("0.0.0.0") is None
    assert [is_loopback(host) for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", "")] == [False] * 5
    assert host_name("[2001:db8::1]:80") == "2001:db8::1"


def test_pages_of_other_sites_may_not_ask() -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
        assert ask_once(Here(), "/api/runs", headers={"sec-fetch-site": site}).status == status


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe9"])
def test_without_the_token_nothing_is_said_about_runs(given: str) -> None:
    for address in ("/api/runs", "/api/runs/x/images", "/metrics", "/openapi.json", "/nowhere"):
        reply = ask_once(Here(), address, token=TOKEN, headers={"authorization": given})
        assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
        assert reply.error == "a token is needed: send the header Authorization: Bearer TOKEN"
    assert ask_once(Here(), "/health", token=TOKEN).status == 200


def test_with_it_they_are_told() -> None:
    for given in (f"Bearer {TOKEN}", f"bearer  {TOKEN} "):
        assert ask_once(Here(), "/api/runs", token=TOKEN, headers={"authorization": given}).json == {"runs": []}


def test_one_request_too_many_is_refused() -> None:
    """Three at once where two may be."""

    class Slow(Here):
        async def ask(self, asked: Commission) -> Message:
            await asyncio.sleep(0)
            raise AssertionError

    async def three(ask: Ask) -> Sequence[Reply]:
        return await asyncio.gather(*(ask("/api/runs", "GET") for _ in range(3)))

    replies = asking(three, Slow(), bounds=Bounds(requests=0))
    assert [reply.status for reply in replies] == [429] * 3
    assert replies[0].headers["retry-after"] == "1"
    assert ask_once(Here(), "/health", bounds=Bounds(requests=0)).status == 200


def test_every_answer_forbids_guesses_and_copies() -> None:
    for address in ("/api/runs", "/nowhere", "/health"):
        headers = ask_once(Here(), address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_metrics_count_requests_by_route_and_status() -> None:
    async def some(ask: Ask) -> Reply:
        for address in ("/api/runs", "/api/runs", "/api/runs/x", "/no%0A%22where"):
            await ask(address)
        return await ask("/metrics")

    reply = asking(some, Here())
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = reply.body.decode().splitlines()
    assert 'ganache_requests_total{route="/api/runs",status="200"} 2' in lines
    assert 'ganache_requests_total{route="/api/runs/{run}",status="404"} 1' in lines
    assert 'ganache_requests_total{route="none",status="404"} 1' in lines
    assert 'ganache_request_seconds_bucket{le="+Inf"} 4' in lines
    assert "ganache_request_seconds_count 4" in lines
    assert "ganache_open_requests 1" in lines  # this one
    named = [line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")]
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert all(any(name.startswith(one) for one in typed) for name in named)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"short\n", "token-file: a token has 16 characters or more"),
        (b"", "token-file: a token has 16 characters or more"),
        ("ein-langes-Schlüsselwort".encode(), "token-file: a token is of letters"),
        (b"two words are not a token", "token-file: a token is of letters"),
        (b"\xff" * 20, "token-file: "),
        (None, "token-file: "),
    ],
)
def test_a_bad_token_is_refused(content: bytes | None, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError) as refused:
        read_token(file, None)
    assert str(refused.value).startswith(complaint)


def test_a_token_comes_from_a_file_or_else_the_environment(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert read_token(tmp_path / "token", "something-else-entirely") == TOKEN
    assert read_token(None, TOKEN) == TOKEN
    assert read_token(None, "") is None


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        (Address("0.0.0.0"), "host: other machines may reach '0.0.0.0', so a token is needed: --token-file FILE"),
        (Address("::"), "host: other machines may reach '::', so a token is needed"),
        (Address("no such host", token=TOKEN), "host: 'no such host' is no address of this machine"),
        (Address(port=65_536), "port: 65536 is not between 0 and 65535"),
        (Address(port=-1), "port: -1 is not between 0 and 65535"),
    ],
)
def test_an_address_that_cannot_be_had_is_refused(address: Address, complaint: str) -> None:
    with pytest.raises(UserError) as refused:
        serve(ServedRuns({}), address, print)
    assert str(refused.value).startswith(complaint)
