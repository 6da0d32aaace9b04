"""Grey → the ink on the paper: how much stands out from the paper around it, and as which marks."""

from typing import NamedTuple

import numpy as np

from digits.page import components
from digits.page.filters import (
    evenly_lit,
    grain,
    grown,
    quantile,
    running,
    shrunk,
    smoothed,
    threshold,
    typical,
)
from digits.page.ruled_lines import ruling

LEAST_CONTRAST = 0.05  # between paper and ink, as a share of black to white
NOISE_MARGIN = 5  # standard deviations of the paper's grain below which nothing is ink

WIDEST_STROKE = 0.4  # of the picture's side (the root of its area): what is wider is paper
SMALL_SIDE, WIDEST_SMALL_STROKE = 64, 0.8  # pixels: a digit cut out, without shadow or desk
LEAST_PAPER = 0.1  # the share of a digit cut out that is paper, at least
STROKE_WIDTHS = (0.03, 0.06, 0.12, 0.24)  # of the same side, from fine pens to thick markers
FULL_CONTRAST = 0.3  # what stands out more than this is no more likely to be ink
JUDGED_SIDE = 500  # pixels that are enough to tell which of dark and light is ink
COMPARED_SIDE = 256  # pixels that are enough to tell which colour shows the ink best
LEAST_ODDS = 0.33  # that ink of that kind, dark or light, is worth reading
SHARE_OF_THRESHOLD = 0.6  # grain never reaches it, however rough the paper
FULL_QUANTILE = 0.9  # of a mark's pixels, ordered: its edges are fainter
SHARE_OF_INK, SHARE_OF_FINE_INK = 0.35, 0.2  # of a mark's full ink, what is surely part of it
FINE = 3  # pixels: lines that are finer fade where they fall between pixels


class Ink(NamedTuple):
    """The ink in a picture of shape (h, w).

    `strength` is float32 (h, w): how far a pixel stands out from the paper, as a share of black to
    white. `least` is what grain and shade alone may reach. `marks` are the `components.Marks` that
    surely are ink, `full` (n,) how strong each of them is where it is darkest. `odds` are those
    that it is ink, and the other of dark and light the paper.
    """

    strength: np.ndarray
    least: float
    marks: components.Marks
    full: np.ndarray
    odds: float = 1.0


def likely(grey):
    """Return the `Ink` in float32 grey, 0 black to 1 white: dark ink, light ink, or both in turn.

    Both, the likelier first, if the picture does not say clearly which it is. Blank paper has none.
    """
    dark, light = odds_of_dark_ink(grey)
    either = [(dark, grey), (light, 1 - grey)]
    likelier_first = sorted(either, key=lambda each: each[0], reverse=True)
    least = 0 if is_small(grey) else LEAST_ODDS
    found = ((odds, darker_than_paper(g)) for odds, g in likelier_first if odds > least)
    return [ink._replace(odds=odds) for odds, ink in found if ink]


def darker_than_paper(grey):
    """Return the `Ink` that is darker than its paper, or None."""
    width = WIDEST_SMALL_STROKE if is_small(grey) else WIDEST_STROKE
    smooth = smoothed(grey)
    strength = standing_out(smooth, width)
    least = min(NOISE_MARGIN * grain(strength), SHARE_OF_THRESHOLD * threshold(strength))
    least = max(LEAST_CONTRAST, float(least))
    lines = ruling(strength > least)
    seen = (strength > least) & ~lines
    strength = np.where(grown(lines, 1) & ~grown(seen, 1), 0, strength)
    rough = components.connected(seen)
    if not len(rough.areas):
        return None
    full = per_pixel(full_strength(strength, rough), rough)
    sure = components.connected(strength > SHARE_OF_INK * full)
    if sure.thickness()[sure.areas.argmax()] < FINE:
        sure = components.connected(strength > SHARE_OF_FINE_INK * full)
    clean = NOISE_MARGIN * grain(strength) < LEAST_CONTRAST
    shown = np.where(strength > 0, strength + smooth - grey, 0) if clean else strength
    return Ink(shown, least, sure, full_strength(strength, sure))


def is_small(grey):
    """Whether a picture is so small that a digit was cut out, as data sets have it."""
    return max(grey.shape) <= SMALL_SIDE


def odds_of_dark_ink(grey):
    """Return how likely the ink in a picture is the dark, and how likely the light: shares of 1.

    Ink is narrow: it is gone as soon as all is smoothed over by a stroke's width. And most of what
    the picture's edge shows is paper.
    """
    small = smoothed(shrunk(grey, JUDGED_SIDE))
    edge = light_share_of_edge(small)
    dark, light = narrow_ink(small) * (1 + edge), narrow_ink(1 - small) * (2 - edge)
    return (dark / (dark + light), light / (dark + light)) if dark + light else (0.5, 0.5)


def contrast(grey):
    """Return how far the little that stands out stands out, by its least, 0 to 1."""
    small = smoothed(shrunk(grey, COMPARED_SIDE))
    return max(quantile(standing_out(each, WIDEST_STROKE), 0.99) for each in (small, 1 - small))


def narrow_ink(grey):
    """Return how much in a picture is darker than its surroundings, the narrow counting more."""
    total = 0.0
    for width in STROKE_WIDTHS:
        strength = standing_out(grey, width)
        seen = strength[strength > max(LEAST_CONTRAST, NOISE_MARGIN * grain(strength))]
        total += np.minimum(seen, FULL_CONTRAST).sum() / width**2
    return total


def light_share_of_edge(grey):
    """Return which share of the picture's edge is light, 0 to 1, once it is evenly lit."""
    even = evenly_lit(grey)
    light = even >= threshold(even)
    return np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]]).mean()


def standing_out(grey, width):
    """Return how much darker each pixel is than the paper around it: float32, around 0 on paper.

    The paper is what is left when all that is narrower than `width`, a share of the picture's
    side, is filled: a black top-hat (Serra, Image Analysis and Mathematical Morphology, 1982).
    Shadows and desks are wider, and count as paper, however sharp their borders. They go on beyond
    the picture's edge; around a digit that was cut out, there is paper.
    """
    size = max(3, int(width * grey.size**0.5) | 1)
    beyond = {"mode": "constant", "constant_values": 255} if is_small(grey) else {"mode": "edge"}
    paper = np.pad(np.rint(255 * grey).astype(np.uint8), size - 1, **beyond)
    for extreme in (np.maximum, np.minimum):
        paper = running(extreme, running(extreme, paper, size, 1), size, 0)
    darker = np.maximum(paper / np.float32(255) - grey, 0)
    return darker - (quantile(darker, LEAST_PAPER) if is_small(grey) else typical(darker))


def full_strength(strength, of):
    """Return how strong each of the marks `of` is where it is strong: float32 (n,)."""
    inside = of.labels >= 0
    labels, values = of.labels[inside], strength[inside]
    ordered = values[np.lexsort((values, labels))]
    starts = of.areas.cumsum() - of.areas
    return ordered[starts + (FULL_QUANTILE * (of.areas - 1)).astype(int)]


def per_pixel(values, of):
    """Return each pixel's mark's value, infinite where there is no mark: float32 (h, w)."""
    return np.append(values, np.float32(np.inf))[of.labels]
