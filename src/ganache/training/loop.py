"""The training loop: iterations, and between them what is done every so many images."""

import time
from dataclasses import dataclass

import torch

from ganache.data import Selection
from ganache.engine.devices import memory_in_use, synchronize
from ganache.engine.iteration import Reals, iterate
from ganache.engine.state import NonFiniteError, Tally, TrainingState
from ganache.runs import products, sealed
from ganache.runs.budget import KEEP_LAST, SAFETY_SECONDS, SAVE_SHARE, Budget
from ganache.runs.cadence import Cadence, crosses
from ganache.runs.checkpoints import forget_after, restore, save_state, seconds_at
from ganache.runs.folder import Run
from ganache.runs.logbook import Logbook
from ganache.support.errors import RunError
from ganache.support.interrupts import Interrupts
from ganache.support.units import counted
from ganache.training.display import Display
from ganache.training.observers.held_out import HeldOut
from ganache.training.observers.sample_sheet import SampleSheet
from ganache.training.observers.scores import Evaluations
from ganache.training.observers.vitals import Vitals
from ganache.training.observers.watch import Watch

MOST_ROLLBACKS = 3  # from one checkpoint; a run that needs more diverges by design


@dataclass
class Stopwatch:
    """Seconds of training: it runs in the loop and stands still during pictures, checkpoints and evaluation."""

    device: torch.device
    before: float = 0.0
    _since: float | None = None

    def start(self) -> None:
        """Run on; a running one goes on running."""
        self._since = self._since if self._since is not None else time.perf_counter()

    def stop(self) -> float:
        """Stand still, once the device has finished; return the seconds so far."""
        synchronize(self.device)
        self.before, self._since = self.seconds(), None
        return self.before

    def seconds(self) -> float:
        """Return the seconds so far."""
        return self.before + (time.perf_counter() - self._since if self._since is not None else 0.0)


class Training:
    """A run in the making: the state, the data, and everybody who is told how it goes."""

    def __init__(
        self,
        run: Run,
        state: TrainingState,
        data: Selection,
        budget: Budget,
        cadence: Cadence,
        evaluate_every: int | None = None,
    ) -> None:
        self.run, self.state, self.data = run, state, data
        self.budget, self.cadence, self.evaluate_every = budget, cadence, evaluate_every
        self.clock = Stopwatch(state.device, before=seconds_at(run, state.counters.images_seen))

    def go(self, display: Display, interrupts: Interrupts) -> None:
        """Train until the budget is used or a signal arrives; either way the last state is saved.

        Raises RunError when the state cannot be kept finite, or the disk refuses.
        """
        self._display = display
        self._logbook = Logbook(self.run, self.state.counters.images_seen)
        try:
            self._open()
            last = self.share() >= 1.0
            while not last:
                before = self.state.counters.images_seen
                self.clock.start()
                iterate(self.state, self._reals)
                last = bool(interrupts.received) or self.share() >= 1.0
                self._between_iterations(before, last)
                display.advance(self.state.counters.images_seen, self.share())
                last = last and (bool(interrupts.received) or self.share() >= 1.0)  # a rollback may have undone it
        finally:
            self._logbook.close()

    def share(self) -> float:
        """Return how much of the budget is used, 0 to 1."""
        return self.budget.share(self.state.counters.images_seen, self.clock.seconds())

    def _open(self) -> None:
        """Bring all else to where state and log stand; a new run begins with a picture and a checkpoint."""
        seen = self.state.counters.images_seen
        self._sheet = SampleSheet(self.run, self.state, self.data)
        self._sheet.forget_after(seen)
        self._reals = Reals(self.data, self.state)
        self._held_out = HeldOut(self.data, self.state)
        self._vitals = Vitals(self.data, self.state)
        self._doctor = Watch(self.state.recipe, self.data.summary(), self._logbook.lines)
        self._evaluations = Evaluations(self.run, self.state, self.data, self.evaluate_every, self._display.say)
        self._last_tick = (seen, self.clock.before)
        self._saved_at, self._save_seconds = time.monotonic(), 0.0
        if not sealed.newest(self.run.checkpoints):
            self._sheet.draw()
            self._save()
            return
        # The process may have ended between the checkpoint and what is written after it.
        if self.share() >= 1.0 and not self._sheet.is_drawn():
            self._sheet.draw()
        self._publish()

    def _between_iterations(self, before: int, last: bool) -> None:
        seen, due = self.state.counters.images_seen, self.cadence.is_due
        tick = due("tick", before, seen)
        if not (tick or last):
            return
        self.clock.stop()
        try:
            self.state.tally.check_finite()
            if tick:
                measured = self._vitals.measure() if self._is_due(self._vitals.every, before) else {}
                self._log(self._examination(before) | measured | self._evaluation(before))
            if last or due("samples", before, seen):
                self._sheet.draw()
            if last or due("checkpoint", before, seen) or self._save_is_due():
                self._save()
        except NonFiniteError as error:
            self._roll_back(str(error))

    def _examination(self, before: int) -> dict[str, float]:
        """Examine the discriminator at the first tick after each pass over the data."""
        seen, examined = self.state.counters.images_seen, self._held_out
        if not examined.count or not self._is_due(examined.every, before):
            return {}
        marks = examined.examine()
        self._display.say(
            f"after pass {seen // examined.every} the discriminator is right about "
            f"{100 * marks['held_out/accuracy_real']:.2f}% of {counted(examined.count, 'held-out image')} and "
            f"{100 * marks['held_out/accuracy_fake']:.2f}% of as many fakes"
        )
        return marks

    def _evaluation(self, before: int) -> dict[str, float]:
        """Evaluate the average generator at the first tick after each so many images."""
        due = self._evaluations.every and self._is_due(self._evaluations.every, before)
        return self._evaluations.measure() if due else {}

    def _is_due(self, every: int, before: int) -> bool:
        """Whether this tick is the first after a multiple of so many images."""
        # Counted in whole ticks: each interval lies between two of them, whatever happened inside it.
        last, this = (self.cadence.reached("tick", images) for images in (before, self.state.counters.images_seen))
        return crosses(every, last, this)

    def _log(self, marks: dict[str, float]) -> None:
        seen, seconds = self.state.counters.images_seen, self.clock.before
        images, duration = seen - self._last_tick[0], seconds - self._last_tick[1]
        line = {
            "images_seen": seen,
            "training_seconds": round(seconds, 3),
            "images_per_second": round(images / duration, 2) if duration > 0 else 0.0,
            **self.state.tally.means(),
            **self.state.rates(),
            **marks,
            "memory_bytes": memory_in_use(self.state.device),
        }
        for sentence in self._doctor.consult(line, self.state.counters.rollbacks):
            self._display.say(sentence)
        self._logbook.write(line)
        self._display.tick(line, self.share())
        self.state.tally = Tally()
        self._last_tick = (seen, seconds)

    def _save_is_due(self) -> bool:
        waited = time.monotonic() - self._saved_at
        return waited > max(SAFETY_SECONDS, SAVE_SHARE * self._save_seconds)

    def _save(self) -> None:
        """Save the state, the generator and how far the run came. Raises NonFiniteError before anything is written."""
        self.state.check_finite()
        began = time.monotonic()
        self._logbook.sync()
        save_state(self.run, self.state, self.data.fingerprint)
        self._publish()
        self._saved_at, self._save_seconds = time.monotonic(), time.monotonic() - began

    def _publish(self) -> None:
        """Bring to the state's moment what follows from it: the generators, the record, which checkpoints are kept."""
        names = list(self.data.label_names) if self.state.labels else []
        facts = {"label_names": names, "images_seen": self.state.counters.images_seen, "data": self.data.fingerprint}
        products.save(self.run.generator_file, self.state.average.network, self.state.recipe, self.state.shape, facts)
        self._evaluations.save_best()
        self.run.update_record(
            images_seen=self.state.counters.images_seen,
            training_seconds=round(self.clock.before, 3),
            rollbacks=self.state.counters.rollbacks,
        )
        sealed.prune(self.run.checkpoints, KEEP_LAST, self.is_scheduled)

    def is_scheduled(self, images_seen: int) -> bool:
        """Whether a checkpoint of this number is made in every run with this cadence, interrupted or not."""
        return self.cadence.is_due("checkpoint", images_seen - self.state.recipe.images_per_iteration, images_seen)

    def _roll_back(self, what: str) -> None:
        """Return to the last scheduled checkpoint and go on from there with other random numbers.

        Only scheduled ones count, so that an interrupted run returns to the same point as one that was not.
        Raises RunError when this has happened too often.
        """
        failed_at, rollbacks = self.state.counters.images_seen, self.state.counters.rollbacks + 1
        restore(self.run, self.state, self.data.fingerprint, self._display.say, self.is_scheduled)
        seen = self.state.counters.images_seen
        forget_after(self.run, seen)
        if rollbacks - self.state.counters.rollbacks > MOST_ROLLBACKS:
            raise RunError(
                f"{what} became non-finite {MOST_ROLLBACKS + 1} times after {seen} images; the last good state is "
                "kept. Lower the learning rates (--set optimizers.generator.learning_rate=…) and train anew"
            )
        self.state.reseed_after_rollback(rollbacks)
        self._display.say(f"{what} became non-finite at {failed_at} images: back to {seen}, with new random numbers")
        self._logbook.close()
        self._logbook = Logbook(self.run, seen)
        self._open()
