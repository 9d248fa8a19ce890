"""What a discriminator says of samples."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Verdict:
    """Logits (N, …), and where a network has them features (N, F) and further heads (N, …) by name.

    A critic adds the images (N, C, H, W) as the network saw them, behind the augmentation.
    """

    logits: Tensor
    features: Tensor | None = None  # what the last layer makes its logits from
    heads: Mapping[str, Tensor] = field(default_factory=dict)
    seen: Tensor | None = None

    @classmethod
    def of(cls, said: "Verdict | Tensor") -> "Verdict":
        """Return a verdict as it is, and a bare tensor of logits as a verdict."""
        return said if isinstance(said, Verdict) else cls(said)

    def float(self, seen: Tensor | None = None) -> "Verdict":
        """Return the same with logits and heads in float32, on images `seen`; features stay as they were computed."""
        heads = {name: head.float() for name, head in self.heads.items()}
        return Verdict(self.logits.float(), self.features, heads, seen)

    def halves(self) -> tuple["Verdict", "Verdict"]:
        """Return the verdicts of the first and of the second half of the samples."""
        first, second = (
            Verdict(
                self.logits.chunk(2)[half],
                None if self.features is None else self.features.chunk(2)[half],
                {name: head.chunk(2)[half] for name, head in self.heads.items()},
                None if self.seen is None else self.seen.chunk(2)[half],
            )
            for half in (0, 1)
        )
        return first, second
