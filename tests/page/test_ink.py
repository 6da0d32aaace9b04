"""Ink on paper, whatever the paper and the light are."""

import numpy as np
import pytest
from conftest import printed_digits
from PIL import Image

from digits.page import filters, ink


@pytest.fixture(scope="module")
def page():
    """Ink, 0 to 1, of a printed digit on a page of 400 by 300 pixels."""
    digit = printed_digits(1, seed=9)[0][0]
    page = np.zeros((400, 300), np.float32)
    page[100:268, 70:238] = np.asarray(Image.fromarray(digit).resize((168, 168))) / 255
    return page


def found(grey):
    """Return the mask of what is likeliest to be ink."""
    return masks(grey.astype(np.float32))[0]


def inks(grey):
    """Return the `Ink` of each polarity, the more probable first."""
    found = map(ink.ink_of, ink.polarities(grey))
    return [each for each in found if each]


def masks(grey):
    """Return the masks of all that is likely to be the ink."""
    return [each.components.labels >= 0 for each in inks(grey)]


def assert_is_ink(mask, page):
    """Assert that a mask is the page's ink, but for some of its faint outline."""
    assert mask[page > 0.7].mean() > 0.93
    assert mask[page < 0.05].mean() < 0.002


def slopes(shape):
    return np.meshgrid(np.linspace(0, 1, shape[1]), np.linspace(0, 1, shape[0]))


def test_dark_and_light_ink_are_found(page):
    assert_is_ink(found(0.9 - 0.7 * page), page)
    assert_is_ink(found(0.1 + 0.7 * page), page)


@pytest.mark.parametrize("contrast", [0.1, 0.3])
def test_faint_ink_is_found(page, contrast):
    assert_is_ink(found(0.6 - contrast * page), page)


def test_ink_across_a_sharp_shadow_is_found(page):
    x, y = slopes(page.shape)
    assert_is_ink(found((0.9 - 0.45 * (x + y > 1)) * (1 - 0.7 * page)), page)


def test_ink_in_light_from_a_side_is_found(page):
    assert_is_ink(found((0.95 - 0.6 * slopes(page.shape)[0]) * (1 - 0.7 * page)), page)


@pytest.mark.parametrize("upright", [False, True], ids=["ruled", "squared"])
@pytest.mark.parametrize("slope", [0, 0.05])
def test_lines_of_the_paper_are_no_ink(page, upright, slope):
    rows, columns = np.indices(page.shape)
    lines = (rows + slope * columns) % 70 < 3
    if upright:
        lines |= (columns - slope * rows) % 70 < 3
    mask = found(0.9 - 0.7 * np.maximum(page, 0.4 * lines))
    assert mask[page > 0.7].mean() > 0.95
    assert mask[lines & (page == 0)].mean() < 0.08


def test_a_long_stroke_is_no_line_of_the_paper():
    page = np.zeros((400, 300), np.float32)
    page[20:380, 148:156] = 1
    assert_is_ink(found(0.9 - 0.7 * page), page)


def test_wide_lines_of_paper_seen_at_an_angle_are_no_ink(page):
    rows, columns = np.indices(page.shape)
    lines = (rows + (0.02 + 0.0002 * columns) * columns) % 70 < 9
    mask = found(0.9 - 0.7 * np.maximum(page, 0.4 * lines))
    assert mask[page > 0.7].mean() > 0.9
    assert mask[lines & (page == 0)].mean() < 0.1


@pytest.mark.parametrize("light", [False, True], ids=["dark ink", "light ink"])
def test_a_stroke_along_the_border_of_a_cropped_digit_is_ink(light):
    seven = np.zeros((16, 16), np.float32)
    seven[:3] = seven[3:, 7:10] = 1
    assert any((found == (seven > 0)).all() for found in masks(seven if light else 1 - seven))


@pytest.mark.parametrize("light", [False, True], ids=["dark ink", "light ink"])
def test_a_digit_that_fills_just_half_of_its_picture_is_ink(light):
    one = np.zeros((16, 16), np.float32)
    one[:, 3:11] = 1
    assert any((found == (one > 0)).all() for found in masks(one if light else 1 - one))


def test_blank_paper_has_no_ink():
    assert inks(np.full((100, 80), 0.7, np.float32)) == []


@pytest.mark.parametrize("size", [3, 4, 9, 20])
def test_sliding_extremes_are_those_of_each_window(size):
    values = np.random.default_rng(size).integers(0, 255, (25, 31)).astype(np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(values, size, axis=1)
    np.testing.assert_array_equal(
        filters.sliding(np.maximum, values, size, 1), windows.max(axis=-1)
    )
    windows = np.lib.stride_tricks.sliding_window_view(values, size, axis=0)
    np.testing.assert_array_equal(
        filters.sliding(np.minimum, values, size, 0), windows.min(axis=-1)
    )


def test_light_that_falls_off_across_the_paper_is_evened_out():
    y, x = np.mgrid[-1:1:60j, -1:1:80j]
    page = np.float32(0.7 + 0.2 * x - 0.1 * y * y)
    page[25:35, 30:50] -= 0.3
    paper = np.ones(page.shape, bool)
    paper[25:35, 30:50] = False
    even = filters.evenly_lit(page)
    assert np.ptp(even[paper]) < 0.05 < 0.3 < np.ptp(page[paper])
    assert even[~paper].max() < even[paper].min() - 0.2
    assert ink.light_share_of_border(page) > 0.95, "the dark side is paper, too"
