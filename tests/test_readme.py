"""Every command and program in the README runs, with smaller budgets and data that the test makes."""

import gzip
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganache.cli import app
from ganache.scratch.command_line import main as scratch_main
from tests.commands import run_command

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith(("ganache ", "python -m ganache.scratch "))
]
TINY = {
    "dcgan": ["--set", "generator.width=4", "--set", "discriminator.width=4"],
    "vanilla": ["--set", "generator.widths=[8]", "--set", "discriminator.widths=[8]"],
    "pix2pix": ["--set", "translator.width=4", "--set", "discriminator.width=4"],
    "stylegan2": [
        word
        for role in ("generator", "discriminator")
        for name, value in (("channel_base", 64), ("channel_max", 8))
        for word in ("--set", f"{role}.{name}={value}")
    ],
    "mlp-2d": ["--set", "generator.widths=[8]", "--set", "discriminator.widths=[8]"],
    "mlp-rows": ["--set", "generator.widths=[8]", "--set", "discriminator.widths=[8]"],
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos/, photos.zip, examples/ and a small MNIST, as its user would have."""
    folder = tmp_path_factory.mktemp("readme")
    random = np.random.default_rng(0)
    for label in ("cats", "dogs"):
        (folder / "photos" / label).mkdir(parents=True)
        for number in range(6):
            pixels = random.integers(0, 256, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "photos" / label / f"{number}.jpg")
    subprocess.run([sys.executable, "-m", "zipfile", "-c", "photos.zip", "photos"], cwd=folder, check=True)
    (folder / "examples").symlink_to(ROOT / "examples")
    mnist = folder / "data" / "mnist"
    mnist.mkdir(parents=True)
    for name, count in (("train", 40), ("t10k", 10)):
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8).tobytes()
        labels = (np.arange(count) % 10).astype(np.uint8).tobytes()
        sizes = b"".join(side.to_bytes(4) for side in (count, 28, 28))
        (mnist / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x08\x03" + sizes + images))
        (mnist / f"{name}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(b"\0\0\x08\x01" + count.to_bytes(4) + labels)
        )
    return folder


TOGETHER = re.findall(r"^torchrun --nproc-per-node=2 -m (ganache .*)$", README, re.MULTILINE)


def smaller(command: str) -> list[str]:
    """Return a README command's words with a budget that a test can afford."""
    words = shlex.split(command.removeprefix("python -m ganache.scratch").removeprefix("ganache"))
    if "ganache.scratch" in command:
        return [*words, "--epochs", "1", "--batch", "2"]
    for option, value in (("--images", "32"), ("--time", "0.1s"), ("--frames", "3"), ("--batch", "8")):
        if option in words:
            words[words.index(option) + 1] = value
    if words[0] in ("judge", "evaluate"):
        words[words.index("--count") + 1] = "20"
    if words[0] == "project":
        words[words.index("--count") + 1] = "2"
        words += ["--steps", "2"]
    if words[0] == "resume" and "--images" in words:
        words[words.index("--images") + 1] = "64"
    if words[0] == "train":
        recipe = words[1] if not words[1].startswith("--") else "dcgan"
        words += TINY.get(recipe, [])
        words += [] if {"--images", "--time"} & set(words) else ["--images", "32"]
        words += [] if "--batch" in words else ["--batch", "8"]
    return words


def test_the_readmes_commands_run_in_their_order(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(COMMANDS) >= 18
    monkeypatch.chdir(workplace)
    monkeypatch.setenv("GANACHE_DATA", str(workplace / "data"))
    for command in COMMANDS:
        ended = run_command(*smaller(command), program=scratch_main if "ganache.scratch" in command else app.main)
        assert ended.status == 0, (command, ended.complaints)
    with np.load(workplace / "cats.npz") as cats:
        assert cats["arr_0"].shape == (1000, 40, 50, 3)
    assert (workplace / "runs/photos/checkpoints/00000064.safetensors").exists()
    assert (workplace / "mine.png").exists()
    assert (workplace / "compare.png").exists()
    assert (workplace / "energy.png").exists()
    assert (workplace / "codes.png").exists()
    assert (workplace / "pairs.png").exists()
    assert (workplace / "between.webp").exists()
    assert (workplace / "seeds.webp").exists()
    assert (workplace / "mixed.png").exists()
    assert len(list((workplace / "coloured").rglob("*.png"))) == 12
    assert (workplace / "runs/photos/report.html").exists()
    assert (workplace / "compared.html").exists()
    assert (workplace / "projected" / "projections.png").exists()
    with np.load(workplace / "z.npz") as encoded:
        assert len(encoded["latents"]) == 1_797
    assert json.loads((workplace / "lsgan.json").read_text())


def test_the_readmes_commands_for_two_processes_run(workplace: Path) -> None:
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "-m", "ganache"]
    assert len(TOGETHER) == 2
    for command in TOGETHER:
        done = subprocess.run([*launch, *smaller(command)], cwd=workplace, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert (workplace / "runs/together/checkpoints/00000064.safetensors").exists()


def test_the_readmes_python_runs(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(workplace)
    names: dict[str, object] = {}
    exec(program, names)
    images = names["images"]
    assert isinstance(images, np.ndarray)
    assert images.shape == (100, 8, 8, 1)


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))])
def test_a_page_links_to_files_and_sections_that_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for path, section in re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)", text):
        place = ((ROOT / page).parent / path) if path else ROOT / page
        assert place.exists(), path
        if section:
            titles = re.findall(r"^#+ (.+)$", place.read_text(encoding="utf-8"), re.MULTILINE)
            assert section in [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles], section


def test_the_makefile_has_the_readmes_targets() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test"} <= targets
