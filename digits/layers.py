"""Keras's layers as NumPy functions, each of those that the recipes use.

A layer's function takes its description in the model file and its weights, and returns what it
computes of its input, float32 of shape (n, …).
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

LARGEST_WINDOW = 28  # pixels: all of the image
CACHED = 250_000  # values of windows that are copied at once, or one image's: 1 MB
MOST_COLUMNS = 4_000_000  # values of one image's windows in a convolution: 16 MB


class UnknownLayerError(Exception):
    """A layer, or a use of one, that only Keras can compute; the message names it."""


def unchanged(config, weights):
    """A layer that does nothing when a network predicts."""
    return lambda values: values


def rescaling(config, weights):
    """Rescaling: a factor, then an offset."""
    scale, offset = np.float32(config["scale"]), np.float32(config["offset"])
    return lambda values: plus(values * scale, offset)


def average(config, weights):
    """Average: the mean of several inputs of one shape."""

    def apply(*values):
        if len({each.shape for each in values}) > 1:
            raise UnknownLayerError(f"inputs of several shapes in the layer {config['name']}")
        return sum(values[1:], values[0]) / np.float32(len(values))

    return apply


def flatten(config, weights):
    """Flatten: all of an image's values in one row."""
    require(config, data_format="channels_last")
    return lambda values: values.reshape(len(values), -1)


def average_over_image(config, weights):
    """GlobalAveragePooling2D: a mean per channel."""
    require(config, keepdims=False, data_format="channels_last")
    return lambda values: values.mean(axis=(1, 2))


def dense(config, weights):
    """Dense: weights (inputs, units) and bias, then the activation."""
    activate = activation(config)
    kernel, bias = kernel_and_bias(config, weights)
    require_shape(kernel, 2, config["units"])
    return lambda values: activate(plus(values @ kernel, bias))


def convolution(config, weights):
    """Conv2D: weights (height, width, channels, filters) and bias, then the activation."""
    require(config, dilation_rate=[1, 1], groups=1, data_format="channels_last")
    activate = activation(config)
    kernel, bias = kernel_and_bias(config, weights)
    require_shape(kernel, 4, config["filters"])
    height, width, _, filters = kernel.shape
    matrix = kernel.reshape(-1, filters)

    def apply(values):
        if values.shape[3] != kernel.shape[2]:
            raise ValueError("a convolution of other channels")
        windows = convolution_windows(values, (height, width), config)
        out = np.empty((*windows.shape[:3], filters), np.float32)
        at_once = max(1, CACHED // windows[0].size)
        for first in range(0, len(out), at_once):
            columns = windows[first : first + at_once].reshape(-1, len(matrix))  # copied
            some = out[first : first + at_once].reshape(-1, filters)
            active = activate(plus(np.matmul(columns, matrix, out=some), bias))
            if active is not some:
                some[:] = active
        return out

    return apply


def max_pooling(config, weights):
    """MaxPooling2D: the largest value of each window."""
    require(config, data_format="channels_last")
    size = config["pool_size"]

    def apply(values):
        windows = pool_windows(values, size, config)
        first, *others = (windows[..., row, column] for row, column in np.ndindex(*size))
        largest = np.array(first)
        for each in others:  # for so few, quicker than max over two axes
            np.maximum(largest, each, out=largest)
        return largest

    return apply


def batch_normalization(config, weights):
    """BatchNormalization with the moving mean and variance, folded into a factor and an offset."""
    weights = list(weights)
    gamma = weights.pop(0) if config["scale"] else 1
    beta = weights.pop(0) if config["center"] else 0
    mean, variance = weights
    factor = (gamma / np.sqrt(variance + config["epsilon"])).astype(np.float32)
    offset = (beta - mean * factor).astype(np.float32)
    require_shape(factor, 1, len(mean))
    require_shape(offset, 1, len(mean))

    def apply(values):
        if config["axis"] not in (-1, [-1], values.ndim - 1, [values.ndim - 1]):
            raise UnknownLayerError(f"axis {config['axis']} in the layer {config['name']}")
        require_shape(values, values.ndim, len(mean))
        return plus(values * factor, offset)

    return apply


def plus(values, offset):
    """Return values that nobody else holds with an offset added, in their own memory."""
    values += offset
    return values


def convolution_windows(values, size, config):
    """Return a convolution's windows, (n, rows, columns, height, width * channels), not copied.

    `values` are (n, height, width, channels), where a window's row lies in one stretch.
    """
    values, strides = padded(values, size, config, fill=0), config["strides"]
    n, height, width, channels = values.shape
    flat = values.reshape(n, height, width * channels)
    windows = sliding_window_view(flat, (size[0], size[1] * channels), axis=(1, 2))
    windows = windows[:, :: strides[0], :: channels * strides[1]]
    if windows[0].size > MOST_COLUMNS:
        raise ValueError("a convolution beyond reason")
    return windows


def pool_windows(values, size, config):
    """Return the windows of a pool, (n, rows, columns, channels, *size), without a copy."""
    values, strides = padded(values, size, config, fill=-np.inf), config["strides"]
    windows = sliding_window_view(values, size, axis=(1, 2))
    return windows[:, :: strides[0], :: strides[1]]


def padded(values, size, config, fill):
    """Return values (n, height, width, channels), filled up at the edges where padding is "same".

    That is by half of what is missing before, by the rest after, as TensorFlow does.
    """
    strides = config["strides"]
    if not all(1 <= each <= LARGEST_WINDOW for each in (*size, *strides)):
        raise ValueError(f"a window of {size} by steps of {strides}")
    if config["padding"] != "same":
        return values
    edges = [same_padding(*each) for each in zip(values.shape[1:3], size, strides, strict=True)]
    return np.pad(values, [(0, 0), *edges, (0, 0)], constant_values=fill)


def same_padding(length, size, stride):
    """Return how many values "same" padding puts before and after an axis of `length`."""
    missing = max((-(-length // stride) - 1) * stride + size - length, 0)
    return missing // 2, missing - missing // 2


def kernel_and_bias(config, weights):
    """Return a layer's kernel and its bias, 0 if it has none."""
    return weights if config["use_bias"] else (weights[0], np.float32(0))


def require_shape(array, dimensions, last):
    """Raise ValueError unless an array has so many dimensions, the last of that length."""
    if array.ndim != dimensions or array.shape[-1] != last:
        raise ValueError(f"an array of shape {array.shape}")


def activation(config):
    """Return a layer's activation function, which may change the values it is given."""
    name = config["activation"]
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise UnknownLayerError(f"the activation {name}")
    return ACTIVATIONS[name]


def softmax(values):
    """Return probabilities from logits, along the last axis, without overflow."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def require(config, **expected):
    """Raise UnknownLayerError if the layer is configured otherwise than this module computes."""
    for name, value in expected.items():
        if config.get(name, value) != value:
            raise UnknownLayerError(f"{name} {config[name]} in the layer {config['name']}")


ACTIVATIONS = {
    "linear": lambda values: values,
    "relu": lambda values: np.maximum(values, 0, out=values),
    "softmax": softmax,
}

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
