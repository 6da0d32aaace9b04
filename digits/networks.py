"""The recipes: a network as one list of layers, and how it is trained.

A network takes raw pixels, 0 to 255, of shape (n, 28, 28, 1), and rescales them itself, so that
what was trained is what predicts. Keras is imported when a network is built, not before.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """A network and its training: `layers` returns new ones, without input and rescaling."""

    summary: str
    layers: Callable[[], list]
    epochs: int
    batch_size: int
    peak_learning_rate: float


def fast_layers():
    """A stride of 2 in the first layer leaves a quarter of the pixels to all that follow."""
    from keras.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D

    return [
        Conv2D(32, 5, strides=2, padding="same", activation="relu"),
        BatchNormalization(momentum=0.9),
        Conv2D(64, 3, padding="same", activation="relu"),
        BatchNormalization(momentum=0.9),
        Conv2D(64, 3, padding="same", activation="relu"),
        MaxPooling2D(),
        BatchNormalization(momentum=0.9),
        Flatten(),
        Dropout(0.3),
        Dense(128, activation="relu"),
        BatchNormalization(momentum=0.9),
        Dropout(0.3),
        Dense(10, activation="softmax"),
    ]


def standard_layers():
    """Batch normalisation comes after the pools, where it costs a quarter as much."""
    from keras.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D

    return [
        Conv2D(32, 3, padding="same", activation="relu"),
        Conv2D(32, 3, padding="same", activation="relu"),
        MaxPooling2D(),
        BatchNormalization(momentum=0.9),
        Conv2D(64, 3, padding="same", activation="relu"),
        Conv2D(64, 3, padding="same", activation="relu"),
        MaxPooling2D(),
        BatchNormalization(momentum=0.9),
        Flatten(),
        Dropout(0.4),
        Dense(128, activation="relu"),
        BatchNormalization(momentum=0.9),
        Dropout(0.4),
        Dense(10, activation="softmax"),
    ]


RECIPES = {
    "standard": Recipe(
        "four 3×3 convolutions, accurate: the default", standard_layers, 8, 256, 0.006
    ),
    "fast": Recipe(
        "three convolutions, the first with stride 2: done soonest", fast_layers, 4, 256, 0.006
    ),
}
DEFAULT = "standard"


def build(recipe):
    """Return the recipe's network, untrained: (n, 28, 28, 1) pixels to (n, 10) probabilities."""
    import keras

    return keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255), *recipe.layers()]
    )
