"""One training step: the two halves of Goodfellow et al. 2014, algorithm 1, for every GAN that alternates.

Equal inputs give equal outputs: batches, latents and the moment's values come in, detached per-sample values
come out under stable names. Where the randomness comes from and what happens to the values is the loop's matter.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ganache.games.players import Players
from ganache.games.recipe import Recipe
from ganache.parts.critic import CriticPass
from ganache.parts.objectives import per_sample

Records = dict[str, Tensor]  # name → (N,), detached


@dataclass(frozen=True)
class TrainingBatch:
    """Reals (N, C, H, W) float32 in [-1, 1] and their labels (N, K)."""

    reals: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Moment:
    """The schedules' values at one point of training."""

    images_seen: int
    penalties: dict[str, float]  # the weight of each penalty that is due now
    label_flips: float = 0.0  # the share of pairs whose labels are exchanged for the discriminator
    adversarial: float = 1.0  # the weight of the objective in the generator's loss
    generator_terms: dict[str, float] = field(default_factory=dict)  # the weight of each of its other terms


def discriminator_step(players: Players, batch: TrainingBatch, latents: Tensor, recipe: Recipe, now: Moment) -> Records:
    """Move the discriminator once, towards telling the batch from what the generator makes of the latents."""
    players.train_only("discriminator")
    with torch.no_grad():
        fakes = players.generate(latents, batch.labels)  # the reals' labels: pairs correspond
    critic = players.critic(now.images_seen)
    seen = critic.compare(batch.reals, fakes, batch.labels, recipe.joint_batch)
    loss = recipe.objective.discriminator(*_with_flips(seen, now.label_flips))
    terms = {name: recipe.penalties[name].penalty(critic, seen) for name in now.penalties}
    players.update("discriminator", sum((now.penalties[name] * term for name, term in terms.items()), loss))
    recipe.constraint.apply(players.networks["discriminator"])
    boundary = recipe.objective.boundary(seen.real_logits, seen.fake_logits)
    return _records(
        {"loss/discriminator": loss, "logits/real": seen.real_logits, "logits/fake": seen.fake_logits}
        | {
            "accuracy/real": (seen.real_logits > boundary).float(),
            "accuracy/fake": (seen.fake_logits < boundary).float(),
        }
        | {f"penalty/{name}": term for name, term in terms.items()}
    )


def generator_step(players: Players, batch: TrainingBatch, latents: Tensor, recipe: Recipe, now: Moment) -> Records:
    """Move the generator once, through the critic that it tries to convince."""
    players.train_only("generator")
    critic = players.critic(now.images_seen)
    fakes = players.generate(latents, batch.labels)
    fakes.retain_grad()
    fake_logits = critic(fakes, batch.labels)
    real_logits = critic(batch.reals, batch.labels) if recipe.objective.generator_needs_reals else None
    loss = now.adversarial * recipe.objective.generator(real_logits, fake_logits)
    terms = {
        name: recipe.generator_terms[name](critic, batch.reals, fakes, batch.labels) for name in now.generator_terms
    }
    players.update("generator", sum((now.generator_terms[name] * term for name, term in terms.items()), loss))
    assert fakes.grad is not None
    slopes = len(fakes) * fakes.grad.flatten(1).norm(dim=1)  # of each image's own loss, not of the batch's mean
    return _records(
        {"loss/generator": loss, "gradient/fakes": slopes} | {f"term/{name}": term for name, term in terms.items()}
    )


def _with_flips(seen: CriticPass, share: float) -> tuple[Tensor, Tensor]:
    """Return the logits called real and fake, exchanged in a random share of the pairs (Chintala 2016, tip 6)."""
    if not share:
        return seen.real_logits, seen.fake_logits
    shape = (len(seen.real_logits), *[1] * (seen.real_logits.dim() - 1))
    flipped = torch.rand(shape, device=seen.real_logits.device) < share
    return (
        torch.where(flipped, seen.fake_logits, seen.real_logits),
        torch.where(flipped, seen.real_logits, seen.fake_logits),
    )


def _records(values: dict[str, Tensor]) -> Records:
    return {name: per_sample(value.detach()) for name, value in values.items()}
