"""A generator as a model of ONNX: the same images, by names, without a trace of the machine that wrote it."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import ganache
from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.drawing import onnx_export, onnx_graph, onnx_parity
from ganache.drawing.onnx_graph import model_of
from ganache.networks import MLPGenerator, StyleGAN2Generator
from ganache.parts.latents import Coded, Keyed, Latent, Normal, Uniform
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import RunError, UserError
from tests.commands import run_command
from tests.drawing.small_generators import NAMES, SHAPE, generator_of, untrained

onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
pytest.importorskip("onnxscript", reason="the extra `export` is not installed")

ROOT = Path(__file__).parents[2]
LATENTS: list[Latent] = [Normal(size=6), Uniform(size=6), Coded(size=8, categories=(3,), continuous=2), Keyed(size=6)]


def drawn(model: Any, **given: NDArray[Any]) -> NDArray[Any]:
    """Return the images that a model makes of inputs by name."""
    return onnx_parity.runner(model.SerializeToString())[1](given)


def names_of(values: Any) -> list[str]:
    return [value.name for value in values]


MODELS: dict[str, Any] = {}  # by what was built: made small, many recipes have the same generator


def model_and_generator(name: str) -> tuple[Any, TrainedGenerator]:
    generator = generator_of(name)
    key = f"{generator.config.to_json()} {generator.shape} {generator.label_names}"
    if key not in MODELS:
        MODELS[key] = model_of(generator)
    return MODELS[key], generator


@pytest.mark.parametrize("name", recipes.of_images())
def test_the_generator_of_every_recipe_draws_the_same_images(name: str) -> None:
    model, generator = model_and_generator(name)
    found = onnx_parity.compared(model, generator)
    assert found.max_difference <= 1e-4
    assert names_of(model.graph.input)[:1] == ["latent"]
    assert ("class" in names_of(model.graph.input)) == bool(generator.label_names)
    assert names_of(model.graph.output) == ["images"]
    onnx.checker.check_model(model)
    values = generator.draw(*generator.inputs(0, 0))
    assert (values.abs() < 1.0).float().mean() > 0.1
    assert values.std(dim=0).mean() > 0.01


@pytest.fixture(scope="module")
def styled() -> TrainedGenerator:
    """A generator with classes, styles, noise by keys and truncation."""
    config = StyleGAN2Generator(latent=Keyed(size=6), style_width=8, channel_base=16, channel_max=4)
    return untrained(config, ImageShape(1, 8, 8), NAMES, {"recipe": "mine", "images_seen": 5})


@pytest.fixture(scope="module")
def exported(styled: TrainedGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its file, with the inputs of 70 images of seed 5 beside it."""
    out = tmp_path_factory.mktemp("export") / "generator.onnx"
    onnx_export.export_to(styled.truncated(0.5), out, latents=70, seed=5)
    return out


def test_the_file_says_what_it_is(exported: Path, styled: TrainedGenerator) -> None:
    model = onnx.load(exported)
    told = {entry.key.removeprefix("ganache."): entry.value for entry in model.metadata_props}
    assert json.loads(told["classes"]) == list(NAMES)
    assert json.loads(told["shape"]) == {"channels": 1, "height": 8, "width": 8}
    assert json.loads(told["latent"]) == {"kind": "Keyed", "size": 6}
    assert (told["recipe"], told["images_seen"], told["opset"], told["version"]) == (
        "mine",
        "5",
        "18",
        ganache.__version__,
    )
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]
    assert names_of(model.graph.input) == ["latent", "class", "truncation"]
    forms = [[side.dim_param or side.dim_value for side in one.type.tensor_type.shape.dim] for one in model.graph.input]
    assert forms == [["batch", 6], ["batch", 3], [1]]


def test_the_file_says_nothing_of_the_machine_that_wrote_it(exported: Path) -> None:
    content = exported.read_bytes()
    assert b"torch" not in content.replace(b"as torch's CPU", b"")
    for word in (b".py", b"stack_trace", b"site-packages", b"/src/", b"forward", str(ROOT).encode(), b"namespace"):
        assert word not in content, word


def test_the_record_is_beside_it(exported: Path) -> None:
    record = json.loads(exported.with_name("generator.onnx.json").read_text())
    assert 0 <= record["max_difference"] <= 1e-4 == record["tolerance"]
    assert record["samples"] == 320
    assert record["by"].split()[0] in ("onnxruntime", "onnx.reference")
    import hashlib

    assert record["sha256"] == hashlib.sha256(exported.read_bytes()).hexdigest()


def test_the_written_inputs_draw_what_sample_draws(exported: Path, styled: TrainedGenerator) -> None:
    with np.load(exported.with_name("generator.latents.npz")) as given:
        images = drawn(onnx.load(exported), **given)
    pixels = np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    expected = styled.truncated(0.5).sample(70, seed=5)
    assert np.abs(pixels.astype(int) - expected).max() <= 1
    assert np.ptp(expected) > 50


def test_truncation_and_class_are_what_they_are_in_torch(exported: Path, styled: TrainedGenerator) -> None:
    model, (latents, _) = onnx.load(exported), styled.inputs(1, 0)
    for truncation in (0.0, 0.3, 1.0):
        for number in range(len(NAMES)):
            classes = torch.eye(len(NAMES))[[number] * 3]
            expected = styled.truncated(truncation).draw(latents[:3], classes).numpy()
            given = {"latent": latents[:3].numpy(), "class": classes.numpy()}
            found = drawn(model, **given, truncation=np.array([truncation], np.float32))
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_equal_generators_are_equal_files(tmp_path: Path) -> None:
    for name in ("one", "other"):
        onnx_export.export_to(untrained(MLPGenerator(latent=Uniform(size=3)), SHAPE), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("latent", LATENTS, ids=lambda latent: type(latent).__name__)
def test_a_walk_is_the_latents_own(latent: Latent) -> None:
    generator = untrained(MLPGenerator(latent=latent, widths=(5,)), SHAPE)
    model = model_of(generator, walks=True)
    start, end = generator.inputs(0, 0)[0][:4], generator.inputs(1, 0)[0][:4]
    more = {"truncation": np.ones(1, np.float32)} if isinstance(latent, Normal | Keyed) else {}
    for fraction in (0.0, 0.25, 1.0):
        between = latent.interpolate(start, end, fraction)
        expected = generator.draw(between, torch.zeros(4, 0)).numpy()
        given = {"start": start.numpy(), "end": end.numpy(), "fraction": np.array([fraction], np.float32)}
        np.testing.assert_allclose(drawn(model, **given, **more), expected, atol=1e-5)


@pytest.mark.parametrize("truncation", [1e-3, 0.1, 0.7, 0.999])
def test_latents_are_cut_off_in_float32_as_in_float64(truncation: float) -> None:
    latents = torch.cat([Normal(size=1000).draw(5, torch.Generator().manual_seed(0)), torch.full((1, 1000), 9.0)])
    expected = Normal(size=1000).truncated(latents, truncation)
    found = Normal(size=1000).truncated(latents, torch.tensor([truncation]))
    torch.testing.assert_close(found, expected, atol=5e-6, rtol=0)
    assert torch.equal(Normal(size=1000).truncated(latents, torch.tensor([1.0])), latents)


PROGRAM = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [0, 63, 64, 1000])
def test_the_rule_in_the_documentation_draws_torchs_latents(number: int) -> None:
    _, rule = re.findall(r"```python\n(.*?)```", PROGRAM, re.DOTALL)
    names: dict[str, Any] = {}
    exec(rule, names)
    generator = untrained(MLPGenerator(latent=Normal(size=37), widths=(5,)), SHAPE, NAMES)
    latents, classes = generator.inputs(2**62 + 5, number // 64)
    found, chosen = names["inputs"](2**62 + 5, number, 37, len(NAMES))
    np.testing.assert_allclose(found, latents[number % 64].numpy(), atol=2e-6)
    assert classes[number % 64].argmax() == chosen
    uniform = Uniform(size=3).draw(64, torch.Generator().manual_seed(9))
    drawn_here = 2 * names["uniform"](np.random.RandomState(9), 64 * 3) - 1
    np.testing.assert_allclose(drawn_here, uniform.flatten().numpy(), atol=1e-6)


def test_a_model_that_draws_something_else_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = untrained(MLPGenerator(latent=Uniform(size=3), widths=(5,)), SHAPE)
    model = model_of(generator)
    for weight in generator.network.parameters():
        weight.mul_(1.01)
    monkeypatch.setattr(onnx_export, "model_of", lambda *given: model)
    with pytest.raises(
        RunError, match=r"draws other images than torch: over 256 samples values differ by .*nothing was"
    ):
        onnx_export.export_to(generator, tmp_path / "generator.onnx", latents=3)
    assert list(tmp_path.iterdir()) == []


def test_opsets_are_those_that_are_asked_for() -> None:
    generator = untrained(MLPGenerator(latent=Uniform(size=3), widths=(5,)), SHAPE)
    assert [entry.version for entry in model_of(generator, 20).opset_import] == [20]
    for opset in (17, 99):
        with pytest.raises(UserError, match=f"opset: {opset} is not between 18 and "):
            model_of(generator, opset)


class Spectral(MLPGenerator):
    """Makes images by what no operation of ONNX is."""

    def build(self, shape: ImageShape, conditions: int) -> torch.nn.Module:
        """Return the module."""

        class Eigenvalues(torch.nn.Module):
            def __init__(self, latents: int) -> None:
                super().__init__()
                self.weight = torch.nn.Parameter(torch.ones(shape.pixels, latents))

            def forward(self, latents: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
                made = (latents @ self.weight.T).view(-1, shape.channels, shape.height, shape.width)
                largest: torch.Tensor = torch.linalg.eigvalsh(self.weight.T @ self.weight).max()
                return made * largest

        return Eigenvalues(self.latent.size)


def test_what_cannot_be_written_is_said_in_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="a generator of the kind Spectral cannot be written as ONNX: ") as raised:
        model_of(untrained(Spectral(latent=Uniform(size=3)), SHAPE))
    assert "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_what_a_runtime_does_not_read_is_said_in_a_line() -> None:
    pytest.importorskip("onnxruntime")
    with pytest.raises(RunError, match=r"onnxruntime .* does not read the model: "):
        onnx_parity.runner(b"no model")


def test_onnx_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(UserError, match=r"the extra `export`.*pip install"):
        onnx_graph.model_of(untrained(MLPGenerator(latent=Uniform(size=3), widths=(5,)), SHAPE))


def test_the_reference_runs_a_model_where_no_runtime_is(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = untrained(MLPGenerator(latent=Normal(size=3), widths=(5,)), SHAPE)
    model = model_of(generator)
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    found = onnx_parity.compared(model, generator)
    assert found.by.startswith("onnx.reference ")
    assert found.max_difference < 1e-5


def test_the_command_exports_a_run(digits_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "digits.onnx"
    ended = run_command("export", digits_run, "--out", out, "--latents", 3, "--seed", 4)
    assert ended.status == 0, ended.complaints
    assert "differs from torch by" in ended.output
    with np.load(tmp_path / "digits.latents.npz") as given:
        assert given["latent"].shape == (3, 4)
        assert given["class"].shape == (3, 10)
    refused = run_command("export", digits_run, "--out", tmp_path / "x.onnx", "--opset", 3)
    assert refused.status == 2
    assert refused.complaints.count("\n") == 1
