"""What every layer's function in NumPy is made of: a layer, what it computes, what it must fit."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

import numpy as np

from digits.description import OnlyKerasError

# Nanoseconds on one processor, roughly, as the budget of `forward` counts them.
PER_PRODUCT = 0.04  # of a matrix product
PER_VALUE = 1.0  # copied, added or compared
PER_EXPONENTIAL = 10.0


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
