"""What can be asked for, field by field: read from the address of a request, and shown in the OpenAPI page."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ganache.web.serve.answers import RefusedError
from ganache.web.serve.bounds import MOST_EXACT, MOST_FRAMES, MOST_IMAGES, MOST_SEEDS, MOST_SIDE, MOST_STEPS

QueryType = TypeVar("QueryType", bound="Query")


def _whole(text: Any) -> int:
    """Return a whole number written as one: what pydantic alone would take is more, 1.0 and 1_0 among it."""
    if not re.fullmatch(r"-?[0-9]{1,20}", str(text)):
        raise ValueError("is no whole number")
    return int(text)


def _decimal(text: Any) -> float:
    if not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?", str(text)):
        raise ValueError("is no number")
    return float(text)


def _list(text: Any) -> Any:
    return text.split(",") if isinstance(text, str) else text


WHOLE = BeforeValidator(_whole)
Seed = Annotated[int, Field(ge=0, le=MOST_EXACT, description="Decides every random number."), WHOLE]
SeedList = Annotated[
    tuple[Annotated[int, Field(ge=0, le=MOST_EXACT), WHOLE], ...], Field(max_length=MOST_SEEDS), BeforeValidator(_list)
]
Classes = Annotated[
    tuple[Annotated[str, Field(max_length=200)], ...],
    Field(
        alias="class",
        max_length=64,
        description="A class by its name; several take turns. Without one a conditional generator draws all evenly.",
    ),
]
Truncation = Annotated[
    float,
    Field(ge=0, le=1, description="1: all that it learnt to draw; less: likelier images that differ less."),
    BeforeValidator(_decimal),
]
Side = Annotated[
    int,
    Field(
        ge=1,
        le=MOST_SIDE,
        description="Small images are enlarged, each pixel as often, until the longer side has so many pixels.",
    ),
    WHOLE,
]
Columns = Annotated[int, Field(ge=1, le=MOST_IMAGES, description="Of the grid; about square if left out."), WHOLE]


class Query(BaseModel):
    """The fields of one request."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ImagesQuery(Query):
    """Images of a seed."""

    seed: Seed = 0
    first: Annotated[int, Field(ge=0, le=MOST_EXACT, description="The number of the first image."), WHOLE] = 0
    count: Annotated[int, Field(ge=1, le=MOST_IMAGES, description="How many images."), WHOLE] = 64
    classes: Classes = ()
    truncation: Truncation = 1.0
    format: Literal["png", "webp", "npz"] = "png"
    columns: Columns | None = None
    side: Side = 512


class WalkQuery(Query):
    """A way past the first images of some seeds."""

    seeds: Annotated[SeedList, Field(min_length=2, description="The stops, in their order.")]
    frames: Annotated[int, Field(ge=2, le=MOST_FRAMES, description="How many images, 25 of them a second."), WHOLE] = 50
    closed: Annotated[Literal["true", "false"], Field(description="Whether the way leads back to the first stop.")] = (
        "true"
    )
    classes: Classes = ()
    truncation: Truncation = 1.0
    format: Annotated[
        Literal["webp", "png", "npz"], Field(description="An animation, a grid of its frames, or an array of them.")
    ] = "webp"
    columns: Columns | None = None
    side: Side = 256


class MixQuery(Query):
    """Styles of some images in some layers of others."""

    rows: Annotated[SeedList, Field(min_length=1, description="Seeds of the images down the left side.")]
    columns: Annotated[SeedList, Field(min_length=1, description="Seeds of the images along the top.")]
    layers: Annotated[
        str,
        Field(
            pattern=r"^([0-9]{1,3}(-[0-9]{1,3})?)?$",
            description="Which layers get the column's style, as in 0-3; the coarser half if left out.",
        ),
    ] = ""
    classes: Classes = ()
    truncation: Truncation = 1.0
    format: Literal["png", "webp", "npz"] = "png"
    side: Side = 512


class ProjectQuery(Query):
    """What a picture would have been drawn from."""

    seed: Seed = 0
    classes: Classes = ()
    steps: Annotated[int, Field(ge=1, le=MOST_STEPS, description="How long is looked for it."), WHOLE] = 200
    format: Annotated[
        Literal["png", "webp", "npz", "json"],
        Field(description="The picture above what was found, or the latents as arrays or as JSON."),
    ] = "png"


class EncodeQuery(Query):
    """What an encoder finds in a picture."""

    format: Annotated[
        Literal["png", "webp", "npz", "json"],
        Field(description="The picture above what the generator makes of it, or the latents as arrays or as JSON."),
    ] = "png"


class TranslateQuery(Query):
    """What a picture becomes."""

    direction: Annotated[
        Literal["a-to-b", "b-to-a"], Field(description="Which way; a run of two translators leads both.")
    ] = "a-to-b"
    whole: Annotated[
        Literal["true", "false"],
        Field(description="Whether the picture keeps its size, and is not brought to that of the training."),
    ] = "false"
    format: Annotated[Literal["png", "webp", "npz"], Field(description="The translation alone.")] = "png"


class NoQuery(Query):
    """Nothing to set."""


def parsed(kind: type[QueryType], items: Iterable[tuple[str, str]]) -> QueryType:
    """Return a request's fields; raises RefusedError (422) with one sentence for the first that is wrong."""
    found: dict[str, Any] = {}
    several = {field.alias or name for name, field in kind.model_fields.items() if field.alias == "class"}
    for name, text in items:
        if name in several:
            found.setdefault(name, []).append(text)
        elif name in found:
            raise RefusedError(422, f"{name}: it is given twice")
        else:
            found[name] = text
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        raise RefusedError(422, _sentence(error, kind)) from None


def _sentence(error: ValidationError, kind: type[Query]) -> str:
    first = error.errors(include_url=False)[0]
    field = str(first["loc"][0])[:100] if first["loc"] else "query"
    if first["type"] == "extra_forbidden":
        known = ", ".join(field.alias or name for name, field in kind.model_fields.items())
        return f"{field}: there is no such field; there are: {known or 'none'}"
    if first["type"] == "missing":
        return f"{field}: it must be given"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{field}: {str(first['input'])[:100]!r} {message}"
    return f"{field}: {message[:1].lower()}{message[1:]}, not {str(first['input'])[:100]!r}"
