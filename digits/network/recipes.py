"""The recipes: a network as lists of layers, and how it is trained.

A network takes raw pixels, 0 to 255, of shape (n, 28, 28, 1), and rescales them itself, so that
what was trained is what predicts. Keras is imported when a network is built, not before: the
functions that list layers are given its module `keras.layers`.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Distortion:
    """How far a training image is changed, at most: hands differ by about as much."""

    rotation: float = 0.2  # radians
    shear: float = 0.2
    log_scale: float = 0.13
    shift: float = 2.0  # pixels
    bend: float = 0.0  # pixels, the standard deviation at each of the points that bend it
    thinner: float = 0.0  # the share of the way to strokes a pixel thinner
    thicker: float = 0.0  # the share of the way to strokes two pixels thicker
    noise: float = 0.0  # its standard deviation by full ink; half of all images have none


@dataclass(frozen=True)
class Drawn:
    """How many drawn images each epoch has of its own beside the data's."""

    digits: int = 0  # of all hands alike
    rare: int = 0  # of those hands that MNIST lacks
    none: int = 0  # of what is no digit

    @property
    def images(self):
        return self.digits + self.rare + self.none


@dataclass(frozen=True)
class Recipe:
    """A network and its training, by Adam on the cross-entropy, each branch on batches of its own.

    A branch returns new layers that follow the rescaled input and end in a dense one of ten
    probabilities, by softmax; the network's answer is the mean of its branches'.
    """

    summary: str
    branches: tuple[Callable, ...]
    epochs: int
    batch_size: int
    learning_rate: float  # the peak of one cycle, or the same throughout
    one_cycle: bool = True
    steps_per_execution: int = 10  # at most; between executions runs Keras's Python
    distortion: Distortion | None = Distortion()
    drawn: Drawn = Drawn()
    bfloat16: bool = True  # where the processor has units for it
    inverted: bool = False  # whether the layers see dark ink on light paper
    reported: str = ""  # the test accuracy that its source states


def standard(layers):
    """Like `unpooled`, but batch normalisation comes where there are few pixels: on more, it costs
    as much as the convolution before it."""
    return [
        convolution(layers, 16),
        layers.MaxPooling2D(),
        *within(layers, 32, 48),
        *normalised_within(layers, 64, 64, 96),
        *head(layers, dropout=0.3),
    ]


def fast(layers):
    """Strides in the first convolution leave a quarter of the pixels to all behind it."""
    return [
        convolution(layers, 24, 5, strides=2),
        *within(layers, 48, 64),
        *pooled(layers),
        *normalised_within(layers, 96),
        *head(layers, dropout=0.2),
    ]


def deep(layers):
    """A pool behind the first convolution keeps the pixels that a stride would skip."""
    blocks = [(32,), (64, 64), (128, 128)]
    return [
        *(layer for filters in blocks for layer in block(layers, *filters)),
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(96, activation="relu"),
        normalised(layers),
        layers.Dropout(0.4),
        layers.Dense(10, activation="softmax"),
    ]


def unpooled(layers):
    """Behind one pool, convolutions within the image alone make it smaller, down to 4×4.

    After An et al. (2020, arXiv:2008.10400), who have no pool at all.
    """
    # made first: each layer made takes the next seed, and `record` stays what it was
    shrinking = normalised_within(layers, 48, 64, 80, 96, 112)
    return [
        convolution(layers, 32),
        *pooled(layers),
        *shrinking,
        *head(layers, dropout=0.4),
    ]


def block(layers, *filters):
    """Return convolutions, a normalisation between each two of them, and a pool."""
    first, *others = [convolution(layers, n) for n in filters]
    between = [layer for each in others for layer in (normalised(layers), each)]
    return [first, *between, *pooled(layers)]


def convolution(layers, filters, size=3, strides=1, padding="same"):
    """Return a convolution that keeps the image's size, but for its strides or padding."""
    return layers.Conv2D(filters, size, strides=strides, padding=padding, activation="relu")


def within(layers, *filters):
    """Return convolutions without padding: each takes a pixel off every side."""
    return [convolution(layers, n, padding="valid") for n in filters]


def normalised_within(layers, *filters):
    """Return convolutions without padding, a normalisation behind each."""
    return [layer for each in within(layers, *filters) for layer in (each, normalised(layers))]


def pooled(layers):
    """Return a pool, and the normalisation of what is left."""
    return [layers.MaxPooling2D(), normalised(layers)]


def normalised(layers):
    """Return a batch normalisation whose moving averages keep up with a training of few steps."""
    return layers.BatchNormalization(momentum=0.9)


def head(layers, dropout):
    """Return the layers that make ten probabilities of what convolutions have found."""
    return [layers.Flatten(), layers.Dropout(dropout), layers.Dense(10, activation="softmax")]


def three_blocks(layers):
    return [
        *pooled_convolutions(layers, 32, 64, 128),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]


def two_blocks(layers):
    return [
        *pooled_convolutions(layers, 32, 64),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]


def two_convolutions(layers):
    return [
        layers.Conv2D(64, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]


def keras_example(layers):
    return [
        *pooled_convolutions(layers, 32, 64),
        *head(layers, dropout=0.5),
    ]


def pooled_convolutions(layers, *filters):
    """Return 3×3 convolutions, each with a pool behind it."""
    pairs = [(layers.Conv2D(n, 3, activation="relu"), layers.MaxPooling2D()) for n in filters]
    return [layer for pair in pairs for layer in pair]


def classic(summary, branch, **settings):
    """Return a recipe as the field's scripts have it: Adam as it comes, the images as they are."""
    plain = {"one_cycle": False, "steps_per_execution": 1, "distortion": None, "bfloat16": False}
    return Recipe(f"classic: {summary}", (branch,), learning_rate=0.001, **plain, **settings)


RECIPES = {
    "standard": Recipe(
        "six convolutions; the default",
        (standard,),
        epochs=10,
        batch_size=256,
        learning_rate=0.006,
        drawn=Drawn(digits=2_000, none=500),
        distortion=Distortion(bend=0.3, thinner=0.3, thicker=0.4, noise=0.2),
    ),
    "fast": Recipe(
        "four convolutions, half a minute",
        (fast,),
        epochs=3,
        batch_size=256,
        learning_rate=0.01,
        distortion=Distortion(rotation=0.12, shear=0.12, log_scale=0.08, shift=1.5),
    ),
    "record": Recipe(
        "mean of three networks; the one shipped",
        (deep, unpooled, unpooled),
        epochs=42,
        batch_size=128,
        learning_rate=0.004,
        drawn=Drawn(digits=500, rare=500, none=750),
        distortion=Distortion(bend=0.45, thinner=0.4, thicker=0.5, noise=0.2),
    ),
    "three-blocks": classic(
        "filters 32, 64, 128; dropout",
        three_blocks,
        epochs=30,
        batch_size=64,
        reported="98 %",
    ),
    "two-blocks": classic(
        "filters 32, 64; one dense",
        two_blocks,
        epochs=10,
        batch_size=64,
        reported="high",
    ),
    "two-convolutions": classic(
        "filters 64, 32; one pool",
        two_convolutions,
        epochs=10,
        batch_size=32,
        reported="98.15 %",
    ),
    "inverted": classic(
        "two-blocks on inverted images",
        two_blocks,
        epochs=10,
        batch_size=64,
        inverted=True,
        reported="high",
    ),
    "keras-example": classic(
        "keras.io's MNIST convnet",
        keras_example,
        epochs=15,
        batch_size=128,
        reported="99.2 %",
    ),
}
DEFAULT = "standard"
# What a user may set in place of a recipe's own: least and most.
SETTINGS = {"epochs": (1, 1_000), "batch_size": (1, 1_000_000), "seed": (0, 2**32 - 1)}


def build(recipe):
    """Return the recipe's network, untrained: (n, 28, 28, 1) pixels to (n, 10) probabilities."""
    import keras

    pixels = keras.Input((28, 28, 1))
    scale, offset = (-1 / 255, 1) if recipe.inverted else (1 / 255, 0)
    rescaled = keras.layers.Rescaling(scale, offset)(pixels)
    answers = [through(branch(keras.layers), rescaled) for branch in recipe.branches]
    mean = answers[0] if len(answers) == 1 else keras.layers.Average()(answers)
    return keras.Model(pixels, mean)


def through(layers, values):
    """Return what the layers, one after another, make of `values`."""
    for layer in layers:
        values = layer(values)
    return values


def answers(network):
    """Return the outputs of a network's branches, each (n, 10)."""
    last = network.layers[-1]
    return last.input if isinstance(last.input, list) else [network.output]


def side_by_side(network):
    """Return a network of the same weights whose branches each see an image of their own.

    It takes pixels of shape (n, 28, 28, branches) and answers (n, branches, 10).
    """
    import keras

    branches = [keras.Model(network.input, answer) for answer in answers(network)]
    pixels = keras.Input((28, 28, len(branches)))
    own = [branch(pixels[..., n : n + 1]) for n, branch in enumerate(branches)]
    return keras.Model(pixels, keras.ops.stack(own, axis=1))
