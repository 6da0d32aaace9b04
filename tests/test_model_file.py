"""The model file: whole or not at all, with its history inside."""

import json

import h5py
import numpy as np
import pytest
from conftest import full_disk

from digits import model_file, networks
from digits.errors import UserError
from digits.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402 - after TensorFlow has been imported quietly
from keras import layers  # noqa: E402

RECORD = {"recipe": "small", "history": {"accuracy": [0.5, 0.75]}}


def small_network(side=28, classes=10):
    network = keras.Sequential(
        [keras.Input((side, side, 1)), layers.Flatten(), layers.Dense(classes, "softmax")]
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


@pytest.mark.parametrize("name", networks.RECIPES)
def test_older_keras_knows_all_that_is_written_of_a_layer(tmp_path, name):
    network = networks.build(networks.RECIPES[name])
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
    network = networks.build(networks.RECIPES["fast"])
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
    with pytest.raises(UserError, match=r"folder\.h5: it is a folder"):
        model_file.require_place(tmp_path / "folder.h5")


def test_room_for_a_model_is_asked_for_before_training(tmp_path):
    with pytest.raises(UserError, match=r"cannot write .*net\.h5"), full_disk(1_000_000):
        model_file.require_place(tmp_path / "net.h5")
    assert list(tmp_path.iterdir()) == []


def assert_no_model(path, words):
    for read in (model_file.predictor, model_file.training_record):
        with pytest.raises(UserError, match=words) as caught:
            read(path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_missing_model_names_the_way_on(tmp_path):
    assert_no_model(tmp_path / "gone.h5", r"run train_model\.py")


@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_random_bytes_are_no_model(tmp_path, size):
    (tmp_path / "noise.h5").write_bytes(np.random.default_rng(1).bytes(size))
    assert_no_model(tmp_path / "noise.h5", "damaged or no Keras")


def test_hdf5_without_a_model_is_none(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["numbers"] = np.arange(5)
    assert_no_model(tmp_path / "other.h5", "no Keras")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_truncated_model_is_refused(saved, share):
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match="damaged"):
        model_file.predictor(saved)


@pytest.mark.parametrize(("side", "classes"), [(32, 10), (28, 12)])
def test_network_for_other_images_or_classes_is_refused(tmp_path, side, classes):
    small_network(side, classes).save(tmp_path / "net.h5")
    with pytest.raises(UserError, match=r"net\.h5"):
        model_file.predictor(tmp_path / "net.h5")


def test_network_without_a_softmax_is_refused(tmp_path):
    network = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])
    network.save(tmp_path / "net.h5")
    with pytest.raises(UserError, match="softmax"):
        model_file.predictor(tmp_path / "net.h5")


def test_network_without_finite_weights_is_refused(tmp_path):
    network = small_network()
    network.set_weights([np.full_like(w, np.nan) for w in network.get_weights()])
    network.save(tmp_path / "net.h5")
    with pytest.raises(UserError, match=r"net\.h5 .*no numbers"):
        model_file.predictor(tmp_path / "net.h5")


def hostile(path, change):
    """Save a small model, let `change` do its work on the open file and its description."""
    small_network().save(path)
    with h5py.File(path, "r+") as file:
        described = json.loads(file.attrs["model_config"])
        change(file, described["config"]["layers"])
        file.attrs["model_config"] = json.dumps(described)


def kernel_of(file):
    """Return the group and the name of the dense layer's kernel."""
    (layer,) = (name for name in file["model_weights"] if name.startswith("dense"))
    path = next(name for name in file["model_weights"][layer].attrs["weight_names"])
    return file["model_weights"][layer], path


def replaced_kernel(make):
    """Return a change that puts another thing in the kernel's place."""

    def change(file, layers_):
        group, name = kernel_of(file)
        del group[name]
        make(group, name)

    return change


def lambda_layer(file, described):
    described[1] = {"class_name": "Lambda", "config": {"name": "evil", "function": ["4wEA", None]}}


def class_of_another_module(file, described):
    described[-1]["module"] = "os"


def class_of_its_own(file, described):
    described[-1]["registered_name"] = "Evil>Dense"


def lambda_inside_a_layer(file, described):
    described[-1]["config"]["kernel_initializer"] = {"class_name": "__lambda__", "config": {}}


def ten_thousand_layers(file, described):
    described[1:1] = [described[1]] * 10_000


def claimed_gigabytes(group, name):
    group.create_dataset(name, (50_000, 50_000), np.float32)  # none of it is written


def inflated_chunks(group, name):
    group.create_dataset(name, (784, 10), np.float32, chunks=(784, 10), compression="gzip")


def words(group, name):
    group.create_dataset(name, data=["seven"], dtype=h5py.string_dtype())


def same_array_twice(file, described):
    group, name = kernel_of(file)
    group["again"] = group[name]


def weights_elsewhere(file, described):
    del file["model_weights"]
    file["model_weights"] = h5py.ExternalLink("other.h5", "/")


def enormous_layer(file, described):
    described[-1]["config"]["units"] = 10**9


def word_to_the_terminal(file, described):
    described[1]["class_name"] = "Fine\n\x1b[2J" + "x" * 10_000


def layers_inside_layers(file, described):
    inner = {"class_name": "Sequential", "config": {"layers": [described[1]] * 600}}
    described[1:1] = [inner, inner]


def external_storage(group, name):
    group.create_dataset(name, (784, 10), np.float32, external=[("/etc/passwd", 0, 31_360)])


def virtual_storage(group, name):
    layout = h5py.VirtualLayout((784, 10), np.float32)
    layout[:] = h5py.VirtualSource("other.h5", "kernel", (784, 10))
    group.create_virtual_dataset(name, layout)


def external_link(group, name):
    group[name] = h5py.ExternalLink("other.h5", "/kernel")


def soft_link(group, name):
    group[name] = h5py.SoftLink("/elsewhere")


def wrong_shape(group, name):
    group[name] = np.zeros((783, 10), np.float32)


HOSTILE = {
    "Lambda": lambda_layer,
    "a class of its own": class_of_its_own,
    "as Dense": class_of_another_module,
    "__lambda__": lambda_inside_a_layer,
    "layers": ten_thousand_layers,
    "larger than itself": replaced_kernel(claimed_gigabytes),
    "in other files": replaced_kernel(external_storage),
    "arrays in other": replaced_kernel(virtual_storage),
    "links to other": replaced_kernel(external_link),
    "links to": replaced_kernel(soft_link),
    "links": weights_elsewhere,
    "in one stretch": replaced_kernel(inflated_chunks),
    "plain numbers": replaced_kernel(words),
    "in two places": same_array_twice,
    "units beyond": enormous_layer,
    "1,20. layers": layers_inside_layers,
    r"Fine\\n\\x1b\[2Jx": word_to_the_terminal,
    "damaged": replaced_kernel(wrong_shape),
}


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_model_is_refused_and_nothing_of_it_is_run(tmp_path, words, monkeypatch):
    monkeypatch.setattr(keras.models, "load_model", lambda *_, **__: pytest.fail("Keras read it"))
    hostile(tmp_path / "net.h5", HOSTILE[words])
    with pytest.raises(UserError, match=words) as caught:
        model_file.predictor(tmp_path / "net.h5")
    assert "net.h5" in str(caught.value) and "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_file_that_keras_would_read_as_another_kind_is_not_given_to_it(tmp_path):
    network = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Flatten(), layers.ReLU(), layers.Dense(10, "softmax")]
    )
    network.save(tmp_path / "net.h5")
    (tmp_path / "net.h5").rename(tmp_path / "net.keras")
    with pytest.raises(UserError, match=r"ends in \.h5"):
        model_file.predictor(tmp_path / "net.keras")


def enormous_image(file, described):
    described[0]["config"]["batch_shape"] = [None, 9000, 9000, 1]


def test_network_that_asks_for_enormous_images_is_refused_before_one_is_made(tmp_path):
    hostile(tmp_path / "net.h5", enormous_image)
    with pytest.raises(UserError, match="takes no 28×28 images"):
        model_file.predictor(tmp_path / "net.h5")


@pytest.mark.parametrize(("setting", "value"), [("pool_size", 10**9), ("strides", 0)])
def test_windows_beyond_reason_are_refused(tmp_path, setting, value):
    network = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)]
    )
    network.save(tmp_path / "net.h5")
    with h5py.File(tmp_path / "net.h5", "r+") as file:
        described = json.loads(file.attrs["model_config"])
        described["config"]["layers"][1]["config"] |= {setting: [value] * 2, "padding": "same"}
        file.attrs["model_config"] = json.dumps(described)
    with pytest.raises(UserError, match="damaged"):
        model_file.predictor(tmp_path / "net.h5")
