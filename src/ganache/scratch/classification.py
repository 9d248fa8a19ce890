"""A classifier on the same engine: one network, one loss, minibatches."""

from ganache.scratch.array_module import Array
from ganache.scratch.gan import Learner
from ganache.scratch.losses import softmax_cross_entropy


class PixelClassifier:
    """A network from pixels (N, P) in [0, 1] to logits (N, K), and what moves it."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    def step(self, pixels: Array, classes: Array) -> dict[str, float]:
        """Move once along the cross entropy on a minibatch of classes (N,); return loss and accuracy before it."""
        logits = self.learner.network.forward(pixels, training=True)
        loss, at_logits = softmax_cross_entropy(logits, classes)
        _, gradients = self.learner.network.backward(at_logits)
        self.learner.move(gradients)
        return {"loss/train": loss, "accuracy/train": _right(logits, classes) / len(logits)}

    def right(self, pixels: Array, classes: Array) -> int:
        """Return of how many pixels (N, P) the likeliest class is the right one."""
        return _right(self.learner.network.forward(pixels), classes)


def _right(logits: Array, classes: Array) -> int:
    return int((logits.argmax(axis=1) == classes).sum())
