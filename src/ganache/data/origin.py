"""Where the data of a run comes from, and how it is read."""

import os
from dataclasses import asdict, dataclass, replace
from typing import Any

from ganache.data.conversion import DECIDED_BY_THE_DATA, Conversion
from ganache.data.dataset import Dataset, Progress
from ganache.data.location import NAMES, lasting
from ganache.data.opening import open_dataset, preview
from ganache.data.python_arrays import is_kept
from ganache.support.errors import UserError
from ganache.support.json_files import well_formed


@dataclass(frozen=True)
class Source:
    """Where the data of a run comes from and how it is read; run.json keeps it for the resume."""

    data: str
    how: Conversion = DECIDED_BY_THE_DATA
    labels: tuple[str, ...] = ()  # only these classes
    mirror: bool = False  # whether a training takes every picture mirrored too

    @classmethod
    def of(cls, record: dict[str, Any], data: str | None = None) -> "Source":
        """Return what a run's record says of its source, with `data` as the place where it lies now.

        Raises UserError when there is nothing at the recorded place and no other is given.
        """
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
        }
        with well_formed("its source"):
            taken = {name: fields.pop(name) for name in ("labels", "mirror") if name in fields}
            kept = cls(fields.pop("data"), how=Conversion(**fields), **taken)
        if data is None and kept.data not in NAMES and not os.path.exists(os.path.expanduser(kept.data)):
            if is_kept(kept.data):
                raise UserError(
                    f"data: the run's array is no longer in {kept.data!r}; give it again: resume(…, data=array)"
                )
            raise UserError(f"data: the run's was {kept.data!r}, and there is none now; say with --data where it lies")
        return replace(kept, data=data or kept.data)

    def to_json(self) -> dict[str, Any]:
        """Return it for a run's record, so that it means the same data from any folder."""
        how = asdict(self.how)
        assert not how.pop("stretch"), "a run's pictures keep their proportions"
        return {"data": lasting(self.data), "labels": self.labels, "mirror": self.mirror, **how}

    def open(self, progress: Progress | None = None, write: bool = True) -> Dataset:
        """Return the data, packed into the cache on first use; without `write`, a few rows and the whole summary."""
        return (open_dataset if write else preview)(self.data, self.how, progress)
