import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from ganache.runs.folder import Run
from ganache.scratch import command_line
from ganache.scratch.export import recipe_of
from ganache.scratch.settings import PRESETS, choose

GAN = ["gan", "--data", "digits", "--label", "7"]
SMALL = ["--epochs", "1", "--width", "8", "--latent", "4"]


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["ganache.scratch", *arguments])
    with pytest.raises(SystemExit) as exit_:
        command_line.main()
    return int(exit_.value.code or 0)


def test_the_presets_are_the_documents_and_one_that_works() -> None:
    document, working = PRESETS["document"], PRESETS["working"]
    assert (document.network, document.latent, document.width) == ("mlp", 100, 500)
    assert (document.optimizer, document.learning_rate, document.batch, document.epochs) == ("sgd", 0.003, 64, 30)
    assert (document.dropout, document.real_target) == (0.0, 1.0)
    assert (working.network, working.latent, working.width, working.batch) == ("mlp", 100, 500, 64)
    assert (working.optimizer, working.beta1, working.beta2) == ("adam", 0.5, 0.999)
    assert choose("document", {"epochs": 2}).epochs == 2
    assert choose(None, {}) == working


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*GAN, "--preset", "documnt"], "preset: 'documnt' is not one of document, working (did you mean 'document'?)"),
        ([*GAN, "--preset", "document", "--network", "dcgan"], "fully connected"),
        ([*GAN, "--network", "dcgan", "--dropout", "0.5"], "dropout: the dcgan's discriminator has none"),
        ([*GAN, "--network", "cnn"], "invalid choice: 'cnn'"),
        ([*GAN, "--epochs", "0"], "epochs: 0 is not between 1 and"),
        ([*GAN, "--epochs", "many"], "invalid int value: 'many'"),
        ([*GAN, "--learning-rate", "nan"], "learning_rate: nan is not between"),
        ([*GAN, "--dropout", "1"], "dropout: 1.0 is not between 0 and 0.99"),
        ([*GAN, "--seed", "-1"], "seed: -1 is not between"),
        ([*GAN, "--arrays", "torch"], "invalid choice: 'torch'"),
        ([*GAN, "--label", "sieben"], "'sieben' is not a class of this data"),
        ([*GAN, "--size", "9x30", "--network", "dcgan"], "halve evenly"),
        ([*GAN, "--widht", "3"], "unrecognized arguments: --widht"),
        (["gan", "--data", "digit"], "did you mean 'digits'?"),
        (["classify", "--data", "ring"], "'ring' has no two classes"),
        (["gan"], "required: --data"),
        ([], "required: command"),
        (["sing"], "invalid choice: 'sing'"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "run"
    if "--data" in arguments:
        arguments = [*arguments, "--out", str(out)]
    assert run(arguments, monkeypatch) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("ganache.scratch: ")
    assert words in complaint
    assert complaint.count("\n") == 1
    assert not out.exists()


def test_a_run_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    assert run([*GAN, *SMALL, "--out", str(out)], monkeypatch) == 0
    assert "finished" in capsys.readouterr().out
    assert Run.open(out).record()["source"]["labels"] == ["7"]
    assert run([*GAN, "--out", str(out)], monkeypatch) == 2
    assert "already holds a run" in capsys.readouterr().err
    assert run(["resume", str(out), "--epochs", "2"], monkeypatch) == 0
    assert Run.open(out).record()["images_seen"] == 2 * 128
    assert run(["resume", str(tmp_path / "nothing")], monkeypatch) == 2
    assert "there is no run at" in capsys.readouterr().err


def test_a_run_of_the_ordinary_engine_is_not_continued_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Run.create(tmp_path / "run", recipe_of(PRESETS["document"], images=100), {"seed": 0})
    assert run(["resume", str(tmp_path / "run")], monkeypatch) == 2
    assert "ganache resume" in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is here")
def test_the_module_runs_as_a_program_and_says_what_is_not_there() -> None:
    command = [sys.executable, "-m", "ganache.scratch", "gan", "--data", "digits", "--out", "x", "--arrays", "cupy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ganache.scratch: arrays: 'cupy' cannot be imported here")
    assert done.stderr.count("\n") == 1
