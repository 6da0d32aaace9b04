"""A saved network's answer, computed with NumPy straight from the .h5: no TensorFlow."""

import json
import math
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

BATCH_SIZE = 32  # images that one processor computes at a time
LARGEST_WINDOW = 28  # pixels: all of the image
CACHED = 250_000  # values of windows that are copied at once, or one image's: 1 MB
MOST_COLUMNS = 4_000_000  # values of one image's windows in a convolution: 16 MB
MOST_WEIGHTS = 4  # arrays of one layer
IMAGE = (28, 28, 1)  # the shape of what a network takes if it takes images of any size


class UnknownLayerError(Exception):
    """A layer, or a use of one, that only Keras can compute; the message names it."""


class OtherImagesError(Exception):
    """The network takes other images than those of 28×28."""


class Step(NamedTuple):
    """A layer in its place: what it computes, from the values of which others."""

    name: str
    kind: str
    compute: Callable
    inputs: list[str | None]
    kernel: np.ndarray | None


class Network:
    """A network as steps in order: what Keras's `predict` computes, on all processors."""

    def __init__(self, steps, shape):
        self.steps, self.shape = steps, shape
        self.values(np.zeros((1, *shape), np.float32))  # what does not fit together shows here

    def __call__(self, images):
        """Return probabilities, float32 (n, 10), of images of values it expects, (n, 28, 28)."""
        (answers,) = self.in_batches(images, [self.steps[-1].name])
        return answers

    def branches(self, images):
        """Return the probabilities of each branch, float32 (n, branches, 10): one, or several."""
        last = self.steps[-1]
        names = last.inputs if last.kind == "Average" else [last.name]
        return np.stack(self.in_batches(images, names), axis=1)

    def first_convolution(self, image):
        """Return the filters of the first convolution and what they make of an image (28, 28).

        They are (height, width, channels, filters) and (rows, columns, filters). Without a
        convolution, it is None.
        """
        step = next((step for step in self.steps if step.kind == "Conv2D"), None)
        if step is None:
            return None
        ((values,),) = self.in_batches(image[np.newaxis], [step.name])
        return step.kernel, values

    def in_batches(self, images, names):
        """Return the values of the layers `names`, each (n, …), of images (n, 28, 28)."""
        starts = range(0, len(images), BATCH_SIZE)
        batches = [images[i : i + BATCH_SIZE] for i in starts]

        def compute(batch):
            values = self.values(np.asarray(batch, np.float32).reshape(-1, *self.shape))
            return [values[name] for name in names]

        results = on_all_processors(compute, batches)
        return [np.concatenate(each) for each in zip(*results, strict=True)]

    def values(self, images):
        """Return what all layers make of images, float32 (n, …), by the layers' names."""
        values = {None: images}
        for step in self.steps:
            values[step.name] = step.compute(*[values[name] for name in step.inputs])
        return values


def on_all_processors(function, items):
    """Return what a function makes of each item, in order; NumPy lets threads work side by side."""
    if len(items) < 2:
        return [function(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def network(file):
    """Return the `Network` in an open `h5py.File`.

    Raises UnknownLayerError for a network that needs Keras, OtherImagesError for one that takes
    other images, KeyError or ValueError for a damaged one.
    """
    described = layers_and_inputs(file)
    steps = [step(description, inputs, file["model_weights"]) for description, inputs in described]
    first = described[0][0]["config"]
    shape = first.get("batch_shape") or first.get("batch_input_shape")  # of Keras 3, and before
    return Network(steps, image_shape(shape))


def image_shape(shape):
    """Return the shape of one image, of what a network describes as its input's, or None.

    Raises OtherImagesError unless that is the shape of 28×28 values.
    """
    sides = tuple(shape or ())[1:]
    if not sides or None in sides:
        return IMAGE
    if not all(isinstance(side, int) and side > 0 for side in sides) or math.prod(sides) != 784:
        raise OtherImagesError
    return sides


def layers_and_inputs(file):
    """Return the network's layers in order, as Keras describes them, each with its inputs' names.

    The name None stands for the images.
    """
    model = json.loads(file.attrs["model_config"])
    layers = model["config"]["layers"]
    if len({each["config"]["name"] for each in layers}) < len(layers):
        raise ValueError("layers of one name")
    if model["class_name"] == "Sequential":
        names = [None, *(each["config"]["name"] for each in layers)]
        return list(zip(layers, [[name] for name in names[:-1]], strict=True))
    if model["class_name"] == "Functional" and is_one_way(model["config"]):
        return [(each, inputs(each)) for each in layers]
    raise UnknownLayerError(f"the shape of a {model['class_name']} network")


def is_one_way(config):
    """Return whether a functional network leads from one input to one output, its last layer."""
    ends = [np.ravel(config[name]).tolist() for name in ("input_layers", "output_layers")]
    last = config["layers"][-1]["config"]["name"]
    return [len(end) for end in ends] == [3, 3] and ends[1][0] == last


def inputs(description):
    """Return the names of the layers whose values a layer of a functional network takes."""
    uses = description["inbound_nodes"]
    if not uses:
        return [None]
    if len(uses) > 1 or not is_plain(uses[0]):
        raise UnknownLayerError(f"an odd use of the layer {description['config']['name']}")
    taken = uses[0]["args"][0]
    tensors = taken if isinstance(taken, list) else [taken]
    return [tensor["config"]["keras_history"][0] for tensor in tensors]


def is_plain(use):
    """Return whether a layer is called with its inputs alone, as Keras 3 describes it."""
    return (
        isinstance(use, dict)
        and len(use["args"]) == 1
        and not any(isinstance(value, dict | list) for value in use["kwargs"].values())
    )


def step(description, inputs, all_weights):
    """Return a layer as a `Step`."""
    kind, config = description["class_name"], description["config"]
    if kind not in LAYERS:
        raise UnknownLayerError(f"a layer of kind {kind}")
    group = all_weights.get(config["name"], {})
    names = group.attrs["weight_names"] if group else ()
    if len(names) > MOST_WEIGHTS:
        raise ValueError("more weights than a layer has")
    weights = [np.asarray(group[name], np.float32) for name in names]
    kernel = weights[0] if weights else None
    return Step(config["name"], kind, LAYERS[kind](config, weights), inputs, kernel)


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
