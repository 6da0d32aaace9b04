"""Grey → the ink on the paper: how much stands out from the paper around it, and as which marks."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from digits import marks

LEAST_CONTRAST = 0.05  # between paper and ink, as a share of black to white
NOISE_MARGIN = 5  # standard deviations of the paper's grain below which nothing is ink
NORMAL_DEVIATION = 1.4826  # standard deviations in a median distance from the middle

WIDEST_STROKE = 0.4  # of the picture's side (the root of its area): what is wider is paper
SMALL_SIDE, WIDEST_SMALL_STROKE = 64, 0.8  # pixels: a digit cut out, without shadow or desk
LEAST_PAPER = 0.1  # the share of a digit cut out that is paper, at least
STROKE_WIDTHS = (0.03, 0.06, 0.12, 0.24)  # of the same side, from fine pens to thick markers
FULL_CONTRAST = 0.3  # what stands out more than this is no more likely to be ink
SAMPLED_SIDE = 200  # pixels, about, that are enough to tell what is typical
JUDGED_SIDE = 500  # pixels that are enough to tell which of dark and light is ink
COMPARED_SIDE = 256  # pixels that are enough to tell which colour shows the ink best
LEAST_ODDS = 0.33  # that ink of that kind, dark or light, is worth reading
SHARE_OF_THRESHOLD = 0.6  # grain never reaches it, however rough the paper
LEAST_RANGE = 1e-4  # of values with a threshold between them: 256 numbers of 32 bits have room
FULL_QUANTILE = 0.9  # of a mark's pixels, ordered: its edges are fainter
GRAINY_SIDE = 100  # pixels: smaller pictures have no grain to smooth away
SHARE_OF_INK, SHARE_OF_FINE_INK = 0.35, 0.2  # of a mark's full ink, what is surely part of it
FINE = 3  # pixels: lines that are finer fade where they fall between pixels

LIGHT_SIDE, LIGHT_STEPS = 32, 20  # pixels and rounds that find the light on the paper
STEEPEST_LINE = 0.12  # slope of a ruled line in a picture taken askew
LINE_SLOPES = 17  # that are tried
LINE_RUN = 0.35  # of the picture's side: what runs straight for so long may be a ruled line
LINE_WIDTH = 0.04  # of the picture's shorter side, at most
NEAR_EDGE = 0.03  # of the picture's shorter side
LEAST_LINED_SIDE = 60  # pixels: in smaller pictures, lines and strokes are alike


class Ink(NamedTuple):
    """The ink in a picture of shape (h, w).

    `strength` is float32 (h, w): how far a pixel stands out from the paper, as a share of black to
    white. `least` is what grain and shade alone may reach. `marks` are the `marks.Marks` that
    surely are ink, `full` (n,) how strong each of them is where it is darkest. `odds` are those
    that it is ink, and the other of dark and light the paper.
    """

    strength: np.ndarray
    least: float
    marks: marks.Marks
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
    rough = marks.connected(seen)
    if not len(rough.areas):
        return None
    full = per_pixel(full_strength(strength, rough), rough)
    sure = marks.connected(strength > SHARE_OF_INK * full)
    if sure.thickness()[sure.areas.argmax()] < FINE:
        sure = marks.connected(strength > SHARE_OF_FINE_INK * full)
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


def shrunk(values, side):
    """Return values (h, w), float32, averaged to `side` pixels on the longer side, or fewer."""
    picture = Image.fromarray(values)
    picture.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(picture)


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


def evenly_lit(grey):
    """Return grey less the slow change of light across it, so that paper is one grey all over.

    The light is a quadratic surface through the half of the picture that fits it best, which is
    paper: least trimmed squares (Rousseeuw, 1984), from the picture's middle grey on.
    """
    small = np.asarray(Image.fromarray(grey).resize((LIGHT_SIDE, LIGHT_SIDE), Image.Resampling.BOX))
    values, terms = small.ravel(), quadratic_terms(LIGHT_SIDE, LIGHT_SIDE)
    light = np.full_like(values, median(values))
    for _ in range(LIGHT_STEPS):
        distance = np.abs(values - light)
        paper = distance <= median(distance)
        factors = np.linalg.lstsq(terms[paper], values[paper], rcond=None)[0]
        light = terms @ factors
    surface = (quadratic_terms(*grey.shape) @ factors).reshape(grey.shape)
    return np.clip(grey - surface + median(light), 0, 1)


def quadratic_terms(height, width):
    """Return 1, x, y, x², xy, y² at each pixel, (height * width, 6), x and y from -1 to 1."""
    y, x = np.meshgrid(*(pixel_centres(side) for side in (height, width)), indexing="ij")
    x, y = x.ravel(), y.ravel()
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def pixel_centres(side):
    """Return the middles of `side` pixels that share the stretch from -1 to 1, float32."""
    return ((2 * np.arange(side) + 1) / side - 1).astype(np.float32)


def threshold(values):
    """Return what best parts the low of many values from the high, after Otsu (1979)."""
    if values.max() - values.min() < LEAST_RANGE:
        return values.max()
    counts, edges = np.histogram(values, bins=256)
    below = counts.cumsum()[:-1]
    above = values.size - below
    sums = (counts * np.arange(256)).cumsum()
    difference = (sums[-1] - sums[:-1]) / np.maximum(above, 1) - sums[:-1] / np.maximum(below, 1)
    between = below * above * difference**2  # the variance between the classes, times n²
    return edges[1 + between.argmax()]


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


def smoothed(values):
    """Return grey (h, w) with the grain of single pixels smoothed away, if it is large enough."""
    if min(values.shape) <= GRAINY_SIDE:
        return values
    for _ in range(2):
        wider = np.pad(values.T, [(1, 1), (0, 0)], mode="edge")
        values = (wider[:-2] + 2 * wider[1:-1] + wider[2:]) / 4
    return values


def running(extreme, values, size, axis):
    """Return np.maximum or np.minimum over each `size` neighbours along an axis: size - 1 fewer.

    The window doubles until it is half of `size` or more, so the rounds go with its logarithm.
    """
    values = np.moveaxis(values, axis, 0)
    reach = 1
    while 2 * reach <= size:
        values = extreme(values[:-reach], values[reach:])
        reach *= 2
    if size > reach:
        values = extreme(values[: reach - size], values[size - reach :])
    return np.moveaxis(values, 0, axis)


def grown(mask, reach):
    """Return what is within `reach` pixels of a mask, across and down."""
    size, wide = 2 * reach + 1, np.pad(mask, reach)
    return running(np.maximum, running(np.maximum, wide, size, 0), size, 1)


def grain(strength):
    """Return the standard deviation of the paper's grain, by the median distance from the paper."""
    return NORMAL_DEVIATION * typical(np.abs(strength))


def quantile(values, share):
    """Return the value that a share of values, 0 to 1, is not above, without interpolation.

    NumPy's own imports masked arrays first, which takes longer than all that is computed here.
    """
    values, place = np.ravel(values), int(share * (np.size(values) - 1))
    return np.partition(values, place)[place]


def median(values):
    """Return the middle one of values."""
    return quantile(values, 0.5)


def typical(values):
    """Return the middle one of values (h, w): of very many, that of some, evenly spread."""
    step = max(values.shape) // SAMPLED_SIDE + 1
    return median(values[::step, ::step])


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


def ruling(mask):
    """Return the pixels of a mask (h, w) that are the lines of ruled or squared paper."""
    if min(mask.shape) < LEAST_LINED_SIDE:
        return np.zeros_like(mask)
    return lines_alone(mask) | lines_alone(mask.T).T


def lines_alone(mask):
    """Return the pixels of a mask that are of lines across the picture, and of no stroke."""
    lines = ruled_lines(mask)
    if not lines.any():
        return lines
    height = upright_run(mask)
    typical = median(height[lines])
    return lines & (height <= 1.5 * typical + 1) & (typical <= LINE_WIDTH * min(mask.shape))


def ruled_lines(mask):
    """Return the pixels of a mask on straight lines from its left to its right edge, or nearly.

    Along each of some slopes, they are what runs on for long.
    """
    found = np.zeros_like(mask)
    if not across(mask).any():
        return found
    height, width = mask.shape
    rows, columns = np.arange(height)[:, np.newaxis], np.arange(width)
    thick = grown(mask, 1)
    for slope in np.linspace(-STEEPEST_LINE, STEEPEST_LINE, LINE_SLOPES):
        fall = np.rint(slope * (columns - width / 2)).astype(int)
        level = thick[np.clip(rows + fall, 0, height - 1), columns]
        straight = long_runs(level, int(LINE_RUN * width))
        if straight.any():
            found |= straight[np.clip(rows - fall, 0, height - 1), columns]
    return across(found & mask)


def long_runs(mask, length):
    """Return the runs along the rows of a mask that are `length` pixels or longer."""
    starts, ends = marks.runs(mask)
    long = ends - starts >= length
    return marks.painted(starts[long], ends[long], np.zeros(long.sum(), int), mask.shape) >= 0


def across(mask):
    """Return the pixels of those marks that reach from left to right, if small gaps are closed.

    One end may lie on the upper or lower edge, where a sloping line leaves the picture.
    """
    found = marks.connected(grown(mask, 2))
    left, top, right, bottom = found.boxes.T
    height, width = mask.shape
    near = NEAR_EDGE * min(mask.shape)
    ends = (left <= near).astype(int) + (right >= width - near)
    leaves = (top <= near) | (bottom >= height - near)
    return np.append(ends + leaves >= 2, False)[found.labels] & mask


def upright_run(mask):
    """Return the length of the upright run of a mask that each pixel is in, int32 (h, w)."""
    starts, ends = marks.runs(mask.T)
    lengths = ends - starts
    return marks.painted(starts, ends, lengths, mask.T.shape).T
