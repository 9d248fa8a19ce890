"""The commands `codes` and `encode`, and how their mistakes end."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganache
from ganache.runs.encoders import load_encoder
from tests.commands import run_command
from tests.games.test_bigan import bigan
from tests.tiny import tiny_recipe

CODED = ganache.MLPGenerator(latent=ganache.Coded(size=14, categories=(10,), continuous=2), widths=(8,))


def draw_pictures(folder: Path, count: int) -> Path:
    """Write grey pictures of 8×8 pixels: 0, 3, 6, …"""
    folder.mkdir()
    for number in range(count):
        Image.fromarray(np.full((8, 8), 3 * number, np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def inverted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with an encoder; tests must not change it."""
    out = tmp_path_factory.mktemp("runs") / "pairs"
    return ganache.train(bigan(name="pairs"), data="digits", out=out, images=32).run


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run whose latents hold codes; tests must not change it."""
    out = tmp_path_factory.mktemp("runs") / "coded"
    return ganache.train(tiny_recipe(generator=CODED), data="digits", out=out, images=16).run


def test_codes_are_drawn_from_a_run_and_from_a_bare_generator(coded: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "codes.png"
    ended = run_command("codes", coded, "--out", out, "--seed", 5)
    assert ended == (0, f"the codes from seed 5: {out}\n", "")
    again, other = tmp_path / "again.png", tmp_path / "other.png"
    assert run_command("codes", coded / "generator.safetensors", "--out", again, "--seed", 5).status == 0
    assert run_command("codes", coded, "--out", other).status == 0
    assert again.read_bytes() == out.read_bytes()
    assert other.read_bytes() != out.read_bytes()
    with Image.open(out) as picture:
        assert picture.size[0] < picture.size[1]  # ten columns, five rows for each of three codes


def test_pictures_are_encoded_as_the_library_does(inverted: Path, tmp_path: Path) -> None:
    pictures, out, pairs = draw_pictures(tmp_path / "grey", 5), tmp_path / "z.npz", tmp_path / "pairs.png"
    ended = run_command("encode", inverted, pictures, "--out", out, "--picture", pairs)
    assert ended == (0, f"5 latents: {out}\nreconstructions: {pairs}\n", "")
    images = np.repeat(np.arange(0, 15, 3, dtype=np.uint8), 64).reshape(5, 1, 8, 8)
    with np.load(out, allow_pickle=False) as archive:
        assert np.array_equal(archive["latents"], load_encoder(inverted).encode(images))
    with Image.open(pairs) as picture:
        assert picture.size[0] > picture.size[1]  # five beside each other, two rows
    alone = tmp_path / "alone.npz"
    assert run_command("encode", inverted, pictures, "--out", alone).output == f"5 latents: {alone}\n"
    assert alone.read_bytes() == out.read_bytes()


def test_a_folder_with_a_sets_name_is_mentioned(
    inverted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    draw_pictures(tmp_path / "digits", 2)
    ended = run_command("encode", inverted, "digits", "--out", "z.npz")
    assert (ended.status, ended.output) == (0, "1,797 latents: z.npz\n")
    assert "the folder ./digits was not taken" in ended.complaints
    assert run_command("encode", inverted, "./digits", "--out", "z.npz") == (0, "2 latents: z.npz\n", "")


MISTAKES = [
    ("codes nowhere --out x.png", "no generator at 'nowhere'"),
    ("codes . --out x.png", "is not a run"),
    ("codes CODED", "Missing option '--out'"),
    ("codes PAIRS --out x.png", "hold no codes"),
    ("codes CODED --out x.txt", ".png"),
    ("codes CODED --out x", ".png"),
    ("encode PAIRS digits --out z.npz --picture p.txt", ".png"),
    ("codes CODED --out x.png --seed -1", "seed: -1"),
    ("codes CODED --out x.png --device tpu", "auto, cpu, cuda, mps"),
    ("codes CODED --out x.png --count 3", "No such option: --count"),
    ("encode nowhere digits --out z.npz", "no encoder at 'nowhere'"),
    ("encode . digits --out z.npz", "is not a run"),
    ("encode CODED digits --out z.npz", "there is no encoder at"),
    ("encode CODED/generator.safetensors digits --out z.npz", "does not hold an encoder"),
    ("encode PAIRS --out z.npz", "Missing argument 'PICTURES'"),
    ("encode PAIRS digits", "Missing option '--out'"),
    ("encode PAIRS digits --out z.npy", "it ends in .npz"),
    ("encode PAIRS nothing --out z.npz", "'nothing'"),
    ("encode PAIRS digit --out z.npz", "did you mean 'digits'?"),
    ("encode PAIRS ring --out z.npz", "'ring'"),
    ("encode PAIRS PAIRS --out z.npz", "is a run"),
    ("encode PAIRS digits --out z.npz --device tpu", "auto, cpu, cuda, mps"),
    ("encode PAIRS digits --out z.npz --code no.py", "no Python file 'no.py'"),
    ("encode CODED digits --out z.npz --picture p.png", "there is no encoder at"),
]


@pytest.mark.parametrize(("words", "expected"), MISTAKES)
def test_a_mistake_costs_one_line_and_writes_nothing(
    words: str, expected: str, coded: Path, inverted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run_command(*words.replace("CODED", str(coded)).replace("PAIRS", str(inverted)).split())
    assert (ended.status, ended.output) == (2, "")
    assert expected in ended.complaints
    assert ended.complaints.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_a_failure(coded: Path, inverted: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for words in (
        ("codes", coded, "--out", tmp_path / "file" / "x.png"),
        ("encode", inverted, draw_pictures(tmp_path / "grey", 2), "--out", tmp_path / "file" / "z.npz"),
    ):
        ended = run_command(*words)
        assert (ended.status, ended.output, ended.complaints.count("\n")) == (1, "", 1)
