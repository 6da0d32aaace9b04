"""Connected components, against a flood fill."""

import numpy as np
import pytest

from digits.page import components


def flooded(mask):
    """Return each pixel's component, -1 in the background, by filling one after another."""
    labels = np.full(mask.shape, -1)
    for number, start in enumerate(zip(*np.nonzero(mask), strict=True)):
        waiting = [start] if labels[start] < 0 else []
        while waiting:
            row, column = waiting.pop()
            labels[row, column] = number
            near = slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2)
            new = np.argwhere(mask[near] & (labels[near] < 0))
            waiting.extend((near[0].start + r, near[1].start + c) for r, c in new)
    return np.unique(labels, return_inverse=True)[1].reshape(mask.shape) - (not mask.all())


@pytest.mark.parametrize("share", [0.1, 0.4, 0.6, 0.9])
def test_components_are_those_that_a_flood_fill_finds(share):
    random = np.random.default_rng(int(100 * share))
    for _ in range(20):
        mask = random.random(random.integers(2, 25, 2)) < share
        mask[0, 0] = False
        found, expected = components.connected_components(mask), flooded(mask)
        np.testing.assert_array_equal(found.labels, expected)
        for number, (left, top, right, bottom) in enumerate(found.boxes):
            rows, columns = np.nonzero(expected == number)
            assert (left, top) == (columns.min(), rows.min())
            assert (right, bottom) == (columns.max() + 1, rows.max() + 1)
            assert found.areas[number] == len(rows)


def test_an_empty_mask_has_no_components():
    found = components.connected_components(np.zeros((4, 5), bool))
    assert found.boxes.shape == (0, 4) and len(found.areas) == 0
    assert (found.labels == -1).all()


@pytest.mark.parametrize("width", [3, 8, 15])
def test_stroke_width_is_that_of_a_stroke(width):
    mask = np.zeros((300, 60), bool)
    mask[20:280, 20 : 20 + width] = True
    (stroke_width,) = components.connected_components(mask).stroke_widths()
    assert stroke_width == pytest.approx(width * 4 / np.pi, rel=0.1), (
        "upright edges count as at an angle"
    )


def test_pixels_on_the_border_are_counted():
    mask = np.zeros((10, 10), bool)
    mask[0:2, 3:7] = mask[5, 5] = True
    assert components.connected_components(mask).pixels_on_border().tolist() == [4, 0]
