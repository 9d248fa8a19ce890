import numpy as np
import torch

from ganache.data import Selection, select
from ganache.engine.state import TrainingState
from ganache.scratch.accuracy import Accuracy
from ganache.scratch.by_hand import ClassifierByHand, classifier_of, is_kept
from ganache.support.precision import FULL
from tests.labelled import labelled, shades

LABELS = [0, 1] * 100


def begun(data: Selection) -> TrainingState:
    """A classifier that calls everything light, which is right about every second image."""
    state = TrainingState(ClassifierByHand(width=3), data.shape, 2, 0, torch.device("cpu"), FULL)
    last = classifier_of(state.cast).learner.network.layers[-1].parameters
    last["weight"][...], last["bias"][...] = 0.0, np.array([0.0, 1.0])
    return state


def test_where_images_are_held_out_all_of_them_count() -> None:
    data = select(labelled(shades([*LABELS, 1, 1, 0]), [*LABELS, 1, 1, 0], train=200, test=3), (), True)
    assert Accuracy(data).measure(begun(data), {}) == {"accuracy/test": 2 / 3}


def test_where_none_are_the_tenth_that_is_kept_counts() -> None:
    images = shades(LABELS)
    data = select(labelled(images, LABELS), (), True)
    kept = is_kept(torch.from_numpy(images).float().div_(127.5).sub_(1.0)).numpy()
    assert kept.any()
    assert Accuracy(data).measure(begun(data), {}) == {"accuracy/test": np.array(LABELS)[kept].mean()}
