"""Another project's network is read as it was trained."""

from functools import cache, partial

import numpy as np
import pytest

from digits.data import synthetic
from digits.network import other_models, predictor
from digits.network.numpy_activations import softmax
from digits.network.tensorflow_start import import_tensorflow

import_tensorflow()
import keras  # noqa: E402 - after TensorFlow has been imported quietly
from keras import layers  # noqa: E402

FROM_0_TO_1 = "from 0 to 1, light ink on dark"
BY_NORM = "divided by the norm of their column"
THEIRS = {  # the shape that a network takes, and its pixels of those from 0 to 1: factor, offset
    FROM_0_TO_1: ((28, 28, 1), 1, 0),
    "from 0 to 255, light ink on dark": ((28, 28), 255, 0),
    "from -1 to 1, light ink on dark": ((784,), 2, -1),
    "from 0 to 1, dark ink on light": ((28, 28), -1, 1),
    "from -1 to 1, dark ink on light": ((28, 28, 1), -2, 1),
}


def network_for(shape, last):
    """Return a network as the field's scripts make it."""
    dense = layers.Dense(64, activation="relu"), layers.Dense(10, activation=last)
    return keras.Sequential([keras.Input(shape), layers.Flatten(), *dense])


@cache
def trained(by_norm=False, shuffled=False):
    """Return the weights of such a network, trained on pixels from 0 to 1, or divided by norms."""
    images, labels = synthetic.digits(6000, seed=8)
    pixels = keras.utils.normalize(images.astype(float), axis=1) if by_norm else images / 255
    keras.utils.set_random_seed(1)  # before there are weights
    network = network_for((28, 28), "softmax")
    network.compile("adam", "sparse_categorical_crossentropy")
    labels = np.random.default_rng(1).permutation(labels) if shuffled else labels
    network.fit(pixels, labels, epochs=1 if shuffled else 8, verbose=0)
    return network.get_weights()


def of_convention(words, last="softmax"):
    """Return a network that answers to pixels of a convention as the trained one to its own."""
    shape, factor, offset = THEIRS[words]
    kernel, bias, *others = trained()
    network = network_for(shape, last)
    moved = bias - offset / factor * kernel.sum(axis=0)
    network.set_weights([kernel / factor, moved, *others])
    return network


def pixels_of(words, images):
    shape, factor, offset = THEIRS[words]
    return (images / 255 * factor + offset).reshape(-1, *shape)


def assert_read_as(network, pixels, words, path, capsys):
    """Assert that a network's convention is found, and that it answers as with its pixels."""
    network.save(path)
    images, labels = synthetic.digits(300, seed=9)
    probabilities = predictor.load(path)(images)
    said = capsys.readouterr().err
    assert f"expects pixels {words}" in said and len(said.splitlines()) == 1
    expected = network.predict(pixels(images), verbose=0)
    np.testing.assert_allclose(probabilities, expected, atol=1e-4)
    assert np.mean(probabilities.argmax(axis=1) == labels) > 0.6


@pytest.mark.parametrize("words", THEIRS)
def test_convention_of_another_project_s_network_is_found(words, tmp_path, capsys):
    pixels = partial(pixels_of, words)
    assert_read_as(of_convention(words), pixels, words, tmp_path / "theirs.h5", capsys)


def test_pixels_divided_by_their_column_s_norm_are_a_convention_too(tmp_path, capsys):
    network = network_for((28, 28), "softmax")
    network.set_weights(trained(by_norm=True))
    pixels = partial(keras.utils.normalize, axis=1)
    assert_read_as(network, pixels, BY_NORM, tmp_path / "theirs.h5", capsys)


@pytest.mark.parametrize(
    ("last", "words"),
    [("linear", "answers with logits, which get a softmax"), ("sigmoid", "answers with sigmoids")],
)
def test_answers_that_are_no_probabilities_become_some(last, words, tmp_path, capsys):
    network = of_convention(FROM_0_TO_1, last)
    network.save(tmp_path / "theirs.h5")
    images, _ = synthetic.digits(100, seed=9)
    probabilities = predictor.load(tmp_path / "theirs.h5")(images)
    assert f"{words}, and expects pixels from 0 to 1, light" in capsys.readouterr().err
    raw = network.predict(pixels_of(FROM_0_TO_1, images), verbose=0).astype(float)
    numerator = np.exp(raw) if last == "linear" else raw
    expected = numerator / numerator.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=1e-4)


def test_so_is_that_of_a_network_that_keras_must_compute(tmp_path, capsys):
    words = "from 0 to 1, dark ink on light"
    inner = of_convention(words)
    keras.Sequential([keras.Input((28, 28)), inner]).save(tmp_path / "theirs.h5")
    predictor.load(tmp_path / "theirs.h5", trust=True)
    said = capsys.readouterr().err
    assert "Sequential" in said and words in said


def test_network_that_no_convention_fits_is_not_to_be_trusted(tmp_path, capsys):
    network = network_for((28, 28), "softmax")
    network.set_weights(trained(shuffled=True))
    network.save(tmp_path / "theirs.h5")
    predictor.load(tmp_path / "theirs.h5")
    assert "do not trust its answers" in capsys.readouterr().err


def linear_kernel():
    """Return the weights (784, 10) of a linear classifier of pixels from 0 to 1: ridge regression.

    Its weights sum to 0, so a factor or an offset of the pixels does not change its answers.
    """
    images, labels = synthetic.digits(3000, seed=8)
    pixels = images.reshape(-1, 784) / 255
    pixels -= pixels.mean(axis=1, keepdims=True)
    targets = np.eye(10)[labels] - 0.1
    kernel = np.linalg.solve(pixels.T @ pixels + 100 * np.eye(784), pixels.T @ targets)
    return 14 * (kernel - kernel.mean(axis=0))  # which calibrates its probabilities


def test_among_conventions_of_about_equal_accuracy_the_lowest_cross_entropy_is_taken():
    images, labels = synthetic.digits(other_models.TRIED, seed=1)
    kernel = linear_kernel()

    def network(pixels):
        """Read as many at any scale, and by chance one more where pixels are far too large."""
        logits = pixels.reshape(len(pixels), -1) @ kernel
        if pixels.max() > 1:
            (first, *_) = np.flatnonzero(logits.argmax(axis=1) != labels[: len(pixels)])
            logits[first, labels[first]] = logits.max() + 1
        return softmax(logits.astype(np.float32))

    ours, theirs = other_models.CONVENTIONS[:2]
    answers = [network(each.applied(images)).argmax(axis=1) for each in (ours, theirs)]
    right = [np.sum(each == labels) for each in answers]
    assert right[0] == right[1] + 1
    assert other_models.found(network)[0].convention == theirs


def test_images_are_as_they_were_for_a_network_of_our_own():
    images = np.arange(784, dtype=np.uint8).reshape(1, 28, 28)
    assert other_models.OURS.applied(images) is images
