from ganache.training.clock import Clock
from tests.tiny import CPU


class Hands:
    """A clock's hands, which stand where they are put."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_seconds_of_training_stand_still_between_stop_and_start() -> None:
    hands = Hands()
    clock = Clock(CPU, before=100.0, now=hands)
    assert clock.seconds() == 100.0
    clock.start()
    hands.at = 3.0
    clock.start()  # it runs already
    hands.at = 5.0
    assert clock.stop() == clock.seconds() == 105.0
    hands.at = 50.0
    assert clock.seconds() == 105.0
    clock.start()
    hands.at = 51.0
    assert clock.seconds() == 106.0


def test_a_save_is_due_after_a_minute_or_fifty_times_what_one_takes() -> None:
    hands = Hands()
    clock = Clock(CPU, now=hands)
    for at, due in ((60.0, False), (60.5, True)):
        hands.at = at
        assert clock.save_is_due() == due
    clock.note_save(began=58.5)  # it took two seconds, so that the next is due after 100
    for at, due in ((160.5, False), (161.0, True)):
        hands.at = at
        assert clock.save_is_due() == due
    clock.note_save()  # it was read, which says nothing of writing
    hands.at += 61.0
    assert clock.save_is_due()
