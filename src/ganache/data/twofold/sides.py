"""From what a user named to inputs and targets: two sources, two classes of one, or one with a task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from ganache.data.conversion import Conversion
from ganache.data.cropping import cropped_rows
from ganache.data.dataset import RowDataset
from ganache.data.store.packed import PackedDataset
from ganache.data.twofold.derived import Derived
from ganache.data.twofold.domains import Domain
from ganache.data.twofold.meetings import Partnered, Twofold, Unpaired
from ganache.data.twofold.own_inputs import SIDE_BY_SIDE, doubled
from ganache.data.twofold.same_class import SameClass
from ganache.support.errors import UserError, did_you_mean
from ganache.support.units import listed

# Each input with its target; inputs and targets that know nothing of each other; or of which both have one class.
Meeting = Literal["pairs", "domains", "classes"]
MEETINGS: Mapping[Meeting, type[Twofold]] = {"pairs": Partnered, "domains": Unpaired, "classes": SameClass}
Opened = Callable[[str, Conversion], Any]


def joined(
    opened: Opened,
    data: str,
    how: Conversion,
    meeting: Meeting,
    second: str = "",
    domains: Sequence[str] = (),
    task: str = "",
    crop: tuple[int, int] | None = None,
) -> RowDataset:
    """Return inputs and targets as one set, each source opened by `opened`, both cropped at the same place.

    Raises UserError where they cannot be told, and for what is said twice.
    """
    said = [name for name, value in (("second", second), ("domains", domains), ("task", task)) if value]
    if len(said) > 1:
        raise UserError(f"{said[1]}: inputs and targets are told by {said[0]} already")
    if task:
        if task in SIDE_BY_SIDE:
            how = replace(how, size=how.size and doubled(how.size), fitting="halves")
        found = _packed(opened(data, how))
        if task in SIDE_BY_SIDE:
            return cropped_rows(Derived(found, task), crop)
        return Derived(cropped_rows(found, crop), task)  # made of crops: a hole, say, must lie in each
    first = _packed(opened(data, how))
    if second:
        own = (first.shape.height, first.shape.width)
        sides = Domain(first), Domain(_packed(opened(second, replace(how, size=how.size or own))))
    else:
        sides = _classes(first, domains)
    return cropped_rows(MEETINGS[meeting](*sides), crop)


def _classes(dataset: PackedDataset, domains: Sequence[str]) -> tuple[Domain, Domain]:
    """Return two classes of a set as its domains: those that were named, or its only two."""
    names = tuple(domains) or dataset.label_names
    if not domains and len(names) != 2:
        raise UserError(
            f"domains: {dataset.name!r} does not say what is given and what is wanted: name two of its classes"
            " (--domains A,B), a second source (--data-b) or a task (--task)"
        )
    if len(names) != 2 or names[0] == names[1]:
        raise UserError(f"domains: {listed(names)} is not two different classes, such as A,B")
    for name in names:
        if name not in dataset.label_names:
            close = did_you_mean(name, dataset.label_names)
            raise UserError(f"domains: {name!r} is not a class of this data{close}: {listed(dataset.label_names)}")
    return Domain(dataset, names[0]), Domain(dataset, names[1])


def _packed(found: Any) -> PackedDataset:
    if not isinstance(found, PackedDataset) or found.shape.is_row:
        raise UserError(f"data: {found.name!r} has no pictures that could be translated")
    return found
