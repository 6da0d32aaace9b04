"""A saved network's answer, computed with NumPy straight from the .h5: no TensorFlow."""

import json
import math
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from digits.fusion import fused
from digits.layers import LAYERS, Layer, UnknownLayerError

BATCH_SIZE = 96  # images that one processor computes at a time
MOST_WEIGHTS = 4  # arrays of one layer
IMAGE = (28, 28, 1)  # the shape of what a network takes if it takes images of any size


class OtherImagesError(Exception):
    """The network takes other images than those of 28×28."""


class Step(NamedTuple):
    """What a layer computes, from whose values, and whose nobody needs after it."""

    name: str
    compute: Callable
    inputs: list[str | None]
    done_with: list[str | None]


class Network:
    """A network as steps in order: what Keras's `predict` computes, on all processors."""

    def __init__(self, layers, shape):
        require_order(layers)
        self.layers, self.shape = layers, shape
        with np.errstate(all="ignore"):  # weights may be anything: who looks for numbers says so
            self.steps = steps(depth_first(fused(layers)))
            self.values(np.zeros((1, *shape), np.float32), [])  # what does not fit shows here

    def __call__(self, images):
        """Return probabilities, float32 (n, 10), of images of values it expects, (n, 28, 28)."""
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
        (values,) = self.in_batches(image[np.newaxis], first.inputs)
        return first.weights[0], LAYERS[first.kind](first)(values)[0]

    def in_batches(self, images, names):
        """Return the values of the layers `names`, each (n, …), of images (n, 28, 28)."""
        starts = range(0, len(images), BATCH_SIZE)
        batches = [images[i : i + BATCH_SIZE] for i in starts]

        def compute(batch):
            return self.values(np.asarray(batch, np.float32).reshape(-1, *self.shape), names)

        results = on_all_processors(compute, batches)
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


def steps(layers):
    """Return layers in order as steps."""
    last = {name: layer.name for layer in layers for name in layer.inputs}
    return [
        Step(
            layer.name,
            LAYERS[layer.kind](layer),
            layer.inputs,
            [name for name in set(layer.inputs) if last[name] == layer.name],
        )
        for layer in layers
    ]


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
    weights = file["model_weights"]
    layers = [layer(*described, weights) for described in layers_and_inputs(file)]
    first = layers[0].config
    shape = first.get("batch_shape") or first.get("batch_input_shape")  # of Keras 3, and before
    return Network(layers, image_shape(shape))


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


def layer(description, inputs, all_weights):
    """Return a `Layer` of what Keras describes, with its weights."""
    kind, config = description["class_name"], description["config"]
    if kind not in LAYERS:
        raise UnknownLayerError(f"a layer of kind {kind}")
    group = all_weights.get(config["name"], {})
    names = group.attrs["weight_names"] if group else ()
    if len(names) > MOST_WEIGHTS:
        raise ValueError("more weights than a layer has")
    weights = [np.asarray(group[name], np.float32) for name in names]
    return Layer(config["name"], kind, config, weights, inputs)
