"""Files of trained networks: one content each, found in a run by its name."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganache.data.shape import ImageShape
from ganache.networks import Generator, MLPGenerator
from ganache.networks.feature_networks import Encoder
from ganache.parts.latents import Normal
from ganache.runs import products, sealed
from ganache.runs.encoders import load_encoder
from ganache.runs.folder import Run
from ganache.runs.network_files import Kept
from ganache.support.errors import UserError
from tests.tiny import SHAPE, tiny_recipe

CONFIG = MLPGenerator(latent=Normal(size=2), widths=(3,))


def written(path: Path, names: tuple[str, ...] = ("cat", "dog")) -> nn.Module:
    network = CONFIG.build(SHAPE, len(names))
    products.save(path, network, tiny_recipe(generator=CONFIG), SHAPE, {"label_names": list(names)})
    return network


def test_a_file_and_the_run_that_it_lies_in_are_the_same(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_recipe(generator=CONFIG), {})
    original = written(run.generator_file)
    for path in (run.path, str(run.path), run.generator_file):
        kept = Kept.read(path, "generator")
        assert (kept.file, kept.content) == (run.generator_file, "generator")
        assert (kept.shape, kept.label_names) == (ImageShape(1, 2, 2), ("cat", "dog"))
        assert kept.config(Generator) == CONFIG
        network = kept.built(lambda: CONFIG.build(SHAPE, 2), CONFIG)
        for name, tensor in original.state_dict().items():
            assert torch.equal(network.state_dict()[name], tensor)


@pytest.mark.parametrize(("content", "article"), [("encoder", "an encoder"), ("generator", "a generator")])
def test_what_a_run_does_not_have_is_said_with_its_name(tmp_path: Path, content: str, article: str) -> None:
    run = Run.create(tmp_path / "run", tiny_recipe(), {})
    for path in (run.path, tmp_path / "absent"):
        with pytest.raises(UserError) as refused:
            Kept.read(path, content)
        assert str(refused.value) == f"run: there is no {content} at {str(path)!r}"
    sealed.save(run.product_file(content), {"a": torch.zeros(1)}, {"content": "checkpoint", "format": 1})
    with pytest.raises(UserError) as refused:
        Kept.read(run.path, content)
    assert str(refused.value) == f"run: {run.product_file(content)} does not hold {article} of format 1"


def test_one_product_does_not_pass_for_another(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_recipe(generator=CONFIG), {})
    written(run.generator_file)
    with pytest.raises(UserError, match=r"generator\.safetensors does not hold an encoder of format 1$"):
        load_encoder(run.generator_file)
    run.generator_file.rename(run.product_file("encoder"))
    with pytest.raises(UserError, match=r"encoder\.safetensors does not hold an encoder of format 1$"):
        load_encoder(run.path)


def test_a_folder_that_is_no_run_and_a_damaged_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^run: '[^\n]*' is not a run: [^\n]*$"):
        Kept.read(tmp_path, "encoder")
    (tmp_path / "e.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(UserError, match=r"^run: [^\n]* cannot be read[^\n]*$"):
        Kept.read(tmp_path / "e.safetensors", "encoder")


def kept(**description: Any) -> Kept:
    config = {"generator": CONFIG.model_dump(mode="json"), "encoder": {"kind": "Reader"}}
    tensors = dict(CONFIG.build(SHAPE, 0).state_dict())
    return Kept(Path("file"), "generator", tensors, {**config, **description}, SHAPE, ())


def test_only_kinds_of_the_family_are_looked_up() -> None:
    with pytest.raises(UserError, match=r"^[^\n]*no Encoder is called 'MLPGenerator'[^\n]*--code$"):
        kept().config(Encoder)
    with pytest.raises(UserError, match=r"no Generator is called 'Painter'"):
        kept(generator={"kind": "Painter"}).config(Generator)


def test_what_is_built_is_ready_to_use_and_leaves_random_numbers_alone() -> None:
    description, built = kept(), []

    def build() -> nn.Module:
        built.append(CONFIG.build(SHAPE, 0))
        return built[-1]

    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    network = description.built(build, CONFIG)
    assert torch.equal(torch.rand(3), expected)
    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())
    # First on the device that takes no memory, then the one with the numbers.
    assert [next(one.parameters()).is_meta for one in built] == [True, False]


def test_weights_are_compared_before_memory_is_taken() -> None:
    built: list[nn.Module] = []

    def build() -> nn.Module:
        built.append(MLPGenerator(latent=Normal(size=2), widths=(4,)).build(SHAPE, 0))
        return built[-1]

    with pytest.raises(UserError, match=r"^run: the weights in file are not those of the MLPGenerator that it des"):
        kept().built(build, CONFIG)
    assert all(tensor.is_meta for network in built for tensor in network.state_dict().values())
