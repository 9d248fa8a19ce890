import hashlib
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ganache.evaluation import features
from ganache.evaluation.features import inception_weights as module
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


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder that a server gives out, holding the only published file of a much smaller network."""
    folder = tmp_path / "served"
    folder.mkdir()
    publish(folder / NAME, monkeypatch)
    monkeypatch.setattr(module, "expected_shapes", lambda: {name: tuple(one.shape) for name, one in TENSORS.items()})
    monkeypatch.setattr(module, "InceptionExtractor", lambda *given: given)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("GANACHE_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setattr(module, "PUBLISHED", ((f"http://127.0.0.1:{server.server_port}/", NAME),))
        yield folder
        server.shutdown()
        thread.join()


def publish(path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool = True, content: Any = None) -> None:
    torch.save(content or TENSORS, path, _use_new_zipfile_serialization=zipped)
    monkeypatch.setattr(module, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(module, "SIZE", path.stat().st_size)


def same(extractor: Any, published: bool = True) -> None:
    tensors, checksum, found_published, _ = extractor
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert (checksum == module.SHA256) == found_published == published


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_are_downloaded_once_and_kept_without_pickle(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    publish(served / NAME, monkeypatch, zipped)
    progress: list[tuple[int, int]] = []
    same(module.inception(cache=tmp_path / "cache", progress=lambda *now: progress.append(now)))
    assert progress[-1] == (module.SIZE, module.SIZE)
    (served / NAME).unlink()
    (tmp_path / "cache" / "downloads" / "inception" / NAME).unlink()
    monkeypatch.setattr(torch, "load", None)
    same(module.inception(cache=tmp_path / "cache"))


def test_a_damaged_copy_is_made_anew(served: Path, tmp_path: Path) -> None:
    module.inception(cache=tmp_path)
    (kept,) = tmp_path.rglob("*.safetensors")
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    same(module.inception(cache=tmp_path))


def test_a_wrong_checksum_is_refused_and_says_what_to_do(served: Path, tmp_path: Path) -> None:
    content = bytearray((served / NAME).read_bytes())
    content[-1] ^= 1
    (served / NAME).write_bytes(content)
    place = tmp_path / "cache" / "downloads" / "inception"
    expected = f"needs {NAME} (SHA-256 {module.SHA256}), which is not on this machine; put it into {place}, or name"
    with pytest.raises(RunError, match=re.escape(expected)) as caught:
        module.inception(cache=tmp_path / "cache")
    assert "wrong sha256 checksum" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_file_that_is_here_needs_no_network(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (served / NAME).read_bytes()
    (served / NAME).unlink()
    places = {
        "told": tmp_path / "told" / "downloads" / "inception",
        "torch": tmp_path / "torch" / "hub" / "checkpoints",
        "data": tmp_path / "given" / "inception",
    }
    for name, folder in places.items():
        folder.mkdir(parents=True)
        (folder / NAME).write_bytes(content)
        monkeypatch.setenv("GANACHE_DATA", str(tmp_path / "given"))
        same(module.inception(cache=tmp_path / name))
        (folder / NAME).write_bytes(content[:-1])  # a torn one is not taken for it
        with pytest.raises(RunError, match="which is not on this machine"):
            module.inception(cache=tmp_path / f"{name} again")


def test_given_weights(served: Path, tmp_path: Path) -> None:
    same(module.inception(served / NAME, cache=tmp_path / "untouched"))
    assert not (tmp_path / "untouched").exists()
    module.inception(cache=tmp_path / "cache")
    (converted,) = (tmp_path / "cache").rglob("*.safetensors")
    same(module.inception(converted))
    other = tmp_path / "other.safetensors"
    save_file({name: tensor for name, tensor in TENSORS.items() if "tracked" not in name}, other)
    same(module.inception(other), published=False)


def test_an_unknown_pickle_is_never_opened(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "load", None)
    path = tmp_path / "mine.pth"
    torch.save({**TENSORS, "fc.weight": torch.zeros(2, 3)}, path)
    with pytest.raises(UserError, match=rf"{path} has the SHA-256 [0-9a-f]{{64}}, not {module.SHA256}"):
        module.inception(path)


def test_what_is_unpickled_is_what_was_checked(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "exchanged.pth"
    torch.save({**TENSORS, "fc.weight": torch.zeros(2, 3)}, path)
    monkeypatch.setattr(module, "_sha256", lambda path: module.SHA256)
    monkeypatch.setattr(torch, "load", None)
    with pytest.raises(RunError, match="changed while it was read"):
        module.inception(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"fc.weight": torch.zeros(3, 2)}, r"fc.weight is \(3, 2\), not \(2, 3\)"),
     ({"fc.bias": torch.zeros(1)}, r"fc.bias is \(1,\), no part of Inception v3"),
     ({"fc.weight": None}, r"fc.weight is absent, not \(2, 3\)")],
)  # fmt: skip
def test_weights_that_do_not_fit(served: Path, tmp_path: Path, change: dict[str, Tensor | None], reason: str) -> None:
    path = tmp_path / "other.safetensors"
    save_file({name: one for name, one in {**TENSORS, **change}.items() if one is not None}, path)
    with pytest.raises(UserError, match=f"does not fit: {reason}"):
        module.inception(path)


def test_files_that_are_no_weights(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="is not a file"):
        module.inception(tmp_path)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not weights at all")
    with pytest.raises(UserError, match=f"{broken} cannot be read"):
        module.inception(broken)
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    with pytest.raises(UserError, match="18 bytes, more than Inception v3 can have"):
        module.inception(broken)


def test_a_whole_file_of_weights(inception_weights: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_file(inception_weights, path)
    extractor = features.find("inception", weights=path)
    assert extractor.name == f"inception-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
