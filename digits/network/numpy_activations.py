"""Keras's activations in NumPy, and what all layers share.

An activation changes the array that it is given, and returns it.
"""

from collections.abc import Callable
from functools import partial
from math import prod
from typing import NamedTuple

import numpy as np

from digits.network.model_safety import OnlyKerasError


def activation(described):
    """Return an activation's function; Keras describes it by a name, or a class in a dict."""
    name, config = described, None
    if isinstance(described, dict):
        name, config = described["class_name"], described["config"]
    if name == "function":  # Keras 3 has a function's name in place of settings
        name, config = config, None
    if not isinstance(name, str):
        raise OnlyKerasError("an activation of its own")
    if config is not None and name in ACTIVATION_LAYERS:
        return ACTIVATION_LAYERS[name](config)
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    raise OnlyKerasError(f"the activation {name}")


def no_change(values):
    return values


def relu(values, slope=0, threshold=0, largest=np.inf):
    low = values < threshold
    np.minimum(values, np.float32(largest), out=values)
    values[low] = (values[low] - np.float32(threshold)) * np.float32(slope)
    return values


def leaky_relu(values, slope=0.2):
    return np.multiply(values, np.float32(slope), out=values, where=values < 0)


def elu(values, alpha=1.0):
    low = values < 0
    values[low] = np.float32(alpha) * np.expm1(values[low])
    return values


def sigmoid(values):
    """1 / (1 + exp(-x)) by tanh(x / 2), which cannot overflow."""
    values /= 2
    np.tanh(values, out=values)
    values += 1
    values /= 2
    return values


def softmax(values):
    """Softmax along the last axis, without overflow."""
    values -= values.max(axis=-1, keepdims=True)
    np.exp(values, out=values)
    values /= values.sum(axis=-1, keepdims=True)
    return values


def relu_layer(config):
    largest = config.get("max_value")
    return partial(
        relu,
        slope=float(config.get("negative_slope") or 0),
        threshold=float(config.get("threshold") or 0),
        largest=np.inf if largest is None else float(largest),
    )


def leaky_relu_layer(config):
    slope = config["negative_slope"] if "negative_slope" in config else config["alpha"]  # Keras 2
    return partial(leaky_relu, slope=float(slope))


def softmax_layer(config):
    if config.get("axis", -1) not in (-1, [-1]):
        raise OnlyKerasError(f"a softmax along axis {config['axis']}")
    return softmax


ACTIVATIONS = {
    "linear": no_change,
    "relu": lambda values: np.maximum(values, 0, out=values),
    "leaky_relu": leaky_relu,
    "elu": elu,
    "sigmoid": sigmoid,
    "tanh": lambda values: np.tanh(values, out=values),
    "softmax": softmax,
    "softmax_v2": softmax,  # TensorFlow's name of it, in files of Keras 2
}

ACTIVATION_LAYERS = {
    "ReLU": relu_layer,
    "LeakyReLU": leaky_relu_layer,
    "ELU": lambda config: partial(elu, alpha=float(config["alpha"])),
    "Softmax": softmax_layer,
}


# Nanoseconds on one processor, roughly, for the budget of `numpy_network`.
PER_PRODUCT = 0.04  # a multiplication in a matrix product
PER_VALUE = 1.0  # a value that is copied, added or compared
PER_EXPONENTIAL = 10.0
CACHED = 350_000  # values that fit in the processor's cache: 1.4 MB


class LayerFunction(NamedTuple):
    """What a layer computes, and at what cost for one image.

    `function` takes float32 arrays (n, …), leaves them unchanged, and returns one of (n, *shape).
    `work` is in nanoseconds; `scratch` is the number of values in memory meanwhile.
    """

    shape: tuple[int, ...]
    function: Callable
    work: float = 0
    scratch: int = 0


def elementwise(shape):
    return PER_VALUE * prod(shape)


def exponentials(shape):
    return PER_EXPONENTIAL * prod(shape)


def plus(values, offset):
    """Add `offset` in place and return `values`. The caller must own the array."""
    values += offset
    return values


def bias_of(layer, units):
    """Return a layer's bias (units,), zeros if it has none. Raises ValueError for another shape."""
    bias = layer.weights.get("bias", np.zeros(units, np.float32))
    require_shape(bias, (units,))
    return bias


def number(layer, name):
    value = layer.config[name]
    if type(value) not in (int, float):
        raise OnlyKerasError(f"{name} in the layer {layer.name} that is no number")
    return value


def require_image(shape):
    if len(shape) != 3:
        raise ValueError(f"an image of shape {shape}")


def require_shape(array, shape):
    if array.shape != tuple(shape):
        raise ValueError(f"an array of shape {array.shape}, not {shape}")


def require(layer, **known):
    """Raise OnlyKerasError if a setting of a layer has a value that is not known here."""
    for name, values in known.items():
        if layer.config.get(name, values[0]) not in values:
            raise OnlyKerasError(f"{name} {layer.config[name]} in the layer {layer.name}")


def slices(n, of_image):
    """Return slices of n images; the values of each slice fit in the cache."""
    at_once = max(1, CACHED // of_image)
    return [slice(first, first + at_once) for first in range(0, n, at_once)]
