"""What decides a run on this engine: two frozen values, and the GAN's presets."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_type_hints

from ganache.support.errors import UserError, did_you_mean

_RANGES: dict[str, tuple[float, float]] = {
    "latent": (1, 65536),
    "width": (1, 65536),
    "learning_rate": (0.0, 1e6),
    "beta1": (0.0, 0.999999),
    "beta2": (0.0, 0.999999),
    "dropout": (0.0, 0.99),
    "real_target": (0.51, 1.0),
    "epochs": (1, 10**9),
    "batch": (1, 65536),
    "seed": (0, 2**63 - 1),
}


def _flag(default: Any, meaning: str) -> Any:
    return dataclasses.field(default=default, metadata={"help": meaning})


@dataclass(frozen=True)
class GanSettings:
    """A GAN: networks, optimiser, schedule. Raises UserError for a value outside its range."""

    network: Literal["mlp", "dcgan"] = _flag("mlp", "both players' networks")
    latent: int = _flag(100, "standard normal values that an image is made of")
    width: int = _flag(500, "of both hidden layers; of a dcgan, features at half the image's size")
    optimizer: Literal["sgd", "adam"] = _flag("adam", "how both players move")
    # At 2e-4, the rate of Radford et al. 2016, D is certain long before these generators have learned anything.
    learning_rate: float = _flag(1e-3, "of both players")
    beta1: float = _flag(0.5, "Adam's memory of gradients")
    beta2: float = _flag(0.999, "Adam's memory of their squares")
    dropout: float = _flag(0.3, "after the hidden layers of the mlp's discriminator")
    real_target: float = _flag(0.9, "what the discriminator is to say of reals; below 1 it is smoothed")
    epochs: int = _flag(60, "passes over the images")
    batch: int = _flag(64, "images in a step")
    seed: int = _flag(0, "decides every random number")

    def __post_init__(self) -> None:
        """Check every field."""
        _check(self)
        if self.network == "dcgan" and self.dropout:
            raise UserError("dropout: the dcgan's discriminator has none; leave it out or say 0")


@dataclass(frozen=True)
class ClassifierSettings:
    """A classifier: two hidden layers, optimiser, schedule. Raises UserError for a value outside its range."""

    width: int = _flag(500, "of both hidden layers")
    optimizer: Literal["sgd", "adam"] = _flag("adam", "how it moves")
    learning_rate: float = _flag(1e-3, "how far it moves in a step")
    beta1: float = _flag(0.9, "Adam's memory of gradients")
    beta2: float = _flag(0.999, "Adam's memory of their squares")
    dropout: float = _flag(0.0, "after the hidden layers")
    epochs: int = _flag(5, "passes over the images")
    batch: int = _flag(64, "images in a step")
    seed: int = _flag(0, "decides every random number")

    def __post_init__(self) -> None:
        """Check every field."""
        _check(self)


def _check(settings: GanSettings | ClassifierSettings) -> None:
    hints = get_type_hints(type(settings))
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if choices := get_args(hints[field.name]):
            if value not in choices:
                raise UserError(f"{field.name}: {value!r} is not one of {', '.join(choices)}")
        else:
            least, most = _RANGES[field.name]
            if not least <= value <= most:
                raise UserError(f"{field.name}: {value} is not between {least:g} and {_text(most)}")


def _text(number: float) -> str:
    return "2^63 - 1" if number == 2**63 - 1 else f"{number:g}"


PRESETS = {
    # S0's own numbers: plain gradient descent, one D step and one G step a batch, 30 passes.
    "document": GanSettings(optimizer="sgd", learning_rate=0.003, dropout=0.0, real_target=1.0, epochs=30),
    # The same networks, made to work: Adam as in Radford et al. 2016, and a discriminator kept from certainty.
    "working": GanSettings(),
}
DCGAN = GanSettings(network="dcgan", width=16, dropout=0.0, epochs=20)
"""What takes the preset's place for the network dcgan."""


def choose(preset: str | None, changes: dict[str, Any]) -> GanSettings:
    """Return a preset (working unless named) with some fields changed; raises UserError for an unknown one."""
    if preset is not None and preset not in PRESETS:
        raise UserError(f"preset: {preset!r} is not one of {', '.join(PRESETS)}{did_you_mean(preset, PRESETS)}")
    if changes.get("network") == "dcgan":
        if preset == "document":
            raise UserError("preset: the document's networks are fully connected; --network dcgan has its own settings")
        return dataclasses.replace(DCGAN, **changes)
    return dataclasses.replace(PRESETS[preset or "working"], **changes)
