"""The training loop: iterations, and between them what is done every so many images."""

from collections.abc import Callable, Sequence

from ganache.data import Selection
from ganache.data.twofold.preparation import prepared_by
from ganache.engine.graphs import launcher
from ganache.engine.state import NonFiniteError, TrainingState
from ganache.runs import products, sealed
from ganache.runs.budget import KEEP_LAST, Budget
from ganache.runs.cadence import Cadence
from ganache.runs.checkpoints import forget_after, restore, save_state, seconds_at
from ganache.runs.folder import Run
from ganache.runs.logbook import Logbook
from ganache.support.errors import RunError
from ganache.support.interrupts import Interrupts
from ganache.training.clock import Clock
from ganache.training.display import Display
from ganache.training.observers.observer import Observer
from ganache.training.onlookers import Onlookers
from ganache.training.orders import Orders

MOST_ROLLBACKS = 3  # from one checkpoint; a run that needs more diverges by design


class DivergedError(RunError):
    """A training whose state cannot be kept finite."""


class Loop:
    """A run in the making: the state, the data, and everybody who looks on or is told how it goes.

    Of many processes all iterate, and process 0 alone does what concerns the run's folder and those who look on;
    these may have the others' help.
    """

    def __init__(
        self,
        run: Run,
        state: TrainingState,
        data: Selection,
        *,
        budget: Budget,
        cadence: Cadence,
        observers: Sequence[Observer] = (),
        display: Display | None = None,
        interrupts: Interrupts | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.run, self.state, self.data = run, state, data
        self.budget = budget
        self._world = state.world
        before = seconds_at(run, state.counters.images_seen) if self._world.rank == 0 else 0.0
        self.clock = clock or Clock(state.device, before=before)
        self._onlookers = Onlookers(state, cadence, self.clock, observers)
        self._display = display or Display()
        self._orders = Orders(budget, self.clock, interrupts or Interrupts(), self._world)
        self._logbook: Logbook | None = None
        self._prepared = prepared_by(data.summary())

    def go(self) -> None:
        """Train until the budget is used or a signal arrives; either way the last state is saved.

        Raises RunError when the state cannot be kept finite, the disk refuses or another process is lost.
        """
        try:
            last = self._ask_orders(at_once=True)
            self._open()
            while not last:
                self.clock.start()
                self._launcher.iterate()
                tick = self._onlookers.is_due("tick")
                last = self._ask_orders(at_once=tick)
                try:
                    self._between_iterations(tick, last)
                except NonFiniteError as error:
                    self._roll_back(str(error))
                    last = self._ask_orders(at_once=True)
                self._display.advance(self.state.counters.images_seen, self._share())
        finally:
            if self._logbook is not None:
                self._logbook.close()

    def _ask_orders(self, at_once: bool) -> bool:
        """Whether to stop here; nothing else in the loop asks for budget or signals."""
        return self._orders.ask(self.state.counters.images_seen, at_once)

    def _share(self) -> float:
        """Return how much of the budget is used, 0 to 1."""
        return self._orders.share(self.state.counters.images_seen)

    def _by_first(self, work: Callable[[], None]) -> None:
        """Have process 0 do what is done once; what it finds non-finite is so for every process."""

        def done() -> str | None:
            try:
                work()
            except NonFiniteError as error:
                return str(error)
            return None

        found = self._world.by_first(done)
        if found is not None:
            raise NonFiniteError(found)

    def _open(self) -> None:
        """Bring everybody to where the state stands; a new run begins with a checkpoint."""
        self._launcher = launcher(self.data, self.state)
        self._onlookers.begin()
        self.clock.note_save()
        self._by_first(self._open_run)

    def _open_run(self) -> None:
        if self._logbook is not None:
            self._logbook.close()
        self._logbook = Logbook(self.run, self.state.counters.images_seen)
        self._onlookers.ask(lambda observer: observer.go_back(self.state))
        if sealed.newest(self.run.checkpoints):
            # The process may have ended between the checkpoint and what is written after it.
            self._publish(at_end=self._orders.stop)
        else:
            self._save(at_end=False)

    def _between_iterations(self, tick: bool, last: bool) -> None:
        """Log, look and save where it is time for it. Raises NonFiniteError when the state is not finite."""
        if not (tick or last or self._orders.save):
            return
        self.clock.stop()
        tally = self.state.tally
        tally.gather(self._world)
        tally.check_finite()
        if tick:
            self._by_first(self._log)
            self.state.tally.clear()
        else:
            tally.leave_to_first(self._world)
        self._by_first(lambda: self._save_if_due(last))

    def _save_if_due(self, last: bool) -> None:
        if last or self._onlookers.is_due("checkpoint") or self.clock.save_is_due():
            self._save(last)

    def _log(self) -> None:
        line = self._onlookers.line()
        assert self._logbook is not None
        self._logbook.write(line)
        self._display.tick(line, self._share())

    def _save(self, at_end: bool) -> None:
        """Save the state, and all that follows from it. Raises NonFiniteError before anything is written."""
        self.state.check_finite()
        assert self._logbook is not None
        began = self.clock.now()
        self._logbook.sync()
        save_state(self.run, self.state, self.data.fingerprint)
        self._publish(at_end)
        self.clock.note_save(began)

    def _publish(self, at_end: bool) -> None:
        """Bring to the state's moment what follows from it: the generators, the record, which checkpoints are kept."""
        names = list(self.data.label_names) if self.state.conditions else []
        facts = {"label_names": names, "images_seen": self.state.counters.images_seen, "data": self.data.fingerprint}
        facts |= self._prepared
        for product in self.state.recipe.products():
            network, file = self.state.averages[product.network].network, self.run.product_file(product.network)
            products.save(file, network, self.state.recipe, self.state.shape, facts, product)
        self._onlookers.ask(lambda observer: observer.publish(self.state, at_end))
        self.run.update_record(
            images_seen=self.state.counters.images_seen,
            training_seconds=round(self.clock.seconds(), 3),
            rollbacks=self.state.counters.rollbacks,
            **self._launcher.describe(),
        )
        sealed.prune(self.run.checkpoints, KEEP_LAST, self._is_scheduled)

    def _is_scheduled(self, images_seen: int) -> bool:
        """Whether a checkpoint of this number is made in every run with this cadence, interrupted or not."""
        before = images_seen - self.state.recipe.images_per_iteration
        return self._onlookers.cadence.is_due("checkpoint", before, images_seen)

    def _roll_back(self, what: str) -> None:
        """Return to the last scheduled checkpoint and go on from there with other random numbers.

        Only scheduled ones count, so that an interrupted run returns to the same point as one that was not.
        Raises DivergedError when this has happened too often.
        """
        failed_at, rollbacks = self.state.counters.images_seen, self.state.counters.rollbacks + 1
        self._by_first(self._restore)
        self.state.spread()
        seen = self.state.counters.images_seen
        if rollbacks - self.state.counters.rollbacks > MOST_ROLLBACKS:
            raise DivergedError(
                f"{what} became non-finite {MOST_ROLLBACKS + 1} times after {seen} images; the last good state is "
                "kept. Lower the learning rates (--set optimizers.generator.learning_rate=…) and train anew"
            )
        self.state.counters.rollbacks = rollbacks
        self._display.say(f"{what} became non-finite at {failed_at} images: back to {seen}, with new random numbers")
        self._open()

    def _restore(self) -> None:
        restore(self.run, self.state, self.data.fingerprint, self._display.say, self._is_scheduled)
        forget_after(self.run, self.state.counters.images_seen)
