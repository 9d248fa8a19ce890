"""Any network of a run as its newest checkpoint has it: what no product is kept of, such as a discriminator."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.games import Game
from ganache.runs.network_files import Kept
from ganache.runs.start import Start
from ganache.support.errors import UserError


@dataclasses.dataclass(frozen=True)
class TrainedNetworks:
    """The networks of an unconditional run by name; those of which there is an average, as the average has them."""

    recipe: Game
    shape: ImageShape
    tensors: Mapping[str, Tensor]
    checkpoint: Path

    @classmethod
    def read(cls, run: Path, shape: ImageShape) -> "TrainedNetworks":
        """Return those of a run on images of a shape, or rows of a table, of which a run's record tells the size alone.

        Raises UserError where there is no run, it is of another size, or its checkpoint is damaged.
        """
        start = Start.of(run)
        ours, theirs = ((one.channels, one.height, one.width) for one in (start.shape, shape))
        if ours != theirs:
            raise UserError(f"run: the networks of {run} are of {start.shape}, and not of {shape}")
        return cls(start.recipe, shape, start.read()[0], start.checkpoint)

    def weights(self, name: str) -> dict[str, Tensor]:
        """Return the tensors of a network by their names in it."""
        prefixes = (f"average/{name}/", f"{name}/")
        averaged, raw = (
            {key.removeprefix(prefix): one for key, one in self.tensors.items() if key.startswith(prefix)}
            for prefix in prefixes
        )
        return averaged or raw

    def network(self, name: str, device: str = "cpu") -> nn.Module:
        """Return a network, ready to be used; raises UserError where the checkpoint's is not the recipe's."""
        kept = Kept(self.checkpoint, name, self.weights(name), {}, self.shape, ())
        return kept.built(lambda: self.recipe.build(self.shape, 0).networks[name], self.recipe).to(device)
