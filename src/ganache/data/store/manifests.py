"""What manifest.json of a packed store must be: others may have written it, or another version."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationError

_MOST_COUNT = 2**53

_Count = Annotated[int, Field(ge=0, lt=_MOST_COUNT)]
_Positive = Annotated[int, Field(ge=1, lt=_MOST_COUNT)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class _Skip(_Strict):
    file: str
    reason: str


class _Original(_Strict):
    distinct_sizes: _Count = 0
    smallest: str = ""
    largest: str = ""
    median_short_side: _Count = 0
    most_common: dict[str, _Count] = {}


class _Sums(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    images: str = Field(alias="images.npy")
    labels: str = Field(alias="labels.npy")


class _ManifestFields(_Strict):
    """Every field that is read; those with a default may be absent."""

    source: InstanceOf[str]  # which may hold bytes that are no UTF-8, as a file's name may
    fingerprint: str
    kind: str = ""
    count: _Positive
    shape: Annotated[list[_Positive], Field(min_length=3, max_length=3)]
    label_names: list[str]
    classes: dict[str, _Count]
    unlabelled: _Count = 0
    splits: dict[str, Annotated[list[_Count], Field(min_length=2, max_length=2)]]
    decisions: dict[str, InstanceOf[str]] = {}
    original: _Original = _Original()
    converted: dict[str, _Count] = {}
    skipped: list[_Skip]
    ignored: list[str] = []
    ignored_count: _Count = 0
    ignored_suffixes: dict[str, _Count] = {}
    ranges: dict[str, Any] = {}
    columns: list[dict[str, str]] = []
    column_count: _Count = 0
    sha256: _Sums


def check_fields(manifest: dict[str, Any]) -> None:
    """Raise ValueError, which names the field, when a manifest lacks one or has one of a wrong form."""
    try:
        _ManifestFields.model_validate(manifest)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"{where[:100]}: {first['msg'][:1].lower()}{first['msg'][1:200]}") from None
