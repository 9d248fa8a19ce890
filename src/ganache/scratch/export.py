"""What the rest of Ganache reads of a run on this engine: an ordinary recipe, an ordinary generator, whole files.

The only module of this package that needs torch, for safetensors and to check the weights against the network.
"""

from pathlib import Path
from typing import Any

import torch

from ganache.data.shape import ImageShape
from ganache.engine.devices import memory_in_use
from ganache.games import Game, Optimizers, TwoPlayers
from ganache.networks import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator
from ganache.parts.latents import Normal
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam
from ganache.runs import products, sealed
from ganache.scratch.array_module import HostArray, to_host
from ganache.scratch.sequence import Sequence
from ganache.scratch.settings import GanSettings
from ganache.support.machine import describe_machine

# A DCGAN of Ganache stops doubling its features somewhere; this engine's does not.
_NO_LIMIT = 2**20
_HUGE = 1e8


def recipe_of(settings: GanSettings, images: int) -> TwoPlayers:
    """Return the ordinary recipe that means the same: `ganache train` would do what this engine does, in float32."""
    latent, widths = Normal(size=settings.latent), (settings.width, settings.width)
    generator: MLPGenerator | DCGANGenerator = MLPGenerator(latent=latent, widths=widths)
    discriminator: MLPDiscriminator | DCGANDiscriminator = MLPDiscriminator(widths=widths, dropout=settings.dropout)
    if settings.network == "dcgan":
        generator = DCGANGenerator(latent=latent, width=settings.width, max_width=_NO_LIMIT)
        discriminator = DCGANDiscriminator(width=settings.width, max_width=_NO_LIMIT)
    adam = Adam(learning_rate=settings.learning_rate, betas=(settings.beta1, settings.beta2))
    if settings.optimizer == "sgd":
        # Adam without memory moves by η g / (|g| + ε), which is SGD's (η/ε) g to one part in 10⁸ for a huge ε.
        adam = Adam(learning_rate=settings.learning_rate * _HUGE, betas=(0.0, 0.0), epsilon=_HUGE)
    return TwoPlayers(
        name=f"scratch-{settings.network}",
        generator=generator,
        discriminator=discriminator,
        objective=NonSaturating(real_target=settings.real_target),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        batch_size=settings.batch,
        images=images,
    )


def write_generator(path: Path, network: Sequence, recipe: Game, shape: ImageShape, facts: dict[str, Any]) -> None:
    """Write a generator of this engine as Ganache's own, whose last function is tanh and whose images lie in [-1, 1].

    sigmoid(x) = (tanh(x/2) + 1) / 2: with half the last layer's weights and bias, tanh makes 2 sigmoid(x) - 1.
    """
    module = recipe.sampler.build(shape, 0)
    mine = [to_host(array) for array in network.state().values()]
    # The last two arrays are the last layer's weight and bias.
    mine = [*mine[:-2], mine[-2] / 2.0, mine[-1] / 2.0]
    state = module.state_dict()
    # Both list their arrays layer by layer. Ours has no count of batches, which a fixed momentum does not use.
    names = [name for name in state if not name.endswith("num_batches_tracked")]
    for name, array in zip(names, mine, strict=True):
        assert tuple(state[name].shape) == array.shape, (name, array.shape)
        state[name] = torch.tensor(array, dtype=torch.float32)
    module.load_state_dict(state)
    products.save(path, module, recipe, shape, facts)


def save_arrays(path: Path, arrays: dict[str, HostArray], description: dict[str, Any]) -> None:
    """Write arrays with a description as safetensors; raises RunError when the disk refuses."""
    sealed.save(path, {name: torch.from_numpy(array) for name, array in arrays.items()}, description)


def to_arrays(tensors: dict[str, torch.Tensor]) -> dict[str, HostArray]:
    """Return what `save_arrays` wrote as NumPy arrays."""
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def machine() -> dict[str, Any]:
    """Return versions and hardware for run.json."""
    return describe_machine(torch.device("cpu"))


def memory_bytes() -> int:
    """Return the peak memory of this process."""
    return memory_in_use(torch.device("cpu"))
