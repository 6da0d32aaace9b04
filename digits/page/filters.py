"""Image filters: sliding maximum and minimum, closing, smoothing, thresholds, robust statistics."""

import numpy as np
from PIL import Image

MAD_TO_DEVIATION = 1.4826  # standard deviations in a median absolute deviation, for normal noise
SAMPLED_SIDE = 200  # px: about so many rows and columns are enough for a median
MIN_OTSU_RANGE = 1e-4  # grey: of less, float32 has no room for 256 bins
LIGHT_SIDE, LIGHT_STEPS = 32, 20  # px and iterations: enough to estimate the light
MAX_SHARP_SIDE = 100  # px: smaller pictures are not smoothed, as their strokes are so narrow


def shrunk(values, side):
    """Return values, float32 (h, w), area-averaged to at most `side` pixels a side."""
    image = Image.fromarray(values)
    image.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(image)


def evenly_lit(grey):
    """Return grey (h, w), 0 to 1, without the slow change of light across the background.

    The light is a quadratic surface, fitted to the half of the pixels that it fits best: least
    trimmed squares (Rousseeuw, 1984), starting from the median.
    """
    small = np.asarray(Image.fromarray(grey).resize((LIGHT_SIDE, LIGHT_SIDE), Image.Resampling.BOX))
    values, terms = small.ravel(), quadratic_terms(LIGHT_SIDE, LIGHT_SIDE)
    light = np.full_like(values, median(values))
    for _ in range(LIGHT_STEPS):
        residuals = np.abs(values - light)
        fitted = residuals <= median(residuals)
        factors = np.linalg.lstsq(terms[fitted], values[fitted], rcond=None)[0]
        light = terms @ factors
    surface = (quadratic_terms(*grey.shape) @ factors).reshape(grey.shape)
    return np.clip(grey - surface + median(light), 0, 1)


def quadratic_terms(height, width):
    """Return 1, x, y, x², xy, y² at each pixel, float32 (height * width, 6), x and y in -1 to 1."""
    sides = (np.float32((2 * np.arange(n) + 1) / n - 1) for n in (height, width))
    y, x = (each.ravel() for each in np.meshgrid(*sides, indexing="ij"))
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def otsu_threshold(values):
    """Return the threshold with the greatest variance between the two classes (Otsu, 1979)."""
    if values.max() - values.min() < MIN_OTSU_RANGE:
        return values.max()
    counts, edges = np.histogram(values, bins=256)
    below = counts.cumsum()[:-1]
    above = values.size - below
    sums = (counts * np.arange(256)).cumsum()
    difference = (sums[-1] - sums[:-1]) / np.maximum(above, 1) - sums[:-1] / np.maximum(below, 1)
    variance = below * above * difference**2  # between the classes, times n²
    return edges[1 + variance.argmax()]


def smoothed(grey):
    """Return grey (h, w) filtered with [1 2 1] / 4 along both axes; a small picture as it is."""
    if min(grey.shape) <= MAX_SHARP_SIDE:
        return grey
    for _ in range(2):
        wider = np.pad(grey.T, [(1, 1), (0, 0)], mode="edge")
        grey = (wider[:-2] + 2 * wider[1:-1] + wider[2:]) / 4
    return grey


def sliding(extreme, values, size, axis):
    """Return the sliding np.maximum or np.minimum along an axis, which gets `size` - 1 shorter.

    The window doubles up to `size`, so the time grows with its logarithm.
    """
    values = np.moveaxis(values, axis, 0)
    window = 1
    while 2 * window <= size:
        values = extreme(values[:-window], values[window:])
        window *= 2
    if size > window:
        values = extreme(values[: window - size], values[size - window :])
    return np.moveaxis(values, 0, axis)


def dilated(mask, radius):
    """Return a mask (h, w) dilated by a square of 2 * `radius` + 1 pixels a side."""
    size, padded = 2 * radius + 1, np.pad(mask, radius)
    return sliding(np.maximum, sliding(np.maximum, padded, size, 0), size, 1)


def closed(values, size):
    """Return the closing of values by a square: each side is 2 * (`size` - 1) less."""
    for extreme in (np.maximum, np.minimum):
        values = sliding(extreme, sliding(extreme, values, size, 1), size, 0)
    return values


def noise_level(values):
    """Return the robust standard deviation of values (h, w) that are around 0 in the background."""
    return MAD_TO_DEVIATION * sampled_median(np.abs(values))


def quantile(values, share):
    """Return the value that a `share` of values, 0 to 1, does not exceed, without interpolation."""
    # NumPy's own imports masked arrays first, which takes longer than the computation.
    values, rank = np.ravel(values), int(share * (np.size(values) - 1))
    return np.partition(values, rank)[rank]


def median(values):
    return quantile(values, 0.5)


def sampled_median(values):
    """Return the median of values (h, w), of a large picture that of an even sample."""
    step = max(values.shape) // SAMPLED_SIDE + 1
    return median(values[::step, ::step])
