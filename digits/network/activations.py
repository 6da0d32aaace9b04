"""Keras's activations in NumPy. Each changes the values that it is given, and returns them."""

from collections.abc import Callable
from functools import partial
from math import prod
from typing import NamedTuple

import numpy as np

from digits.network.model_safety import OnlyKerasError


def activation(described):
    """Return the activation function that Keras calls `described`: a name, or a class in a dict.

    Raises OnlyKerasError if it is not known here.
    """
    config = None
    if isinstance(described, dict):
        described, config = described["class_name"], described["config"]
    if described == "function":  # in the dict, its name is the settings
        described, config = config, None
    if not isinstance(described, str):
        raise OnlyKerasError("an activation of its own")
    if config is not None and described in ACTIVATION_LAYERS:
        return ACTIVATION_LAYERS[described](config)
    if described in ACTIVATIONS:
        return ACTIVATIONS[described]
    raise OnlyKerasError(f"the activation {described}")


def as_they_are(values):
    """Values stay as they are."""
    return values


def relu(values, slope=0, threshold=0, largest=np.inf):
    """Values below the threshold are times the slope, from there on; none is above the largest."""
    low = values < threshold
    np.minimum(values, np.float32(largest), out=values)
    values[low] = (values[low] - np.float32(threshold)) * np.float32(slope)
    return values


def plain_relu(values):
    """No value is below 0."""
    return np.maximum(values, 0, out=values)


def leaky_relu(values, slope=0.2):
    """Values below 0 are times a slope."""
    return np.multiply(values, np.float32(slope), out=values, where=values < 0)


def elu(values, alpha=1.0):
    """Values below 0 become alpha * (exp(x) - 1)."""
    low = values < 0
    values[low] = np.float32(alpha) * np.expm1(values[low])
    return values


def sigmoid(values):
    """Values become 1 / (1 + exp(-x)), by the tanh of their halves, which cannot overflow."""
    values /= 2
    np.tanh(values, out=values)
    values += 1
    values /= 2
    return values


def tanh(values):
    """Values become their hyperbolic tangents."""
    return np.tanh(values, out=values)


def softmax(values):
    """Logits become probabilities, along the last axis, without overflow."""
    values -= values.max(axis=-1, keepdims=True)
    np.exp(values, out=values)
    values /= values.sum(axis=-1, keepdims=True)
    return values


def relu_layer(config):
    """The slope, the threshold and the largest value may be left out, or null."""
    largest = config.get("max_value")
    return partial(
        relu,
        slope=float(config.get("negative_slope") or 0),
        threshold=float(config.get("threshold") or 0),
        largest=np.inf if largest is None else float(largest),
    )


def leaky_relu_layer(config):
    """The slope is called alpha in Keras 2."""
    slope = config["negative_slope"] if "negative_slope" in config else config["alpha"]
    return partial(leaky_relu, slope=float(slope))


def elu_layer(config):
    """Alpha is in every version's settings."""
    return partial(elu, alpha=float(config["alpha"]))


def softmax_layer(config):
    """The axis has to be the last one."""
    if config.get("axis", -1) not in (-1, [-1]):
        raise OnlyKerasError(f"a softmax along axis {config['axis']}")
    return softmax


ACTIVATIONS = {
    "linear": as_they_are,
    "relu": plain_relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softmax": softmax,
    "softmax_v2": softmax,  # TensorFlow's name of it, in files of Keras 2
}

ACTIVATION_LAYERS = {
    "ReLU": relu_layer,
    "LeakyReLU": leaky_relu_layer,
    "ELU": elu_layer,
    "Softmax": softmax_layer,
}


# Nanoseconds on one processor, roughly, as the budget of `forward` counts them.
PER_PRODUCT = 0.04  # of a matrix product
PER_VALUE = 1.0  # copied, added or compared
PER_EXPONENTIAL = 10.0
CACHED = 350_000  # values that are computed at once, or one image's: 1.4 MB


class Layer(NamedTuple):
    """A layer: what it is, its weights by Keras's names, and whose values it takes.

    Of the inputs, None stands for the images.
    """

    name: str
    kind: str
    config: dict
    weights: dict[str, np.ndarray]
    inputs: list[str | None]


class Computes(NamedTuple):
    """What a layer computes, and what that takes for one image.

    `function` takes values, float32 (n, …), which it leaves as they are, to values (n, *shape).
    `work` is in nanoseconds, `scratch` the number of values that are held meanwhile.
    """

    shape: tuple[int, ...]
    function: Callable
    work: float = 0
    scratch: int = 0


def elements(shape):
    """Return the work of one step for each value of a shape."""
    return PER_VALUE * prod(shape)


def exponentials(shape):
    """Return the work of an activation for each value of a shape, at most."""
    return PER_EXPONENTIAL * prod(shape)


def plus(values, offset):
    """Add `offset` in place and return `values`. The caller must own the array."""
    values += offset
    return values


def kernel_and_bias(layer):
    """Return a layer's kernel and, for its last axis, its bias: zeros if it has none."""
    kernel = layer.weights["kernel"]
    return kernel, bias_of(layer, kernel.shape[-1])


def bias_of(layer, units):
    """Return a layer's bias (units,), zeros if it has none. Raises ValueError for another shape."""
    bias = layer.weights.get("bias", np.zeros(units, np.float32))
    require_shape(bias, (units,))
    return bias


def number(layer, name):
    """Return a layer's setting that is a number. Raises OnlyKerasError if it is not one."""
    value = layer.config[name]
    if type(value) not in (int, float):
        raise OnlyKerasError(f"{name} in the layer {layer.name} that is no number")
    return value


def require_image(shape):
    """Raise ValueError unless a shape is one of an image: height, width, channels."""
    if len(shape) != 3:
        raise ValueError(f"an image of shape {shape}")


def require_shape(array, shape):
    """Raise ValueError unless an array has that shape."""
    if array.shape != tuple(shape):
        raise ValueError(f"an array of shape {array.shape}, not {shape}")


def require(layer, **known):
    """Raise OnlyKerasError if a setting of a layer, where there is one, is none of those known."""
    for name, values in known.items():
        if layer.config.get(name, values[0]) not in values:
            raise OnlyKerasError(f"{name} {layer.config[name]} in the layer {layer.name}")


def slices(n, of_image):
    """Return slices of n images that have so many values each, few enough for the cache."""
    at_once = max(1, CACHED // of_image)
    return [slice(first, first + at_once) for first in range(0, n, at_once)]
