"""What some layers compute, made part of others: it takes less time then.

A batch normalisation between convolutions: one of factor * values + offset is one of
values + offset / factor with other weights, and the convolution that the values come from adds
that shift as it adds its bias. Zeros around an image stay zeros. A pool comes between a convolution
and its ReLU, which has fewer values then, and leaves the same.
"""

from collections import Counter

import numpy as np

from digits.layers import normalisation, normalises_channels

LARGEST_SHIFT = 100  # beyond, float32 would lose the values' last digits


def fused(layers):
    """Return layers of which the last computes what it did; some lead there no more."""
    chain = Chain(layers)
    for layer in layers:
        if layer.kind == "Conv2D":
            chain.fold_normalisation(chain.layers[layer.name])
    for layer in layers:
        if layer.kind == "MaxPooling2D":
            chain.join_pool(layer)
    return list(chain.layers.values())


class Chain:
    """Layers by their names, and which of them are used once."""

    def __init__(self, layers):
        self.layers = {layer.name: layer for layer in layers}
        uses = Counter(name for layer in layers for name in layer.inputs)
        self.used_once = {name for name, times in uses.items() if times == 1}

    def before(self, layer, kind):
        """Return the layer whose values only `layer` takes if it is of that kind, or None."""
        name = layer.inputs[0] if layer else None
        before = self.layers.get(name)
        return before if before and before.kind == kind and name in self.used_once else None

    def fold_normalisation(self, convolution):
        """Make a batch normalisation before a convolution part of it and of the one before."""
        between = self.before(convolution, "BatchNormalization")
        source = self.before(self.before(between, "MaxPooling2D") or between, "Conv2D")
        if not source or source.config["activation"] != "relu":
            return
        factor, offset = normalisation(between)
        channels = source.config["filters"], convolution.weights[0].shape[2]
        if foldable(between, factor, offset, channels):
            self.replace(source, shift=offset / factor)
            self.replace(convolution, factor=factor, inputs=between.inputs)

    def join_pool(self, pool):
        """Make a pool and the convolution before it one."""
        source = self.before(pool, "Conv2D")
        if source and not source.pool and source.config["activation"] == "relu":
            self.layers[pool.name] = source._replace(name=pool.name, pool=pool)

    def replace(self, layer, **changes):
        self.layers[layer.name] = layer._replace(**changes)


def foldable(layer, factor, offset, channels):
    """Return whether a batch normalisation is one of the channels, as many as those around it."""
    small = np.abs(offset) < LARGEST_SHIFT * np.abs(factor)  # never where a factor is 0
    return normalises_channels(layer, 4) and {len(factor)} == set(channels) and bool(small.all())
