"""The trainings of a detector, each a run like any other in its folder: a GAN, its encoder, a BiGAN."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import Signals
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.engine.state import TrainingState
from ganache.games import Game, Inversion
from ganache.games.inversion import STANDING
from ganache.runs.start import Start
from ganache.runs.trained_networks import TrainedNetworks
from ganache.training.plan import Request
from ganache.training.unattended import begin_or_resume, is_finished
from ganache.uses.anomaly.baselines import baselines
from ganache.uses.anomaly.judges import FAnoGAN, Neighbours, PairResiduals, StrangenessJudge, apart_for
from ganache.uses.anomaly.normals import Normals

JudgeName: TypeAlias = Literal["f-anogan", "bigan", "neighbours"]

# What each judge by its name needs: the runs of these names.
NEEDS: dict[JudgeName, tuple[str, ...]] = {"f-anogan": ("gan", "encoder"), "bigan": ("bigan",), "neighbours": ("gan",)}


@dataclasses.dataclass(frozen=True)
class GANStart(Start):
    """A trained GAN whose averaged generator and discriminator stand still while an encoder learns."""

    gan: TrainedNetworks | None = None

    @classmethod
    def of_gan(cls, run: Path, shape: ImageShape) -> "GANStart":
        """Return that of a run on images of a shape; raises UserError as `Start.of` does."""
        start, gan = Start.of(run), TrainedNetworks.read(run, shape)
        return cls(run, start.recipe, shape, (), start.checkpoint, start.images_seen, gan)

    def put_into(self, state: TrainingState, label_names: Sequence[str]) -> dict[str, Any]:
        """Give both networks their weights, and the generator's average too."""
        assert self.gan is not None
        for name in STANDING:
            state.cast.networks[name].load_state_dict(self.gan.weights(name))
        state.average.load_state_dict(self.gan.weights("generator"))
        told = {"run": self.path.name, "recipe": self.recipe.name, "images_seen": self.images_seen}
        return {**told, "checkpoint": self.checkpoint.name, "drawn_anew": ["encoder"]}


def learn(
    folder: Path, games: Mapping[str, Game], normals: Normals, asked: Request, say: Callable[[str], None]
) -> Signals | None:
    """Train every game in its folder, or continue where one was stopped; return the signal that stopped it now.

    Raises RunError when the machine refuses; the same call goes on from there.
    """
    for name, game in games.items():
        if is_finished(folder / name):
            continue
        outcome = begin_or_resume(functools.partial(_asked, folder, game, normals, asked), folder / name)
        if outcome.signal is not None:
            return outcome.signal
        say(f"{name} learnt from {outcome.images_seen:,} in {outcome.training_seconds:.0f} s")
    return None


def _asked(folder: Path, game: Game, normals: Normals, asked: Request) -> Request:
    start = GANStart.of_gan(folder / "gan", normals.shape) if isinstance(game, Inversion) else None
    return request_of(game, normals, asked, start)


def request_of(game: Game, normals: Normals, asked: Request, start: Start | None) -> Request:
    """Return the training of a game on normals."""
    shape = normals.shape
    told: dict[str, Any] = {} if shape.is_row else {"size": (shape.height, shape.width), "channels": shape.channels}
    given: dict[str, Any] = {"seed": asked.seed, "device": asked.device, "precision": asked.precision, "start": start}
    return Request(data=str(normals.path), recipe=game, images=game.images, **told, **given)


def judges_of(
    folder: Path, names: Sequence[JudgeName], normals: Normals, known: Tensor, device: torch.device
) -> dict[str, StrangenessJudge]:
    """Return the judges of a detector by name; `known` are the values that they learnt from."""
    found: dict[str, StrangenessJudge] = {}
    needed = {run for name in names for run in NEEDS[name]}
    runs = {run: TrainedNetworks.read(folder / run, normals.shape) for run in sorted(needed)}

    def network(run: str, name: str) -> torch.nn.Module:
        return runs[run].network(name, device.type)

    def triple(run: str) -> tuple[torch.nn.Module, torch.nn.Module, torch.nn.Module]:
        return network(run, "generator"), network(run, "encoder"), network(run, "discriminator")

    apart = apart_for(normals.shape)
    for name in names:
        if name == "f-anogan":
            found[name] = FAnoGAN(*triple("encoder"), apart)
        elif name == "bigan":
            found[name] = PairResiduals(*triple("bigan"), apart)
        else:
            found[name] = Neighbours(network("gan", "discriminator"), known, normals.shape.is_row)
    return found


def judges_beside(known: Tensor, shape: ImageShape, seed: int) -> dict[str, StrangenessJudge]:
    """Return the baselines by name, fitted to normals; none where scikit-learn is not installed."""
    try:
        return baselines(known, seed, shape.is_row)
    except ModuleNotFoundError:
        return {}
