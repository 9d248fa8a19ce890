"""What is minimised, each with its gradient: functions of logits that return (value, ∂value/∂logits).

Values are means over the batch, in nats: the logarithm is the natural one in value and gradient alike, or else the
number that is reported would not be the one that is minimised. With p = sigmoid(x) and softplus(x) = log(1 + eˣ):

    -log p = softplus(-x),    -log(1 - p) = softplus(x),    softplus' = sigmoid

so the last layer's sigmoid belongs to the loss: log(sigmoid(x)) would be log 0 for a confident discriminator, where
softplus still has all its digits.
"""

from ganache.scratch.activations import sigmoid
from ganache.scratch.array_module import Array, xp


def binary_cross_entropy(logits: Array, target: float) -> tuple[float, Array]:
    """Return the mean of -t log p - (1 - t) log(1 - p) for logits (N, …) and its gradient of the same shape.

    In softplus: t softplus(-x) + (1 - t) softplus(x) = softplus(x) - t x, whose derivative is p - t; the mean over
    n logits gives each of them 1/n of it.
    """
    value = (xp.logaddexp(0.0, logits) - target * logits).mean()
    return float(value), (sigmoid(logits) - target) / logits.size


def softmax_cross_entropy(logits: Array, classes: Array) -> tuple[float, Array]:
    """Return the mean of -log softmax(x)_c over logits (N, K) and classes c (N,), and its gradient (N, K).

    -log softmax(x)_c = log Σ_k e^{x_k} - x_c, and ∂/∂x_k of it is softmax(x)_k - [k = c]. The largest logit is taken
    off first: it cancels, and then no exponential overflows.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = xp.exp(shifted)
    sums = exponentials.sum(axis=1, keepdims=True)
    wanted = classes.astype(xp.int64)[:, None] == xp.arange(logits.shape[1])
    value = (xp.log(sums[:, 0]) - shifted[wanted]).mean()
    return float(value), (exponentials / sums - wanted) / len(logits)
