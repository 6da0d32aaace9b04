"""NumPy's answer against Keras's."""

import json
from functools import partial

import h5py
import numpy as np
import pytest
from conftest import PRETRAINED

from digits.network import model_safety, numpy_network, predictor, recipes
from digits.network.model_safety import NeedsTrustError
from digits.network.tensorflow_start import import_tensorflow

import_tensorflow()
import keras  # noqa: E402 - after TensorFlow has been imported quietly
from keras import layers  # noqa: E402

TOLERANCE = 1e-5  # of probabilities


def with_random_weights(network, seed=1):
    """Return the network with weights, and moving averages, that no initialiser would give."""
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    weights = [
        random.normal(0, 1 / np.sqrt(w[..., 0].size), w.shape) for w in network.get_weights()
    ]
    network.set_weights([np.abs(w) + 0.5 if w.ndim == 1 else w for w in weights])
    averages = any(isinstance(each, layers.BatchNormalization) for each in network.layers)
    for _ in range(20 if averages else 0):  # so that they are of what comes, and tell images apart
        network(random_images(30)[..., np.newaxis], training=True)
    return network


def random_images(count):
    """Return images of coarse blocks: of fine noise, a deep network makes all the same."""
    blocks = np.random.default_rng(2).integers(0, 256, (count, 4, 4), np.uint8)
    return blocks.repeat(7, axis=1).repeat(7, axis=2)


def network_in(path):
    """Return the network in a file, whatever its pixels are taken for."""
    held = model_safety.read(path)
    return numpy_network.network(held.description, held.weights)


def assert_as_keras(network, folder, images):
    """Assert that NumPy answers as Keras does, from either of Keras's formats."""
    pixels = images[..., np.newaxis].astype(np.float32)
    expected = network(pixels, training=False).numpy()
    assert np.ptp(expected, axis=0).max() > 0.01, "the network tells no images apart"
    for name in ("net.h5", "net.keras"):
        network.save(folder / name)
        answer = network_in(folder / name)(images)
        np.testing.assert_allclose(answer, expected, atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_answers_as_keras_does(name, tmp_path):
    network = with_random_weights(recipes.build(recipes.RECIPES[name]))
    images = random_images(numpy_network.BATCH_SIZE + 9)
    assert_as_keras(network, tmp_path, images)


def functional(build):
    """Return a network from a function of its input, with ten probabilities behind it."""
    pixels = keras.Input((28, 28, 1))
    values = layers.Flatten()(build(layers.Rescaling(1 / 255)(pixels)))
    return keras.Model(pixels, layers.Dense(10, activation="softmax")(values))


def convolutions_with(activation):
    """Return layers of which one is convolved by windows, one in tiles."""
    return [
        layers.Conv2D(16, 3, strides=2, activation=activation),
        layers.Conv2D(16, 3, padding="same", activation=activation),
        layers.BatchNormalization(momentum=0.5),  # sigmoids tell little apart
        layers.Flatten(),
    ]


LAYER_USES = {
    "valid padding": lambda: [layers.Conv2D(4, 3), layers.Flatten()],
    "odd strides": lambda: [
        layers.Conv2D(4, (5, 4), strides=(3, 2), padding="same", activation="relu"),
        layers.Conv2D(4, 3, strides=2, padding="same"),
        layers.Flatten(),
    ],
    "pools": lambda: [
        layers.Conv2D(4, 3),
        layers.Rescaling(-1.0),  # below zero, where padding must not win
        layers.MaxPooling2D(3, strides=2, padding="same"),
        layers.MaxPooling2D((2, 3)),
        layers.Flatten(),
    ],
    "pools after a pool": lambda: [
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(3, strides=1, padding="same"),
        layers.MaxPooling2D(2, padding="same"),
        layers.Flatten(),
    ],
    "pool of one value": lambda: [
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(1, strides=2),
        layers.Flatten(),
    ],
    "global average": lambda: [layers.Conv2D(16, 7), layers.GlobalAveragePooling2D()],
    "softmax of a convolution": lambda: [
        layers.Conv2D(6, 5, activation="softmax"),
        layers.Flatten(),
    ],
    "many filters": lambda: [
        layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.Conv2D(16, 3, use_bias=False),
        layers.Conv2D(32, (3, 2), activation="relu"),
        layers.Flatten(),
    ],
    "softmax of many filters": lambda: [
        layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.Rescaling(20.0),
        layers.Conv2D(16, 3, padding="same", activation="softmax"),
        layers.Flatten(),
    ],
    "normalisations between convolutions": lambda: [
        layers.Conv2D(6, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.BatchNormalization(center=False),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.BatchNormalization(scale=False),
        layers.MaxPooling2D(3, strides=2, padding="same"),
        layers.BatchNormalization(),
        layers.Conv2D(4, 3, strides=2, padding="same"),
        layers.BatchNormalization(),
        layers.Conv2D(4, 2, padding="same", activation="softmax"),
        layers.MaxPooling2D(),
        layers.Flatten(),
    ],
    "no bias": lambda: [layers.Conv2D(4, 3, use_bias=False), layers.Flatten()],
    "normalisation": lambda: [
        layers.BatchNormalization(scale=False, epsilon=0.01),
        layers.Conv2D(4, 3),
        layers.BatchNormalization(center=False),
        layers.Dropout(0.5),
        layers.Flatten(),
    ],
    "normalisation of a softmax": lambda: [
        layers.Rescaling(20.0),
        layers.Conv2D(4, 3, activation="softmax"),
        layers.MaxPooling2D(),
        layers.BatchNormalization(),
        layers.Conv2D(4, 3),
        layers.Flatten(),
    ],
    "inverted": lambda: [layers.Rescaling(-1.0, offset=1), layers.Flatten()],
    **{
        f"{name} of a convolution": partial(convolutions_with, name)
        for name in ("sigmoid", "tanh", "elu", "leaky_relu")
    },
    "leaky ReLU of a convolution": lambda: convolutions_with(layers.LeakyReLU(0.4)),
    "ReLUs as layers": lambda: [
        layers.Conv2D(4, 3),
        layers.LeakyReLU(),
        layers.Conv2D(4, 3),
        layers.ReLU(max_value=1.5, negative_slope=0.2, threshold=0.1),
        layers.Conv2D(4, 3),
        layers.ReLU(),
        layers.Flatten(),
    ],
    "other activations as layers": lambda: [
        layers.Conv2D(4, 3),
        layers.ELU(0.7),
        layers.Activation("tanh"),
        layers.Rescaling(5.0),
        layers.Softmax(),
        layers.Flatten(),
    ],
    "average pools": lambda: [
        layers.Conv2D(4, 3),
        layers.AveragePooling2D(3, strides=2, padding="same"),
        layers.AveragePooling2D((2, 3)),
        layers.Flatten(),
    ],
    "global pools": lambda: [
        layers.Conv2D(16, 7),
        layers.GlobalMaxPooling2D(keepdims=True),
        layers.GlobalAveragePooling2D(),
    ],
    "paddings": lambda: [
        layers.ZeroPadding2D(((1, 2), (0, 3))),
        layers.Conv2D(4, 3, strides=2),
        layers.ZeroPadding2D(1),
        layers.GlobalMaxPooling2D(),
    ],
    "shapes": lambda: [
        layers.Reshape((14, -1, 2)),
        layers.Permute((3, 1, 2)),
        layers.Reshape((28, 28)),
        layers.Dense(3, activation="relu"),
        layers.Flatten(),
    ],
    "separable": lambda: [
        layers.SeparableConv2D(6, 3, activation="relu"),
        layers.SeparableConv2D(4, (3, 2), strides=2, padding="same", depth_multiplier=2),
        layers.Flatten(),
    ],
    "depthwise": lambda: [
        layers.Conv2D(4, 3),
        layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu"),
        layers.DepthwiseConv2D((2, 3), depth_multiplier=3, use_bias=False),
        layers.Flatten(),
    ],
    "only for training": lambda: [
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.1),
        layers.GaussianNoise(0.1),
        layers.Conv2D(4, 3),
        layers.SpatialDropout2D(0.3),
        layers.Flatten(),
        layers.GaussianDropout(0.2),
    ],
}


@pytest.mark.parametrize("use", LAYER_USES)
def test_every_use_of_a_layer_answers_as_keras_does(use, tmp_path):
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            *LAYER_USES[use](),
            layers.Dense(10, activation="softmax"),
        ]
    )
    assert_as_keras(with_random_weights(network), tmp_path, random_images(9))


@pytest.mark.parametrize("gamma", [-1.5, 0.0, 1e-6])
def test_normalisation_that_turns_or_ends_a_channel_answers_as_keras_does(gamma, tmp_path):
    normalisation = layers.BatchNormalization()
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            normalisation,
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    with_random_weights(network)
    normalisation.gamma.assign([gamma, 1.0, 0.5, 2.0])
    normalisation.beta.assign([0.0, 1.0, -0.5, 1.0])
    normalisation.moving_mean.assign([0.0, 0.1, 0.2, 0.3])
    assert_as_keras(network, tmp_path, random_images(9))


def test_first_convolution_is_what_keras_s_layer_makes_of_an_image(tmp_path):
    network = with_random_weights(recipes.build(recipes.RECIPES["standard"]))
    network.save(tmp_path / "net.h5")
    (image,) = random_images(1)
    kernel, values = network_in(tmp_path / "net.h5").first_convolution(image)
    layer = next(layer for layer in network.layers if isinstance(layer, layers.Conv2D))
    np.testing.assert_array_equal(kernel, layer.kernel)
    expected = keras.Model(network.input, layer.output)(image[np.newaxis, ..., np.newaxis])[0]
    np.testing.assert_allclose(values, expected, atol=1e-5)


def shared_normalisation(values):
    normalised = layers.BatchNormalization()(layers.Conv2D(4, 3, activation="relu")(values))
    return layers.Average()([layers.Conv2D(2, 3)(normalised), layers.Conv2D(2, 3)(normalised)])


def shared_source(values):
    source = layers.Conv2D(4, 3, activation="relu")(values)
    normalised = layers.Conv2D(4, 3, padding="same")(layers.BatchNormalization()(source))
    return layers.Average()([source, normalised])


def shared_before_pool(values):
    source = layers.Conv2D(4, 3, padding="same", activation="relu")(values)
    return layers.Average()([layers.MaxPooling2D()(source), layers.Conv2D(4, 2, 2)(source)])


@pytest.mark.parametrize("build", [shared_normalisation, shared_source, shared_before_pool])
def test_layer_that_several_follow_answers_each_as_keras_does(build, tmp_path):
    network = with_random_weights(functional(build))
    assert_as_keras(network, tmp_path, random_images(9))


ONLY_KERAS = {
    "a layer of kind UpSampling2D": lambda: [layers.UpSampling2D(), layers.Flatten()],
    "the activation gelu": lambda: [layers.Conv2D(4, 3, activation="gelu"), layers.Flatten()],
    "axis 1": lambda: [layers.BatchNormalization(axis=1), layers.Flatten()],
    "data_format": lambda: [layers.Conv2D(2, 3), layers.Flatten(data_format="channels_first")],
    "dilation_rate": lambda: [layers.Conv2D(4, 3, dilation_rate=2), layers.Flatten()],
    "a layer of kind Sequential": lambda: [
        keras.Sequential([layers.Conv2D(4, 3)]),
        layers.Flatten(),
    ],
    "more than 16,000,000 weights": lambda: [layers.Flatten(), layers.Dense(21_000)],
}


def network_of(*parts):
    """Return a network of these layers, with ten probabilities behind them."""
    last = layers.Dense(10, activation="softmax")
    network = keras.Sequential([keras.Input((28, 28, 1)), *parts, last])
    last.kernel.assign(last.kernel / 1000)  # pixels come unscaled
    return network


@pytest.mark.parametrize("named", ONLY_KERAS)
def test_network_that_needs_keras_is_refused_and_says_why(named, tmp_path):
    network_of(*ONLY_KERAS[named]()).save(tmp_path / "net.h5")
    with pytest.raises(NeedsTrustError, match=f"has {named}.*--trust lets Keras load it"):
        predictor.load(tmp_path / "net.h5")


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_network_that_needs_keras_is_left_to_it_with_trust(ending, tmp_path, capsys):
    network = network_of(*ONLY_KERAS["the activation gelu"]())
    network.save(tmp_path / f"net{ending}")
    images = random_images(3)
    answer = predictor.load(tmp_path / f"net{ending}", trust=True).network(images)
    expected = network.predict(images[..., np.newaxis], verbose=0)
    np.testing.assert_allclose(answer, expected, atol=TOLERANCE)
    said = capsys.readouterr().err
    assert "gelu" in said and "longer" in said


def joined(values):
    parts = [layers.Conv2D(2, 3)(values), layers.Conv2D(2, 3)(values)]
    return layers.Concatenate()([layers.Add()(parts), *parts])


def joined_below(values):
    return layers.Concatenate(axis=1)([values, layers.MaxPooling2D((2, 1))(values)])


@pytest.mark.parametrize("build", [joined, joined_below])
def test_branches_that_are_joined_answer_as_keras_does(build, tmp_path):
    network = with_random_weights(functional(build))
    assert_as_keras(network, tmp_path, random_images(9))


def test_branches_of_several_lengths_answer_as_keras_does(tmp_path):
    def branches(values):
        short = layers.Conv2D(4, 3, strides=2)(values)
        long = layers.Conv2D(4, 3, strides=2)(layers.BatchNormalization()(values))
        third = layers.MaxPooling2D()(layers.Conv2D(4, 3)(values))
        return layers.Average()([short, long, third])

    network = with_random_weights(functional(branches))
    assert_as_keras(network, tmp_path, random_images(9))


def shared_layer(values):
    convolution = layers.Conv2D(1, 3, padding="same")
    return convolution(convolution(values))


def named_input(values):
    return layers.Conv2D(1, 3)(inputs=values)


def while_training(values):
    return layers.Dropout(0.5)(values, training=True)


def broadcast(values):
    return layers.Average()([values, layers.Conv2D(1, 28)(values)])


def two_outputs():
    network = functional(lambda values: values)
    return keras.Model(network.input, [network.output, network.output])


def two_inputs():
    pixels = [keras.Input((28, 28, 1)), keras.Input((28, 28, 1))]
    values = layers.Flatten()(layers.Average()(pixels))
    return keras.Model(pixels, layers.Dense(10, activation="softmax")(values))


ODD = [
    *(
        partial(functional, build)
        for build in (shared_layer, named_input, while_training, broadcast)
    ),
    two_outputs,
    two_inputs,
]


@pytest.mark.parametrize("build", ODD)
def test_network_of_another_shape_is_not_computed_with_numpy(build, tmp_path):
    build().save(tmp_path / "net.h5")
    with pytest.raises(NeedsTrustError):
        predictor.load(tmp_path / "net.h5")


def in_another_order(layers_):
    layers_[2], layers_[3] = layers_[3], layers_[2]


def in_a_circle(layers_):
    layers_[2]["inbound_nodes"][0]["args"][0]["config"]["keras_history"][0] = "flatten"


def past_a_layer(layers_):
    layers_[3]["inbound_nodes"] = layers_[2]["inbound_nodes"]


@pytest.mark.parametrize("change", [in_another_order, in_a_circle, past_a_layer])
def test_layers_that_do_not_lead_from_one_to_the_next_are_damage(change, tmp_path):
    pixels = keras.Input((28, 28, 1))
    values = layers.Conv2D(1, 3, padding="same")(layers.Rescaling(1 / 255)(pixels))
    values = layers.Flatten(name="flatten")(values)
    keras.Model(pixels, layers.Dense(10, activation="softmax")(values)).save(tmp_path / "net.h5")
    with h5py.File(tmp_path / "net.h5", "r+") as file:
        described = json.loads(file.attrs["model_config"])
        change(described["config"]["layers"])
        file.attrs["model_config"] = json.dumps(described)
    with pytest.raises(ValueError, match=r"the layer|a layer"):
        network_in(tmp_path / "net.h5")


ODD_SHAPES = {"gamma": (300, 1), "bias": (300, 1), "kernel": (3, 3, 1, 300)}


@pytest.mark.parametrize("name", ODD_SHAPES)
def test_arrays_that_would_be_stretched_to_fit_are_damage(name, tmp_path):
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(300, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(300, 3, name="last"),
            layers.Flatten(),
        ]
    )
    network.save(tmp_path / "net.h5")
    with h5py.File(tmp_path / "net.h5", "r+") as file:
        groups = [file["model_weights"][each.name] for each in network.layers if each.weights]
        where = groups[1 if name == "gamma" else 2]
        path = next(each for each in where.attrs["weight_names"] if each.endswith(name))
        del where[path]
        where[path] = np.zeros(ODD_SHAPES[name], np.float32)
    with pytest.raises(ValueError):
        network_in(tmp_path / "net.h5")


def test_shipped_model_answers_as_keras_does_on_test_images(mnist_test):
    images = mnist_test.images[::16]  # of all of them, the README's quoted evaluation is tried
    expected = keras.models.load_model(PRETRAINED).predict(images[..., np.newaxis], 500, verbose=0)
    answer = predictor.load(PRETRAINED)(images)
    np.testing.assert_allclose(answer, expected, atol=TOLERANCE)
    np.testing.assert_array_equal(answer.argmax(axis=1), expected.argmax(axis=1))
