"""The recipes: which network is trained, on what images, and how.

A network takes raw pixels, 0 to 255, of shape (n, 28, 28, 1), and rescales them itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from digits.network import networks


@dataclass(frozen=True)
class Augmentation:
    """The largest random changes of a training image: writers differ by about as much."""

    rotation: float = 0.2  # radians
    shear: float = 0.2
    log_scale: float = 0.13
    shift: float = 2.0  # pixels
    bend: float = 0.0  # pixels, standard deviation: displacement of the points that bend an image
    thinner: float = 0.0  # share of the way to strokes one pixel thinner
    thicker: float = 0.0  # share of the way to strokes two pixels thicker
    noise: float = 0.0  # standard deviation, as a share of 255; half of all images have none


@dataclass(frozen=True)
class Synthetic:
    """How many synthetic images are added to the data in each epoch."""

    digits: int = 0  # in all writing styles alike
    rare_digits: int = 0  # in the writing styles that MNIST lacks
    printed: int = 0  # in print, as on meters, displays and labels
    non_digits: int = 0

    @property
    def total(self):
        return self.digits + self.rare_digits + self.printed + self.non_digits


@dataclass(frozen=True)
class Recipe:
    """A network and its training, by Adam on the cross-entropy.

    `members` holds one function for a plain network, several for an ensemble, whose output is the
    mean of its members'. A function returns the layers between the rescaled pixels and the ten
    probabilities.
    """

    summary: str
    members: tuple[Callable[[], list], ...]
    epochs: int
    batch_size: int
    learning_rate: float  # the peak of one cycle, or constant
    one_cycle: bool = True
    steps_per_execution: int = 10  # batches in one call of TensorFlow, at most
    augmentation: Augmentation | None = Augmentation()
    synthetic: Synthetic = Synthetic()
    bfloat16: bool = True  # where the processor has units for it
    inverted: bool = False  # whether the layers see dark ink on light paper
    reported: str = ""  # the test accuracy that its source states


def classic(summary, network, **settings):
    """Return a recipe of the usual scripts: Adam with its defaults, images as they are."""
    plain = {"one_cycle": False, "steps_per_execution": 1, "augmentation": None, "bfloat16": False}
    return Recipe(f"classic: {summary}", (network,), learning_rate=0.001, **plain, **settings)


RECIPES = {
    "standard": Recipe(
        "six convolutions; the default",
        (networks.standard,),
        epochs=10,
        batch_size=256,
        learning_rate=0.006,
        synthetic=Synthetic(digits=2_000, printed=500, non_digits=1_500),
        augmentation=Augmentation(bend=0.3, thinner=0.3, thicker=0.4, noise=0.2),
    ),
    "fast": Recipe(
        "four convolutions, half a minute",
        (networks.fast,),
        epochs=3,
        batch_size=256,
        learning_rate=0.01,
        augmentation=Augmentation(rotation=0.12, shear=0.12, log_scale=0.08, shift=1.5),
    ),
    "record": Recipe(
        "ensemble of three; the one that ships",
        (networks.deep, networks.one_pool, networks.one_pool),
        epochs=26,
        batch_size=128,
        learning_rate=0.004,
        synthetic=Synthetic(digits=500, rare_digits=500, printed=600, non_digits=1_600),
        augmentation=Augmentation(bend=0.45, thinner=0.4, thicker=0.5, noise=0.2),
    ),
    "three-blocks": classic(
        "filters 32, 64, 128; dropout",
        networks.three_blocks,
        epochs=30,
        batch_size=64,
        reported="98 %",
    ),
    "two-blocks": classic(
        "filters 32, 64; one dense", networks.two_blocks, epochs=10, batch_size=64, reported="high"
    ),
    "two-convolutions": classic(
        "filters 64, 32; one pool",
        networks.two_convolutions,
        epochs=10,
        batch_size=32,
        reported="98.15 %",
    ),
    "inverted": classic(
        "two-blocks on inverted images",
        networks.two_blocks,
        epochs=10,
        batch_size=64,
        inverted=True,
        reported="high",
    ),
    "keras-example": classic(
        "keras.io's MNIST convnet",
        networks.keras_example,
        epochs=15,
        batch_size=128,
        reported="99.2 %",
    ),
}
DEFAULT = "standard"
# What a user may set instead of the recipe's value: least and most.
SETTINGS = {"epochs": (1, 1_000), "batch_size": (1, 1_000_000), "seed": (0, 2**32 - 1)}


def build(recipe):
    """Return the recipe's untrained network: pixels (n, 28, 28, 1) to probabilities (n, 10)."""
    import keras

    pixels = keras.Input((28, 28, 1))
    scale, offset = (-1 / 255, 1) if recipe.inverted else (1 / 255, 0)
    rescaled = keras.layers.Rescaling(scale, offset)(pixels)
    outputs = [through(member(), rescaled) for member in recipe.members]
    mean = outputs[0] if len(outputs) == 1 else keras.layers.Average()(outputs)
    return keras.Model(pixels, mean)


def through(layers, values):
    """Return the output of a list of layers, each applied to the one before."""
    for layer in layers:
        values = layer(values)
    return values


def member_outputs(network):
    """Return the outputs, (n, 10) each, of an ensemble's members, or a plain network's own."""
    last = network.layers[-1]
    return last.input if isinstance(last.input, list) else network.outputs


def side_by_side(network):
    """Return a network that shares `network`'s weights, with an image of its own for each member.

    It maps pixels (n, 28, 28, members) to probabilities (n, members, 10).
    """
    import keras

    members = [keras.Model(network.input, output) for output in member_outputs(network)]
    pixels = keras.Input((28, 28, len(members)))
    outputs = [member(pixels[..., n : n + 1]) for n, member in enumerate(members)]
    outputs = keras.tree.flatten(outputs)  # those of a network from a file are in lists
    return keras.Model(pixels, keras.ops.stack(outputs, axis=1))
