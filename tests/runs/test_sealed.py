import contextlib
import errno
import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ganache.runs import sealed
from ganache.runs.sealed import DamagedError
from ganache.support.errors import RunError

DESCRIPTION: dict[str, Any] = {"name": "test", "list": [1, 2.5, None, True], "nested": {"a": "b"}}


def tensors() -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(0)
    return {
        "weights": torch.randn(3, 4, generator=random),
        "turned": torch.randn(3, 2, generator=random).T,
        "double": torch.randn(2, generator=random, dtype=torch.float64),
        "half": torch.randn(3, generator=random).bfloat16(),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "scalar": torch.tensor(7),
        "flag": torch.tensor([True, False]),
        "empty": torch.zeros(0, 3),
        "learning": torch.ones(2, requires_grad=True),
    }


def saved(path: Path) -> bytes:
    sealed.save(path, tensors(), DESCRIPTION)
    return path.read_bytes()


def test_what_was_saved_comes_back_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.safetensors"
    saved(path)
    found, description = sealed.load(path)
    assert description == DESCRIPTION
    assert set(found) == set(tensors())
    for name, tensor in tensors().items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert torch.equal(found[name], tensor)


def test_a_file_that_was_damaged_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    whole = saved(path)
    path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])  # its header is as it was
    assert not sealed.is_whole(path)
    assert saved(path) == whole


def test_equal_states_are_equal_bytes_in_whatever_order_they_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = saved(tmp_path / "a.safetensors")
    monkeypatch.setattr("time.time", lambda: 3e9)
    sealed.save(
        tmp_path / "other name.safetensors",
        dict(reversed(tensors().items())),
        dict(reversed(DESCRIPTION.items())),
    )
    assert (tmp_path / "other name.safetensors").read_bytes() == first


@pytest.mark.parametrize("change", ["value", "sign of zero", "name", "dtype", "shape", "description", "missing"])
def test_the_checksum_covers_everything(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.safetensors"
    content, description = {"a": torch.zeros(2, 2), "b": torch.ones(3)}, {"x": 1}
    sealed.save(path, content, description)
    with safe_open(path, framework="pt") as file:
        kept = json.loads(file.metadata()[sealed.METADATA_KEY])
    if change == "value":
        content["a"][1, 1] = 1e-30
    elif change == "sign of zero":
        content["a"][1, 1] = -0.0
    elif change == "name":
        content["c"] = content.pop("b")
    elif change == "dtype":
        content["b"] = content["b"].view(torch.int32)
    elif change == "shape":
        content["a"] = content["a"].reshape(4)
    elif change == "description":
        kept["x"] = 2
    else:
        del content["b"]
    save_file(content, path, {sealed.METADATA_KEY: json.dumps(kept)})
    with pytest.raises(DamagedError, match="is damaged: its content does not match its checksum"):
        sealed.load(path)


def test_no_flipped_bit_is_overlooked(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    whole = saved(path)
    for position in range(len(whole)):
        for bit in range(8) if position < 16 else (position % 8, 5):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(DamagedError) as found:
                sealed.load(path)
            assert "\n" not in str(found.value), (position, bit)


def test_no_lost_or_added_byte_is_overlooked(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    whole = saved(path)
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedError):
            sealed.load(path)
    for extra in (b"\0", b"x" * 1000, whole):
        path.write_bytes(whole + extra)
        with pytest.raises(DamagedError):
            sealed.load(path)
    path.write_bytes(whole[:-64] + bytes(64))
    with pytest.raises(DamagedError):
        sealed.load(path)


FOREIGN = {
    "empty": b"",
    "text": b"this is no checkpoint, " * 40,
    "zeros": bytes(4096),
    "ones": b"\xff" * 4096,
    "pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "zip": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_none_of_ours_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"a\.safetensors cannot be read: ."):
        sealed.load(path)


def test_a_folder_and_an_absent_file_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.safetensors"):
        with pytest.raises(DamagedError, match="cannot be read"):
            sealed.load(path)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"other": "{}"},
        {"ganache": "null"},
        {"ganache": "[1]"},
        {"ganache": "{}"},
        {"ganache": '"sha256"'},
        {"ganache": '{"sha256": null}'},
        {"ganache": '{"sha256": "0"}'},
        {"ganache": "{"},
        {"ganache": ""},
        {"ganache": "1" * 10_000},
        {"ganache": "[" * 100_000},
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_safetensors_file_with_another_description_is_damaged(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata)
    with pytest.raises(DamagedError) as found:
        sealed.load(path)
    assert "\n" not in str(found.value)


@contextlib.contextmanager
def at_most_bytes(count: int) -> Iterator[None]:
    """Have the system refuse larger files, as a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    before = saved(path)
    with pytest.raises(RunError, match=rf"^could not write {path}: .*File too large") as failed, at_most_bytes(100):
        sealed.save(path, {"a": torch.ones(3_000)}, {})
    assert "\n" not in str(failed.value)
    assert not isinstance(failed.value, DamagedError)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_does_not_keep_what_it_took_fails_the_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    before = saved(path)

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RunError, match="Input/output error"):
        sealed.save(path, {"a": torch.ones(3)}, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_weights_that_are_tied_are_saved_as_both_their_names(tmp_path: Path) -> None:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    pair = nn.Sequential(first, second)
    sealed.save(tmp_path / "a.safetensors", dict(pair.state_dict()), {})
    found, _ = sealed.load(tmp_path / "a.safetensors")
    assert torch.equal(found["0.weight"], found["1.weight"])
    pair.load_state_dict(found)


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"")


def test_the_newest_is_the_one_with_the_most_images(tmp_path: Path) -> None:
    make(tmp_path, "00000900.safetensors", "00001000.safetensors", "123456789.safetensors", "00000000.safetensors")
    make(
        tmp_path,
        "x.safetensors",
        ".00002000.safetensors.ab.partial",
        ".00002000.safetensors.ab.partial.safetensors",
        "00003000.safetensors.damaged",
        "4000.png",
    )
    assert [path.name for path in sealed.newest(tmp_path)] == [
        "123456789.safetensors",
        "00001000.safetensors",
        "00000900.safetensors",
        "00000000.safetensors",
    ]
    chosen = sealed.newest(tmp_path, lambda images: images % 1000 == 0)
    assert [path.name for path in chosen] == ["00001000.safetensors", "00000000.safetensors"]
    assert sealed.newest(tmp_path / "absent") == []


def test_pruning_keeps_the_last_and_the_wanted(tmp_path: Path) -> None:
    make(tmp_path, *(f"{images:08d}.safetensors" for images in range(0, 1000, 100)), "x.safetensors", "00000100.png")
    sealed.prune(tmp_path, keep_last=3, keep=lambda images: images % 400 == 0)
    left = sorted(path.name for path in tmp_path.iterdir())
    kept = [f"{images:08d}.safetensors" for images in (0, 400, 700, 800, 900)]
    assert left == sorted(["00000100.png", *kept, "x.safetensors"])
