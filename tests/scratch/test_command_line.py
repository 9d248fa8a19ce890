import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import ganache
from ganache import recipes
from ganache.runs.folder import Run
from ganache.scratch import command_line
from ganache.scratch.by_hand import PRESETS, ClassifierByHand, GanByHand, choose
from tests.commands import Ended, run_command

GAN = ["gan", "--data", "digits", "--label", "7"]
SMALL = ["--epochs", "1", "--width", "8", "--latent", "4"]


def run(*words: object) -> Ended:
    return run_command(*words, program=command_line.main)


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two passes, the second of which was added."""
    out = tmp_path_factory.mktemp("scratch") / "run"
    done = run(*GAN, *SMALL, "--seed", 5, "--batch", 32, "--out", out)
    assert (done.status, done.complaints) == (0, "")
    assert done.output.endswith(f"finished: {out}\n")
    assert Run.open(out).record()["images_seen"] == 179 // 32 * 32
    assert run("resume", out, "--epochs", 2).status == 0
    return out


def test_the_presets_are_the_documents_and_one_that_works() -> None:
    document, working = PRESETS["document"], PRESETS["working"]
    assert (document.network, document.latent, document.width) == ("mlp", 100, 500)
    assert (document.optimizer, document.learning_rate, document.batch_size, document.epochs) == ("sgd", 0.003, 64, 30)
    assert (document.dropout, document.real_target) == (0.0, 1.0)
    assert (working.network, working.latent, working.width, working.batch_size) == ("mlp", 100, 500, 64)
    assert (working.optimizer, working.beta1, working.beta2) == ("adam", 0.5, 0.999)
    assert choose("document", {"epochs": 2}).epochs == 2
    assert choose(None, {}) == working


def test_every_setting_is_a_flag_with_a_text() -> None:
    for name, kind in (("gan", GanByHand), ("classify", ClassifierByHand)):
        told = run(name, "--help").output
        for field, known in kind.model_fields.items():
            assert (f"--{field.removesuffix('_size').replace('_', '-')} " in told) == bool(known.description), field


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*GAN, "--preset", "documnt"], "preset: 'documnt' is not one of document, working (did you mean 'document'?)"),
        ([*GAN, "--preset", "document", "--network", "dcgan"], "fully connected"),
        ([*GAN, "--network", "dcgan", "--dropout", "0.5"], "the dcgan's discriminator has no dropout"),
        ([*GAN, "--network", "cnn"], "network: input should be 'mlp' or 'dcgan', not 'cnn'"),
        ([*GAN, "--epochs", "0"], "epochs: input should be greater than or equal to 1, not '0'"),
        ([*GAN, "--epochs", "many"], "epochs: input should be a valid integer"),
        ([*GAN, "--learning-rate", "nan"], "learning_rate: input should be a finite number"),
        ([*GAN, "--dropout", "1"], "dropout: input should be less than or equal to 0.99"),
        ([*GAN, "--seed", "-1"], "seed: -1 is not between"),
        ([*GAN, "--arrays", "torch"], "invalid choice: 'torch'"),
        ([*GAN, "--label", "sieben"], "'sieben' is not a class of this data"),
        ([*GAN, "--size", "9x30", "--network", "dcgan"], "halve evenly"),
        ([*GAN, "--widht", "3"], "unrecognized arguments: --widht"),
        (["gan", "--data", "digit"], "did you mean 'digits'?"),
        (["gan"], "required: --data"),
        ([], "required: command"),
        (["sing"], "invalid choice: 'sing'"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    ended = run(*arguments, *(["--out", out] if "--data" in arguments else []))
    assert ended.status == 2
    assert ended.complaints.startswith("ganache.scratch: ")
    assert words in ended.complaints
    assert ended.complaints.count("\n") == 1
    assert not out.exists()


def test_a_run_is_the_librarys_and_its_generator_an_ordinary_one(small_run: Path) -> None:
    run_of_it = Run.open(small_run)
    record, game = run_of_it.record(), run_of_it.recipe()
    assert isinstance(game, GanByHand)
    assert (game.width, game.latent, game.batch_size) == (8, 4, 32)
    assert (record["outcome"], record["images_seen"], record["seed"]) == ("finished", 2 * 160, 5)
    assert (record["source"]["labels"], len(record["sessions"])) == (["7"], 2)
    lines = run_of_it.log_lines()
    assert [line["images_seen"] for line in lines] == list(range(32, 2 * 160 + 1, 32))
    for name in ("training_seconds", "images_per_second", "loss/generator", "loss/discriminator", "memory_bytes"):
        assert all(line[name] > 0 for line in lines), name
    assert run_of_it.curves_file.is_file()
    with Image.open(next(small_run.glob("progress.*"))) as animation:
        assert getattr(animation, "n_frames") == len(run_of_it.sample_files())  # noqa: B009, not every image has frames
    assert ganache.load(small_run).sample(3).shape == (3, 8, 8, 1)


def test_a_folder_that_is_taken_or_holds_no_run_is_refused(small_run: Path, tmp_path: Path) -> None:
    assert "already holds a run" in run(*GAN, "--out", small_run).complaints
    assert "there is no" in run("resume", tmp_path / "nothing").complaints


def test_runs_of_another_engine_or_an_earlier_version_are_refused_in_one_line(tmp_path: Path) -> None:
    ordinary = Run.create(tmp_path / "run", recipes.find("vanilla"), {"seed": 0, "source": {"data": "digits"}})
    ended = run("resume", ordinary.path)
    assert (ended.status, ended.complaints.count("\n")) == (2, 1)
    assert f"continue it with: ganache resume {ordinary.path}" in ended.complaints
    # As the first version wrote them: an ordinary recipe, and the settings in run.json.
    record = json.loads(ordinary.record_file.read_text())
    ordinary.record_file.write_text(json.dumps({**record, "scratch": {"kind": "gan", "settings": {}}}))
    ended = run("resume", ordinary.path)
    assert (ended.status, ended.complaints.count("\n")) == (2, 1)
    assert "earlier version of this engine; train it anew" in ended.complaints


def test_a_classifier_learns_the_digits(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run("classify", "--data", "digits", "--width", 64, "--epochs", 8, "--out", out).status == 0
    lines = Run.open(out).log_lines()
    accuracies = [line["accuracy/test"] for line in lines if "accuracy/test" in line]
    assert accuracies[-1] > 0.9  # chance is 0.1
    assert lines[-1]["loss/train"] < 0.5 * lines[0]["loss/train"]
    assert (out / "curves.png").is_file()
    assert not (out / "generator.safetensors").exists()


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is here")
def test_the_module_runs_as_a_program_and_says_what_is_not_there() -> None:
    command = [sys.executable, "-m", "ganache.scratch", "gan", "--data", "digits", "--out", "x", "--arrays", "cupy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ganache.scratch: arrays: 'cupy' cannot be imported here")
    assert done.stderr.count("\n") == 1
