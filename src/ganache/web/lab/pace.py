"""How far the games may go: all to the same iteration, then all further, so that none is ever far ahead."""

from dataclasses import dataclass

SLICE_SECONDS = 0.05  # that a stretch of iterations takes, so that a pause is heeded soon
MOST_STRIDE = 4096  # iterations of a stretch


@dataclass
class Pace:
    """Up to which iteration all may play; the owner tells when they are there, and how long it took."""

    limit: int = 0
    is_playing: bool = False
    per_second: float | None = None  # iterations; None: as fast as it goes
    _stride: int = 1

    def begin(self) -> None:
        """Start from the first iteration; what was playing plays on."""
        self.limit, self._stride = 0, 1

    def play(self, per_second: float | None) -> None:
        """Go on, at most so fast."""
        self.is_playing, self.per_second, self._stride = True, per_second, 1

    def pause(self) -> None:
        """Stand still at the limit."""
        self.is_playing = False

    def step(self, iterations: int) -> None:
        """Stand still so many iterations behind the limit."""
        self.is_playing = False
        self.limit += iterations

    def rest(self, took: float) -> float:
        """Return how many seconds to wait after all came to the limit in so many."""
        if self.per_second is None:
            self._stride = _adapted(self._stride, took)
            return 0.0
        self._stride = max(1, round(self.per_second * SLICE_SECONDS))
        return max(0.0, self._stride / self.per_second - took)

    def go_on(self) -> None:
        """Move the limit on."""
        self.limit += self._stride


def _adapted(stride: int, took: float) -> int:
    """Return a stretch that takes about as long as it should."""
    if took < SLICE_SECONDS / 2:
        return min(MOST_STRIDE, 2 * stride)
    return max(1, stride // 2) if took > 2 * SLICE_SECONDS else stride
