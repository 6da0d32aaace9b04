"""Keras's layers as NumPy functions, each of those that the recipes use.

A layer's function takes a `Layer` and returns what that computes of its input, float32 of shape
(n, …).
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from digits import windows, winograd

MOST_COLUMNS = 4_000_000  # values of one image's windows in a convolution: 16 MB


class UnknownLayerError(Exception):
    """A layer, or a use of one, that only Keras can compute; the message names it."""


class Layer(NamedTuple):
    """A layer: what it is, and whose values it takes, None for the images; and what is part of it.

    In a file, nothing is: only `fusion` gives a convolution a factor, a shift or a pool.
    """

    name: str
    kind: str
    config: dict
    weights: list[np.ndarray]
    inputs: list[str | None]
    factor: np.ndarray | int = 1  # of a convolution's values, per channel, before all else
    shift: np.ndarray | int = 0  # of what its ReLU returns, per filter
    pool: "Layer | None" = None  # the pool that follows a convolution as part of it


def unchanged(layer):
    """A layer that does nothing when a network predicts."""
    return lambda values: values


def rescaling(layer):
    """Rescaling: a factor, then an offset."""
    scale, offset = (np.float32(layer.config[name]) for name in ("scale", "offset"))
    return lambda values: plus(values * scale, offset)


def average(layer):
    """Average: the mean of several inputs of one shape."""

    def apply(*values):
        if len({each.shape for each in values}) > 1:
            raise UnknownLayerError(f"inputs of several shapes in the layer {layer.name}")
        return sum(values[1:], values[0]) / np.float32(len(values))

    return apply


def flatten(layer):
    """Flatten: all of an image's values in one row."""
    require(layer, data_format="channels_last")
    return lambda values: values.reshape(len(values), -1)


def average_over_image(layer):
    """GlobalAveragePooling2D: a mean per channel."""
    require(layer, keepdims=False, data_format="channels_last")
    return lambda values: values.mean(axis=(1, 2))


def dense(layer):
    """Dense: weights (inputs, units) and bias, then the activation."""
    activate = activation(layer)
    kernel, bias = kernel_and_bias(layer)
    require_shape(kernel, 2, layer.config["units"])
    return lambda values: activate(plus(values @ kernel, bias))


def convolution(layer):
    """Conv2D: weights (height, width, channels, filters) and bias, then the activation."""
    require(layer, dilation_rate=[1, 1], groups=1, data_format="channels_last")
    kernel, bias = kernel_and_bias(layer)
    require_shape(kernel, 4, layer.config["filters"])
    kernel = kernel * np.asarray(layer.factor, np.float32)[..., np.newaxis]
    bias = np.broadcast_to(bias, kernel.shape[3:]) + layer.shift
    activate, strides = activation(layer), layer.config["strides"]
    in_tiles = strides == [1, 1] and winograd.pays(kernel)
    method = winograd.convolution if in_tiles else partial(by_windows, strides)
    convolved = method(kernel, bias, as_they_are if layer.pool else activate)

    def apply(values):
        if values.shape[3] != kernel.shape[2]:
            raise ValueError("a convolution of other channels")
        return convolved(values, windows.edges(values.shape, kernel.shape[:2], layer.config))

    return before_activation(apply, layer.pool, activate) if layer.pool else apply


def before_activation(convolve, pool, activate):
    """Return a function that convolves and pools before a ReLU, which then has fewer values."""
    largest = max_pooling(pool)
    return lambda values: activate(largest(convolve(values)))


def by_windows(strides, kernel, bias, activate):
    """Return what `winograd.convolution` returns, for any kernel and any strides."""
    *size, _, filters = kernel.shape
    matrix = np.vstack([kernel.reshape(-1, filters), bias])  # the bias is the factor of a 1

    def apply(values, edges):
        every = windows.of_convolution(windows.with_edges(values, edges), size, strides)
        n, *window, rows, columns = every.shape
        if every[0].size > MOST_COLUMNS:
            raise ValueError("a convolution beyond reason")
        out = np.empty((n, rows * columns, filters), np.float32)
        for some in windows.slices(n, max(every[0].size, out[0].size)):
            copied = np.empty((len(out[some]), len(matrix), rows * columns), np.float32)
            copied[:, -1] = 1
            copied[:, :-1].reshape(-1, *window, rows, columns)[:] = every[some]
            activate(np.matmul(copied.swapaxes(1, 2), matrix, out=out[some]))
        return out.reshape(n, rows, columns, filters)

    return apply


def max_pooling(layer):
    """MaxPooling2D: the largest value of each window."""
    require(layer, data_format="channels_last")
    size, strides = layer.config["pool_size"], layer.config["strides"]

    def apply(values):
        edges = windows.edges(values.shape, size, layer.config)
        every = windows.of_pool(windows.with_edges(values, edges, -np.inf), size, strides)
        first, *others = (every[..., row, column] for row, column in np.ndindex(*size))
        largest = np.maximum(first, others.pop() if others else first)
        for each in others:  # for so few, quicker than max over two axes
            np.maximum(largest, each, out=largest)
        return largest

    return apply


def batch_normalization(layer):
    """BatchNormalization: a factor and an offset per channel."""
    factor, offset = normalisation(layer)

    def apply(values):
        if not normalises_channels(layer, values.ndim):
            raise UnknownLayerError(f"axis {layer.config['axis']} in the layer {layer.name}")
        require_shape(values, values.ndim, len(factor))
        return plus(values * factor, offset)

    return apply


def normalisation(layer):
    """Return a batch normalisation's moving mean and variance as a factor and an offset."""
    weights = list(layer.weights)
    for each in weights:
        require_shape(each, 1, len(weights[-1]))
    gamma = weights.pop(0) if layer.config["scale"] else 1
    beta = weights.pop(0) if layer.config["center"] else 0
    mean, variance = weights
    factor = (gamma / np.sqrt(variance + layer.config["epsilon"])).astype(np.float32)
    offset = (beta - mean * factor).astype(np.float32)
    return factor, offset


def normalises_channels(layer, dimensions):
    """Return whether a batch normalisation of values of so many dimensions is along the last."""
    return layer.config["axis"] in (-1, [-1], dimensions - 1, [dimensions - 1])


def plus(values, offset):
    """Return values that nobody else holds with an offset added, in their own memory."""
    values += offset
    return values


def kernel_and_bias(layer):
    """Return a layer's kernel and its bias, 0 if it has none."""
    return layer.weights if layer.config["use_bias"] else (layer.weights[0], np.float32(0))


def require_shape(array, dimensions, last):
    """Raise ValueError unless an array has so many dimensions, the last of that length."""
    if array.ndim != dimensions or array.shape[-1] != last:
        raise ValueError(f"an array of shape {array.shape}")


def activation(layer):
    """Return a layer's activation function, which may change the values it is given."""
    name = layer.config["activation"]
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise UnknownLayerError(f"the activation {name}")
    return partial(relu, floor=layer.shift) if name == "relu" else ACTIVATIONS[name]


def as_they_are(values):
    return values


def relu(values, floor=0):
    """Return values, none of them below the floor."""
    return np.maximum(values, floor, out=values)


def softmax(values):
    """Return probabilities from logits, along the last axis, without overflow."""
    values -= values.max(axis=-1, keepdims=True)
    np.exp(values, out=values)
    values /= values.sum(axis=-1, keepdims=True)
    return values


def require(layer, **expected):
    """Raise UnknownLayerError if the layer is configured otherwise than this module computes."""
    for name, value in expected.items():
        if layer.config.get(name, value) != value:
            raise UnknownLayerError(f"{name} {layer.config[name]} in the layer {layer.name}")


ACTIVATIONS = {"linear": as_they_are, "relu": relu, "softmax": softmax}

LAYERS = {
    "Average": average,
    "InputLayer": unchanged,
    "Rescaling": rescaling,
    "Conv2D": convolution,
    "MaxPooling2D": max_pooling,
    "BatchNormalization": batch_normalization,
    "Flatten": flatten,
    "GlobalAveragePooling2D": average_over_image,
    "Dense": dense,
    "Dropout": unchanged,
}
