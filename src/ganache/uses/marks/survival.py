"""How much of a fingerprint is left in pictures that were treated as pictures are, by Pillow's JPEG and resizing."""

from typing import Any, NamedTuple

from ganache.uses.marks.fingerprints import Fingerprint
from ganache.uses.treatments import TREATMENTS, Pictures, treated


class Survival(NamedTuple):
    """What is read after a treatment: the share of bits, and of pictures that are called marked."""

    treatment: str
    bits: float
    recognised: float
    most: int  # bits that agree in the picture of which most do


def survivals(fingerprint: Fingerprint, images: Pictures, seed: int = 0) -> list[Survival]:
    """Return what is left of pictures (N, H, W, C) after each treatment."""
    return [measured(fingerprint, name, treated(images, one, seed)) for name, one in TREATMENTS.items()]


def measured(fingerprint: Fingerprint, name: str, images: Pictures) -> Survival:
    """Return what is read from pictures (N, H, W, C)."""
    agree = fingerprint.agreeing(images.transpose(0, 3, 1, 2))
    recognised = float((agree >= fingerprint.threshold).mean())
    return Survival(name, float(agree.mean()) / fingerprint.bits, recognised, int(agree.max()))


def table(found: list[Survival]) -> list[str]:
    """Return lines for people."""
    head = f"{'':<22} {'bits':>7} {'recognised':>11} {'most bits':>10}"
    return [head, *(f"{one.treatment:<22} {one.bits:7.1%} {one.recognised:11.1%} {one.most:10}" for one in found)]


def as_json(found: list[Survival]) -> list[dict[str, Any]]:
    """Return it by name."""
    return [one._asdict() for one in found]
