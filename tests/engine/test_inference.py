"""What is measured leaves no trace in what is trained, an augmentation that counts its images included."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganache.data import select
from ganache.engine.inference import as_in_inference
from ganache.parts.augmentations import Augmenter
from ganache.parts.moment import Moment
from ganache.training.observers.held_out import HeldOut
from ganache.training.observers.vitals import Vitals
from tests.tiny import tiny_recipe, tiny_state
from tests.training.company import measured
from tests.training.observers.test_held_out import Split


class Counting(Augmenter):
    """Counts the images that it sees, in either mode, and keeps which modes they were."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))
        self.modes: set[bool] = set()

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        self.seen.add_(len(images))  # type: ignore[operator]
        self.modes.add(self.training)
        return images


@pytest.mark.parametrize("held_out", [True, False])
def test_measuring_neither_moves_an_augmentation_nor_runs_it_in_training_mode(held_out: bool) -> None:
    """A counting buffer had moved by 20 after one examination of ten held-out images and ten fakes."""
    state = tiny_state(tiny_recipe())
    augmenter = state.cast.memories["augment"] = Counting()
    augmenter.seen.fill_(7.0)  # type: ignore[operator]
    if held_out:
        measured(HeldOut(select(Split()), state), state)
    else:
        measured(Vitals(select(Split()), state), state)
    assert augmenter.modes == {False}
    assert float(augmenter.seen) == 7.0  # type: ignore[arg-type]
    assert augmenter.training
    assert all(network.training for network in state.cast.networks.values())


def fail_in_inference(network: Any) -> None:
    with as_in_inference(network):
        assert not network[0].training
        network[0].running_mean.fill_(5.0)
        raise ZeroDivisionError


def test_every_part_gets_its_own_mode_and_values_back_also_after_an_error() -> None:
    network: Any = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout())
    network[1].eval()
    with pytest.raises(ZeroDivisionError):
        fail_in_inference(network)
    assert (network.training, network[0].training, network[1].training) == (True, True, False)
    assert network[0].running_mean.tolist() == [0.0, 0.0]
