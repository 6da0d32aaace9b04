"""Another project's network is read as it was trained."""

import numpy as np
import pytest

from digits import conventions, generated, model_file
from digits.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402 - after TensorFlow has been imported quietly
from keras import layers  # noqa: E402

THEIRS = {  # the shape that the network takes, and its pixels of ours
    "0 to 1, light ink on dark": ((28, 28, 1), lambda images: images / 255),
    "0 to 255, light ink on dark": ((28, 28), lambda images: images),
    "-1 to 1, light ink on dark": ((784,), lambda images: images / 127.5 - 1),
    "0 to 1, dark ink on light": ((28, 28), lambda images: 1 - images / 255),
    "-1 to 1, dark ink on light": ((28, 28, 1), lambda images: 1 - images / 127.5),
}


@pytest.fixture(scope="module")
def digits():
    return generated.digits(6000, seed=8)


def trained(shape, pixels, digits, *behind):
    """Return a network as the field's scripts make it, trained on pixels of that convention."""
    images, labels = digits
    keras.utils.set_random_seed(1)  # before there are weights
    network = keras.Sequential(
        [
            keras.Input(shape),
            *behind,
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(pixels(images.astype(float)).reshape(-1, *shape), labels, epochs=8, verbose=0)
    return network


@pytest.mark.parametrize("words", THEIRS)
def test_convention_of_another_project_s_network_is_found(words, digits, tmp_path, capsys):
    shape, pixels = THEIRS[words]
    network = trained(shape, pixels, digits)
    network.save(tmp_path / "theirs.h5")
    images, labels = generated.digits(300, seed=9)
    predict = model_file.predictor(tmp_path / "theirs.h5")
    said = capsys.readouterr().err
    assert f"expects pixels from {words}" in said and len(said.splitlines()) == 1
    expected = network.predict(pixels(images.astype(float)).reshape(-1, *shape), verbose=0)
    np.testing.assert_allclose(predict(images), expected, atol=1e-4)
    assert np.mean(predict(images).argmax(axis=1) == labels) > 0.6


def test_so_is_that_of_a_network_that_keras_must_compute(digits, tmp_path, capsys):
    shape, pixels = THEIRS["0 to 1, dark ink on light"]
    trained(shape, pixels, digits, layers.Reshape((28, 28, 1))).save(tmp_path / "theirs.h5")
    model_file.predictor(tmp_path / "theirs.h5")
    said = capsys.readouterr().err
    assert "Reshape" in said and "0 to 1, dark ink on light" in said


def test_network_that_no_convention_fits_is_not_to_be_trusted(digits, tmp_path, capsys):
    images, labels = digits
    shuffled = images, np.random.default_rng(1).permutation(labels)
    trained(*THEIRS["0 to 1, light ink on dark"], shuffled).save(tmp_path / "theirs.h5")
    model_file.predictor(tmp_path / "theirs.h5")
    assert "do not trust its answers" in capsys.readouterr().err


def test_images_are_as_they_were_for_a_network_of_our_own():
    images = np.arange(784, dtype=np.uint8).reshape(1, 28, 28)
    assert conventions.OURS.applied(images) is images
