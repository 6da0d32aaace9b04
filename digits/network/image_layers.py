"""Keras's layers on images as NumPy functions: convolutions, pools, padding.

They are as those of `layers`, and the shapes that they take are (height, width, channels).
"""

from functools import partial
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from digits.network import winograd
from digits.network.activations import (
    PER_PRODUCT,
    PER_VALUE,
    Computes,
    activation,
    bias_of,
    elements,
    exponentials,
    kernel_and_bias,
    plus,
    require,
    require_image,
    require_shape,
    slices,
)

MOST_PADDING = 10_000  # zeros on one side of an image


def zero_padding(layer, shape):
    """ZeroPadding2D: zeros around an image."""
    require(layer, data_format=["channels_last"])
    require_image(shape)
    edges = [tuple(each) for each in layer.config["padding"]]
    if not all(is_whole(each, 0, MOST_PADDING) for edge in edges for each in edge):
        raise ValueError(f"zeros {edges}")
    rows, columns = (side + sum(edge) for side, edge in zip(shape[:2], edges, strict=True))
    target = (rows, columns, shape[2])
    return Computes(target, lambda values: with_edges(values, edges), elements(target))


def over_image(statistic):
    """GlobalAveragePooling2D, GlobalMaxPooling2D: one number per channel."""

    def computes(layer, shape):
        require(layer, data_format=["channels_last"])
        require_image(shape)
        keep = bool(layer.config.get("keepdims"))
        target = (1, 1, shape[2]) if keep else shape[2:]
        function = partial(statistic, axis=(1, 2), keepdims=keep)
        return Computes(target, function, elements(shape))

    return computes


def convolution(layer, shape):
    """Conv2D: weights (height, width, channels, filters) and bias, then the activation."""
    require(layer, dilation_rate=[[1, 1]], groups=[1], data_format=["channels_last"])
    (kernel, bias), strides = kernel_and_bias(layer), layer.config["strides"]
    require_shape(kernel, (*layer.config["kernel_size"], shape[2], layer.config["filters"]))
    windows = windows_of(shape, kernel.shape[:2], layer.config)
    in_tiles = strides == [1, 1] and winograd.pays(kernel, windows.rows, windows.columns)
    scratch = (winograd.sums if in_tiles else copies)(kernel, windows.rows, windows.columns)
    method = winograd.convolution if in_tiles else partial(by_windows, strides)
    convolved = method(kernel, bias, activation(layer.config["activation"]))
    target = (windows.rows, windows.columns, kernel.shape[3])
    work = PER_PRODUCT * windows.rows * windows.columns * kernel.size + PER_VALUE * scratch
    return Computes(
        target,
        lambda values: convolved(values, windows.edges),
        work + exponentials(target),
        scratch + windows.padded,
    )


def copies(kernel, rows, columns):
    """Return how many values `by_windows` copies of one image."""
    return rows * columns * (kernel[..., 0].size + 1)


def by_windows(strides, kernel, bias, activate):
    """Return what `winograd.convolution` returns, for any kernel and any strides."""
    *size, _, filters = kernel.shape
    matrix = np.vstack([kernel.reshape(-1, filters), bias])  # the bias is the factor of a 1

    def apply(values, edges):
        every = of_convolution(with_edges(values, edges), size, strides)
        n, *window, rows, columns = every.shape
        out = np.empty((n, rows * columns, filters), np.float32)
        for some in slices(n, max(every[0].size, out[0].size)):
            copied = np.empty((len(out[some]), len(matrix), rows * columns), np.float32)
            copied[:, -1] = 1
            copied[:, :-1].reshape(-1, *window, rows, columns)[:] = every[some]
            activate(np.matmul(copied.swapaxes(1, 2), matrix, out=out[some]))
        return out.reshape(n, rows, columns, filters)

    return apply


def depthwise(layer, shape):
    """DepthwiseConv2D: weights (height, width, channels, multiplier), each channel by itself."""
    per_channel = of_each_channel(layer, layer.weights["kernel"], shape)
    bias = bias_of(layer, per_channel.shape[2])
    activate = activation(layer.config["activation"])

    def function(values):
        return activate(plus(per_channel.function(values), bias))

    work = per_channel.work + exponentials(per_channel.shape)
    return per_channel._replace(function=function, work=work)


def separable(layer, shape):
    """SeparableConv2D: a depthwise convolution, then one of 1×1 over all channels."""
    per_channel = of_each_channel(layer, layer.weights["depthwise_kernel"], shape)
    *place, channels = per_channel.shape
    kernel, filters = layer.weights["pointwise_kernel"], layer.config["filters"]
    require_shape(kernel, (1, 1, channels, filters))
    bias, activate = bias_of(layer, filters), activation(layer.config["activation"])

    def function(values):
        return activate(plus(per_channel.function(values) @ kernel[0, 0], bias))

    target, scratch = (*place, filters), prod(per_channel.shape)
    work = per_channel.work + PER_PRODUCT * scratch * filters + exponentials(target)
    return Computes(target, function, work, scratch)


def of_each_channel(layer, kernel, shape):
    """Return what a kernel (height, width, channels, multiplier) makes of each channel."""
    require(layer, dilation_rate=[[1, 1]], data_format=["channels_last"])
    size, strides = tuple(layer.config["kernel_size"]), layer.config["strides"]
    require_shape(kernel, (*size, shape[2], layer.config["depth_multiplier"]))
    windows = windows_of(shape, size, layer.config)
    target = (windows.rows, windows.columns, shape[2] * kernel.shape[3])

    def function(values):
        padded = with_edges(values, windows.edges)
        every = of_pool(padded, size, strides)[..., np.newaxis]
        total = np.zeros((len(values), *target[:2], *kernel.shape[2:]), np.float32)
        for row, column in np.ndindex(size):
            total += every[..., row, column, :] * kernel[row, column]
        return total.reshape(len(values), *target)

    work = 2 * prod(size) * elements(target)
    return Computes(target, function, work, windows.padded + prod(target))


def max_pooling(layer, shape):
    """MaxPooling2D: the largest value of each window."""
    return pooling(layer, shape, np.maximum, -np.inf)


def average_pooling(layer, shape):
    """AveragePooling2D: the mean of each window, of what lies in the image."""
    pooled = pooling(layer, shape, np.add, 0)
    size, strides = layer.config["pool_size"], layer.config["strides"]
    edges = windows_of(shape, size, layer.config).edges
    rows, columns = map(inside, shape[:2], size, strides, edges)
    counts = np.multiply.outer(rows, columns).astype(np.float32)[..., np.newaxis]
    return pooled._replace(function=lambda values: pooled.function(values) / counts)


def pooling(layer, shape, combine, fill):
    """Return what a pool makes of values by combining those of each window, `fill` around them."""
    require(layer, data_format=["channels_last"])
    size, strides = layer.config["pool_size"], layer.config["strides"]
    windows = windows_of(shape, size, layer.config)
    target = (windows.rows, windows.columns, shape[2])

    def function(values):
        padded = with_edges(values, windows.edges, fill)
        every = of_pool(padded, size, strides)
        first, *others = (every[..., row, column] for row, column in np.ndindex(*size))
        pooled = combine(first, others.pop()) if others else first.copy()
        for each in others:  # for so few, quicker than one call over two axes
            combine(pooled, each, out=pooled)
        return pooled

    return Computes(target, function, prod(size) * elements(target), windows.padded)


LARGEST_WINDOW = 28  # pixels: all of the image


class Windows(NamedTuple):
    """The windows that a layer lays over an image (height, width, channels).

    `edges` is how many values its padding puts before and after rows, and columns; `rows` and
    `columns` is how many windows there are; `padded` how many values the image has with its edges.
    """

    edges: list[tuple[int, int]]
    rows: int
    columns: int
    padded: int


def windows_of(shape, size, config):
    """Return the `Windows` of a layer's windows of a `size`, by its settings.

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
    return Windows(edges, *places, prod(sides) * shape[2])


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
