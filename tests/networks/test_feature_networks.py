"""What is made of a discriminator's features: the class head, the encoder and the judge of pairs."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks import (
    ClassifyingDiscriminator,
    DCGANDiscriminator,
    FeatureEncoder,
    FeaturePairDiscriminator,
    LSGANDiscriminator,
    MLPDiscriminator,
    MNISTDCGANDiscriminator,
    R3GANDiscriminator,
)
from ganache.networks.base import Discriminator, FeatureDiscriminator
from ganache.networks.feature_networks import Encoder, PairDiscriminator
from ganache.parts.part import Part, parse
from ganache.parts.verdict import Verdict
from ganache.support.errors import UserError

BODIES: dict[str, tuple[Discriminator, ImageShape]] = {
    "DCGAN": (DCGANDiscriminator(width=4), ImageShape(1, 8, 8)),
    "DCGAN, odd": (DCGANDiscriminator(width=4), ImageShape(3, 9, 13)),
    "DCGAN, bounded": (DCGANDiscriminator(width=4, batch_norm=False, spectral_norm=True), ImageShape(4, 11, 8)),
    "MLP": (MLPDiscriminator(widths=(8,), slope=0.2), ImageShape(2, 1, 1)),
    "R3GAN": (R3GANDiscriminator(width=4), ImageShape(1, 8, 8)),
    "R3GAN, odd": (R3GANDiscriminator(width=4), ImageShape(2, 5, 9)),
    "LSGAN": (LSGANDiscriminator(), ImageShape(3, 17, 19)),
    "digits": (MNISTDCGANDiscriminator(), ImageShape(1, 7, 9)),
}
LATENTS, CLASSES, COUNT = 5, 3, 6


class Pixels(Discriminator):
    """Its features are the pixels, times a weight that begins as 1."""

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return a linear map of the pixels."""
        return _Pixels(shape.pixels)


class _Pixels(FeatureDiscriminator):
    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.times = nn.Parameter(torch.ones(1))
        self.last = nn.Linear(pixels, 1)

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        return images.flatten(1) * self.times

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        logits: Tensor = self.last(features)
        return logits


class Bare(Discriminator):
    """Gives logits and nothing else."""

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return a linear map of the pixels."""
        return _Bare(shape.pixels)


class _Bare(nn.Module):
    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.last = nn.Linear(pixels, 1)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        logits: Tensor = self.last(images.flatten(1))
        return logits


@pytest.fixture(params=BODIES)
def case(request: pytest.FixtureRequest) -> tuple[Discriminator, ImageShape]:
    return BODIES[request.param]


def images_of(shape: ImageShape, count: int = COUNT) -> Tensor:
    return torch.rand(count, shape.channels, shape.height, shape.width) * 2 - 1


def given(module: nn.Module, name: str) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = module.state_dict()[name].double().numpy()
    return weights


def leaky(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values > 0, values, 0.2 * values)


def assert_all_learn(network: nn.Module, *outputs: Tensor) -> None:
    """Whatever is asked of the outputs, every weight has a part in it."""
    sum((output * torch.randn_like(output)).sum() for output in outputs).backward()  # type: ignore[union-attr]
    silent = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert silent == []


def stirred(network: nn.Module) -> nn.Module:
    """Return a network with weights off the zeros with which some of them begin."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return network


def test_the_class_stands_beside_the_logit(case: tuple[Discriminator, ImageShape]) -> None:
    body, shape = case
    torch.manual_seed(0)
    network = ClassifyingDiscriminator(body=body).build(shape, CLASSES)
    said = stirred(network)(images_of(shape), torch.eye(CLASSES).repeat(2, 1))
    assert isinstance(said, Verdict)
    assert said.logits.shape == (COUNT, 1)
    assert {name: head.shape for name, head in said.heads.items()} == {"class": (COUNT, CLASSES)}
    assert said.features is not None
    torch.testing.assert_close(
        said.heads["class"].detach().double().numpy(),
        said.features.detach().double().numpy() @ given(network, "head.weight").T + given(network, "head.bias"),
        rtol=1e-5,
        atol=1e-5,
    )
    assert_all_learn(network, said.logits, said.heads["class"])


def test_who_is_to_tell_the_class_is_not_told_it() -> None:
    torch.manual_seed(0)
    network, images = ClassifyingDiscriminator(body=DCGANDiscriminator(width=4)), images_of(ImageShape(1, 8, 8), 3)
    module = network.build(ImageShape(1, 8, 8), 3).eval()
    one, other = module(images, torch.eye(3)), module(images, torch.eye(3).flip(0))
    assert torch.equal(one.logits, other.logits)
    assert torch.equal(one.heads["class"], other.heads["class"])


def test_a_class_head_on_pixels_by_hand() -> None:
    network = ClassifyingDiscriminator(body=Pixels()).build(ImageShape(1, 1, 2), 3)
    with torch.no_grad():
        network.get_parameter("head.weight").copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]]))
        network.get_parameter("head.bias").copy_(torch.tensor([0.0, 0.5, 0.0]))
        network.get_parameter("body.last.weight").copy_(torch.tensor([[4.0, 8.0]]))
        network.get_parameter("body.last.bias").fill_(1.0)
    said = network(torch.tensor([[[[0.5, -0.25]]]]), torch.zeros(1, 3))
    assert said.heads["class"].tolist() == [[0.5, 0.0, -0.75]]
    assert said.logits.tolist() == [[1.0]]  # 4 · 0.5 - 8 · 0.25 + 1


def test_an_encoder_is_a_linear_map_of_features_and_has_no_weight_beside_them(
    case: tuple[Discriminator, ImageShape],
) -> None:
    body, shape = case
    torch.manual_seed(0)
    network = stirred(FeatureEncoder(body=body).build(shape, LATENTS))
    latents = network(images_of(shape))
    assert latents.shape == (COUNT, LATENTS)
    assert_all_learn(network, latents)


def test_an_encoder_of_points_by_hand() -> None:
    network = FeatureEncoder(body=Pixels()).build(ImageShape(2, 1, 1), 3)
    assert {name: tuple(weight.shape) for name, weight in network.named_parameters()} == {
        "body.times": (1,),
        "last.weight": (3, 2),
        "last.bias": (3,),
    }
    with torch.no_grad():
        network.get_parameter("last.weight").copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]]))
        network.get_parameter("last.bias").copy_(torch.tensor([0.0, 0.5, 0.0]))
    assert network(torch.tensor([[0.5, -0.25]]).reshape(1, 2, 1, 1)).tolist() == [[0.5, 0.0, -0.75]]


@pytest.mark.parametrize(
    ("body", "shape", "weights"),
    [
        # 12·8 + 8 to the features, 8·5 + 5 to the latents.
        (MLPDiscriminator(widths=(8,)), ImageShape(3, 2, 2), 104 + 45),
        # 8×8 to 8×8 (3×3 kernels, 4 features and biases) to 4×4 (4×4, 8 features, batch norm): 8·16 features.
        (DCGANDiscriminator(width=4), ImageShape(1, 8, 8), 9 * 4 + 4 + 16 * 4 * 8 + 2 * 8 + 128 * 5 + 5),
    ],
)
def test_an_encoder_has_the_weights_of_the_features_and_its_own(
    body: Discriminator, shape: ImageShape, weights: int
) -> None:
    network = FeatureEncoder(body=body).build(shape, LATENTS)
    assert sum(weight.numel() for weight in network.parameters()) == weights


def test_a_judge_of_pairs_learns_by_every_weight(case: tuple[Discriminator, ImageShape]) -> None:
    body, shape = case
    torch.manual_seed(0)
    network = stirred(FeaturePairDiscriminator(body=body, latent_width=7, width=9).build(shape, LATENTS))
    said = network(images_of(shape), torch.randn(COUNT, LATENTS))
    assert (said.logits.shape, said.features.shape) == ((COUNT, 1), (COUNT, 9))
    assert_all_learn(network, said.logits)


def test_pairs_in_numpy() -> None:
    """Pixels of the image beside two layers on the latent, one layer on both, a logit: in this order."""
    torch.manual_seed(2)
    shape = ImageShape(1, 2, 2)
    network = FeaturePairDiscriminator(body=Pixels(), latent_width=3, width=6).build(shape, 2)
    images, latents = images_of(shape), torch.randn(COUNT, 2)

    def layer(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values @ given(network, f"{name}.weight").T + given(network, f"{name}.bias")

    read = leaky(layer("read.2", leaky(layer("read.0", latents.double().numpy()))))
    both = leaky(layer("joint.0", np.concatenate([images.flatten(1).double().numpy(), read], axis=1)))
    said = network(images, latents)
    np.testing.assert_allclose(said.features.detach().numpy(), both, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(said.logits.detach().numpy(), layer("logit", both), rtol=1e-5, atol=1e-6)


def test_dropout_of_a_judge_of_pairs_is_for_training_alone() -> None:
    torch.manual_seed(0)
    shape = ImageShape(1, 2, 2)
    network = FeaturePairDiscriminator(body=Pixels(), latent_width=8, width=8, dropout=0.5).build(shape, 2)
    pair = images_of(shape), torch.randn(COUNT, 2)
    assert not torch.equal(network(*pair).logits, network(*pair).logits)
    network.eval()
    assert torch.equal(network(*pair).logits, network(*pair).logits)


def builders(body: Discriminator, shape: ImageShape) -> dict[str, Any]:
    return {
        "class": lambda: ClassifyingDiscriminator(body=body).build(shape, CLASSES),
        "encoder": lambda: FeatureEncoder(body=body).build(shape, LATENTS),
        "pairs": lambda: FeaturePairDiscriminator(body=body).build(shape, LATENTS),
    }


@pytest.mark.parametrize("kind", ["class", "encoder", "pairs"])
def test_on_the_meta_device_nothing_is_allocated_or_drawn(kind: str, case: tuple[Discriminator, ImageShape]) -> None:
    torch.manual_seed(0)
    with torch.device("meta"):
        network = builders(*case)[kind]()
    assert all(tensor.is_meta for tensor in network.state_dict().values())
    drawn = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(3))
    real = builders(*case)[kind]()
    assert not any(tensor.is_meta for tensor in real.state_dict().values())
    assert {name: value.shape for name, value in real.state_dict().items()} == {
        name: value.shape for name, value in network.state_dict().items()
    }


@pytest.mark.parametrize("kind", ["class", "encoder", "pairs"])
def test_equal_seeds_draw_equal_weights_without_gradients_too(
    kind: str, case: tuple[Discriminator, ImageShape]
) -> None:
    states = []
    for enabled in (True, False):
        torch.manual_seed(4)
        with torch.set_grad_enabled(enabled):
            states.append(builders(*case)[kind]().state_dict())
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


@pytest.mark.parametrize("kind", ["class", "encoder", "pairs"])
def test_a_body_without_features_is_refused_by_its_name(kind: str) -> None:
    with pytest.raises(UserError, match=r"^discriminator: Bare has no features to give[^\n]*$"):
        builders(Bare(), ImageShape(1, 2, 2))[kind]()


@pytest.mark.parametrize(
    ("family", "part"),
    [
        (Discriminator, ClassifyingDiscriminator(body=DCGANDiscriminator(width=4))),
        (Encoder, FeatureEncoder(body=Pixels())),
        (PairDiscriminator, FeaturePairDiscriminator(body=R3GANDiscriminator(), width=9, dropout=0.25)),
    ],
)
def test_they_are_the_same_as_their_json(family: type[Part], part: Part) -> None:
    assert parse(family, part.model_dump(mode="json")) == part


def test_a_body_whose_features_are_the_pixels_themselves() -> None:
    network = FeatureEncoder(body=MLPDiscriminator(widths=())).build(ImageShape(1, 2, 2), LATENTS)
    assert [name for name, _ in network.named_parameters()] == ["last.weight", "last.bias"]
