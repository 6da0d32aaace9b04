"""A saved network's answer, computed with NumPy: no TensorFlow.

What it takes is counted before anything is computed: a file may describe more than a machine has.
"""

import os
from collections.abc import Callable
from functools import partial
from math import prod
from typing import NamedTuple

import numpy as np

from digits.network import model_safety
from digits.network.activations import (
    ACTIVATION_LAYERS,
    PER_PRODUCT,
    Computes,
    Layer,
    activation,
    as_they_are,
    elements,
    exponentials,
    kernel_and_bias,
    number,
    plus,
    require,
    require_shape,
)
from digits.network.image_layers import (
    average_pooling,
    convolution,
    depthwise,
    max_pooling,
    over_image,
    separable,
    zero_padding,
)
from digits.network.model_safety import OnlyKerasError

BATCH_SIZE = 96  # images that one processor computes at a time, at most
IMAGE = (28, 28, 1)  # the shape of what a network takes if it takes images of any size

# The budget: beyond, only Keras computes a network.
MOST_WEIGHTS = 16_000_000  # 64 MB
MOST_VALUES = 4_000_000  # of one image, held at a time: 16 MB
MOST_WORK = 8_000_000  # nanoseconds for one image on one processor
VALUES_IN_ALL = 32_000_000  # held at a time by all processors: 128 MB


class OtherImagesError(Exception):
    """The network takes other images than those of 28×28."""


class Step(NamedTuple):
    """What a layer computes, from whose values, and whose nobody needs after it."""

    name: str
    compute: Callable
    inputs: list[str | None]
    done_with: list[str | None]


class Network:
    """A network as steps in order: what Keras's `predict` computes, on all processors.

    `shape` is that of one image.
    """

    def __init__(self, layers, shape):
        require_order(layers)
        self.layers, self.shape = layers, shape
        with np.errstate(all="ignore"):  # weights may be anything: who looks for numbers says so
            self.steps, held = steps(depth_first(layers), shape)
        self.processors = max(1, min(os.cpu_count() or 1, VALUES_IN_ALL // held))
        self.batch_size = max(1, min(BATCH_SIZE, VALUES_IN_ALL // (held * self.processors)))

    def __call__(self, images):
        """Return the answers, float32 (n, 10), to images of values it expects, (n, 28, 28)."""
        (answers,) = self.in_batches(images, [self.layers[-1].name])
        return answers

    def branches(self, images):
        """Return the probabilities of each branch, float32 (n, branches, 10): one, or several."""
        last = self.layers[-1]
        names = last.inputs if last.kind == "Average" else [last.name]
        return np.stack(self.in_batches(images, names), axis=1)

    def first_convolution(self, image):
        """Return the filters of the first convolution and what they make of an image (28, 28).

        They are (height, width, channels, filters) and (rows, columns, filters). Without a
        convolution, it is None.
        """
        first = next((layer for layer in self.layers if layer.kind == "Conv2D"), None)
        if first is None:
            return None
        (values,) = self.in_batches(image[np.newaxis], [first.name])
        return first.weights["kernel"], values[0]

    def in_batches(self, images, names):
        """Return the values of the layers `names`, each (n, …), of images (n, 28, 28)."""
        starts = range(0, len(images), self.batch_size)
        batches = [images[i : i + self.batch_size] for i in starts]

        def compute(batch):
            with np.errstate(all="ignore"):  # of this thread
                return self.values(np.asarray(batch, np.float32).reshape(-1, *self.shape), names)

        results = in_threads(compute, batches, self.processors)
        return [np.concatenate(each) for each in zip(*results, strict=True)]

    def values(self, images, names):
        """Return what the layers `names` make of images, float32 (n, …).

        Other layers' values are dropped as soon as they are used: what memory they had is still in
        the processor's cache for the next.
        """
        values = {None: images}
        for step in self.steps:
            values[step.name] = step.compute(*[values[name] for name in step.inputs])
            for name in step.done_with:
                if name not in names:
                    del values[name]
        return [values[name] for name in names]


def require_order(layers):
    """Raise ValueError unless each layer takes what is before it, and leads to the last."""
    known = {None}
    for layer in layers:
        if not known.issuperset(layer.inputs):
            raise ValueError(f"the layer {layer.name} takes what is not there")
        known.add(layer.name)
    if len(depth_first(layers)) < len(layers):
        raise ValueError("a layer that leads nowhere")


def depth_first(layers):
    """Return the layers that lead to the last, each branch to its end before the next."""
    by_name = {layer.name: layer for layer in layers}
    ordered, waiting = {None: None}, [layers[-1].name]
    while waiting:
        layer = by_name[waiting[-1]]
        missing = [name for name in layer.inputs if name not in ordered]
        waiting += missing[:1]
        if not missing:
            ordered[waiting.pop()] = layer
    return list(ordered.values())[1:]


def steps(layers, shape):
    """Return layers in order as steps, and how many values one image of a shape takes at a time.

    Raises OnlyKerasError beyond the budget.
    """
    last = {name: layer.name for layer in layers for name in layer.inputs}
    found, shapes, most, work = [], {None: tuple(shape)}, 0, 0
    for layer in layers:
        computes = LAYERS[layer.kind](layer, *[shapes[name] for name in layer.inputs])
        shapes[layer.name] = computes.shape
        held = sum(map(prod, shapes.values())) + computes.scratch
        most, work = max(most, held), work + computes.work
        require_within_budget(most, work)
        done_with = [name for name in set(layer.inputs) if last[name] == layer.name]
        for name in done_with:
            del shapes[name]
        found.append(Step(layer.name, computes.function, layer.inputs, done_with))
    return found, most


def require_within_budget(values, work):
    """Raise OnlyKerasError if a network holds or computes too much for one image."""
    if values > MOST_VALUES:
        raise OnlyKerasError(f"more than {MOST_VALUES:,} values at a time")
    if work > MOST_WORK:
        raise OnlyKerasError(f"more to compute than {MOST_WORK // 1_000_000} ms for an image")


def in_threads(function, items, most):
    """Apply `function` to each item in a thread pool; return the results in order.

    NumPy releases the GIL.
    """
    if len(items) < 2 or most < 2:
        return [function(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(most) as pool:
        return list(pool.map(function, items))


def network(model, weights_of):
    """Return the `Network` that Keras describes as `model`, a dict.

    `weights_of` takes a `model_safety.DescribedLayer` and the names of its weights to their arrays.
    Raises OnlyKerasError for a network that needs Keras, OtherImagesError for one that takes other
    images, KeyError, TypeError or ValueError for a damaged one.
    """
    described = model_safety.layers(model)
    for each in described:
        if each.kind not in LAYERS:
            raise OnlyKerasError(f"a layer of kind {each.kind}")
    stored = [named_weights(each, weights_of) for each in described]
    if sum(array.size for weights in stored for array in weights.values()) > MOST_WEIGHTS:
        raise OnlyKerasError(f"more than {MOST_WEIGHTS:,} weights")
    layers = [
        Layer(each.name, each.kind, each.config, copied(weights), each.inputs)
        for each, weights in zip(described, stored, strict=True)
    ]
    first = described[0].config
    shape = first.get("batch_shape") or first.get("batch_input_shape")  # of Keras 3, and before
    return Network(layers, image_shape(shape))


def named_weights(layer, weights_of):
    """Return the arrays of a described layer, as they are stored, by Keras's names for them.

    Raises OnlyKerasError for whole numbers, of which a quantised network is made.
    """
    names = weight_names(layer.kind, layer.config)
    arrays = weights_of(layer, names)
    if any(array.dtype.kind != "f" for array in arrays):
        raise OnlyKerasError("weights in whole numbers")
    return dict(zip(names, arrays, strict=True))


def copied(weights):
    """Return copies of a layer's arrays, as float32, by the same names."""
    return {name: np.array(array, np.float32) for name, array in weights.items()}


def image_shape(shape):
    """Return the shape of one image, of what a network describes as its input's, or None.

    Raises OtherImagesError unless that is the shape of 28×28 values.
    """
    sides = tuple(shape or ())[1:]
    if None in sides and sides[2:] not in ((), (1,), (None,)):
        raise OtherImagesError
    if not sides or None in sides:
        return IMAGE
    if not all(isinstance(side, int) and side > 0 for side in sides) or prod(sides) != 784:
        raise OtherImagesError
    return sides


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
