import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ganache.evaluation.features.by_name import find
from ganache.evaluation.features.inception_weights import PublishedWeights
from ganache.support.errors import RunError, UserError

NAME = "pt_inception.pth"
TENSORS = {
    "fc.weight": torch.arange(6.0).reshape(2, 3),
    "a.bn.bias": torch.ones(4),
    "a.bn.num_batches_tracked": torch.tensor(0),
}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@dataclass
class Server:
    """A folder that is given out under an address."""

    folder: Path
    address: str

    @property
    def file(self) -> Path:
        return self.folder / NAME

    def publish(self, zipped: bool = True) -> PublishedWeights:
        """Publish a much smaller network's weights."""
        torch.save(TENSORS, self.file, _use_new_zipfile_serialization=zipped)
        sha256, size = hashlib.sha256(self.file.read_bytes()).hexdigest(), self.file.stat().st_size
        return PublishedWeights(sha256, size, ((self.address, NAME),), lambda: shapes(TENSORS))


def shapes(tensors: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("GANACHE_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield Server(folder, f"http://127.0.0.1:{running.server_port}/")
        running.shutdown()
        thread.join()


@pytest.fixture
def published(server: Server) -> PublishedWeights:
    return server.publish()


def same(found: tuple[dict[str, Tensor], str], checksum: str) -> None:
    tensors, known = found
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert known == checksum


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_are_downloaded_once_and_kept_without_pickle(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    published = server.publish(zipped)
    progress: list[tuple[int, int]] = []
    same(published.find(None, tmp_path / "cache", lambda *now: progress.append(now)), published.sha256)
    assert progress[-1] == (published.size, published.size)
    server.file.unlink()
    (tmp_path / "cache" / "downloads" / "inception" / NAME).unlink()
    monkeypatch.setattr(torch, "load", None)
    same(published.find(None, tmp_path / "cache"), published.sha256)


def test_a_damaged_copy_is_made_anew(published: PublishedWeights, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    published.find(None, cache)
    (kept,) = cache.rglob("*.safetensors")
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    same(published.find(None, cache), published.sha256)


def test_a_wrong_checksum_is_refused_and_says_what_to_do(
    server: Server, published: PublishedWeights, tmp_path: Path
) -> None:
    content = bytearray(server.file.read_bytes())
    content[-1] ^= 1
    server.file.write_bytes(content)
    place = tmp_path / "cache" / "downloads" / "inception"
    expected = f"needs {NAME} (SHA-256 {published.sha256}), which is not on this machine; put it into {place}, or name"
    with pytest.raises(RunError, match=re.escape(expected)) as caught:
        published.find(None, tmp_path / "cache")
    assert "wrong sha256 checksum" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_file_that_is_here_needs_no_network(
    server: Server, published: PublishedWeights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = server.file.read_bytes()
    server.file.unlink()
    places = {
        "told": tmp_path / "told" / "downloads" / "inception",
        "torch": tmp_path / "torch" / "hub" / "checkpoints",
        "data": tmp_path / "given" / "inception",
    }
    monkeypatch.setenv("GANACHE_DATA", str(tmp_path / "given"))
    for name, folder in places.items():
        folder.mkdir(parents=True)
        (folder / NAME).write_bytes(content)
        same(published.find(None, tmp_path / name), published.sha256)
        (folder / NAME).write_bytes(content[:-1])  # a torn one is not taken for it
        with pytest.raises(RunError, match="which is not on this machine"):
            published.find(None, tmp_path / f"{name} again")


def test_given_weights(server: Server, published: PublishedWeights, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    same(published.find(server.file, tmp_path / "untouched"), published.sha256)
    assert not (tmp_path / "untouched").exists()
    published.find(None, cache)
    (converted,) = cache.rglob("*.safetensors")
    same(published.find(converted, cache), published.sha256)
    other = tmp_path / "other.safetensors"
    save_file({name: tensor for name, tensor in TENSORS.items() if "tracked" not in name}, other)
    same(published.find(other, cache), hashlib.sha256(other.read_bytes()).hexdigest())


def test_an_unknown_pickle_is_never_opened(
    published: PublishedWeights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "load", None)
    path = tmp_path / "mine.pth"
    torch.save({**TENSORS, "fc.weight": torch.zeros(2, 3)}, path)
    with pytest.raises(UserError, match=rf"{path} has the SHA-256 [0-9a-f]{{64}}, not {published.sha256}"):
        published.find(path, tmp_path)


def test_what_is_unpickled_is_what_was_checked(
    server: Server, published: PublishedWeights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Exchanged(type(tmp_path)):  # type: ignore[misc]
        def read_bytes(self) -> bytes:
            return b"another file by now"

    monkeypatch.setattr(torch, "load", None)
    with pytest.raises(RunError, match="changed while it was read"):
        published.find(Exchanged(server.file), tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"fc.weight": torch.zeros(3, 2)}, r"fc.weight is \(3, 2\), not \(2, 3\)"),
     ({"fc.bias": torch.zeros(1)}, r"fc.bias is \(1,\), no part of Inception v3"),
     ({"fc.weight": None}, r"fc.weight is absent, not \(2, 3\)")],
)  # fmt: skip
def test_weights_that_do_not_fit(
    published: PublishedWeights, tmp_path: Path, change: dict[str, Tensor | None], reason: str
) -> None:
    path = tmp_path / "other.safetensors"
    save_file({name: one for name, one in {**TENSORS, **change}.items() if one is not None}, path)
    with pytest.raises(UserError, match=f"does not fit: {reason}"):
        published.find(path, tmp_path)


def test_files_that_are_no_weights(published: PublishedWeights, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a file"):
        published.find(tmp_path, tmp_path)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not weights at all")
    with pytest.raises(UserError, match=f"{broken} cannot be read"):
        published.find(broken, tmp_path)
    with pytest.raises(UserError, match="18 bytes, more than Inception v3 can have"):
        replace(published, size=8).find(broken, tmp_path)


def test_a_whole_file_of_weights(inception_weights: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_file(inception_weights, path)
    extractor = find("inception", weights=path)
    assert extractor.name == f"inception-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
