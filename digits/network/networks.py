"""The networks, as lists of Keras layers between the rescaled pixels and the ten probabilities.

Keras is imported when a list is made: `--help` need not wait for it. The last four networks are
those of the MNIST scripts that are copied most.
"""

MOMENTUM = 0.9  # of batch normalisation's averages: high enough for a training of few steps


def standard():
    from keras import layers

    # Batch normalisation of many pixels would cost as much as the convolution before it.
    return [
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(48, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(64, 3, activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(96, 3, activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(10, activation="softmax"),
    ]


def fast():
    """The first convolution's strides leave a quarter of the pixels to all later layers."""
    from keras import layers

    return [
        layers.Conv2D(24, 5, strides=2, padding="same", activation="relu"),
        layers.Conv2D(48, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(96, 3, activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]


def deep():
    from keras import layers

    return [
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(128, 3, padding="same", activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(128, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(96, activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Dropout(0.4),
        layers.Dense(10, activation="softmax"),
    ]


def one_pool():
    """After one pool, unpadded convolutions alone make the image smaller, down to 4×4.

    After An et al. (2020, arXiv:2008.10400), who use no pool at all.
    """
    from keras import layers

    # Listed first because each new layer takes the next random seed: `record` keeps its weights.
    shrinking = [
        layers.Conv2D(48, 3, activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(64, 3, activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(80, 3, activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(96, 3, activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.Conv2D(112, 3, activation="relu"),
        layers.BatchNormalization(momentum=MOMENTUM),
    ]
    return [
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.BatchNormalization(momentum=MOMENTUM),
        *shrinking,
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(10, activation="softmax"),
    ]


def three_blocks():
    from keras import layers

    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(128, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]


def two_blocks():
    from keras import layers

    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]


def two_convolutions():
    from keras import layers

    return [
        layers.Conv2D(64, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]


def keras_example():
    """The example that keras.io calls "Simple MNIST convnet"."""
    from keras import layers

    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]
