"""R3GAN as its authors train it: their networks and training step, imported from a copy of their repository.

The repository (Huang et al. 2024) is no part of this one; whoever has a copy names its folder. What is used of it:

training.networks   Generator, Discriminator
R3GAN.Trainer       AdversarialTraining, with AccumulateDiscriminatorGradients and AccumulateGeneratorGradients
R3GAN.FusedOperators, R3GAN.Resamplers   the operators, each with a reference implementation beside it

Around them stands what their loop does in each iteration, without what would only cost it time: no statistics, no
loader (the pictures stay on the device) and no augmentation, which the preset begins with a probability of 0.
"""

import contextlib
import copy
import importlib
import itertools
import sys
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import cpp_extension

from benchmarks.gpu.contest import switches
from ganache.support.errors import UserError

OPTION = "--peer-r3gan"
NEEDED = ("R3GAN/Networks.py", "R3GAN/Trainer.py", "R3GAN/FusedOperators.py", "R3GAN/Resamplers.py")
NAMES = ("R3GAN", "training", "torch_utils", "dnnlib")  # modules at the top of the repository
PLUGINS = ("bias_act", "upfirdn2d")  # in torch_utils.ops, compiled at first use
REPLACEABLE = {"R3GAN.FusedOperators": ("BiasedActivation",),
               "R3GAN.Resamplers": ("InterpolativeUpsampler", "InterpolativeDownsampler")}  # fmt: skip
PIECE = 64  # images that are differentiated at a time: their batch of 512 on eight GPUs


@dataclass(frozen=True)
class Preset:
    """The shape of the networks, and the settings at the beginning of a training."""

    side: int = 32  # pixels
    width: int = 768  # features at every size
    blocks: int = 2
    batch: int = 512
    latents: int = 64
    learning_rate: float = 2e-4
    beta2: float = 0.9
    gamma: float = 0.05


def check_folder(folder: Path) -> None:
    """Raise UserError unless the folder looks like a copy of the authors' repository."""
    for name in NEEDED:
        if not (folder / name).is_file():
            raise UserError(f"{OPTION}: {folder} has no {name}; a copy of github.com/brownvc/R3GAN has")


@dataclass(frozen=True)
class Authors:
    """What was imported of the repository."""

    networks: types.ModuleType
    trainer: types.ModuleType
    operators: str  # which implementations of the operators are used, in words


def import_authors(folder: Path, device: torch.device) -> Authors:
    """Import the authors' modules; where their kernels cannot be compiled, with the reference implementations."""
    check_folder(folder)
    with _imports_from(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs to mend
        _stand_in("distutils.util", strtobool=lambda text: int(text.lower() in ("y", "yes", "t", "true", "on", "1")))
        _stand_in("pkg_resources", parse_version=lambda text: tuple(int(part) for part in text.split(".")[:2]))
        _stand_in("requests")
        reason = _why_not_compiled(device)
        if reason:
            for name, operators in REPLACEABLE.items():
                module = importlib.import_module(name)
                for operator in operators:
                    setattr(module, operator, getattr(module, f"{operator}Reference"))
        networks = importlib.import_module("training.networks")  # takes the operators as they are now
        trainer = importlib.import_module("R3GAN.Trainer")
    return Authors(networks, trainer, f"the reference operators ({reason})" if reason else "their compiled operators")


@contextlib.contextmanager
def _imports_from(folder: Path) -> Iterator[None]:
    """Import the repository's names from this folder alone, and leave no way to it behind."""
    for name in [name for name in sys.modules if name.partition(".")[0] in NAMES]:
        del sys.modules[name]
    sys.path.insert(0, str(folder.resolve()))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder.resolve()))


def _stand_in(name: str, **contents: object) -> None:
    """Put a module with what the authors' code wants of it in the place of one that this machine lacks."""
    try:
        importlib.import_module(name)
    except ImportError:
        for path in itertools.accumulate(name.split("."), "{}.{}".format):
            if sys.modules.get(path) is None:
                sys.modules[path] = types.ModuleType(path)
        vars(sys.modules[name]).update(contents)


def _why_not_compiled(device: torch.device) -> str:
    """Return why the authors' kernels cannot be used, or nothing when they are compiled and loaded."""
    if device.type != "cuda":
        return "their kernels are for CUDA"
    if cpp_extension.CUDA_HOME is None:
        return "no CUDA compiler"
    try:
        for name in PLUGINS:
            importlib.import_module(f"torch_utils.ops.{name}")._init()
    except Exception as error:  # a compiler fails in many ways, and none of them is ours
        return f"not compiled: {type(error).__name__}"
    return ""


class AuthorsTraining:
    """Their training step at a preset, as a contestant."""

    def __init__(self, authors: Authors, preset: Preset, pictures: Tensor) -> None:
        """Build both networks, their optimisers and the average; `pictures` (N, 3, side, side) uint8 on the device."""
        self.device, self.images, self.preset = pictures.device, preset.batch, preset
        self._pictures = pictures
        generator, discriminator = _networks(authors, preset)
        self.generator, self.discriminator = (
            network.train().requires_grad_(False).to(self.device) for network in (generator, discriminator)
        )
        self.average = copy.deepcopy(self.generator).eval()
        self._training = authors.trainer.AdversarialTraining(self.generator, self.discriminator)
        self._optimizers = [
            torch.optim.Adam(network.parameters(), preset.learning_rate, (0.0, preset.beta2), 1e-8)
            for network in (self.discriminator, self.generator)
        ]
        with self.settings():
            self.advance()

    def advance(self) -> None:
        """Train for one iteration: the discriminator, the generator, the average."""
        for_discriminator, for_generator = self._optimizers
        with _moving(self.discriminator, for_discriminator):
            for latents, reals, labels in self._pieces():
                share, gamma = len(reals) / self.images, self.preset.gamma
                self._training.AccumulateDiscriminatorGradients(latents, reals, labels, gamma, share)
        with _moving(self.generator, for_generator):
            for latents, reals, labels in self._pieces():
                self._training.AccumulateGeneratorGradients(latents, reals, labels, len(reals) / self.images)
        with torch.no_grad():
            for mean, weight in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                mean.copy_(weight)  # the preset begins with a half-life of 0

    def settings(self) -> contextlib.AbstractContextManager[None]:
        """Set torch's switches as their loop does: kernels by trial, float32 whole."""
        return switches(repeatable=False, trial=True, tf32=False)

    def _pieces(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield a batch's latents, reals in [-1, 1] and labels, of which there are none, a piece at a time."""
        batch = self.preset.batch
        rows = torch.randint(len(self._pictures), (batch,), device=self.device)
        latents = torch.randn(batch, self.preset.latents, device=self.device)
        reals = self._pictures[rows].float() / 127.5 - 1
        labels = torch.zeros(batch, 0, device=self.device)
        return zip(*(torch.split(whole, PIECE) for whole in (latents, reals, labels)), strict=True)


@contextlib.contextmanager
def _moving(network: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Gather gradients of this network alone, then move it."""
    optimizer.zero_grad(set_to_none=True)
    network.requires_grad_(True)
    yield
    network.requires_grad_(False)
    optimizer.step()


def _networks(authors: Authors, preset: Preset) -> tuple[nn.Module, nn.Module]:
    """Return generator and discriminator: 4×4 pixels doubled up to the side, groups of 16, all but 4×4 in bfloat16."""
    stages = (preset.side // 4).bit_length()
    lower = list(range(-1, -stages, -1))
    shared: dict[str, Any] = {
        "WidthPerStage": [preset.width] * stages,
        "CardinalityPerStage": [max(1, 2 * preset.width // 16)] * stages,
        "BlocksPerStage": [preset.blocks] * stages,
        "ExpansionFactor": 2,
        "c_dim": 0,
        "img_resolution": preset.side,
    }
    generator = authors.networks.Generator(**shared, NoiseDimension=preset.latents, FP16Stages=lower)
    discriminator = authors.networks.Discriminator(**shared, FP16Stages=[at + len(lower) for at in lower])
    return generator, discriminator
