"""The graph against another construction of it: layer by layer from the published description, in float64."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import pad, unfold

from ganache.evaluation.features.inception import GRAPH, InceptionExtractor, InceptionNetwork
from ganache.evaluation.features.inception_weights import INCEPTION
from ganache.support.errors import UserError

# outputs × inputs × height × width of every convolution of the published weights.
CONVOLUTIONS = """
Conv2d_1a_3x3: 32x3x3x3
Conv2d_2a_3x3: 32x32x3x3
Conv2d_2b_3x3: 64x32x3x3
Conv2d_3b_1x1: 80x64x1x1
Conv2d_4a_3x3: 192x80x3x3
Mixed_5b: branch1x1 64x192x1x1, branch5x5_1 48x192x1x1, branch5x5_2 64x48x5x5, branch3x3dbl_1 64x192x1x1,
    branch3x3dbl_2 96x64x3x3, branch3x3dbl_3 96x96x3x3, branch_pool 32x192x1x1
Mixed_5c: branch1x1 64x256x1x1, branch5x5_1 48x256x1x1, branch5x5_2 64x48x5x5, branch3x3dbl_1 64x256x1x1,
    branch3x3dbl_2 96x64x3x3, branch3x3dbl_3 96x96x3x3, branch_pool 64x256x1x1
Mixed_5d: branch1x1 64x288x1x1, branch5x5_1 48x288x1x1, branch5x5_2 64x48x5x5, branch3x3dbl_1 64x288x1x1,
    branch3x3dbl_2 96x64x3x3, branch3x3dbl_3 96x96x3x3, branch_pool 64x288x1x1
Mixed_6a: branch3x3 384x288x3x3, branch3x3dbl_1 64x288x1x1, branch3x3dbl_2 96x64x3x3, branch3x3dbl_3 96x96x3x3
Mixed_6b: branch1x1 192x768x1x1, branch7x7_1 128x768x1x1, branch7x7_2 128x128x1x7, branch7x7_3 192x128x7x1,
    branch7x7dbl_1 128x768x1x1, branch7x7dbl_2 128x128x7x1, branch7x7dbl_3 128x128x1x7, branch7x7dbl_4 128x128x7x1,
    branch7x7dbl_5 192x128x1x7, branch_pool 192x768x1x1
Mixed_6c: branch1x1 192x768x1x1, branch7x7_1 160x768x1x1, branch7x7_2 160x160x1x7, branch7x7_3 192x160x7x1,
    branch7x7dbl_1 160x768x1x1, branch7x7dbl_2 160x160x7x1, branch7x7dbl_3 160x160x1x7, branch7x7dbl_4 160x160x7x1,
    branch7x7dbl_5 192x160x1x7, branch_pool 192x768x1x1
Mixed_6d: branch1x1 192x768x1x1, branch7x7_1 160x768x1x1, branch7x7_2 160x160x1x7, branch7x7_3 192x160x7x1,
    branch7x7dbl_1 160x768x1x1, branch7x7dbl_2 160x160x7x1, branch7x7dbl_3 160x160x1x7, branch7x7dbl_4 160x160x7x1,
    branch7x7dbl_5 192x160x1x7, branch_pool 192x768x1x1
Mixed_6e: branch1x1 192x768x1x1, branch7x7_1 192x768x1x1, branch7x7_2 192x192x1x7, branch7x7_3 192x192x7x1,
    branch7x7dbl_1 192x768x1x1, branch7x7dbl_2 192x192x7x1, branch7x7dbl_3 192x192x1x7, branch7x7dbl_4 192x192x7x1,
    branch7x7dbl_5 192x192x1x7, branch_pool 192x768x1x1
Mixed_7a: branch3x3_1 192x768x1x1, branch3x3_2 320x192x3x3, branch7x7x3_1 192x768x1x1, branch7x7x3_2 192x192x1x7,
    branch7x7x3_3 192x192x7x1, branch7x7x3_4 192x192x3x3
Mixed_7b: branch1x1 320x1280x1x1, branch3x3_1 384x1280x1x1, branch3x3_2a 384x384x1x3, branch3x3_2b 384x384x3x1,
    branch3x3dbl_1 448x1280x1x1, branch3x3dbl_2 384x448x3x3, branch3x3dbl_3a 384x384x1x3, branch3x3dbl_3b 384x384x3x1,
    branch_pool 192x1280x1x1
Mixed_7c: branch1x1 320x2048x1x1, branch3x3_1 384x2048x1x1, branch3x3_2a 384x384x1x3, branch3x3_2b 384x384x3x1,
    branch3x3dbl_1 448x2048x1x1, branch3x3dbl_2 384x448x3x3, branch3x3dbl_3a 384x384x1x3, branch3x3dbl_3b 384x384x3x1,
    branch_pool 192x2048x1x1
"""


def published_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"fc.weight": (1008, 2048), "fc.bias": (1008,)}
    for line in CONVOLUTIONS.replace(",\n", ",").strip().splitlines():
        block, inside = line.split(": ")
        for entry in inside.split(","):
            *name, sizes = entry.split()
            prefix = ".".join([block, *name])
            shape = tuple(int(size) for size in sizes.split("x"))
            shapes[f"{prefix}.conv.weight"] = shape
            for vector in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"{prefix}.bn.{vector}"] = shape[:1]
    return shapes


def test_names_and_shapes_are_those_of_the_published_weights() -> None:
    published = published_shapes()
    found = {name: shape for name, shape in INCEPTION.shapes().items() if not name.endswith("num_batches_tracked")}
    assert found == published
    assert len(published) == 94 * 5 + 2
    # The published file holds these numbers as float32, and little else; its name pins the digest's first digits.
    numbers = sum(int(np.prod(shape)) for shape in published.values())
    assert 0 < INCEPTION.size - 4 * numbers < 100_000
    assert INCEPTION.sha256.startswith("6726825d")
    assert len(INCEPTION.sha256) == 64


class Reference:
    """Inception v3 in float64, of matrix products alone: patches are cut out and multiplied."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self.weights = {name: tensor.double() for name, tensor in weights.items()}

    def conv(self, x: Tensor, name: str, stride: int = 1, padding: str = "SAME") -> Tensor:
        kernel, w = self.weights[f"{name}.conv.weight"], self.weights
        high, wide = kernel.shape[2:]
        if padding == "SAME":
            x = pad(x, ((wide - 1) // 2, wide // 2, (high - 1) // 2, high // 2))
        rows, columns = (x.shape[2] - high) // stride + 1, (x.shape[3] - wide) // stride + 1
        patches = unfold(x, (high, wide), stride=stride)
        y = (kernel.flatten(1) @ patches).reshape(len(x), len(kernel), rows, columns)
        mean, variance, scale, shift = (
            w[f"{name}.bn.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return ((y - mean) / (variance + 1e-3) ** 0.5 * scale + shift).clamp(min=0)

    @staticmethod
    def mean_of_neighbours(x: Tensor) -> Tensor:
        size = x.shape[2:]
        summed = torch.zeros_like(x)
        count = torch.zeros(size, dtype=x.dtype)
        for down in (-1, 0, 1):
            for across in (-1, 0, 1):
                to = (slice(max(0, -down), size[0] - max(0, down)), slice(max(0, -across), size[1] - max(0, across)))
                of = (slice(max(0, down), size[0] + min(0, down)), slice(max(0, across), size[1] + min(0, across)))
                summed[:, :, to[0], to[1]] += x[:, :, of[0], of[1]]
                count[to[0], to[1]] += 1
        return summed / count

    @staticmethod
    def largest(x: Tensor, stride: int, border: bool) -> Tensor:
        if border:
            x = pad(x, (1, 1, 1, 1), value=-torch.inf)
        return x.unfold(2, 3, stride).unfold(3, 3, stride).amax(dim=(4, 5))

    def figure_5(self, x: Tensor, at: str) -> Tensor:
        five = self.conv(self.conv(x, f"{at}.branch5x5_1"), f"{at}.branch5x5_2")
        three = self.conv(self.conv(x, f"{at}.branch3x3dbl_1"), f"{at}.branch3x3dbl_2")
        three = self.conv(three, f"{at}.branch3x3dbl_3")
        pooled = self.conv(self.mean_of_neighbours(x), f"{at}.branch_pool")
        return torch.cat([self.conv(x, f"{at}.branch1x1"), five, three, pooled], 1)

    def figure_6(self, x: Tensor, at: str) -> Tensor:
        near, far = x, x
        for number in (1, 2, 3):
            near = self.conv(near, f"{at}.branch7x7_{number}")
        for number in (1, 2, 3, 4, 5):
            far = self.conv(far, f"{at}.branch7x7dbl_{number}")
        pooled = self.conv(self.mean_of_neighbours(x), f"{at}.branch_pool")
        return torch.cat([self.conv(x, f"{at}.branch1x1"), near, far, pooled], 1)

    def figure_7(self, x: Tensor, at: str, pooled: Tensor) -> Tensor:
        near = self.conv(x, f"{at}.branch3x3_1")
        far = self.conv(self.conv(x, f"{at}.branch3x3dbl_1"), f"{at}.branch3x3dbl_2")
        parts = [
            self.conv(x, f"{at}.branch1x1"),
            self.conv(near, f"{at}.branch3x3_2a"),
            self.conv(near, f"{at}.branch3x3_2b"),
            self.conv(far, f"{at}.branch3x3dbl_3a"),
            self.conv(far, f"{at}.branch3x3dbl_3b"),
            self.conv(pooled, f"{at}.branch_pool"),
        ]
        return torch.cat(parts, 1)

    def grid_to_17(self, x: Tensor, at: str) -> Tensor:
        three = self.conv(self.conv(x, f"{at}.branch3x3dbl_1"), f"{at}.branch3x3dbl_2")
        three = self.conv(three, f"{at}.branch3x3dbl_3", 2, "VALID")
        return torch.cat([self.conv(x, f"{at}.branch3x3", 2, "VALID"), three, self.largest(x, 2, border=False)], 1)

    def grid_to_8(self, x: Tensor, at: str) -> Tensor:
        three = self.conv(self.conv(x, f"{at}.branch3x3_1"), f"{at}.branch3x3_2", 2, "VALID")
        seven = x
        for number in (1, 2, 3):
            seven = self.conv(seven, f"{at}.branch7x7x3_{number}")
        seven = self.conv(seven, f"{at}.branch7x7x3_4", 2, "VALID")
        return torch.cat([three, seven, self.largest(x, 2, border=False)], 1)

    def layers(self, x: Tensor) -> dict[str, Tensor]:
        """Return what comes out of every block."""
        out = {"Conv2d_1a_3x3": self.conv(x, "Conv2d_1a_3x3", 2, "VALID")}
        out["Conv2d_2a_3x3"] = self.conv(out["Conv2d_1a_3x3"], "Conv2d_2a_3x3", 1, "VALID")
        out["Conv2d_2b_3x3"] = self.conv(out["Conv2d_2a_3x3"], "Conv2d_2b_3x3")
        out["Conv2d_3b_1x1"] = self.conv(self.largest(out["Conv2d_2b_3x3"], 2, border=False), "Conv2d_3b_1x1")
        out["Conv2d_4a_3x3"] = self.conv(out["Conv2d_3b_1x1"], "Conv2d_4a_3x3", 1, "VALID")
        out["Mixed_5b"] = self.figure_5(self.largest(out["Conv2d_4a_3x3"], 2, border=False), "Mixed_5b")
        out["Mixed_5c"] = self.figure_5(out["Mixed_5b"], "Mixed_5c")
        out["Mixed_5d"] = self.figure_5(out["Mixed_5c"], "Mixed_5d")
        out["Mixed_6a"] = self.grid_to_17(out["Mixed_5d"], "Mixed_6a")
        for before, at in pairwise(["Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"]):
            out[at] = self.figure_6(out[before], at)
        out["Mixed_7a"] = self.grid_to_8(out["Mixed_6e"], "Mixed_7a")
        out["Mixed_7b"] = self.figure_7(out["Mixed_7a"], "Mixed_7b", self.mean_of_neighbours(out["Mixed_7a"]))
        out["Mixed_7c"] = self.figure_7(out["Mixed_7b"], "Mixed_7c", self.largest(out["Mixed_7b"], 1, border=True))
        out["features"] = out["Mixed_7c"].flatten(2).sum(dim=2) / out["Mixed_7c"][0, 0].numel()
        out["logits"] = torch.einsum("nd,kd->nk", out["features"], self.weights["fc.weight"])
        return out


def test_every_block_agrees_with_an_independent_construction(inception_weights: dict[str, Tensor]) -> None:
    network = InceptionNetwork()
    network.load_state_dict(inception_weights)
    network.eval()
    found: dict[str, Tensor] = {}

    def keep(name: str, block: nn.Module) -> None:
        block.register_forward_hook(lambda module, given, result: found.__setitem__(name, result.detach()))

    for name in GRAPH:
        if not name.startswith("MaxPool"):
            keep(name, network.get_submodule(name))
    # Smaller than 299, for speed, and not square; every block still sees a border.
    images = torch.rand(2, 3, 139, 107, generator=torch.Generator().manual_seed(2)) * 2 - 1
    with torch.no_grad():
        found["features"], found["logits"] = network(images)
        expected = Reference(inception_weights).layers(images.double())
    assert list(found) == list(expected)
    for name, block in expected.items():
        assert found[name].shape == block.shape, name
        spread = block.std().item()
        assert spread > 1e-2, name
        torch.testing.assert_close(found[name].double(), block, rtol=0, atol=1e-4 * spread, msg=name)


def test_features_of_pictures(inception_weights: dict[str, Tensor]) -> None:
    extractor = InceptionExtractor(inception_weights, "1a2b3c4d" * 8, published=False)
    random = np.random.default_rng(4)
    grey = random.integers(0, 256, (1, 28, 40, 1), np.uint8)
    found = extractor(np.concatenate([np.repeat(grey, 3, axis=3), random.integers(0, 256, (1, 28, 40, 3), np.uint8)]))
    assert found.features.shape == (2, 2048)
    assert found.logits is not None
    assert found.logits.shape == (2, 1008)
    assert found.features.dtype == found.logits.dtype == np.float32
    # Alone, and grey: the same picture has the same values.
    alone = extractor(grey)
    assert alone.logits is not None
    np.testing.assert_allclose(alone.features, found.features[:1], rtol=1e-3, atol=1e-4 * found.features.std())
    np.testing.assert_allclose(alone.logits, found.logits[:1], rtol=1e-3, atol=1e-4 * found.logits.std())
    np.testing.assert_allclose(
        found.logits,
        found.features @ inception_weights["fc.weight"].numpy().T,
        rtol=1e-3,
        atol=1e-3 * found.logits.std(),
    )
    description = extractor.describe()
    assert description["name"] == extractor.name == "inception-1a2b3c4d"
    assert description["size"] == extractor.size == 2048
    assert InceptionExtractor(inception_weights, INCEPTION.sha256, published=True).name == "inception"


def test_pixels_are_scaled_after_the_resize(
    inception_weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = InceptionExtractor(inception_weights, INCEPTION.sha256, published=True)
    seen: list[Tensor] = []

    def network(images: Tensor) -> tuple[Tensor, Tensor]:
        seen.append(images)
        return images.mean(dim=(2, 3)), images.mean(dim=(2, 3))

    monkeypatch.setattr(extractor, "_network", network)
    image = np.zeros((1, 2, 2, 3), np.uint8)
    image[0, :, 1] = [255, 128, 64]
    extractor(image)
    (images,) = seen
    assert images.shape == (1, 3, 299, 299)
    assert images[0, :, 0, 0].tolist() == [-1.0, -1.0, -1.0]
    assert images[0, :, -1, -1].tolist() == [127 / 128, 0.0, -0.5]
    assert images.dtype == torch.float32


def test_points_are_refused(inception_weights: dict[str, Tensor]) -> None:
    extractor = InceptionExtractor(inception_weights, INCEPTION.sha256, published=True)
    with pytest.raises(UserError, match="points of a density have 'pixels'"):
        extractor(np.zeros((4, 1, 1, 2), np.float32))
