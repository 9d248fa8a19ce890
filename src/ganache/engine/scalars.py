"""What moves with training, as scalars on the device: filled before an iteration that the host only launches."""

import torch
from torch import Tensor

from ganache.engine.transfers import to_device
from ganache.parts.moment import Moment, Timed, Value

CHUNK = 64  # scalars that are filled by one copy


class Scalars:
    """A float32 scalar for each schedule and each place of it within an iteration, which stays where it is."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._slots: dict[tuple[Timed, int], Tensor] = {}  # (schedule, images after the iteration's beginning) → ()
        self._chunks: list[Tensor] = []
        self._filled: list[float] = []
        self._read: set[str] = set()
        self.complete = False  # whether all that an iteration asks for must have been asked for before

    @property
    def read(self) -> frozenset[str]:
        """Which numbers of the moment were read by somebody: a graph would keep them for ever."""
        return frozenset(self._read)

    def fill(self, images_seen: int) -> None:
        """Give every scalar its value in an iteration that begins after so many images."""
        values = [schedule.value(images_seen + after) for schedule, after in self._slots]
        if values == self._filled:
            return
        self._filled = values
        parts = torch.split(to_device(torch.tensor(values, dtype=torch.float32), self._device), CHUNK)
        for chunk, part in zip(self._chunks, parts, strict=True):
            chunk[: len(part)].copy_(part)

    def at(self, schedule: Timed, begun: int, images_seen: int) -> Tensor:
        """Return the scalar of a schedule, in an iteration that began after `begun` images.

        Raises RuntimeError for one that is new where none may be.
        """
        place = (schedule, images_seen - begun)
        if place not in self._slots:
            if self.complete:
                raise RuntimeError("a schedule is looked up that earlier iterations of this kind did not look up")
            number = len(self._slots) % CHUNK
            if number == 0:
                self._chunks.append(torch.zeros(CHUNK, device=self._device))
            # A count of writes of its own, as autograd asks whether what it keeps was written to: not each other's.
            self._slots[place] = self._chunks[-1].data[number].fill_(schedule.value(images_seen))
        return self._slots[place]

    def note_read(self, name: str) -> None:
        """Remember that a number of the moment was read."""
        self._read.add(name)


class DeviceMoment(Moment):
    """A moment whose schedules are scalars on the device, and which notices who reads its numbers."""

    _images: int
    _number: int
    _scalars: Scalars
    _begun: int

    def __init__(self, images_seen: int, iteration: int, scalars: Scalars, begun: int | None = None) -> None:
        self.__dict__.update(_images=images_seen, _number=iteration, _scalars=scalars)
        self.__dict__["_begun"] = images_seen if begun is None else begun

    @property
    def images_seen(self) -> int:
        """How many images were seen: a number, which a graph would keep for ever."""
        self._scalars.note_read("images_seen")
        return self._images

    @property
    def iteration(self) -> int:
        """How many iterations were finished before, likewise."""
        self._scalars.note_read("iteration")
        return self._number

    def after(self, images: int) -> "DeviceMoment":
        """Return the moment after so many more images, in the same iteration."""
        return DeviceMoment(self._images + images, self._number, self._scalars, self._begun)

    def at(self, schedule: float | Timed) -> Value:
        """Return a number as it is, and of a schedule its scalar."""
        if isinstance(schedule, int | float):
            return float(schedule)
        return self._scalars.at(schedule, self._begun, self._images)
