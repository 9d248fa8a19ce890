"""Where the data of a run comes from, and how it is read."""

import functools
import os
from dataclasses import asdict, dataclass, replace
from typing import Any

from ganache.data.conversion import DECIDED_BY_THE_DATA, Conversion
from ganache.data.cropping import cropped
from ganache.data.dataset import Dataset, Progress
from ganache.data.location import NAMES, lasting
from ganache.data.opening import open_dataset, preview
from ganache.data.python_arrays import is_kept
from ganache.data.rows.reading import TableReading
from ganache.data.twofold import sides
from ganache.data.twofold.sides import Meeting
from ganache.support.errors import UserError
from ganache.support.json_files import well_formed
from ganache.support.units import number_text


@dataclass(frozen=True)
class Source:
    """Where the data of a run comes from and how it is read; run.json keeps it for the resume."""

    data: str
    how: Conversion = DECIDED_BY_THE_DATA
    labels: tuple[str, ...] = ()  # only these classes
    mirror: bool = False  # whether a training takes every picture mirrored too
    # Of a training from picture to picture: how inputs and targets meet, and where both come from: a second source, two
    # classes of the first, or a task for its pictures.
    meeting: Meeting | None = None
    second: str = ""
    domains: tuple[str, ...] = ()
    task: str = ""
    crop: tuple[int, int] | None = None  # height and width of the crops on which it trains

    @classmethod
    def of(cls, record: dict[str, Any], data: str | None = None) -> "Source":
        """Return what a run's record says of its source, with `data` as the place where it lies now.

        Raises UserError when there is nothing at the recorded place and no other is given.
        """
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
        }
        with well_formed("its source"):
            own = ("labels", "mirror", "meeting", "second", "domains", "task", "crop")
            taken = {name: fields.pop(name) for name in own if name in fields}
            rows = TableReading.recorded(fields.pop("rows", {}))
            kept = cls(fields.pop("data"), how=Conversion(**fields, rows=rows), **taken)
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
        assert how.pop("fitting") == "covered", "halves follow from the task, and a run stretches no pictures"
        own: dict[str, Any] = {"data": lasting(self.data), "labels": self.labels, "mirror": self.mirror}
        if self.meeting:
            own |= {"meeting": self.meeting, "domains": self.domains, "task": self.task}
        del how["rows"]
        if self.how.rows.said:
            own["rows"] = self.how.rows.said
        if self.second:
            own["second"] = lasting(self.second)
        if self.crop:
            own["crop"] = self.crop
        return {**own, **how}

    def open(self, progress: Progress | None = None, write: bool = True) -> Dataset:
        """Return the data, packed into the cache on first use; without `write`, a few rows and the whole summary.

        Raises UserError where a training from picture to picture lacks inputs or targets, or another one has them.
        """
        opened = functools.partial(open_dataset if write else preview, progress=progress)
        if self.meeting is not None:
            met = (self.meeting, self.second, self.domains, self.task)
            return sides.joined(opened, self.data, self.how, *met, self.crop)
        if self.second or self.domains or self.task:
            raise UserError(
                "recipe: second, domains and task are for what translates pictures, such as pix2pix and cyclegan"
            )
        return cropped(opened(self.data, self.how), self.crop)


def options_of(source: dict[str, Any]) -> list[str]:
    """Return the options by which `ganache train` reads data as a run's record says of its source, its data's first."""
    rows = source.get("rows", {})
    options = {
        "--data": source.get("data", "DATA"),
        "--data-b": source.get("second"),
        "--domains": ",".join(source.get("domains", ())),
        "--task": source.get("task"),
        "--size": "x".join(map(str, source.get("size") or ())),
        "--crop": "x".join(map(str, source.get("crop") or ())),
        "--channels": source.get("channels"),
        "--range": ":".join(number_text(end) for end in source.get("value_range") or ()),
        "--label-column": rows.get("label_column"),
        "--missing": rows.get("missing"),
        "--numbers": rows.get("numbers"),
        "--hold-out": rows.get("hold_out"),
    }
    words = [word for option, value in options.items() if value for word in (option, str(value))]
    words += [word for column in rows.get("columns", ()) for word in ("--column", column)]
    words += [word for label in source.get("labels", ()) for word in ("--label", label)]
    usual = DECIDED_BY_THE_DATA.max_skipped
    if (skipped := source.get("max_skipped", usual)) != usual:
        words += ["--max-skipped", number_text(skipped)]
    return [*words, "--mirror"] if source.get("mirror") else words
