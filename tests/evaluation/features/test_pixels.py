import numpy as np
import pytest

from ganache.data.shape import ImageShape
from ganache.evaluation.features.pixels import PixelExtractor, shrunk
from ganache.support.errors import UserError


def test_small_pictures_are_flattened() -> None:
    extractor = PixelExtractor(ImageShape(3, 2, 1))
    image = np.array([[[[0, 51, 102]], [[153, 204, 255]]]], np.uint8)
    found = extractor(image)
    assert found.features.dtype == np.float32
    np.testing.assert_allclose(found.features, [[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]], rtol=1e-6)
    assert found.logits is None
    assert extractor.size == 6


@pytest.mark.parametrize(
    ("size", "kept"),
    [((28, 28), (28, 28)), ((32, 32), (32, 32)), ((8, 128), (8, 128)), ((33, 33), (32, 32)), ((64, 64), (32, 32)),
     ((48, 64), (27, 36)), ((1, 4000), (1, 1024)), ((4000, 1), (1024, 1)), ((3, 9000), (1, 1024))],
)  # fmt: skip
def test_large_pictures_are_shrunk_to_1024_pixels(size: tuple[int, int], kept: tuple[int, int]) -> None:
    assert shrunk(*size) == kept
    if size[0] * size[1] < 5000:
        extractor = PixelExtractor(ImageShape(1, *size))
        found = extractor(np.full((2, *size, 1), 51, np.uint8))
        assert found.features.shape == (2, extractor.size) == (2, kept[0] * kept[1])
        np.testing.assert_allclose(found.features, 0.2, rtol=1e-6)


def test_other_images_take_the_reference_s_shape() -> None:
    extractor = PixelExtractor(ImageShape(1, 4, 4))
    assert extractor(np.full((2, 9, 7, 4), 255, np.uint8)).features.tolist() == [[1.0] * 16] * 2


def test_points_are_left_as_they_are() -> None:
    extractor = PixelExtractor(ImageShape(2, 1, 1))
    points = np.array([[-0.8, 0.25], [1.5, 0.0]], np.float32).reshape(2, 1, 1, 2)
    assert extractor(points).features.tolist() == [[np.float32(-0.8), 0.25], [1.5, 0.0]]
    assert extractor.size == 2
    with pytest.raises(UserError, match="no points"):
        extractor(np.zeros((2, 1, 1, 2), np.uint8))


@pytest.mark.parametrize(
    ("images", "reason"),
    [(np.zeros((1, 4, 4, 1), np.float32), "float32 is not uint8"), (np.zeros((4, 4, 1), np.uint8), "channels"),
     (np.zeros((1, 4, 4, 5), np.uint8), "1 … 4"), (np.zeros((1, 0, 4, 1), np.uint8), "height"),
     (np.zeros((0, 4, 4, 1), np.uint8), "none")],
)  # fmt: skip
def test_what_is_no_picture_is_refused(images: np.ndarray, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        PixelExtractor(ImageShape(1, 4, 4))(images)
