from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.networks import MLPGenerator
from ganache.parts.latents import Normal
from ganache.runs import products, sealed
from ganache.support.errors import UserError
from tests.runs.hostile import cases, refusal, weights_built_for

CONFIG = MLPGenerator(latent=Normal(size=2), widths=(3,))
SHAPE = ImageShape(1, 2, 2)
GOOD: dict[str, Any] = {
    "format": 1,
    "content": "generator",
    "generator": CONFIG.model_dump(mode="json"),
    "shape": {"channels": 1, "height": 2, "width": 2},
    "label_names": [],
}


def weights() -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in CONFIG.build(SHAPE, 0).state_dict().items()}


def loaded(path: Path, tensors: dict[str, Tensor], description: dict[str, Any]) -> products.TrainedGenerator:
    sealed.save(path / "g.safetensors", tensors, description)
    return products.load(path / "g.safetensors")


def test_the_description_that_is_changed_below_is_good(tmp_path: Path) -> None:
    assert loaded(tmp_path, weights(), GOOD).sample(2).shape == (2, 2, 2, 1)


def mlp(**fields: Any) -> dict[str, Any]:
    return {"generator": {"kind": "MLPGenerator", "latent": {"kind": "Normal", "size": 2}, **fields}}


WRONG: dict[str, dict[str, Any]] = {
    "no format": {"format": None},
    "another format": {"format": 2},
    "a checkpoint": {"content": "checkpoint"},
    "no generator": {"generator": None},
    "generator a list": {"generator": ["MLPGenerator"]},
    "unknown kind": {"generator": {"kind": "Painter"}},
    "code for a kind": {"generator": {"kind": "os.system", "command": "true"}},
    "kind a list": {"generator": {"kind": ["MLPGenerator"]}},
    "unknown field": mlp(widths=[3], hook="os.system"),
    "widths of text": mlp(widths="os.system"),
    "negative width": mlp(widths=[-3]),
    "other widths": mlp(widths=[4]),
    "more layers": mlp(widths=[3, 3]),
    "another latent": mlp(widths=[3], latent={"kind": "Normal", "size": 3}),
    "another kind": {"generator": {"kind": "DCGANGenerator"}},
    "huge widths": mlp(widths=[2**18, 2**18]),
    "huge latent": mlp(widths=[3], latent={"kind": "Normal", "size": 2**36}),
    "widths beyond all memory": mlp(widths=[10**12, 10**12]),
    "widths beyond all numbers": mlp(widths=[10**30]),
    "latent beyond all memory": mlp(widths=[3], latent={"kind": "Normal", "size": 2**62}),
    "features beyond all memory": {"generator": {"kind": "DCGANGenerator", "width": 10**9, "max_width": 10**12}},
    "no shape": {"shape": None},
    "shape a list": {"shape": [1, 2, 2]},
    "shape without a side": {"shape": {"channels": 1, "height": 2}},
    "shape of text": {"shape": {"channels": 1, "height": "2", "width": 2}},
    "shape of fractions": {"shape": {"channels": 1, "height": 2.0, "width": 2}},
    "five channels": {"shape": {"channels": 5, "height": 2, "width": 2}},
    "no height": {"shape": {"channels": 1, "height": 0, "width": 2}},
    "endless width": {"shape": {"channels": 1, "height": 2, "width": 10**12}},
    "the largest shape": {"shape": {"channels": 4, "height": 16384, "width": 16384}},
    "no label names": {"label_names": None},
    "label names of text": {"label_names": "cat"},
    "labels that the weights do not have": {"label_names": ["cat"]},
    "a million labels": {"label_names": ["x"] * 10**6},
}


@pytest.mark.parametrize("change", cases(WRONG))
def test_a_description_that_does_not_fit_is_refused_before_memory_is_taken(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    refusal(lambda: loaded(tmp_path, weights(), {**GOOD, **change}))


def test_a_small_file_that_claims_thousands_of_blocks_is_refused_before_they_are_built(tmp_path: Path) -> None:
    """A file of some hundred bytes that claimed 2,000 blocks took 7 s and 417 MB to be refused."""
    tensors, built = {"a": torch.zeros(1)}, 0
    for config in ({"kind": "MLPGenerator", "widths": [3] * 2_000}, {"kind": "R3GANGenerator", "blocks": 2_000}):
        built += weights_built_for(lambda: loaded(tmp_path, tensors, {**GOOD, "generator": config}))  # noqa: B023
    assert built < 400


def changed(name: str, tensor: Tensor | None) -> dict[str, Tensor]:
    tensors = weights()
    tensors.pop(name, None)
    return tensors if tensor is None else {**tensors, name: tensor}


FIRST = "layers.0.weight"
WRONG_WEIGHTS = {
    "none": {},
    "one missing": changed(FIRST, None),
    "one too many": changed("layers.9.weight", torch.zeros(3, 2)),
    "another shape": changed(FIRST, torch.zeros(2, 3)),
    "double": {name: tensor.double() for name, tensor in weights().items()},
    "half": {name: tensor.half() for name, tensor in weights().items()},
    "whole numbers": {name: tensor.int() for name, tensor in weights().items()},
    "complex": {name: tensor.to(torch.complex64) for name, tensor in weights().items()},
}


@pytest.mark.parametrize("tensors", cases(WRONG_WEIGHTS))
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    assert "the weights in" in refusal(lambda: loaded(tmp_path, tensors, GOOD))


def test_a_damaged_file_and_one_of_ours_that_holds_no_generator_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(UserError, match=r"^run: .* cannot be read"):
        products.load(path)
    sealed.save(path, {"a": torch.zeros(1)}, {"content": "checkpoint", "format": 1})
    with pytest.raises(UserError, match="does not hold a generator of format 1"):
        products.load(path)
    with pytest.raises(UserError, match=r"^run: there is no generator at '.*absent'$"):
        products.load(tmp_path / "absent")


def test_a_kind_that_is_not_known_leads_to_the_file_that_defines_it(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        loaded(tmp_path, weights(), {**GOOD, "generator": {"kind": "MLPGenerater"}})
    message = str(refused.value)
    assert "no Generator is called 'MLPGenerater' (did you mean 'MLPGenerator'?)" in message
    assert message.endswith("; if a file of yours defines it, name that file with --code")
