"""Why a picture holds no digit: what it looks like, as far as that can be told, and the way on."""

import numpy as np

from digits.page.components import connected_components
from digits.page.filters import evenly_lit, median, otsu_threshold, quantile, smoothed
from digits.page.ink import (
    MAX_STROKE_WIDTH,
    contrast,
    ink_of,
    ink_threshold,
    is_cropped,
    polarities,
    top_hat,
)
from digits.page.ruled_lines import MIN_FRAME_SIDE, has_straight_sides, ruled_lines

BLANK = "no digit found: the page looks blank; more contrast, or more paper around it, may help"
FAINT = "no digit found: the ink is too faint; write with a darker pen, or raise the contrast"
GRID = "no digit found: it looks like lines or an empty grid; crop it to what is written"
TEXT = "no digit found: it looks like a page of text; crop it to the number"
PHOTOGRAPH = "no digit found: it looks like a photograph without writing; crop it to the digit"
MANY_MARKS = (
    "no digit found: there are many marks, and they look like no number; crop it to the digits"
)
ONE_MARK = "no digit found: the only mark looks like no digit; if it is one, write it larger"
OTHER = "no digit found: the ink looks like no digit; crop away what is not the digit"

MIN_FAINT = 0.015  # of black to white: less is the paper's own texture
MIN_LINES = 0.5  # of the ink: what lies on straight lines across the picture
MIN_FRAME = 0.5  # of the picture's shorter side
MIN_MARK = 0.02  # of the picture's longer side: what is smaller is a speck
MANY = 20  # marks
EVEN = 2.0  # times the median height, up or down: so high are the letters of a text
MIN_EVEN = 0.7  # of the ink's area: what is in marks of even height
MIN_WIDTH_SPREAD = 1.2  # of letters: third by first quartile; the parts of a pattern are alike
MAX_FILL = 0.8  # of a letter's box; a bar fills its own
GREY_RANGE, MIN_DRAWN = 0.1, 0.6  # of black to white; share of pixels so near to paper or ink


def reason(grey):
    """Return why grey (h, w), 0 black to 1 white, holds no digit: a sentence."""
    polarity, *_ = polarities(grey)
    if is_grid(rough_mask(polarity.grey)):
        return GRID
    ink = ink_of(polarity)
    if not ink:
        return FAINT if contrast(grey) > MIN_FAINT else BLANK
    marks = np.flatnonzero(ink.components.sizes.max(axis=1) >= MIN_MARK * max(grey.shape))
    if len(marks) >= MANY and is_text(ink.components, marks):
        return TEXT
    if drawn_share(grey) < MIN_DRAWN:
        return PHOTOGRAPH
    if len(marks) >= MANY:
        return MANY_MARKS
    return ONE_MARK if len(marks) == 1 and not is_cropped(grey) else OTHER


def rough_mask(grey):
    """Return what is darker than its background, ruled lines included: bool (h, w)."""
    darkness = top_hat(smoothed(grey), MAX_STROKE_WIDTH)
    return darkness > ink_threshold(darkness)


def is_grid(mask):
    """Whether a mask (h, w) is mostly straight lines across the picture, or holds a frame."""
    if ruled_lines(mask).sum() > MIN_LINES * mask.sum():
        return True
    components = connected_components(mask)
    min_side = max(MIN_FRAME_SIDE, MIN_FRAME * min(mask.shape))
    large = np.flatnonzero(components.sizes.min(axis=1) >= min_side)
    return any(has_straight_sides(part_of(components, number)) for number in large)


def part_of(components, number):
    """Return the mask of a component, cut to its box."""
    left, top, right, bottom = components.boxes[number]
    return components.labels[top:bottom, left:right] == number


def is_text(components, marks):
    """Whether marks are like letters: most of about one height, of different widths, no bars."""
    (widths, heights), areas = components.sizes[marks].T, components.areas[marks]
    is_even = np.abs(np.log(heights / median(heights))) <= np.log(EVEN)
    width_spread = quantile(widths, 0.75) / quantile(widths, 0.25)
    is_solid = median(areas / (widths * heights)) > MAX_FILL
    share = areas[is_even].sum() / components.areas.sum()
    return share >= MIN_EVEN and width_spread >= MIN_WIDTH_SPREAD and not is_solid


def drawn_share(grey):
    """Return the share of pixels that are about as light as the paper, or as the ink."""
    even = evenly_lit(grey)
    is_light = even >= otsu_threshold(even)
    near = [np.abs(even - median(even[each])) < GREY_RANGE for each in (is_light, ~is_light)]
    return (near[0] | near[1]).mean()
