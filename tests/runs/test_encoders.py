"""An encoder's file: what it gives back, and what is not believed of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.networks import DCGANDiscriminator, FeatureEncoder, MLPDiscriminator, R3GANDiscriminator
from ganache.runs import sealed
from ganache.runs.encoders import GROUP, TrainedEncoder, load_encoder
from ganache.support.errors import UserError
from tests.runs.hostile import cases, refusal, weights_built_for

CONFIG = FeatureEncoder(body=MLPDiscriminator(widths=(3,), slope=0.5))
SHAPE = ImageShape(1, 2, 2)
LATENTS = 2
GOOD: dict[str, Any] = {
    "format": 1,
    "content": "encoder",
    "encoder": CONFIG.model_dump(mode="json"),
    "latents": LATENTS,
    "shape": {"channels": 1, "height": 2, "width": 2},
    "label_names": [],
}


def weights() -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in CONFIG.build(SHAPE, LATENTS).state_dict().items()}


def loaded(path: Path, tensors: dict[str, Tensor], description: dict[str, Any]) -> TrainedEncoder:
    sealed.save(path / "e.safetensors", tensors, description)
    return load_encoder(path / "e.safetensors")


def pictures(count: int, shape: ImageShape = SHAPE) -> NDArray[np.uint8]:
    size = (count, shape.channels, shape.height, shape.width)
    return np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)


def test_latents_are_those_of_the_network_in_numpy(tmp_path: Path) -> None:
    """Pixels from -1 to 1, three features through a ReLU that leaks by half, a linear map."""
    tensors = weights()
    images = pictures(7)
    encoder = loaded(tmp_path, tensors, GOOD)
    w, b, last, c = (
        tensors[name].double().numpy()
        for name in ("body.layers.0.weight", "body.layers.0.bias", "last.weight", "last.bias")
    )
    inner = (images.reshape(7, 4) / 127.5 - 1) @ w.T + b
    expected = np.where(inner > 0, inner, inner / 2) @ last.T + c
    found = encoder.encode(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert (encoder.shape, encoder.description["latents"]) == (SHAPE, LATENTS)
    assert not encoder.network.training
    assert not any(weight.requires_grad for weight in encoder.network.parameters())


@pytest.mark.parametrize("body", [DCGANDiscriminator(width=4), R3GANDiscriminator(width=4)], ids=["DCGAN", "R3GAN"])
def test_a_latent_does_not_depend_on_how_many_are_encoded(tmp_path: Path, body: Any) -> None:
    config, shape = FeatureEncoder(body=body), ImageShape(3, 9, 8)
    description = {**GOOD, "encoder": config.model_dump(mode="json"), "latents": 5}
    description["shape"] = {"channels": 3, "height": 9, "width": 8}
    encoder = loaded(tmp_path, dict(config.build(shape, 5).state_dict()), description)
    images = pictures(2 * GROUP + 5, shape)
    every = encoder.encode(images)
    assert every.shape == (2 * GROUP + 5, 5)
    for count in (1, GROUP - 1, GROUP, GROUP + 1):
        assert np.array_equal(encoder.encode(images[:count]), every[:count])
    assert np.array_equal(encoder.encode(images[GROUP : GROUP + 3]), every[GROUP : GROUP + 3])
    assert np.array_equal(encoder.encode(images[::-1])[: GROUP // 2], every[::-1][: GROUP // 2])
    assert encoder.encode(images[:0]).shape == (0, 5)


def test_encoding_leaves_images_and_random_numbers_alone(tmp_path: Path) -> None:
    images = pictures(3)
    before = images.copy()
    torch.manual_seed(1)
    expected = torch.rand(3)
    tensors = weights()
    torch.manual_seed(1)
    loaded(tmp_path, tensors, GOOD).encode(images)
    assert torch.equal(torch.rand(3), expected)
    assert np.array_equal(images, before)


def body(kind: str = "MLPDiscriminator", **fields: Any) -> dict[str, Any]:
    return {"encoder": {"kind": "FeatureEncoder", "body": {"kind": kind, **fields}}}


WRONG: dict[str, dict[str, Any]] = {
    "no format": {"format": None},
    "another format": {"format": 2},
    "a generator": {"content": "generator"},
    "no encoder": {"encoder": None},
    "encoder a list": {"encoder": ["FeatureEncoder"]},
    "unknown kind": {"encoder": {"kind": "Reader"}},
    "code for a kind": {"encoder": {"kind": "os.system", "body": "true"}},
    "a discriminator for an encoder": {"encoder": {"kind": "MLPDiscriminator"}},
    "no body": {"encoder": {"kind": "FeatureEncoder"}},
    "an encoder for a body": body("FeatureEncoder", body="MLPDiscriminator"),
    "unknown field": body(widths=[3], slope=0.5, hook="os.system"),
    "other widths": body(widths=[4], slope=0.5),
    "more layers": body(widths=[3, 3], slope=0.5),
    "another kind of body": body("DCGANDiscriminator"),
    "a body that cannot read the images": body("LSGANDiscriminator"),
    "a body in a body": body("ClassifyingDiscriminator", body={"kind": "MLPDiscriminator", "widths": [3]}),
    "huge widths": body(widths=[2**18, 2**18]),
    "widths beyond all memory": body(widths=[10**12, 10**12]),
    "widths beyond all numbers": body(widths=[10**30]),
    "features beyond all memory": body("DCGANDiscriminator", width=10**9, max_width=10**12),
    "no latents": {"latents": None},
    "latents of text": {"latents": "2"},
    "latents a truth": {"latents": True},
    "a fraction of latents": {"latents": 2.0},
    "no latent at all": {"latents": 0},
    "less than no latents": {"latents": -2},
    "other latents": {"latents": 3},
    "many latents": {"latents": 2**20},
    "too many latents": {"latents": 2**20 + 1},
    "latents beyond all memory": {"latents": 2**62},
    "latents beyond all numbers": {"latents": 10**30},
    "no shape": {"shape": None},
    "shape of text": {"shape": {"channels": 1, "height": "2", "width": 2}},
    "five channels": {"shape": {"channels": 5, "height": 2, "width": 2}},
    "another shape": {"shape": {"channels": 3, "height": 2, "width": 2}},
    "the largest shape": {"shape": {"channels": 4, "height": 16384, "width": 16384}},
    "no label names": {"label_names": None},
}


def test_the_description_that_is_changed_below_is_good(tmp_path: Path) -> None:
    assert loaded(tmp_path, weights(), GOOD).encode(pictures(1)).shape == (1, LATENTS)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")  # a class head for no classes
@pytest.mark.parametrize("change", cases(WRONG))
def test_a_description_that_does_not_fit_is_refused_before_memory_is_taken(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    refusal(lambda: loaded(tmp_path, weights(), {**GOOD, **change}))


def test_a_truth_is_no_number_of_latents_where_the_weights_are_those_of_one(tmp_path: Path) -> None:
    tensors = dict(CONFIG.build(SHAPE, 1).state_dict())
    assert loaded(tmp_path, tensors, {**GOOD, "latents": 1}).encode(pictures(1)).shape == (1, 1)
    with pytest.raises(UserError, match=r"^run: \S+ has a description without a valid number of latents$"):
        loaded(tmp_path, tensors, {**GOOD, "latents": True})


@pytest.mark.parametrize(
    "config",
    [
        body(widths=[3] * 2_000),
        body("R3GANDiscriminator", blocks=2_000),
        body("ClassifyingDiscriminator", body={"kind": "MLPDiscriminator", "widths": [3] * 2_000}),
    ],
    ids=["layers", "blocks", "layers within"],
)
def test_a_small_file_that_claims_thousands_of_layers_is_refused_before_they_are_built(
    tmp_path: Path, config: dict[str, Any]
) -> None:
    assert weights_built_for(lambda: loaded(tmp_path, {"a": torch.zeros(1)}, {**GOOD, **config})) < 200


def changed(name: str, tensor: Tensor | None) -> dict[str, Tensor]:
    tensors = weights()
    tensors.pop(name, None)
    return tensors if tensor is None else {**tensors, name: tensor}


WRONG_WEIGHTS = {
    "none": {},
    "one missing": changed("last.weight", None),
    "the logit that an encoder does without": changed("body.layers.2.weight", torch.zeros(1, 3)),
    "another shape": changed("last.weight", torch.zeros(3, 2)),
    "double": {name: tensor.double() for name, tensor in weights().items()},
    "those of a discriminator": dict(MLPDiscriminator(widths=(3,)).build(SHAPE, 0).state_dict()),
}


@pytest.mark.parametrize("tensors", cases(WRONG_WEIGHTS))
def test_weights_of_another_network_are_refused(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    with pytest.raises(UserError, match=r"^run: the weights in \S+ are not those of the FeatureEncoder[^\n]*$"):
        loaded(tmp_path, tensors, GOOD)
