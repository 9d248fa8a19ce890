"""A translator as a model of ONNX: the same pictures at any size, what it says of itself, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import ganache
from ganache.data.shape import ImageShape
from ganache.drawing import onnx_translators
from ganache.drawing.onnx_parity import runner
from ganache.drawing.onnx_translators import export_translator, translator_model
from ganache.networks import ResidualTranslator, SuperResolver, UNet
from ganache.networks.translators import Translator
from ganache.runs.trained_translators import TrainedTranslator, load_translator
from ganache.support.errors import RunError, UserError
from tests.commands import run_command

onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
pytest.importorskip("onnxscript", reason="the extra `export` is not installed")

SMALL = [UNet(width=2, depth=2), ResidualTranslator(width=2, blocks=1), SuperResolver(scale=2, width=2, blocks=1)]

LEAST = {UNet: 4, ResidualTranslator: 8, SuperResolver: 6}


def untrained(config: Translator, seed: int = 0) -> TrainedTranslator:
    torch.manual_seed(seed)
    shape = ImageShape(3, 16, 16)
    network = config.build(shape, shape).eval().requires_grad_(False)
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    return TrainedTranslator(network, shape, shape, {"recipe": "mine", "images_seen": 5, "task": "colorize"})


@pytest.mark.parametrize("config", SMALL, ids=lambda config: type(config).__name__)
def test_a_model_translates_pictures_of_any_size_as_torch_does(config: Translator, tmp_path: Path) -> None:
    translator, out = untrained(config), tmp_path / "x.onnx"
    parity = export_translator(translator, out)
    assert parity.max_difference <= 1e-4
    model = onnx.load(out)
    onnx.checker.check_model(model)
    assert [[value.name for value in part] for part in (model.graph.input, model.graph.output)] == [
        ["given"],
        ["images"],
    ]
    _, run = runner(out.read_bytes())
    stride = translator.network.stride
    given = torch.rand(1, 3, 3 * max(stride, 4), 7 * max(stride, 4)) * 2 - 1
    wanted = translator.network(given)
    assert wanted.std() > 0.01
    assert np.abs(run({"given": given.numpy()}) - wanted.numpy()).max() < 1e-4
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert (told["ganache.recipe"], told["ganache.task"], told["ganache.images_seen"]) == ("mine", "colorize", "5")
    assert told["ganache.sides"].startswith(f"multiples of {stride}, at least {LEAST[type(config)]};")
    assert json.loads((tmp_path / "x.onnx.json").read_text())["max_difference"] == parity.max_difference


def test_a_model_that_makes_other_pictures_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    translator, other = untrained(SMALL[0], seed=1), translator_model(untrained(SMALL[0]))
    monkeypatch.setattr(onnx_translators, "translator_model", lambda *_: other)
    with pytest.raises(RunError, match=r"^the ONNX model draws other images than torch: over 8 samples"):
        export_translator(translator, tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_a_runs_translator_in_a_direction(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1), dtype=np.uint8)
    settings = ["translator.width=2", "discriminator.width=2", "translator.blocks=1"]
    run = tmp_path / "run"
    ganache.train("cyclegan", data=images, second=255 - images, out=run, images=4, settings=settings)
    status, said, _ = run_command("export", str(run), "--direction", "b-to-a", "--out", str(tmp_path / "x.onnx"))
    assert status == 0
    assert "differs from torch by" in said
    _, model = runner((tmp_path / "x.onnx").read_bytes())
    given = images[:2].astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1
    made = np.clip(np.rint((model({"given": given}) + 1) * 127.5), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    assert np.abs(made.astype(int) - load_translator(run, "b-to-a").translate(images[:2])).max() <= 1
    with pytest.raises(UserError, match=r"^out: a translator is written as a model"):
        ganache.export(run, tmp_path / "x.html")
