"""The model file: whole or not at all, with its history inside."""

import json

import h5py
import numpy as np
import pytest
from conftest import full_disk

from digits import UserError
from digits.network import model_file, recipes
from digits.network.tensorflow_start import import_tensorflow

import_tensorflow()
import keras  # noqa: E402 - after TensorFlow has been imported quietly
from keras import layers  # noqa: E402

RECORD = {"recipe": "small", "history": {"accuracy": [0.5, 0.75]}}


def small_network():
    network = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10, "softmax")]
    )
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


@pytest.fixture
def saved(tmp_path):
    model_file.save(small_network(), RECORD, tmp_path / "net.h5")
    return tmp_path / "net.h5"


def test_record_comes_back(saved):
    assert model_file.training_record(saved) == RECORD


def test_model_of_another_program_has_no_record(tmp_path):
    small_network().save(tmp_path / "net.h5")
    assert model_file.training_record(tmp_path / "net.h5") is None


def test_keras_loads_and_evaluates_the_file(saved, small_arrays):
    images, labels = small_arrays["x_test"][..., np.newaxis], small_arrays["y_test"]
    loss, accuracy = keras.models.load_model(saved).evaluate(images, labels, verbose=0)
    assert loss > 0 and 0 <= accuracy <= 1


CONVOLUTION = {"filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate"}
KNOWN_TO_KERAS_3_0 = {
    "Average": set(),
    "InputLayer": {"batch_shape", "sparse", "name"} | {"ragged"},  # taken, if of no use
    "Rescaling": {"scale", "offset"},
    "Conv2D": CONVOLUTION | {"groups", "activation", "use_bias"},
    "MaxPooling2D": {"pool_size", "strides", "padding", "data_format"},
    "BatchNormalization": {"axis", "momentum", "epsilon", "center", "scale", "synchronized"},
    "Flatten": {"data_format"},
    "Dense": {"units", "activation", "use_bias"},
    "Dropout": {"rate", "seed"},
}


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_older_keras_knows_all_that_is_written_of_a_layer(tmp_path, name):
    network = recipes.build(recipes.RECIPES[name])
    network.compile("adam", "sparse_categorical_crossentropy")
    model_file.save(network, RECORD, tmp_path / "net.h5")
    with h5py.File(tmp_path / "net.h5") as file:
        described = json.loads(file.attrs["model_config"])
    for layer in described["config"]["layers"]:
        known = KNOWN_TO_KERAS_3_0[layer["class_name"]] | {"name", "trainable"}
        assert set(layer["config"]) <= known, layer["class_name"]
    for end in ("input_layers", "output_layers"):
        assert all(isinstance(each, list) for each in described["config"][end])


def test_saved_network_answers_as_before_in_keras(tmp_path):
    network = recipes.build(recipes.RECIPES["fast"])
    network.compile("adam", "sparse_categorical_crossentropy")
    images = np.random.default_rng(1).integers(0, 256, (5, 28, 28, 1), np.uint8)
    before = network.predict(images, verbose=0)
    model_file.save(network, RECORD, tmp_path / "net.h5")
    after = keras.models.load_model(tmp_path / "net.h5").predict(images, verbose=0)
    np.testing.assert_array_equal(before, after)


def test_replaced_model_is_kept(saved):
    before = saved.read_bytes()
    model_file.save(small_network(), {"recipe": "second", "history": {}}, saved)
    assert model_file.training_record(saved) == {"recipe": "second", "history": {}}
    assert (saved.parent / "net.previous.h5").read_bytes() == before
    assert len(list(saved.parent.iterdir())) == 2, "nothing unfinished is left"


def test_full_disk_leaves_the_model_from_before(saved):
    before, network = saved.read_bytes(), small_network()
    with pytest.raises(UserError, match=r"cannot write .*net\.h5"), full_disk(200_000):
        model_file.save(network, RECORD, saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["net.h5"]


def test_place_for_a_model_is_checked_before_training(tmp_path):
    with pytest.raises(UserError, match=r"must end in \.h5"):
        model_file.require_place(tmp_path / "net.keras")
    (tmp_path / "folder.h5").mkdir()
    (tmp_path / "net.previous.h5").mkdir()
    for name, where in (("folder.h5", "folder"), ("net.h5", r"net\.previous")):
        with pytest.raises(UserError, match=rf"{where}\.h5: it is a folder"):
            model_file.require_place(tmp_path / name)


def test_room_for_a_model_is_asked_for_before_training(tmp_path):
    with pytest.raises(UserError, match=r"cannot write .*net\.h5"), full_disk(1_000_000):
        model_file.require_place(tmp_path / "net.h5")
    assert list(tmp_path.iterdir()) == []
