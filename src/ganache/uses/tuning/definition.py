"""What a study is, as its folder says it: everything that decides what its trials are, and nothing of how they went."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ganache.data.rows.table import Schema
from ganache.games import Game
from ganache.parts.part import named_by_user, read_model
from ganache.support.errors import UserError
from ganache.support.json_files import write_json
from ganache.training.plan import Request
from ganache.uses.tuning.dials import AnyDial, Values, turned
from ganache.uses.tuning.trials import Trial

STUDY = "study.json"
SEEDS = 3  # trainings of the default, and of the best, by which noise is known

Positive = Annotated[int, Field(ge=1, lt=2**53)]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Judging(_Kept):
    """How a trial is scored: a metric of which less is better, of so many samples, against a split of the data."""

    metric: Literal["fd", "sliced-wasserstein"]
    features: str
    split: str
    samples: Positive
    reals: int | None = None
    seed: int


class Allowance(_Kept):
    """When the search ends: after so many seconds of work, of all workers together, or so many searches."""

    seconds: Annotated[float, Field(gt=0)] | None = None
    trials: Positive | None = None


class Definition(_Kept):
    """A study. `request` is the training that all trials share, its recipe the default."""

    format: Literal[1] = 1
    content: Literal["study"] = "study"
    name: str  # of the study in its ledger
    said: dict[str, Any]  # what the command said; another worker's says the same
    request: Request
    fingerprint: str  # of the data
    has_own_data: bool = False  # pictures of which some are held out, in the study's folder
    dials: tuple[AnyDial, ...] = Field(min_length=1, max_length=200)
    rungs: tuple[Positive, ...] = Field(min_length=1, max_length=20)
    judging: Judging
    in_database: bool = False
    full_seconds: Annotated[float, Field(gt=0)]  # that a full training was expected to take, before there was one
    allowance: Allowance

    @property
    def recipe(self) -> Game:
        """The default."""
        assert isinstance(self.request.recipe, Game), self.request.recipe
        return self.request.recipe

    def recipe_of(self, values: Values) -> Game:
        """Return the recipe with its dials at some values."""
        return turned(self.recipe, self.dials, values)

    @property
    def default_request(self) -> Request:
        """The full training of the default."""
        return replace(self.request, images=self.rungs[-1])

    def request_of(self, trial: Trial, rung: int) -> Request:
        """Return the training of a trial to a rung."""
        recipe = self.recipe if trial.purpose == "default" else self.recipe_of(trial.values)
        return replace(self.request, recipe=recipe, seed=trial.seed, images=self.rungs[rung])


# The shape in a request names the columns of a table, which its module imports for type checkers alone.
Definition.model_rebuild(_types_namespace={"Schema": Schema})


def write_definition(folder: Path, definition: Definition) -> None:
    """Write what a study is. Raises RunError when the disk refuses."""
    write_json(folder / STUDY, definition.model_dump(mode="json"))


def read_definition(folder: Path) -> Definition:
    """Return what the study of a folder is; raises UserError where there is none, or it is damaged."""
    path = folder / STUDY
    if not path.is_file():
        raise UserError(f"out: {str(folder)!r} holds no study")
    with named_by_user():
        return read_model(Definition, path, "study")
