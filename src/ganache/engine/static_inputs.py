"""What an iteration draws, in tensors that stay where they are and are filled anew for every iteration."""

from collections.abc import Callable

from torch import Tensor

from ganache.engine.random_draws import StateDraws
from ganache.games.game import TrainingBatch
from ganache.parts.latents import Latent
from ganache.support.errors import UserError

Request = tuple[str, Latent | None]  # what was asked for, and of which distribution


class StaticInputs:
    """The draws of one kind of iteration: what the first one asks for is drawn before each of the others begins."""

    def __init__(self, draws: StateDraws) -> None:
        self._draws = draws
        self._kept: list[tuple[Request, tuple[Tensor, ...]]] = []
        self._taken = 0
        self.complete = False  # whether all that an iteration asks for must have been asked for before

    def refill(self) -> None:
        """Draw what the coming iteration will ask for, in the order in which it will."""
        for (what, latent), tensors in self._kept:
            for tensor, value in zip(tensors, self._draw(what, latent), strict=True):
                tensor.copy_(value, non_blocking=True)
        self.rewind()

    def rewind(self) -> None:
        """Answer from the first one on again."""
        self._taken = 0

    def batch(self) -> TrainingBatch:
        """Return the next batch of the data."""
        return TrainingBatch(*self._take("batch"))

    def nothing(self) -> TrainingBatch:
        """Return a batch without reals and conditions."""
        return TrainingBatch(*self._take("nothing"))

    def latents(self, latent: Latent) -> Tensor:
        """Return the next latents (N, Z)."""
        return self._take("latents", latent)[0]

    def _take(self, what: str, latent: Latent | None = None) -> tuple[Tensor, ...]:
        """Return what is asked for next. Raises UserError where earlier iterations of this kind asked for another."""
        if self._taken == len(self._kept):
            if self.complete:
                raise RuntimeError(f"{what} is drawn that earlier iterations of this kind did not draw")
            # Copies: what the data gave may be theirs.
            self._kept.append(((what, latent), tuple(value.clone() for value in self._draw(what, latent))))
        request, tensors = self._kept[self._taken]
        if request != (what, latent):
            raise UserError(
                f"game: where one iteration draws {request[0]}, another of the same phase draws {what}; say in `phase` "
                "what makes them differ, or in `not_captured` that they do"
            )
        self._taken += 1
        return tensors

    def _draw(self, what: str, latent: Latent | None) -> tuple[Tensor, ...]:
        if latent is not None:
            return (self._draws.latents(latent),)
        ask: Callable[[], TrainingBatch] = self._draws.batch if what == "batch" else self._draws.nothing
        batch = ask()
        return batch.reals, batch.conditions
