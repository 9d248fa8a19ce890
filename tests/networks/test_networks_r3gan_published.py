"""The networks of R3GAN as published: numbers that the authors' networks gave for the same weights, to twelve digits.

Theirs were github.com/brownvc/R3GAN at commit 19a7ddf, in float64 with the operators that they keep as reference.
"""

import math

import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks import R3GANDiscriminator, R3GANGenerator
from tests.networks.published import DISCRIMINATOR, GENERATOR, LABELS, SHAPE, filled, numbers
from tests.networks.test_networks import parameters
from tests.tiny import logits_of

RECORDED: dict[int, dict[str, list[float]]] = {
    0: {
        "pixels": [
            *(0.0222319442, -0.231366631, 0.0449601358, 0.0266868722, -0.308226045, -0.0115341098),
            *(0.0164075941, -0.122692004, -0.0031396359),
        ],
        "images": [0.301187925, 0.267952667, 0.289134978],
        "by latent": [15.4299144, 9.58135397, 3.90242585],
        "by the generator's weights": [219877.382],
        "logits": [0.262805679, 0.225072953, 0.228051774],
        "penalties": [0.00631970594, 0.00651846349, 0.00500168352],
        "logits by weights": [41.0794417],
        "penalties by weights": [0.00114270119],
    },
    LABELS: {
        "pixels": [
            *(-0.0601040238, -0.146365996, -0.0566459703, -0.0704431649, -0.350028246, -0.0525935915),
            *(-0.0679557733, -0.199803298, -0.055588078),
        ],
        "images": [0.12420914, 0.149828987, 0.0925603331],
        "by latent": [10.1182799, 8.63485075, 14.4045889],
        "by the generator's weights": [104933.286],
        "logits": [0.208886331, -0.710671332, -0.516721291],
        "penalties": [0.0430409871, 0.00222416605, 0.0320179009],
        "logits by weights": [8.10046056],
        "penalties by weights": [0.0191379127],
    },
}


@pytest.mark.parametrize("labels", [0, LABELS])
def test_they_compute_what_the_authors_compute_and_so_do_their_slopes(labels: int) -> None:
    generator, discriminator = (filled(part.build(SHAPE, labels)) for part in (GENERATOR, DISCRIMINATOR))
    found = numbers(
        generator,
        lambda images, told: logits_of(discriminator, images, told),
        labels,
        [*generator.parameters()],
        [*discriminator.parameters()],
    )
    assert found.keys() == RECORDED[labels].keys()
    for name, values in RECORDED[labels].items():
        assert found[name] == pytest.approx(values, rel=1e-7), name


def spread(weight: Tensor) -> float:
    return float(weight.detach().std())


def test_labels_are_drawn_as_loud_as_one_bare_label_and_there_is_no_other_logit() -> None:
    torch.manual_seed(0)
    labels, width = 100, 64
    built = R3GANGenerator(width=width, max_width=width, published=True).build(ImageShape(3, 8, 8), labels)
    assert not [layer for layer in built.modules() if isinstance(layer, nn.Tanh)]
    assert spread(built.get_parameter("embedding.weight")) == pytest.approx(1 / math.sqrt(labels), rel=0.05)
    built = R3GANDiscriminator(width=width, max_width=width, published=True).build(ImageShape(3, 8, 8), labels)
    embedding, logit = built.get_parameter("projection.embedding.weight"), built.get_parameter("logit.weight")
    assert spread(embedding) == pytest.approx(1 / math.sqrt(labels * width), rel=0.05)
    assert spread(logit) == pytest.approx(1 / math.sqrt(width), rel=0.05)
    nobody = torch.zeros(2, labels)  # of no class: nothing is left
    assert not logits_of(built, torch.randn(2, 3, 8, 8), nobody).detach().any()


def test_pixels_may_leave_their_range_while_training_alone() -> None:
    network = filled(GENERATOR.build(SHAPE, 0))
    latents, none = torch.full((2, 5), 3.0, dtype=torch.float64), torch.zeros(2, 0)
    free, drawn = network(latents, none), network.eval()(latents, none)
    assert float(free.detach().abs().max()) > 1.0
    assert torch.equal(drawn, free.clamp(-1.0, 1.0))


def test_without_labels_the_discriminator_is_ours() -> None:
    """And weights of earlier versions, which know no `published`, have the places that they had."""
    ours, theirs = R3GANDiscriminator(width=4, group_size=4), R3GANDiscriminator(width=4, group_size=4, published=True)
    first, second = (part.build(ImageShape(3, 8, 8), 0).state_dict() for part in (ours, theirs))
    assert {name: value.shape for name, value in first.items()} == {name: value.shape for name, value in second.items()}
    assert R3GANDiscriminator.model_validate({"kind": "R3GANDiscriminator", "width": 4, "group_size": 4}) == ours


def test_the_sizes_are_those_of_the_published_networks() -> None:
    """Counted in the authors' networks for CIFAR-10, with and without classes, and FFHQ at 64×64."""
    networks = (R3GANGenerator, R3GANDiscriminator)
    counts = {}
    with torch.device("meta"):
        for name, side, width, labels in (("cifar10", 32, 768, 0), ("classes", 32, 768, 10), ("ffhq-64", 64, 384, 0)):
            parts = (kind(width=width, max_width=768, blocks=2, published=True) for kind in networks)
            counts[name] = tuple(parameters(part.build(ImageShape(3, side, side), labels)) for part in parts)
    assert counts == {
        "cifar10": (20_732_160, 20_683_776),
        "classes": (20_781_952, 21_280_512),
        "ffhq-64": (22_429_824, 22_381_440),
    }
