"""The command line as a user meets it: mistakes cost one line and status 2, and nothing is written."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands import run_command
from tests.conftest import SMALL

MISTAKES = [
    ("--bogus", "No such option: --bogus"),
    ("trian", "Did you mean 'train'?"),
    ("train", "Missing option '--data'"),
    ("train --data nope", "digits, mnist, fashion-mnist"),
    ("train --data digit", "did you mean 'digits'?"),
    ("train dcgn --data digits", "did you mean 'dcgan'?"),
    ("train nope.py --data digits", "no Python file 'nope.py'"),
    ("train lsgan --data digits", "at least 16x16 pixels, not 8x8x1"),
    ("train --data digits --images 0", "such as 5000, 200k or 1.5M"),
    ("train --data digits --images 10 --time 3m", "one of them, not both"),
    ("train --data digits --time soon", "such as 90s, 10m"),
    ("train --data digits --size 0x3", "such as 64x64"),
    ("train --data digits --size 3x4x5", "such as 64x64"),
    ("train --data digits --channels 7", "less than or equal to 4"),
    ("train --data digits --seed -1", "seed: -1"),
    ("train --data digits --seed x", "--seed"),
    ("train --data digits --device gpu", "auto, cpu, cuda, mps"),
    ("train --data digits --device cuda", "not available here"),
    ("train --data digits --precision fp8", "auto, fp32, bf16"),
    ("train --data digits --set batch_size", "field=value"),
    ("train --data digits --set batchsize=3", "did you mean 'batch_size'?"),
    ("train --data digits --set objective=Hing", "no Objective is called 'Hing'"),
    ("train --data digits --batch 0", "batch_size"),
    ("train --data digits --label seven", "'seven' is not a class"),
    ("train --data ring --set conditional=1.5", "conditional"),
    ("train --data ring --channels 3", "size and channels do not apply"),
    ("resume nowhere", "there is no 'nowhere'"),
    ("resume .", "is not a run"),
    ("sample nowhere --out x.png", "no generator at 'nowhere'"),
    ("sample . --out x.png", "is not a run"),
    ("sample RUN --out x.bmp", ".png"),
    ("sample RUN --out x.npz --count 0", "count: 0"),
    ("sample RUN --out x.npz --label seven", "'seven' is not known"),
    ("sample RUN --out x.npz --device tpu", "auto, cpu, cuda, mps"),
    ("doctor RUN --device tpu", "auto, cpu, cuda, mps"),
    ("compare RUN RUN --device tpu", "auto, cpu, cuda, mps"),
    ("sample RUN", "Missing option '--out'"),
    ("interpolate RUN --out x.png", ".gif, .webp, .mp4"),
    ("sample RUN --out x.npz --count 100000000000000", "count: 100,000,000,000,000 of them need 5820.8 TiB in"),
    ("sample RUN --out new/x.npy --count 100000000000000", "count: 100,000,000,000,000 of them need 5820.8 TiB in"),
    ("interpolate RUN --out x.gif --frames 1", "frames: 1"),
    ("interpolate RUN --out x.mp4 --frames 1000000000000", "frames: 1,000,000,000,000 is not between 2 and 90,000"),
    ("plot nowhere", "there is no 'nowhere'"),
    ("recipes nope", "there is no 'nope'"),
    ("data info nope", "'nope'"),
    ("data pack digits", "Missing option '--out'"),
    ("data pack ring --out store", "endless"),
    ("data pack digits --out .", "not an empty folder"),
]


@pytest.mark.parametrize(("words", "expected"), MISTAKES)
def test_a_mistake_costs_one_line_and_status_two(
    words: str,
    expected: str,
    digits_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "something.txt").write_text("here")
    status, _, complaint = run_command(*(str(digits_run) if word == "RUN" else word for word in words.split()))
    assert status == 2
    assert expected in complaint
    assert complaint.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["something.txt"]


def test_a_run_that_fails_has_status_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    status, _, complaint = run_command("train", "--data", "digits", "--out", tmp_path / "file" / "run")
    assert status == 1
    assert complaint.count("\n") == 1


def test_train_says_where_everything_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = [word for setting in SMALL for word in ("--set", setting)]
    monkeypatch.chdir(tmp_path)
    status, text, complaint = run_command("train", "--data", "digits", "--images", "64", *settings)
    assert (status, complaint) == (0, "")
    assert "runs/r3gan-digits/samples/" in text
    assert len([line for line in text.splitlines() if "images/s  " in line]) == 4
    assert (tmp_path / "runs/r3gan-digits/generator.safetensors").exists()


def test_a_dry_run_says_all_and_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    for number in range(4):
        Image.new("RGB", (9, 7), (number, 0, 0)).save(tmp_path / "pictures" / f"{number}.png")
    (tmp_path / "pictures" / "broken.png").write_text("no picture")
    before = sorted(tmp_path.rglob("*"))
    status, text, _ = run_command("train", "dcgan", "--data", "pictures", "--dry-run", "--batch", "2")
    assert status == 0
    assert '"batch_size": 2' in text
    assert "4 images of 7×9, 3 channels" in text
    assert "broken.png" in text
    assert "images/s" in text
    # 7×9 is 7×9, 7×9, 7×5: a projection to 128·7·5 without bias, batch norm, a transposed 3×4 to 64 features without
    # bias, batch norm, a 3×3 to 3 channels with one.
    weights = 100 * 128 * 35 + 2 * 128 + 128 * 64 * 12 + 2 * 64 + 64 * 3 * 9 + 3
    assert f"generator      {weights:,} parameters" in text
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_sampled_arrays_are_what_the_library_draws(name: str, digits_run: Path, tmp_path: Path) -> None:
    import ganache

    status, _, _ = run_command(*("sample", digits_run, "--count", 70, "--seed", 9, "--label", "3"),
        *("--out", tmp_path / name),
    )  # fmt: skip
    assert status == 0
    images = np.load(tmp_path / name, allow_pickle=False)
    if name.endswith("npz"):
        with images as archive:
            images = archive["arr_0"]
    assert images.dtype == np.uint8
    assert np.array_equal(images, ganache.load(digits_run).sample(70, seed=9, labels=["3"]))


def test_sampling_into_a_picture_a_folder_and_from_a_bare_generator(digits_run: Path, tmp_path: Path) -> None:
    bare = tmp_path / "generator.safetensors"
    bare.write_bytes((digits_run / "generator.safetensors").read_bytes())
    assert run_command("sample", bare, "--count", 10, "--out", tmp_path / "grid.png")[0] == 0
    assert run_command("sample", bare, "--count", 10, "--out", f"{tmp_path}/many/")[0] == 0
    assert len(list((tmp_path / "many").glob("*.png"))) == 10
    with Image.open(tmp_path / "grid.png") as grid:
        assert min(grid.size) >= 300


def test_truncation_is_an_option_of_what_draws(digits_run: Path, tmp_path: Path) -> None:
    import ganache

    drawn, walk = tmp_path / "x.npy", tmp_path / "walk.gif"
    status, text, _ = run_command("sample", digits_run, "--truncation", 0.5, "--count", 3, "--out", drawn)
    assert (status, text.strip()) == (0, f"3 images from seed 0, truncation 0.5: {drawn}")
    assert np.array_equal(np.load(drawn), ganache.load(digits_run).truncated(0.5).sample(3))
    assert run_command("interpolate", digits_run, "--truncation", 0.5, "--frames", 2, "--out", walk)[0] == 0
    status, _, complaint = run_command("sample", digits_run, "--truncation", 7, "--out", drawn)
    assert (status, complaint.strip()) == (
        2,
        "ganache: truncation: 7 is not between 0 and 1; 1 draws all that it learnt",
    )


@pytest.mark.parametrize("suffix", ["gif", "webp", "mp4"])
def test_a_walk_has_the_frames_that_were_asked_for(suffix: str, digits_run: Path, tmp_path: Path) -> None:
    out = tmp_path / f"walk.{suffix}"
    assert run_command("interpolate", digits_run, "--frames", 7, "--out", out)[0] == 0
    assert out.stat().st_size > 500


def test_recipes_are_listed_and_explained() -> None:
    _, text, _ = run_command("recipes")
    assert {line.split()[0] for line in text.splitlines()} >= {"dcgan", "lsgan", "mlp-2d", "vanilla"}
    _, text, _ = run_command("recipes", "lsgan")
    assert "Mao et al. 2017" in text
    assert '"batch_size": 128' in text


def test_data_can_be_looked_at_and_packed(tmp_path: Path) -> None:
    assert run_command("data", "pack", "digits", "--out", tmp_path / "store", "--size", "4x6")[0] == 0
    status, text, _ = run_command("data", "info", tmp_path / "store")
    assert status == 0
    assert "1,797 images of 4×6, 1 channel" in text


def test_help_and_import_load_nothing_heavy() -> None:
    program = (
        "import sys, ganache, ganache.cli.app\n"
        "sys.argv = ['ganache', '--help']\n"
        "try: ganache.cli.app.main()\n"
        "except SystemExit: pass\n"
        "print({'torch', 'numpy', 'PIL', 'pydantic', 'matplotlib', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("PASSIVE", "2000")),
        ({"GOMP_SPINCOUNT": "7"}, ("PASSIVE", "7")),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, ("ACTIVE", None)),
    ],
)
def test_waiting_threads_spin_shortly_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: tuple[str, str | None]
) -> None:
    monkeypatch.setattr("os.environ", dict(given))
    assert run_command("--version").output.startswith("ganache ")
    assert (os.environ["OMP_WAIT_POLICY"], os.environ.get("GOMP_SPINCOUNT")) == expected


def test_pictures_with_alpha_become_jpegs_over_white(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for number in range(4):
        Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "pictures" / f"{number}.png")
    import ganache

    outcome = ganache.train(
        "dcgan", data=tmp_path / "pictures", out=tmp_path / "run", images=16, batch=4, settings=SMALL
    )
    assert run_command("sample", outcome.run, "--count", 4, "--out", tmp_path / "x.jpg")[0] == 0
    with Image.open(tmp_path / "x.jpg") as picture:
        assert picture.mode == "RGB"
    (tmp_path / "file").write_text("in the way")
    assert run_command("sample", outcome.run, "--out", tmp_path / "file" / "x.png")[0] == 1
