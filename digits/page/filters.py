"""Image filters: running extremes, dilation, quantiles, smoothing, Otsu's threshold, even light."""

import numpy as np
from PIL import Image

NORMAL_DEVIATION = 1.4826  # standard deviations in a median distance from the middle
SAMPLED_SIDE = 200  # pixels, about, that are enough to tell what is typical
LEAST_RANGE = 1e-4  # of values with a threshold between them: 256 numbers of 32 bits have room
LIGHT_SIDE, LIGHT_STEPS = 32, 20  # pixels and rounds that find the light on the paper
GRAINY_SIDE = 100  # pixels: smaller pictures have no grain to smooth away


def shrunk(values, side):
    """Return values (h, w), float32, averaged to `side` pixels on the longer side, or fewer."""
    picture = Image.fromarray(values)
    picture.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(picture)


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
