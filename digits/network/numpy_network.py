"""Compute a saved Keras network with NumPy, without TensorFlow.

Time and memory are estimated before anything is computed: a file may describe more than a machine
has. A function in `LAYERS` takes a `Layer` and the shapes of its inputs, without the batch axis,
and returns a `LayerFunction`. It raises OnlyKerasError for a use that only Keras knows, and
ValueError, LookupError or TypeError for one that does not fit.
"""

import os
from functools import partial
from math import prod

import numpy as np

from digits.network import model_safety, numpy_convolutions
from digits.network.model_safety import OnlyKerasError
from digits.network.numpy_activations import (
    ACTIVATION_LAYERS,
    PER_PRODUCT,
    LayerFunction,
    activation,
    bias_of,
    elementwise,
    exponentials,
    no_change,
    number,
    plus,
    require,
    require_shape,
)

BATCH_SIZE = 96  # images that one thread computes at a time, at most
IMAGE = (28, 28, 1)  # the input shape of a network that takes images of any size

# The budget. A larger network is left to Keras.
MOST_WEIGHTS = 16_000_000  # 64 MB
MOST_VALUES = 4_000_000  # in memory at a time, for one image: 16 MB
MOST_WORK = 8_000_000  # nanoseconds for one image on one processor
VALUES_IN_ALL = 32_000_000  # in memory at a time, in all threads: 128 MB


class OtherImagesError(Exception):
    """The network does not take images of 28×28 pixels."""


class Network:
    """A network as steps in order, computed by a pool of threads. `shape` is that of one image."""

    def __init__(self, layers, shape):
        require_order(layers)
        self.layers, self.shape = layers, shape
        with np.errstate(all="ignore"):  # `predictor` refuses outputs that are not finite
            self.steps, held = steps(depth_first(layers), shape)
        self.processors = max(1, min(os.cpu_count() or 1, VALUES_IN_ALL // held))
        self.batch_size = max(1, min(BATCH_SIZE, VALUES_IN_ALL // (held * self.processors)))

    def __call__(self, images):
        """Return the outputs, float32 (n, 10), for images (n, 28, 28) in its input convention."""
        (outputs,) = self.in_batches(images, [self.layers[-1].name])
        return outputs

    def members(self, images):
        last = self.layers[-1]
        names = last.inputs if last.kind == "Average" else [last.name]
        return np.stack(self.in_batches(images, names), axis=1)

    def first_convolution(self, image):
        first = next((layer for layer in self.layers if layer.kind == "Conv2D"), None)
        if first is None:
            return None
        (values,) = self.in_batches(image[np.newaxis], [first.name])
        return first.weights["kernel"], values[0]

    def in_batches(self, images, names):
        """Return the outputs of the layers `names`, each (n, …), for images (n, 28, 28)."""
        starts = range(0, len(images), self.batch_size)
        batches = [images[i : i + self.batch_size] for i in starts]

        def compute(batch):
            with np.errstate(all="ignore"):  # of this thread
                return self.values(np.asarray(batch, np.float32).reshape(-1, *self.shape), names)

        results = in_threads(compute, batches, self.processors)
        return [np.concatenate(each) for each in zip(*results, strict=True)]

    def values(self, images, names):
        """Return the outputs of the layers `names` for one batch of images, float32 (n, …).

        Other outputs are dropped once used: their memory is still in the cache for the next layer.
        """
        values = {None: images}
        for layer, compute, done_with in self.steps:
            values[layer.name] = compute(*[values[name] for name in layer.inputs])
            for name in done_with.difference(names):
                del values[name]
        return [values[name] for name in names]


def require_order(layers):
    """Raise ValueError unless each layer takes earlier ones and leads to the last."""
    known = {None}
    for layer in layers:
        if not known.issuperset(layer.inputs):
            raise ValueError(f"the layer {layer.name} takes one that is missing")
        known.add(layer.name)
    if len(depth_first(layers)) < len(layers):
        raise ValueError("a layer that leads nowhere")


def depth_first(layers):
    """Return the layers that lead to the last, depth first: less is in memory at a time."""
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
    """Return steps, and the most values in memory at a time for an image of a shape.

    A step is a layer, its function, and the layers whose outputs no later step needs. Raises
    OnlyKerasError beyond the budget.
    """
    last = {name: layer.name for layer in layers for name in layer.inputs}
    found, shapes, most, work = [], {None: tuple(shape)}, 0, 0
    for layer in layers:
        computes = LAYERS[layer.kind](layer, *[shapes[name] for name in layer.inputs])
        shapes[layer.name] = computes.shape
        held = sum(map(prod, shapes.values())) + computes.scratch
        most, work = max(most, held), work + computes.work
        require_within_budget(most, work)
        done_with = {name for name in layer.inputs if last[name] == layer.name}
        for name in done_with:
            del shapes[name]
        found.append((layer, computes.function, done_with))
    return found, most


def require_within_budget(values, work):
    if values > MOST_VALUES:
        raise OnlyKerasError(f"more than {MOST_VALUES:,} values at a time")
    if work > MOST_WORK:
        raise OnlyKerasError(f"more to compute than {MOST_WORK // 1_000_000} ms for an image")


def in_threads(function, items, most):
    """Apply `function` to each item in `most` threads, in order. NumPy releases the GIL."""
    if len(items) < 2 or most < 2:
        return [function(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(most) as pool:
        return list(pool.map(function, items))


def network(model, weights_of):
    """Return the `Network` that Keras describes as `model`, a dict.

    `weights_of(layer, names)` returns the arrays of a layer's weights. Raises
    OnlyKerasError for a network that needs Keras, OtherImagesError for one of other images,
    KeyError, TypeError or ValueError for a damaged one.
    """
    described = model_safety.layers(model)
    for each in described:
        if each.kind not in LAYERS:
            raise OnlyKerasError(f"a layer of kind {each.kind}")
    stored = [with_weights(each, weights_of) for each in described]
    if sum(array.size for layer in stored for array in layer.weights.values()) > MOST_WEIGHTS:
        raise OnlyKerasError(f"more than {MOST_WEIGHTS:,} weights")
    copies = [
        {name: np.array(array, np.float32) for name, array in layer.weights.items()}
        for layer in stored
    ]
    layers = [layer._replace(weights=each) for layer, each in zip(stored, copies, strict=True)]
    first = described[0].config
    shape = first.get("batch_shape") or first.get("batch_input_shape")  # of Keras 3, and before
    return Network(layers, image_shape(shape))


def with_weights(layer, weights_of):
    """Return a layer with its stored weights. Raises OnlyKerasError for quantised ones."""
    names = WEIGHTS.get(layer.kind, ())
    names = [name for name in names if layer.config.get(ASKED_FOR_BY.get(name), True)]
    arrays = weights_of(layer, names)
    if any(array.dtype.kind != "f" for array in arrays):
        raise OnlyKerasError("weights in whole numbers")
    return layer._replace(weights=dict(zip(names, arrays, strict=True)))


def image_shape(shape):
    """Return the shape of one image, given a network's input shape with its batch axis, or None.

    Raises OtherImagesError unless an image has 28×28 values.
    """
    sides = tuple(shape or ())[1:]
    if not sides or (None in sides and sides[2:] in ((), (1,), (None,))):
        return IMAGE
    if not all(isinstance(side, int) and side > 0 for side in sides) or prod(sides) != 784:
        raise OtherImagesError
    return sides


def unchanged(layer, shape):
    return LayerFunction(shape, no_change)


def rescaling(layer, shape):
    scale, offset = (np.float32(number(layer, name)) for name in ("scale", "offset"))
    return LayerFunction(shape, lambda values: plus(values * scale, offset), elementwise(shape))


def activation_layer(layer, shape):
    config = layer.config
    if layer.kind == "Softmax":
        require(layer, axis=[-1, len(shape), [-1], [len(shape)]])
        config = {}
    described = {"class_name": layer.kind, "config": config}
    activate = activation(config["activation"] if layer.kind == "Activation" else described)
    return LayerFunction(shape, lambda values: activate(values.copy()), exponentials(shape))


def average(layer, *shapes):
    total = add(layer, *shapes)
    count = np.float32(len(shapes))
    return total._replace(function=lambda *values: total.function(*values) / count)


def add(layer, *shapes):
    if len(set(shapes)) > 1:
        raise OnlyKerasError(f"inputs of several shapes in the layer {layer.name}")
    work = len(shapes) * elementwise(shapes[0])
    return LayerFunction(shapes[0], lambda *values: sum(values[1:], values[0]), work)


def concatenate(layer, *shapes):
    axis = layer.config["axis"] % (len(shapes[0]) + 1)  # the batch is axis 0
    others = {(*shape[: axis - 1], *shape[axis:]) for shape in shapes}
    if axis == 0 or len(others) > 1:
        raise ValueError(f"axis {axis} of inputs of shapes {shapes}")
    shape = list(shapes[0])
    shape[axis - 1] = sum(each[axis - 1] for each in shapes)
    join = partial(np.concatenate, axis=axis)
    return LayerFunction(tuple(shape), lambda *values: join(values), elementwise(shape))


def flatten(layer, shape):
    require(layer, data_format=["channels_last", None])
    return LayerFunction((prod(shape),), lambda values: values.reshape(len(values), -1))


def reshape(layer, shape):
    sides = tuple(layer.config["target_shape"])
    known = prod(side for side in sides if side != -1)
    target = tuple(prod(shape) // known if side == -1 else side for side in sides)
    if prod(target) != prod(shape) or min(target) < 1:
        raise ValueError(f"{shape} as {sides}")
    return LayerFunction(target, lambda values: values.reshape(len(values), *target))


def permute(layer, shape):
    axes = list(layer.config["dims"])  # from 1, without the batch axis
    if sorted(axes) != list(range(1, len(shape) + 1)):
        raise ValueError(f"axes {axes} of {shape}")
    target = tuple(shape[axis - 1] for axis in axes)
    return LayerFunction(target, lambda values: values.transpose(0, *axes))


def dense(layer, shape):
    kernel, activate = layer.weights["kernel"], activation(layer.config["activation"])
    require_shape(kernel, (shape[-1], layer.config["units"]))
    bias, target = bias_of(layer, kernel.shape[1]), (*shape[:-1], kernel.shape[1])
    work = PER_PRODUCT * prod(shape) * kernel.shape[1] + exponentials(target)
    return LayerFunction(target, lambda values: activate(plus(values @ kernel, bias)), work)


def batch_normalization(layer, shape):
    require(layer, axis=[-1, [-1], len(shape), [len(shape)]])
    weights = layer.weights
    for each in weights.values():
        require_shape(each, shape[-1:])
    deviation = np.sqrt(weights["moving_variance"] + number(layer, "epsilon"))
    factor = weights.get("gamma", 1) / deviation
    offset = weights.get("beta", 0) - weights["moving_mean"] * factor
    factor, offset = factor.astype(np.float32), offset.astype(np.float32)
    work = 2 * elementwise(shape)
    return LayerFunction(shape, lambda values: plus(values * factor, offset), work)


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
    "AveragePooling2D": numpy_convolutions.average_pooling,
    "BatchNormalization": batch_normalization,
    "Concatenate": concatenate,
    "Conv2D": numpy_convolutions.convolution,
    "Dense": dense,
    "DepthwiseConv2D": numpy_convolutions.depthwise,
    "Flatten": flatten,
    "GlobalAveragePooling2D": partial(numpy_convolutions.global_pooling, statistic=np.mean),
    "GlobalMaxPooling2D": partial(numpy_convolutions.global_pooling, statistic=np.max),
    "MaxPooling2D": partial(numpy_convolutions.pooling, combine=np.maximum, fill=-np.inf),
    "Permute": permute,
    "Rescaling": rescaling,
    "Reshape": reshape,
    "SeparableConv2D": numpy_convolutions.separable,
    "ZeroPadding2D": numpy_convolutions.zero_padding,
}

# Weights by Keras's names, in its order; a layer's config may leave some out.
WEIGHTS = {
    **dict.fromkeys(("Dense", "Conv2D", "DepthwiseConv2D"), ("kernel", "bias")),
    "SeparableConv2D": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
}
ASKED_FOR_BY = {"bias": "use_bias", "gamma": "scale", "beta": "center"}
