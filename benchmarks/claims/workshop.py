"""Where the claims' runs and measurements are kept, so that nothing finished is computed twice."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import ganache
from ganache.runs.folder import Run
from ganache.support.errors import RunError
from ganache.support.json_files import write_json

Json = dict[str, Any]
LEAST_IMAGES = 256


@dataclass(frozen=True)
class Trial:
    """A training that sections may share: the same trial with the same seed is the same run."""

    data: str
    recipe: str
    settings: tuple[str, ...] = ()
    images: int | None = None
    seconds: float | None = None  # in the place of images

    def name(self, seed: int) -> str:
        """Return the folder of its run: another setting, budget or seed is another folder."""
        content = json.dumps([asdict(self), seed])
        return f"{self.recipe}-{self.data}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


@dataclass(frozen=True)
class Finished:
    """A run at its end; one that diverged has only what it had learned until then."""

    path: Path
    images_seen: int
    training_seconds: float
    diverged: bool


@dataclass(frozen=True)
class Workshop:
    """A work folder; `scale` multiplies every budget, below 1 for a quick look at the machinery."""

    folder: Path
    scale: float = 1.0
    sevens_document: Path | None = None  # runs of ganache.scratch that were made elsewhere
    sevens: Path | None = None

    def scaled(self, count: int) -> int:
        """Return a number of images or steps at this workshop's scale."""
        return max(1, round(count * self.scale))

    def train(self, trial: Trial, seed: int) -> Finished:
        """Return the trial's run, training or continuing it if it is not finished; a diverged one is finished too.

        Raises KeyboardInterrupt when the training was stopped by a signal.
        """
        trial = self._at_scale(trial)
        path = self.folder / "runs" / trial.name(seed)
        if not path.exists() or not _is_over(path):
            try:
                outcome = ganache.resume(path) if path.exists() else _begin(trial, seed, path)
            except RunError:
                if not (path.exists() and _is_over(path)):  # the disk failed it, or another accident: no result
                    raise
            else:
                if outcome.signal is not None:
                    raise KeyboardInterrupt
        record = Run.open(path).record()
        return Finished(path, record["images_seen"], record["training_seconds"], record["outcome"] != "finished")

    def measured(self, slug: str, protocol: Json | None) -> Json | None:
        """Return a section's results, or None when there are none by this protocol; without one, any will do."""
        path = self._measurement(slug)
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        if known is None or (protocol is not None and known["protocol"] != self._complete(protocol)):
            return None
        results: Json = known["results"]
        return results

    def measure(self, slug: str, protocol: Json, measurement: Callable[[], Json]) -> None:
        """Measure, and keep the results with their protocol; what was measured by the same protocol stays."""
        if self.measured(slug, protocol) is None:
            found = {"protocol": self._complete(protocol), "results": measurement()}
            write_json(self._measurement(slug), found)

    def _complete(self, protocol: Json) -> Json:
        complete: Json = json.loads(
            json.dumps({**protocol, "scale": self.scale})
        )  # as it is read back: tuples are lists
        return complete

    def _at_scale(self, trial: Trial) -> Trial:
        images = None if trial.images is None else max(LEAST_IMAGES, self.scaled(trial.images))
        return replace(trial, images=images)

    def _measurement(self, slug: str) -> Path:
        return self.folder / "measured" / f"{slug}.json"


def _begin(trial: Trial, seed: int, path: Path) -> ganache.Outcome:
    return ganache.train(
        trial.recipe,
        data=trial.data,
        out=path,
        images=trial.images,
        time=trial.seconds,
        seed=seed,
        settings=trial.settings,
    )


def _is_over(path: Path) -> bool:
    outcome = str(Run.open(path).record()["outcome"])
    return outcome == "finished" or (outcome.startswith("failed") and "finite" in outcome)
