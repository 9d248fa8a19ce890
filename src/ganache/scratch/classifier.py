"""A classifier on the same engine: one network, one loss, minibatches."""

from ganache.scratch.array_module import Array, to_host
from ganache.scratch.gan import Learner
from ganache.scratch.losses import softmax_cross_entropy


class Classifier:
    """A network from pixels (N, P) in [0, 1] to logits (N, K), and what moves it."""

    def __init__(self, player: Learner) -> None:
        self.player = player

    def step(self, pixels: Array, classes: Array) -> dict[str, float]:
        """Move once along the cross entropy on a minibatch of classes (N,); return loss and accuracy before it."""
        logits = self.player.network.forward(pixels, training=True)
        loss, at_logits = softmax_cross_entropy(logits, classes)
        _, gradients = self.player.network.backward(at_logits)
        self.player.move(gradients)
        return {"loss/train": loss, "accuracy/train": _share_right(logits, classes)}

    def accuracy(self, pixels: Array, classes: Array) -> float:
        """Return the share of pixels (N, P) whose likeliest class is the right one."""
        return _share_right(self.player.network.forward(pixels), classes)


def _share_right(logits: Array, classes: Array) -> float:
    return float(to_host(logits.argmax(axis=1) == classes).mean())
