"""The windows of convolutions and pools, and what padding puts around an image for them."""

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

LARGEST_WINDOW = 28  # pixels: all of the image
CACHED = 350_000  # values that are computed at once, or one image's: 1.4 MB


class Grid(NamedTuple):
    """The windows that a layer lays over an image (height, width, channels).

    `edges` is how many values its padding puts before and after rows, and columns; `rows` and
    `columns` is how many windows there are; `padded` how many values the image has with its edges.
    """

    edges: list[tuple[int, int]]
    rows: int
    columns: int
    padded: int


def grid(shape, size, config):
    """Return the `Grid` of a layer's windows of a `size`, by its settings.

    Raises ValueError if they do not fit an image of that shape.
    """
    strides, padding = config["strides"], config["padding"]
    if not all(is_whole(each, 1, LARGEST_WINDOW) for each in (*size, *strides)):
        raise ValueError(f"a window of {size} by steps of {strides}")
    if len(shape) != 3 or padding not in ("same", "valid"):
        raise ValueError(f"padding {padding} of {shape}")
    edges = [(0, 0), (0, 0)]
    if padding == "same":
        edges = [same_padding(*each) for each in zip(shape[:2], size, strides, strict=True)]
    sides = [side + sum(edge) for side, edge in zip(shape[:2], edges, strict=True)]
    places = [
        (side - window) // step + 1 for side, window, step in zip(sides, size, strides, strict=True)
    ]
    if min(places) < 1:
        raise ValueError("a window larger than the image")
    return Grid(edges, *places, prod(sides) * shape[2])


def inside(length, size, stride, edge):
    """Return how many values of each window along an axis lie in the image, not in its edge."""
    starts = np.arange(0, length + sum(edge) - size + 1, stride) - edge[0]
    return np.minimum(starts + size, length) - np.maximum(starts, 0)


def is_whole(value, least, most):
    """Return whether a value is a whole number in a range."""
    return type(value) is int and least <= value <= most


def same_padding(length, size, stride):
    """Return how many values "same" padding puts before and after an axis of `length`.

    That is half of what is missing before, the rest after, as TensorFlow does.
    """
    missing = max((-(-length // stride) - 1) * stride + size - length, 0)
    return missing // 2, missing - missing // 2


def with_edges(values, edges, fill=0):
    """Return values (n, height, width, channels) and around them edges of `fill`."""
    if not np.any(edges):
        return values
    return np.pad(values, [(0, 0), *edges, (0, 0)], constant_values=fill)


def slices(n, of_image):
    """Return slices of n images that have so many values each, few enough for the cache."""
    at_once = max(1, CACHED // of_image)
    return [slice(first, first + at_once) for first in range(0, n, at_once)]


def of_convolution(values, size, strides):
    """Return a convolution's windows, (n, height, width * channels, rows, columns), not copied.

    `values` are (n, height, width, channels). What is longest, the rows and columns, comes last:
    it is copied in few stretches.
    """
    n, height, width, channels = values.shape
    flat = values.reshape(n, height, width * channels)
    windows = sliding_window_view(flat, (size[0], size[1] * channels), axis=(1, 2))
    return windows[:, :: strides[0], :: channels * strides[1]].transpose(0, 3, 4, 1, 2)


def of_pool(values, size, strides):
    """Return a pool's windows, (n, rows, columns, channels, *size), not copied."""
    windows = sliding_window_view(values, size, axis=(1, 2))
    return windows[:, :: strides[0], :: strides[1]]
