"""The recipe that data get when none is named: that of the first rule that they fit.

What was measured to choose them is in docs/defaults.md, which has the same table.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ganache.data.shape import ImageShape

COLOUR = 3  # channels, at least


class Facts(NamedTuple):
    """What the choice depends on."""

    shape: ImageShape
    images: int | None  # for the training; None: without end
    classes: int  # that occur among them; 0 where some have none
    device: str  # cpu, cuda, mps


Kind = Literal["pictures", "points", "rows"]


def kind_of(shape: ImageShape) -> Kind:
    """Return what images of a shape are."""
    return "points" if shape.is_point else "rows" if shape.is_row else "pictures"


@dataclass(frozen=True)
class Choice:
    """A recipe with its settings, the data that it is for, and why it is the one; what is None is no condition."""

    recipe: str
    why: str
    settings: tuple[str, ...] = ()
    kind: Kind = "pictures"
    colour: bool | None = None  # red, green and blue; False: grey
    most_images: int | None = None
    longest_side: int | None = None  # pixels
    most_classes: int | None = None  # of data all of which have a class, of two or more
    device: str | None = None

    def fits(self, facts: Facts) -> bool:
        """Return whether the data are what the rule is for."""
        shape = facts.shape
        return (
            self.kind == kind_of(shape)
            and self.colour in (None, shape.channels >= COLOUR)
            and (self.most_images is None or (facts.images is not None and facts.images <= self.most_images))
            and (self.longest_side is None or max(shape.height, shape.width) <= self.longest_side)
            and (self.most_classes is None or 2 <= facts.classes <= self.most_classes)
            and (self.device is None or facts.device == self.device)
        )

    @property
    def when(self) -> str:
        """The conditions in words."""
        conditions = [
            self.kind,
            self.colour is not None and ("in colour" if self.colour else "in grey"),
            self.most_images and f"at most {self.most_images:,}",
            self.longest_side and f"of up to {self.longest_side}×{self.longest_side}",
            self.most_classes and f"each of one of 2 to {self.most_classes} classes",
            self.device and f"on {self.device}",
        ]
        return ", ".join(condition for condition in conditions if condition)


_LEARNT = "what pictures look like need not be learnt from these few"
_TOLD = ("conditional=true",)

CHOICES = (
    Choice("mlp-2d", "a point has no neighbours to convolve", kind="points"),
    Choice("mlp-rows", "the columns of a row are no neighbours to convolve", kind="rows"),
    Choice("projected", f"{_LEARNT}, and classes keep it from few kinds", _TOLD, colour=True, most_classes=100),
    Choice("projected", _LEARNT, colour=True),
    Choice("r3gan", "no farther from grey pictures than `dcgan` after the same time, and much nearer to digits"),
)


def choice_for(facts: Facts) -> Choice:
    """Return the first rule that fits; the last one of pictures fits them all."""
    return next(rule for rule in CHOICES if rule.fits(facts))
