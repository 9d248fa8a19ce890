"""The training loop: one step after the other, and between them what is done every so many images."""

import math
import time
from collections.abc import Callable
from typing import Any

from ganache.drawing.grids import for_display
from ganache.runs.budget import KEEP_LAST
from ganache.runs.cadence import Cadence
from ganache.runs.folder import Run, numbered
from ganache.runs.logbook import Logbook
from ganache.runs.sealed import newest, newest_readable, prune
from ganache.scratch.export import memory_bytes, save_arrays, to_arrays
from ganache.scratch.tasks import Task, to_files
from ganache.support.errors import RunError, UserError
from ganache.support.files import replacing
from ganache.support.interrupts import Interrupts
from ganache.support.trees import differences

FORMAT = "scratch-1"


class Training:
    """A run in the making. `identity` is what a checkpoint must share with the run: settings, seed, data."""

    def __init__(
        self,
        run: Run,
        task: Task,
        cadence: Cadence,
        batch: int,
        identity: dict[str, Any],
        export: Callable[[int], None],
    ) -> None:
        self.run, self.task, self.cadence, self.batch = run, task, cadence, batch
        self.identity, self.export = {"format": FORMAT, "content": "scratch checkpoint", **identity}, export
        self.images_seen, self.seconds = 0, 0.0
        self._sums: dict[str, list[float]] = {}
        self._at_tick = (0, 0.0)

    def go(self, images: int, interrupts: Interrupts, say: Callable[[str], None]) -> None:
        """Train until so many images were seen or a signal arrives; either way the last state is saved.

        Raises RunError when the state is not finite or the disk refuses.
        """
        self._logbook = Logbook(self.run, self.images_seen)
        self._at_tick = (self.images_seen, self.seconds)
        try:
            if not newest(self.run.checkpoints):
                self._draw()
                self._save()
            else:  # the process may have ended between the checkpoint and what is written after it
                self._publish()
            last = self.images_seen >= images
            while not last:
                before, began = self.images_seen, time.perf_counter()
                self._note(self.task.learn(before, self.batch))
                self.images_seen += self.batch
                self.seconds += time.perf_counter() - began
                last = self.images_seen >= images or interrupts.received is not None
                self._between_steps(before, last, say)
        finally:
            self._logbook.close()

    def _between_steps(self, before: int, last: bool, say: Callable[[str], None]) -> None:
        seen, due = self.images_seen, self.cadence.is_due
        samples = last or due("samples", before, seen)
        if samples:
            self._note(self.task.measure())
        if last or due("tick", before, seen):
            self._log(say)
        if samples:
            self._draw()
        if last or due("checkpoint", before, seen):
            self._save()

    def _note(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._sums.setdefault(name, []).append(value)

    def _log(self, say: Callable[[str], None]) -> None:
        means = {name: math.fsum(values) / len(values) for name, values in self._sums.items()}
        for name, value in means.items():
            if not math.isfinite(value):
                raise RunError(f"{name} became {value} after {self.images_seen} images; lower --learning-rate")
        images, seconds = self.images_seen - self._at_tick[0], self.seconds - self._at_tick[1]
        line = {
            "images_seen": self.images_seen,
            "training_seconds": round(self.seconds, 3),
            "images_per_second": round(images / seconds, 2) if seconds > 0 else 0.0,
            **means,
            "memory_bytes": memory_bytes(),
        }
        self._logbook.write(line)
        measured = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        say(f"{self.images_seen:>9} images  {line['images_per_second']:.0f} images/s  {measured}")
        self._sums, self._at_tick = {}, (self.images_seen, self.seconds)

    def _draw(self) -> None:
        images = self.task.draw()
        if images is not None:
            with replacing(self.run.samples / f"{numbered(self.images_seen)}.png") as temporary:
                for_display(images, self.task.reals).save(temporary)

    def _save(self) -> None:
        if not self.task.is_finite():
            raise RunError(f"a weight is no longer a number after {self.images_seen} images; lower --learning-rate")
        self._logbook.sync()
        description = {**self.identity, "images_seen": self.images_seen, "facts": self.task.facts()}
        path = self.run.checkpoints / f"{numbered(self.images_seen)}.safetensors"
        save_arrays(path, to_files(self.task.arrays()), description)
        self._publish()

    def _publish(self) -> None:
        """Bring to this moment what follows from the checkpoint: the generator, the record, which ones are kept."""
        self.export(self.images_seen)
        self.run.update_record(images_seen=self.images_seen, training_seconds=round(self.seconds, 3))
        prune(
            self.run.checkpoints,
            KEEP_LAST,
            lambda images: self.cadence.is_due("checkpoint", images - self.batch, images),
        )

    def restore(self, say: Callable[[str], None]) -> None:
        """Continue from the newest readable checkpoint; forget the pictures of the future that did not happen.

        Raises UserError, listing what differs, when the checkpoint is of other settings or data.
        """
        found = newest_readable(self.run.checkpoints, say)
        if found is not None:
            _, tensors, description = found
            changes = differences({name: description.get(name) for name in self.identity}, self.identity)
            if changes:
                raise UserError(f"run: {self.run.path} cannot be continued, this changed: {'; '.join(changes)}")
            self.task.load(to_arrays(tensors), description["facts"])
            self.images_seen = description["images_seen"]
        reached = [line for line in self.run.log_lines() if line["images_seen"] <= self.images_seen]
        self.seconds = max((float(line["training_seconds"]) for line in reached), default=0.0)
        for picture in self.run.sample_files():
            if int(picture.stem) > self.images_seen:
                picture.unlink()
