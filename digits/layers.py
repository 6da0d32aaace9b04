"""Keras's layers as NumPy functions.

A layer's function takes a `Layer` and the shapes of one image's values that it gets. It returns
what it `Computes`, and raises, before anything is computed, OnlyKerasError for a use that only
Keras knows, ValueError, LookupError or TypeError for one that does not fit.
"""

from functools import partial
from math import prod

import numpy as np

from digits.activations import ACTIVATION_LAYERS, activation, as_they_are
from digits.computing import (
    PER_PRODUCT,
    Computes,
    elements,
    exponentials,
    kernel_and_bias,
    number,
    plus,
    require,
    require_shape,
)
from digits.description import OnlyKerasError
from digits.image_layers import (
    average_pooling,
    convolution,
    depthwise,
    max_pooling,
    over_image,
    separable,
    zero_padding,
)


def unchanged(layer, shape):
    """A layer that does nothing when a network predicts."""
    return Computes(shape, as_they_are)


def rescaling(layer, shape):
    """Rescaling: a factor, then an offset."""
    scale, offset = (np.float32(number(layer, name)) for name in ("scale", "offset"))
    return Computes(shape, lambda values: plus(values * scale, offset), elements(shape))


def activation_layer(layer, shape):
    """Activation, ReLU, LeakyReLU, ELU, Softmax: an activation as a layer of its own."""
    config = layer.config
    if layer.kind == "Softmax":
        require(layer, axis=[-1, len(shape), [-1], [len(shape)]])
        config = {}
    described = {"class_name": layer.kind, "config": config}
    activate = activation(config["activation"] if layer.kind == "Activation" else described)
    return Computes(shape, lambda values: activate(values.copy()), exponentials(shape))


def average(layer, *shapes):
    """Average: the mean of several inputs of one shape."""
    total = add(layer, *shapes)
    count = np.float32(len(shapes))
    return total._replace(function=lambda *values: total.function(*values) / count)


def add(layer, *shapes):
    """Add: the sum of several inputs of one shape."""
    if len(set(shapes)) > 1:
        raise OnlyKerasError(f"inputs of several shapes in the layer {layer.name}")
    work = len(shapes) * elements(shapes[0])
    return Computes(shapes[0], lambda *values: sum(values[1:], values[0]), work)


def concatenate(layer, *shapes):
    """Concatenate: several inputs behind one another along an axis."""
    axis = layer.config["axis"] % (len(shapes[0]) + 1)  # counted with the images' own
    others = {(*shape[: axis - 1], *shape[axis:]) for shape in shapes}
    if axis == 0 or len(others) > 1:
        raise ValueError(f"axis {axis} of inputs of shapes {shapes}")
    shape = list(shapes[0])
    shape[axis - 1] = sum(each[axis - 1] for each in shapes)
    join = partial(np.concatenate, axis=axis)
    return Computes(tuple(shape), lambda *values: join(values), elements(shape))


def flatten(layer, shape):
    """Flatten: all of an image's values in one row."""
    require(layer, data_format=["channels_last", None])
    return Computes((prod(shape),), lambda values: values.reshape(len(values), -1))


def reshape(layer, shape):
    """Reshape: the same values in another shape, of which one side may be -1, what is left."""
    sides = tuple(layer.config["target_shape"])
    known = prod(side for side in sides if side != -1)
    target = tuple(prod(shape) // known if side == -1 else side for side in sides)
    if prod(target) != prod(shape) or min(target) < 1:
        raise ValueError(f"{shape} as {sides}")
    return Computes(target, lambda values: values.reshape(len(values), *target))


def permute(layer, shape):
    """Permute: the axes in another order, counted from 1, the images' own left out."""
    axes = list(layer.config["dims"])
    if sorted(axes) != list(range(1, len(shape) + 1)):
        raise ValueError(f"axes {axes} of {shape}")
    target = tuple(shape[axis - 1] for axis in axes)
    return Computes(target, lambda values: values.transpose(0, *axes))


def dense(layer, shape):
    """Dense: weights (inputs, units) and bias, then the activation."""
    (kernel, bias), activate = kernel_and_bias(layer), activation(layer.config["activation"])
    require_shape(kernel, (shape[-1], layer.config["units"]))
    target = (*shape[:-1], kernel.shape[1])
    work = PER_PRODUCT * prod(shape) * kernel.shape[1] + exponentials(target)
    return Computes(target, lambda values: activate(plus(values @ kernel, bias)), work)


def batch_normalization(layer, shape):
    """BatchNormalization: a factor and an offset per channel."""
    require(layer, axis=[-1, [-1], len(shape), [len(shape)]])
    factor, offset = normalisation(layer)
    require_shape(factor, shape[-1:])
    return Computes(shape, lambda values: plus(values * factor, offset), 2 * elements(shape))


def normalisation(layer):
    """Return a batch normalisation's moving mean and variance as a factor and an offset."""
    weights = layer.weights
    mean, variance = weights["moving_mean"], weights["moving_variance"]
    for each in weights.values():
        require_shape(each, mean.shape[:1])
    factor = weights.get("gamma", 1) / np.sqrt(variance + number(layer, "epsilon"))
    offset = weights.get("beta", 0) - mean * factor
    return factor.astype(np.float32), offset.astype(np.float32)


ONLY_FOR_TRAINING = (
    *("ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise"),
    *("RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"),
    "SpatialDropout2D",
)

LAYERS = {
    **dict.fromkeys(("Activation", *ACTIVATION_LAYERS), activation_layer),
    **dict.fromkeys(ONLY_FOR_TRAINING, unchanged),
    "InputLayer": unchanged,
    "Add": add,
    "Average": average,
    "AveragePooling2D": average_pooling,
    "BatchNormalization": batch_normalization,
    "Concatenate": concatenate,
    "Conv2D": convolution,
    "Dense": dense,
    "DepthwiseConv2D": depthwise,
    "Flatten": flatten,
    "GlobalAveragePooling2D": over_image(np.mean),
    "GlobalMaxPooling2D": over_image(np.max),
    "MaxPooling2D": max_pooling,
    "Permute": permute,
    "Rescaling": rescaling,
    "Reshape": reshape,
    "SeparableConv2D": separable,
    "ZeroPadding2D": zero_padding,
}

# Weights by Keras's names, in its order; a bias, say, is there if the settings ask for it.
KERNEL = ("kernel", "bias")
WEIGHTS = {
    "Dense": KERNEL,
    "Conv2D": KERNEL,
    "DepthwiseConv2D": KERNEL,
    "SeparableConv2D": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
}
ASKED_FOR_BY = {"bias": "use_bias", "gamma": "scale", "beta": "center"}


def weight_names(kind, config):
    """Return the names of the weights that a layer of a kind has, in Keras's order."""
    names = WEIGHTS.get(kind, ())
    return [name for name in names if config.get(ASKED_FOR_BY.get(name), True)]
