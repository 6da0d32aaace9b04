"""Keras's layers on images with NumPy: convolutions, pools, padding.

They are used like those of `numpy_network`; an input shape is (height, width, channels).
"""

from functools import partial
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from digits.network import winograd
from digits.network.numpy_activations import (
    PER_PRODUCT,
    PER_VALUE,
    LayerFunction,
    activation,
    bias_of,
    elementwise,
    exponentials,
    plus,
    require,
    require_image,
    require_shape,
    slices,
)

MOST_PADDING = 10_000  # pixels on one side of an image
LARGEST_WINDOW = 28  # pixels: all of the image


def zero_padding(layer, shape):
    require(layer, data_format=["channels_last"])
    require_image(shape)
    edges = [tuple(each) for each in layer.config["padding"]]
    if not all(is_whole(each, 0, MOST_PADDING) for edge in edges for each in edge):
        raise ValueError(f"zeros {edges}")
    rows, columns = (side + sum(edge) for side, edge in zip(shape[:2], edges, strict=True))
    target = (rows, columns, shape[2])
    return LayerFunction(target, lambda values: with_edges(values, edges), elementwise(target))


def global_pooling(layer, shape, statistic):
    require(layer, data_format=["channels_last"])
    require_image(shape)
    keep = bool(layer.config.get("keepdims"))
    target = (1, 1, shape[2]) if keep else shape[2:]
    return LayerFunction(target, partial(statistic, axis=(1, 2), keepdims=keep), elementwise(shape))


def convolution(layer, shape):
    require(layer, dilation_rate=[[1, 1]], groups=[1], data_format=["channels_last"])
    kernel, strides = layer.weights["kernel"], layer.config["strides"]
    require_shape(kernel, (*layer.config["kernel_size"], shape[2], layer.config["filters"]))
    edges, rows, columns, padded = windows_of(shape, kernel.shape[:2], layer.config)
    method, scratch = partial(by_windows, strides), rows * columns * (kernel[..., 0].size + 1)
    if strides == [1, 1] and winograd.pays(kernel, rows, columns):
        method, scratch = winograd.convolution, winograd.sums(kernel, rows, columns)
    target = (rows, columns, kernel.shape[3])
    convolved = method(kernel, bias_of(layer, target[2]), activation(layer.config["activation"]))
    work = PER_PRODUCT * rows * columns * kernel.size + PER_VALUE * scratch + exponentials(target)
    return LayerFunction(target, lambda values: convolved(values, edges), work, scratch + padded)


def by_windows(strides, kernel, bias, activate):
    """Return a convolution as a matrix product of all windows (im2col), in slices of the batch."""
    *size, _, filters = kernel.shape
    matrix = np.vstack([kernel.reshape(-1, filters), bias])  # the bias is multiplied by a 1

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
    per_channel = of_each_channel(layer, layer.weights["kernel"], shape)
    bias = bias_of(layer, per_channel.shape[2])
    activate = activation(layer.config["activation"])
    return per_channel._replace(
        function=lambda values: activate(plus(per_channel.function(values), bias)),
        work=per_channel.work + exponentials(per_channel.shape),
    )


def separable(layer, shape):
    per_channel = of_each_channel(layer, layer.weights["depthwise_kernel"], shape)
    *place, channels = per_channel.shape
    kernel, filters = layer.weights["pointwise_kernel"], layer.config["filters"]
    require_shape(kernel, (1, 1, channels, filters))
    bias, activate = bias_of(layer, filters), activation(layer.config["activation"])
    target, scratch = (*place, filters), prod(per_channel.shape)
    return LayerFunction(
        target,
        lambda values: activate(plus(per_channel.function(values) @ kernel[0, 0], bias)),
        per_channel.work + PER_PRODUCT * scratch * filters + exponentials(target),
        scratch,
    )


def of_each_channel(layer, kernel, shape):
    """Return a convolution of each channel: kernel (height, width, channels, multiplier)."""
    require(layer, dilation_rate=[[1, 1]], data_format=["channels_last"])
    size, strides = tuple(layer.config["kernel_size"]), layer.config["strides"]
    require_shape(kernel, (*size, shape[2], layer.config["depth_multiplier"]))
    edges, rows, columns, padded = windows_of(shape, size, layer.config)
    target = (rows, columns, shape[2] * kernel.shape[3])

    def function(values):
        every = of_pool(with_edges(values, edges), size, strides)[..., np.newaxis]
        total = np.zeros((len(values), rows, columns, *kernel.shape[2:]), np.float32)
        for row, column in np.ndindex(size):
            total += every[..., row, column, :] * kernel[row, column]
        return total.reshape(len(values), *target)

    work = 2 * prod(size) * elementwise(target)
    return LayerFunction(target, function, work, padded + prod(target))


def average_pooling(layer, shape):
    """Padding does not count in the mean of a window."""
    pooled = pooling(layer, shape, np.add, 0)
    size, strides = layer.config["pool_size"], layer.config["strides"]
    edges, *_ = windows_of(shape, size, layer.config)
    rows, columns = map(inside, shape[:2], size, strides, edges)
    counts = np.multiply.outer(rows, columns).astype(np.float32)[..., np.newaxis]
    return pooled._replace(function=lambda values: pooled.function(values) / counts)


def pooling(layer, shape, combine, fill):
    require(layer, data_format=["channels_last"])
    size, strides = layer.config["pool_size"], layer.config["strides"]
    edges, rows, columns, padded = windows_of(shape, size, layer.config)
    target = (rows, columns, shape[2])

    def function(values):
        every = of_pool(with_edges(values, edges, fill), size, strides)
        first, *others = (every[..., row, column] for row, column in np.ndindex(*size))
        pooled = combine(first, others.pop()) if others else first.copy()
        for each in others:  # faster than one reduction over two axes
            combine(pooled, each, out=pooled)
        return pooled

    return LayerFunction(target, function, prod(size) * elementwise(target), padded)


def windows_of(shape, size, config):
    """Return the padding of a layer's windows in an image, their rows, columns, and memory.

    The padding is in pixels before and after each axis, the memory the number of values of the
    padded image. Raises ValueError if the windows do not fit.
    """
    strides, padding = config["strides"], config["padding"]
    if not all(is_whole(each, 1, LARGEST_WINDOW) for each in (*size, *strides)):
        raise ValueError(f"a window of {size} by steps of {strides}")
    if len(shape) != 3 or padding not in ("same", "valid"):
        raise ValueError(f"padding {padding} of {shape}")
    axes = list(zip(shape[:2], size, strides, strict=True))
    edges = [same_padding(*axis) if padding == "same" else (0, 0) for axis in axes]
    sides = [side + sum(edge) for side, edge in zip(shape[:2], edges, strict=True)]
    rows, columns = (
        (side - window) // step + 1 for side, (_, window, step) in zip(sides, axes, strict=True)
    )
    if min(rows, columns) < 1:
        raise ValueError("a window larger than the image")
    return edges, rows, columns, prod(sides) * shape[2]


def inside(length, size, stride, edge):
    """Return how many values of each window along an axis lie in the image, not in the padding."""
    starts = np.arange(0, length + sum(edge) - size + 1, stride) - edge[0]
    return np.minimum(starts + size, length) - np.maximum(starts, 0)


def is_whole(value, least, most):
    return type(value) is int and least <= value <= most


def same_padding(length, size, stride):
    """Return the pixels of "same" padding before and after an axis, as TensorFlow has them."""
    missing = max((-(-length // stride) - 1) * stride + size - length, 0)
    return missing // 2, missing - missing // 2


def with_edges(values, edges, fill=0):
    if not np.any(edges):
        return values
    return np.pad(values, [(0, 0), *edges, (0, 0)], constant_values=fill)


def of_convolution(values, size, strides):
    """Return a view of the windows of values (n, height, width, channels).

    It is (n, height, width * channels, rows, columns): with the longest axes last, copying is fast.
    """
    n, height, width, channels = values.shape
    flat = values.reshape(n, height, width * channels)
    windows = sliding_window_view(flat, (size[0], size[1] * channels), axis=(1, 2))
    return windows[:, :: strides[0], :: channels * strides[1]].transpose(0, 3, 4, 1, 2)


def of_pool(values, size, strides):
    """Return a view of a pool's windows, (n, rows, columns, channels, *size)."""
    return sliding_window_view(values, size, axis=(1, 2))[:, :: strides[0], :: strides[1]]
