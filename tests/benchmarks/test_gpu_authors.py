"""R3GAN's authors' code as a rival, with a stand-in for their repository, and the whole benchmark rehearsed with it."""

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from benchmarks.gpu import __main__ as command
from benchmarks.gpu import authors
from benchmarks.gpu.authors import AuthorsTraining, Preset, check_folder, import_authors
from ganache.support.errors import UserError

CPU = torch.device("cpu")
# The interface of the repository, and nothing of its insides: each network has one weight, of which each loss is a sum.
REPOSITORY = {
    "R3GAN/FusedOperators.py": """
class BiasedActivation:
    pass

class BiasedActivationReference:
    pass
""",
    "R3GAN/Resamplers.py": """
class InterpolativeUpsampler: pass
class InterpolativeDownsampler: pass
class InterpolativeUpsamplerReference: pass
class InterpolativeDownsamplerReference: pass
""",
    "R3GAN/Networks.py": """
from distutils.util import strtobool
from .FusedOperators import BiasedActivation
from .Resamplers import InterpolativeDownsampler, InterpolativeUpsampler
OPERATORS = [each.__name__ for each in (BiasedActivation, InterpolativeDownsampler, InterpolativeUpsampler)]
""",
    "R3GAN/Trainer.py": """
class AdversarialTraining:
    def __init__(self, Generator, Discriminator):
        self.Generator, self.Discriminator, self.calls = Generator, Discriminator, []

    def note(self, player, images, Scale):
        learning = [name for name in ("Generator", "Discriminator") if getattr(self, name).weight.requires_grad]
        self.calls.append((player, learning, images, Scale))

    def AccumulateGeneratorGradients(self, Noise, RealSamples, Conditions, Scale=1, Preprocessor=None):
        self.note("G", len(RealSamples), Scale)
        (Scale * (self.Generator(Noise, Conditions) - self.Discriminator(RealSamples, Conditions)).mean()).backward()

    def AccumulateDiscriminatorGradients(self, Noise, RealSamples, Conditions, Gamma, Scale=1, Preprocessor=None):
        assert RealSamples.min() >= -1 and RealSamples.max() <= 1 and RealSamples.dtype.is_floating_point
        assert len(Noise) == len(RealSamples) == len(Conditions) and Gamma == 0.05
        self.note("D", len(RealSamples), Scale)
        (Scale * self.Discriminator(RealSamples, Conditions).mean()).backward()
""",
    "training/__init__.py": "",
    "training/networks.py": """
import torch
import R3GAN.Networks

class Network(torch.nn.Module):
    def __init__(self, **settings):
        super().__init__()
        self.settings, self.weight = settings, torch.nn.Parameter(torch.zeros(()))

    def forward(self, x, c):
        return self.weight.expand(len(x))

Generator = Discriminator = Network
""",
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "R3GAN-copy"
    for name, text in REPOSITORY.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    before = dict(sys.modules)
    monkeypatch.setitem(sys.modules, "distutils", None)  # as in Python 3.12 without setuptools
    monkeypatch.setitem(sys.modules, "distutils.util", None)
    yield folder
    for name in sys.modules.keys() - before.keys():
        if name.partition(".")[0] in (*authors.NAMES, "distutils", "pkg_resources", "requests"):
            del sys.modules[name]


def test_the_authors_modules_come_from_the_folder_with_reference_operators(repository: Path) -> None:
    path = list(sys.path)
    found = import_authors(repository, CPU)
    assert found.operators == "the reference operators (their kernels are for CUDA)"
    assert sys.modules["R3GAN.Networks"].OPERATORS == [
        "BiasedActivationReference", "InterpolativeDownsamplerReference", "InterpolativeUpsamplerReference"
    ]  # fmt: skip
    assert sys.path == path, "nothing else is to be found there"


def test_the_authors_step_gathers_a_batch_in_pieces_for_one_network_at_a_time(repository: Path) -> None:
    pictures = torch.randint(256, (8, 3, 32, 32), dtype=torch.uint8)
    training = AuthorsTraining(import_authors(repository, CPU), Preset(batch=128), pictures)
    calls = training._training.calls
    assert calls == [("D", ["Discriminator"], 64, 0.5)] * 2 + [("G", ["Generator"], 64, 0.5)] * 2
    # Each loss is its weight's mean, so gradients are 1, and Adam's first step is the learning rate.
    for network in (training.discriminator, training.generator, training.average):
        assert float(network.weight) == pytest.approx(-2e-4)  # type: ignore[arg-type]
    assert training.discriminator.weight.grad == 1
    assert training.images == 128


def test_the_published_preset_is_asked_for_as_the_authors_write_it(repository: Path) -> None:
    generator, discriminator = authors._networks(import_authors(repository, CPU), Preset())
    shared = {
        "WidthPerStage": [768] * 4, "CardinalityPerStage": [96] * 4, "BlocksPerStage": [2] * 4, "ExpansionFactor": 2,
        "c_dim": 0, "img_resolution": 32,
    }  # fmt: skip
    assert generator.settings == {**shared, "NoiseDimension": 64, "FP16Stages": [-1, -2, -3]}
    assert discriminator.settings == {**shared, "FP16Stages": [2, 1, 0]}


@pytest.mark.parametrize("missing", ["R3GAN/Trainer.py", "all"])
def test_another_folder_is_one_line(
    repository: Path, missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = repository if missing != "all" else repository / "nowhere"
    if missing != "all":
        (repository / missing).unlink()
    with pytest.raises(UserError, match=r"^--peer-r3gan: .* has no R3GAN/[A-Z][a-z]+\.py; a copy of .*R3GAN has$"):
        check_folder(folder)
    monkeypatch.setattr(sys, "argv", ["gpu", "--device", "cpu", "--peer-r3gan", str(folder)])
    with pytest.raises(SystemExit) as left:
        command.options()
    assert left.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].count("error: --peer-r3gan: ") == 1


def test_kernels_that_cannot_be_compiled_are_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    device = types.SimpleNamespace(type="cuda")
    monkeypatch.setattr("torch.utils.cpp_extension.CUDA_HOME", None)
    assert authors._why_not_compiled(device) == "no CUDA compiler"  # type: ignore[arg-type]

    def refuse() -> None:
        raise OSError("ninja")

    monkeypatch.setattr("torch.utils.cpp_extension.CUDA_HOME", "there")
    for name in authors.PLUGINS:
        monkeypatch.setitem(sys.modules, f"torch_utils.ops.{name}", types.SimpleNamespace(_init=refuse))
    assert authors._why_not_compiled(device) == "not compiled: OSError"  # type: ignore[arg-type]
    for name in authors.PLUGINS:
        monkeypatch.setitem(sys.modules, f"torch_utils.ops.{name}", types.SimpleNamespace(_init=lambda: True))
    assert authors._why_not_compiled(device) == ""  # type: ignore[arg-type]


def test_the_whole_benchmark_is_rehearsed_on_the_cpu(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--quick", "--device", "cpu", "--budget", "100000", "--recipes", "dcgan", "--folder", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["gpu", *asked, "--peer-r3gan", str(repository)])
    with pytest.raises(SystemExit) as left:
        command.main()
    results = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    parts = {part["name"]: part for part in results["parts"]}
    assert (results["faults"], left.value.code) == ([], 0)
    assert all("found" in part and part["seconds"] < part["stated_seconds"] for part in parts.values())
    assert parts["dcgan 32"]["found"]["images_per_second"].keys() == {"as_trained", "plain"}
    assert parts["dcgan 128 wide 64"]["found"]["batch"] == 4
    assert parts["penalties r3gan 96-384"]["found"]["images_per_second"].keys() == {"as_trained", "without"}
    assert parts["r3gan preset"]["found"]["images_per_second"].keys() == {"as_trained", "authors"}
    assert [each["what"] for each in results["targets"] if not each["measured"]] == ["`r3gan` resumes in the same bits"]
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "the reference operators (their kernels are for CUDA)" in text
    assert "every check passed" in capsys.readouterr().out
