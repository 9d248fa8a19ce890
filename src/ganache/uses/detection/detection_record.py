"""What a detector's folder says of itself beside its tensors, as JSON: sources, thresholds, what was measured."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from ganache.data.ranges import Ranges
from ganache.data.shape import ImageShape
from ganache.uses.detection.teller import LARGEST_SIDE, WayName
from ganache.uses.thresholds import Threshold

MOST_FAKES = 64  # sources
EVERY = "all"  # generators together

Kind: TypeAlias = Literal["run", "pictures"]


class _Recorded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PoolRecord(_Recorded):
    """A source of pictures: of which kind, where it lay, what was taken of it, and what had been done to it before.

    Of a run `weights` is the digest that its pictures name, and the pictures are numbers 0 … learnt + held_out - 1 of
    `seed`.
    """

    name: str
    source: str
    kind: Kind
    learnt: int = Field(ge=1)
    held_out: int = Field(ge=1)
    seed: int | None = None
    weights: str = ""
    lossy: float = 0.0  # the share of files of a lossy format
    quality: int | None = None  # of JPEG files
    brought: int = 0  # how many were of another size and were brought to this one


class Area(_Recorded):
    """How well one way tells generated pictures from real ones: AUROC with 95% bounds.

    `generator` is one of them or EVERY; one that was `never_seen` was left out of what the way learnt from, alone.
    """

    way: WayName
    generator: str
    never_seen: bool
    treatment: str
    area: float
    low: float
    high: float
    generated: int
    real: int


class Decision(_Recorded):
    """A way's threshold, and what held-out pictures that set none are called by it: shares with 95% bounds."""

    threshold: Threshold
    false_positives: tuple[float, float, float]
    found: tuple[float, float, float]


class DetectionRecord(_Recorded):
    """All of it."""

    format: Literal[1] = 1
    content: Literal["detector of generated pictures"] = "detector of generated pictures"
    channels: int = Field(ge=1, le=4)
    height: int = Field(ge=1, le=LARGEST_SIDE)
    width: int = Field(ge=1, le=LARGEST_SIDE)
    ranges: Ranges | None = None  # by which real pictures of more than 8 bits were read
    recode: int | None = Field(default=None, ge=1, le=100)
    worn: bool
    seed: int = Field(ge=0)
    real: PoolRecord
    fakes: tuple[PoolRecord, ...] = Field(min_length=1, max_length=MOST_FAKES)
    decisions: dict[WayName, Decision]
    familiar: Threshold
    areas: tuple[Area, ...]
    verdicts: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def shape(self) -> ImageShape:
        """The shape of what is looked at."""
        return ImageShape(self.channels, self.height, self.width)

    @property
    def sized(self) -> bool:
        """Whether all pictures that were learnt from had the size by themselves."""
        return not any(pool.brought for pool in (self.real, *self.fakes))
