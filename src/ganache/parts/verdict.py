"""What a discriminator says of samples."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Verdict:
    """Logits (N, …), and where a network has them features (N, F) and further heads (N, …) by name."""

    logits: Tensor
    features: Tensor | None = None  # what the last layer makes its logits from
    heads: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, said: "Verdict | Tensor") -> "Verdict":
        """Return a verdict as it is, and a bare tensor of logits as a verdict."""
        return said if isinstance(said, Verdict) else cls(said)

    def float(self) -> "Verdict":
        """Return the same with logits and heads in float32; features stay as they were computed."""
        return Verdict(self.logits.float(), self.features, {name: head.float() for name, head in self.heads.items()})

    def halves(self) -> tuple["Verdict", "Verdict"]:
        """Return the verdicts of the first and of the second half of the samples."""
        logits = self.logits.chunk(2)
        features = (None, None) if self.features is None else self.features.chunk(2)
        heads = {name: head.chunk(2) for name, head in self.heads.items()}
        first, second = (
            Verdict(logits[half], features[half], {name: parts[half] for name, parts in heads.items()})
            for half in (0, 1)
        )
        return first, second
