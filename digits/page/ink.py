"""Grey → ink: how much darker each pixel is than the background, and the components of the ink."""

from typing import NamedTuple

import numpy as np

from digits.page import filters
from digits.page.components import Components, connected_components
from digits.page.ruled_lines import frames, ruled_lines

CROPPED_SIDE = 64  # px: a picture up to it is a cropped digit, without shadows or a desk
SMALL_SIDE = 140  # px: in smaller pictures, a stroke on the border ends there
MIN_CONTRAST = 0.05  # of black to white: watermarks are fainter, pencil is not
NOISE_MARGIN = 5  # standard deviations: of normal noise, one pixel in 3 million is beyond
OTSU_SHARE = 0.6  # of the Otsu threshold: above it is ink even on very noisy paper
MAX_STROKE_WIDTH = 0.4  # of the picture's side (the root of its area): what is wider is background
MAX_CROPPED_STROKE_WIDTH = 0.8  # the same in a cropped digit, which fills its picture
MIN_BACKGROUND = 0.1  # of a cropped digit's pixels: their median may be ink
STROKE_WIDTHS = (0.03, 0.06, 0.12, 0.24)  # of the picture's side: fine pens to thick markers
FULL_CONTRAST = 0.3  # of black to white: with more, a pixel is no more likely to be ink
POLARITY_SIDE = 500  # px: large enough to tell the polarity, or a colour's contrast
DOUBT = 0.01  # a polarity is never surer: a thick stroke has nothing narrow
CONTRAST_QUANTILE = 0.99  # of the top-hat: dark specks do not count
FULL_QUANTILE = 0.9  # of a component's pixels: a spot where the pencil pressed does not count
INK_SHARE = 0.35  # of a component's full darkness: what is fainter was rubbed out, or is outline


class Polarity(NamedTuple):
    """Dark on light, or light on dark."""

    grey: np.ndarray  # float32 (h, w), 0 to 1, inverted if the ink is light
    probability: float


class Ink(NamedTuple):
    """The ink of a picture (h, w) in one polarity."""

    darkness: np.ndarray  # float32 (h, w): than the background, as a share of black to white
    threshold: float  # darkness that noise does not reach
    components: Components  # n of them, which are surely ink
    full_darkness: np.ndarray  # float32 (n,): the 90th percentile of each component's
    stroke_widths: np.ndarray  # float64 (n,): px
    probability: float  # of the polarity


def is_cropped(grey):
    return max(grey.shape) <= CROPPED_SIDE


def polarities(grey):
    """Return the two `Polarity`s of grey (h, w), 0 black to 1 white, the more probable first."""
    dark, light = polarity_probabilities(grey)
    both = [Polarity(grey, dark), Polarity(1 - grey, light)]
    return sorted(both, key=lambda each: each.probability, reverse=True)


def polarity_probabilities(grey):
    """Return the probabilities of dark on light and light on dark, which sum to 1.

    Ink is narrow, and most of the picture's border is background.
    """
    small = filters.smoothed(filters.shrunk(grey, POLARITY_SIDE))
    border = light_share_of_border(small)
    dark = narrow_darkness(small) * (1 + border)
    light = narrow_darkness(1 - small) * (2 - border)
    if not dark + light:
        return 0.5, 0.5
    probability = float(np.clip(dark / (dark + light), DOUBT, 1 - DOUBT))
    return probability, 1 - probability


def narrow_darkness(grey):
    """Return the sum of all that is darker than its background, narrow strokes weighing more."""
    total = 0.0
    for width in STROKE_WIDTHS:
        darkness = top_hat(grey, width)
        ink = darkness[darkness > max(MIN_CONTRAST, noise(darkness))]
        total += np.minimum(ink, FULL_CONTRAST).sum() / width**2
    return total


def light_share_of_border(grey):
    """Return the share of light pixels on the picture's border, 0 to 1."""
    even = filters.evenly_lit(grey)
    light = even >= filters.otsu_threshold(even)
    return np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]]).mean()


def contrast(grey):
    """Return the contrast of the faintest ink, 0 to 1: the 99th percentile of the top-hat."""
    small = filters.smoothed(filters.shrunk(grey, POLARITY_SIDE))
    return max(
        filters.quantile(top_hat(each, MAX_STROKE_WIDTH), CONTRAST_QUANTILE)
        for each in (small, 1 - small)
    )


def ink_of(polarity):
    """Return the `Ink` of a `Polarity`, or None on a blank page."""
    smooth = filters.smoothed(polarity.grey)
    darkness = top_hat(smooth, MAX_CROPPED_STROKE_WIDTH if is_cropped(smooth) else MAX_STROKE_WIDTH)
    threshold = ink_threshold(darkness)
    lines = ruled_lines(darkness > threshold)
    lines |= frames(connected_components((darkness > threshold) & ~lines))
    mask = (darkness > threshold) & ~lines
    if not mask.any():
        return None
    darkness = np.where(filters.dilated(lines, 1) & ~filters.dilated(mask, 1), 0, darkness)
    components = ink_components(darkness, mask)
    measures = full_darkness(darkness, components), components.stroke_widths()
    if noise(darkness) < MIN_CONTRAST:  # little noise: undo the smoothing, strokes stay sharp
        darkness = np.where(darkness > 0, darkness + smooth - polarity.grey, 0)
    return Ink(darkness, threshold, components, *measures, polarity.probability)


def ink_threshold(darkness):
    """Return the darkness that noise and shading do not exceed."""
    otsu = OTSU_SHARE * filters.otsu_threshold(darkness)
    return max(MIN_CONTRAST, float(min(noise(darkness), otsu)))


def noise(darkness):
    """Return the greatest darkness that is probably noise."""
    return NOISE_MARGIN * filters.noise_level(darkness)


def ink_components(darkness, mask):
    """Return the `Components` left when each in a mask is cut at a share of its full darkness."""
    rough = connected_components(mask)
    full = per_pixel(full_darkness(darkness, rough), rough)
    return connected_components(darkness > INK_SHARE * full)


def top_hat(grey, width):
    """Return the black top-hat: how much darker each pixel is than its background, about 0 there.

    The background is the closing by `width`, a share of the picture's side (Serra, Image Analysis
    and Mathematical Morphology, 1982): shadows and desks are wider, however sharp their borders.
    They continue beyond the picture (edge padding); a cropped digit is on background (constant).
    """
    size = max(3, int(width * grey.size**0.5) | 1)
    padded = padded_page(np.rint(255 * grey).astype(np.uint8), size - 1)
    darker = np.maximum(filters.closed(padded, size) / np.float32(255) - grey, 0)
    if is_cropped(grey):
        return darker - filters.quantile(darker, MIN_BACKGROUND)
    return darker - filters.sampled_median(darker)


def padded_page(values, width):
    if is_cropped(values):
        return np.pad(values, width, constant_values=255)
    mode = "symmetric" if max(values.shape) <= SMALL_SIDE else "edge"
    return np.pad(values, width, mode=mode)


def full_darkness(darkness, components):
    """Return the 90th percentile of each component's darkness, float32 (n,)."""
    inside = components.labels >= 0
    labels, values = components.labels[inside], darkness[inside]
    ordered = values[np.lexsort((values, labels))]
    starts = components.areas.cumsum() - components.areas
    return ordered[starts + (FULL_QUANTILE * (components.areas - 1)).astype(int)]


def per_pixel(values, components):
    """Return the value of each pixel's component, infinite in the background: float32 (h, w)."""
    return np.append(values, np.float32(np.inf))[components.labels]
