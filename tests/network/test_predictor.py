"""Models are loaded whole, or refused in a sentence; nothing in a hostile file is run."""

import json
import os
import struct
from zipfile import ZIP_DEFLATED, ZipFile

import h5py
import numpy as np
import pytest
from conftest import little_memory

from digits import UserError
from digits.network import model_file, numpy_network, predictor
from digits.network.model_safety import NeedsTrustError
from digits.network.tensorflow_start import import_tensorflow

import_tensorflow()
import keras  # noqa: E402 - after TensorFlow has been imported quietly
from keras import layers  # noqa: E402


def small_network(side=28, classes=10):
    return keras.Sequential(
        [keras.Input((side, side, 1)), layers.Flatten(), layers.Dense(classes, "softmax")]
    )


@pytest.fixture
def saved(tmp_path):
    model_file.save(small_network(), {}, tmp_path / "net.h5")
    return tmp_path / "net.h5"


def assert_no_model(path, words):
    for read in (predictor.load, model_file.training_record):
        with pytest.raises(UserError, match=words) as caught:
            read(path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_missing_model_names_the_way_on(tmp_path):
    assert_no_model(tmp_path / "gone.h5", r"run train_model\.py")


@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_random_bytes_are_no_model(tmp_path, size):
    (tmp_path / "noise.h5").write_bytes(np.random.default_rng(1).bytes(size))
    assert_no_model(tmp_path / "noise.h5", "damaged or no Keras" if size else "is empty")


def test_hdf5_without_a_model_is_none(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["numbers"] = np.arange(5)
    assert_no_model(tmp_path / "other.h5", "no Keras")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_truncated_model_is_refused(saved, share):
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match="damaged"):
        predictor.load(saved)


@pytest.mark.parametrize(("side", "classes"), [(32, 10), (28, 12)])
def test_network_for_other_images_or_classes_is_refused(tmp_path, side, classes):
    small_network(side, classes).save(tmp_path / "net.h5")
    with pytest.raises(UserError, match=r"net\.h5"):
        predictor.load(tmp_path / "net.h5")


def test_network_without_finite_weights_is_refused(tmp_path):
    network = small_network()
    network.set_weights([np.full_like(w, np.nan) for w in network.get_weights()])
    network.save(tmp_path / "net.h5")
    with pytest.raises(UserError, match=r"net\.h5 .*not finite numbers"):
        predictor.load(tmp_path / "net.h5")


def test_answer_that_is_no_number_is_a_sentence(saved):
    with h5py.File(saved, "r+") as file:
        group, name = kernel_of(file)
        group[name][256] = 3e38  # of a pixel that is 0 in the images that a model is tried on
    predict = predictor.load(saved)
    with pytest.raises(UserError, match=r"net\.h5 has outputs that are not finite numbers"):
        predict(np.full((1, 28, 28), 255, np.uint8))


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
    inner = {"name": "inner", "layers": [described[1]] * 600}
    described[1:1] = [{"class_name": "Sequential", "config": inner}]


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


def layers_of_one_name(file, described):
    described[1:1] = [described[1]]


def layers_in_thousands(file, described):
    described[1:1] = [described[1]] * 10_000


def weights_in_whole_numbers(group, name):
    group[name] = np.ones((784, 10), np.int8)


def second_kernel(file, described):
    group, name = kernel_of(file)
    group[f"beside/{name.rpartition('/')[2]}"] = group[name][()]


def adapted_kernel(file, described):
    group, name = kernel_of(file)
    group[f"{name.rpartition('/')[0]}/lora_kernel_a"] = np.ones((784, 2), np.float32)


def settings_of(kind, **settings):
    """Return a change that puts a layer of that kind and settings before the others."""

    def change(file, described):
        config = {"name": "added", "axis": -1, "scale": True, "center": True, **settings}
        described[1:1] = [{"class_name": kind, "config": config}]
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        for name in names if kind == "BatchNormalization" else ():
            file[f"model_weights/added/{name}"] = np.ones(1, np.float32)

    return change


REFUSED = {  # by what the sentence says
    "holds a Lambda layer": [lambda_layer, lambda_inside_a_layer],
    "has a class of its own as Dense": [class_of_another_module, class_of_its_own],
    "has 10,00. layers": [layers_in_thousands],
    r"has a layer of kind Fine\\n\\x1b\[2Jx": [word_to_the_terminal],
    "has a layer of kind Sequential": [layers_inside_layers],
    "has arrays in other files": [replaced_kernel(external_storage)],
    "has arrays that do not lie in one stretch": [replaced_kernel(virtual_storage)],
    "has groups of a later version": [replaced_kernel(external_link), weights_elsewhere],
    "has links to other places": [replaced_kernel(soft_link)],
    "has compressed arrays": [replaced_kernel(inflated_chunks)],
    "has arrays that are not plain numbers": [replaced_kernel(words)],
    "has weights in whole numbers": [replaced_kernel(weights_in_whole_numbers)],
    "has scale in the layer added that is no number": [
        settings_of("Rescaling", scale=[0] * 1_000, offset=0)
    ],
    "has epsilon in the layer added that is no number": [
        settings_of("BatchNormalization", epsilon=[0] * 1_000)
    ],
    "has a softmax along axis 1": [
        settings_of("Activation", activation={"class_name": "Softmax", "config": {"axis": 1}})
    ],
    "has more weights in the layer dense": [second_kernel, adapted_kernel],
    "is damaged": [
        replaced_kernel(claimed_gigabytes),
        replaced_kernel(wrong_shape),
        same_array_twice,
        enormous_layer,
        layers_of_one_name,
    ],
}
CHANGES = [(words, change) for words, changes in REFUSED.items() for change in changes]


@pytest.mark.parametrize(("words", "change"), CHANGES)
def test_hostile_model_is_refused_and_nothing_of_it_is_run(tmp_path, words, change, monkeypatch):
    monkeypatch.setattr(keras.models, "load_model", lambda *_, **__: pytest.fail("Keras read it"))
    hostile(tmp_path / "net.h5", change)
    with pytest.raises(UserError, match=words) as caught:
        predictor.load(tmp_path / "net.h5")
    assert "net.h5" in str(caught.value) and "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "change", [lambda_layer, weights_elsewhere, *map(replaced_kernel, (soft_link, virtual_storage))]
)
def test_model_that_runs_code_or_reads_other_files_is_refused_with_trust_too(
    tmp_path, change, monkeypatch
):
    monkeypatch.setattr(keras.models, "load_model", lambda *_, **__: pytest.fail("Keras read it"))
    hostile(tmp_path / "net.h5", change)
    with pytest.raises(UserError, match="not loaded"):
        predictor.load(tmp_path / "net.h5", trust=True)


def test_description_that_says_a_thing_twice_is_refused(saved):
    with h5py.File(saved, "r+") as file:
        text = file.attrs["model_config"]
        file.attrs["model_config"] = text.replace('"units":', '"units": 10, "units":')
    with pytest.raises(UserError, match="damaged"):
        predictor.load(saved)


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_keras_s_own_format_is_kept_safe_with_trust(tmp_path, ending, monkeypatch):
    asked = {}
    monkeypatch.setattr(keras.models, "load_model", lambda *_, **how: asked.update(how))
    network = keras.Sequential([keras.Input((28, 28, 1)), layers.UpSampling2D(), layers.Flatten()])
    network.save(tmp_path / f"net{ending}")
    with pytest.raises(UserError):
        predictor.load(tmp_path / f"net{ending}", trust=True)
    assert asked == {"compile": False, "safe_mode": True}


def branches_in_hundreds():
    pixels = keras.Input((28, 28, 1))
    values = layers.Concatenate()([layers.ZeroPadding2D(40)(pixels) for _ in range(500)])
    return keras.Model(pixels, layers.GlobalAveragePooling2D()(values))


def values_in_millions():
    return keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Conv2D(6_000, 1), layers.GlobalMaxPooling2D()]
    )


def pools_in_hundreds():
    pools = [layers.MaxPooling2D(28, strides=1, padding="same") for _ in range(200)]
    return keras.Sequential([keras.Input((28, 28, 1)), *pools, layers.Flatten()])


def padding_in_millions():
    padding = layers.ZeroPadding2D(9_000)
    return keras.Sequential([keras.Input((28, 28, 1)), padding, layers.GlobalMaxPooling2D()])


def edges_of_a_pool():
    parts = [layers.Dense(9_000), layers.Reshape((1, 1, 9_000))]
    pool = layers.MaxPooling2D(28, padding="same")
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), *parts, pool])


BEYOND = {
    edges_of_a_pool: "values at a time",
    branches_in_hundreds: "values at a time",
    values_in_millions: "values at a time",
    padding_in_millions: "values at a time",
    pools_in_hundreds: "more to compute",
}


@pytest.mark.parametrize("build", BEYOND)
def test_network_beyond_the_budget_is_refused_before_it_computes(tmp_path, build, monkeypatch):
    build().save(tmp_path / "net.h5")
    monkeypatch.setattr(numpy_network.Network, "values", lambda *_: pytest.fail("it computes"))
    with pytest.raises(NeedsTrustError, match=BEYOND[build]):
        predictor.load(tmp_path / "net.h5")


OTHER_KINDS = {
    "net.tflite": (b"\x1c\0\0\0TFL3", "a TensorFlow Lite model"),
    "net.h5": (b"\x20\0\0\0TFL3", "a TensorFlow Lite model"),
    "frozen.pb": (b"\n\x0f\n\x01x", "a TensorFlow graph"),
    "net.pt": (b"PK\x03\x04", "a PyTorch model"),
    "net.onnx": (b"\x08\x07", "an ONNX model"),
    "net.pkl": (b"\x80\x04", "a pickle"),
    "model.json": (b"{}", "without its weights"),
}


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_other_kinds_of_models_are_named_with_the_way_on(tmp_path, name):
    content, kind = OTHER_KINDS[name]
    (tmp_path / name).write_bytes(content)
    assert_no_model(tmp_path / name, rf"is .*{kind}.*model\.save\('net\.h5'\)")


def test_saved_model_folder_is_named_with_the_way_on(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").touch()
    assert_no_model(tmp_path / "saved", "is a SavedModel folder")


def test_weights_without_their_network_are_named_with_the_way_on(tmp_path):
    small_network().save_weights(tmp_path / "net.weights.h5")
    assert_no_model(tmp_path / "net.weights.h5", "weights without their network")
    with h5py.File(tmp_path / "older.h5", "w") as file:  # as Keras 2 writes them
        file.attrs["layer_names"] = ["dense"]
    assert_no_model(tmp_path / "older.h5", "weights without their network")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_as_a_model_is_refused(tmp_path):
    os.mkfifo(tmp_path / "net.h5")
    assert_no_model(tmp_path / "net.h5", "is a named pipe")


def test_network_of_keras_before_2_2_3_is_read(saved):
    images = np.random.default_rng(1).integers(0, 256, (3, 28, 28), np.uint8)
    before = predictor.load(saved)(images)
    with h5py.File(saved, "r+") as file:
        model = json.loads(file.attrs["model_config"])
        model["config"] = model["config"]["layers"][1:]  # a list, without an input of its own
        model["config"][0]["config"]["batch_input_shape"] = [None, 28, 28, 1]
        file.attrs["model_config"] = json.dumps(model)
    np.testing.assert_array_equal(predictor.load(saved)(images), before)


def test_branches_as_keras_2_describes_them_are_read(tmp_path):
    pixels = keras.Input((28, 28, 1), name="pixels")
    parts = [layers.Dense(10, name=name)(layers.Flatten()(pixels)) for name in ("a", "b")]
    keras.Model(pixels, layers.Softmax(name="c")(layers.Add(name="sum")(parts))).save(
        tmp_path / "net.h5"
    )
    images = np.random.default_rng(1).integers(0, 256, (3, 28, 28), np.uint8)
    before = predictor.load(tmp_path / "net.h5")(images)
    with h5py.File(tmp_path / "net.h5", "r+") as file:
        model = json.loads(file.attrs["model_config"])
        for layer in model["config"]["layers"]:
            layer["inbound_nodes"] = [as_keras_2(use) for use in layer["inbound_nodes"]]
        file.attrs["model_config"] = json.dumps(model | {"class_name": "Model"})
    np.testing.assert_array_equal(predictor.load(tmp_path / "net.h5")(images), before)


def as_keras_2(use):
    """Return a use of a layer as Keras 2 describes it."""
    tensors = use["args"][0] if isinstance(use["args"][0], list) else use["args"]
    return [[*tensor["config"]["keras_history"], {}] for tensor in tensors]


def zipped(path, **parts):
    """Write a .keras of these parts instead of a small model's own."""
    small_network().save(path)
    with ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content |= {name.replace("_", "."): part for name, part in parts.items()}
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, part in content.items():
            archive.writestr(name, part)


def assert_damaged_zip(path):
    with little_memory():
        assert_no_model(path, "damaged")


def test_zip_of_more_than_a_model_has_is_not_unpacked(tmp_path):
    zipped(tmp_path / "net.keras", model_weights_h5=bytes(300_000_000))
    assert_damaged_zip(tmp_path / "net.keras")


def test_zip_is_unpacked_no_further_than_its_directory_says(tmp_path):
    zipped(tmp_path / "net.keras", model_weights_h5=bytes(100_000_000))
    data = (tmp_path / "net.keras").read_bytes()
    claimed = data.replace(struct.pack("<I", 100_000_000), struct.pack("<I", 1_000))
    assert claimed != data
    (tmp_path / "net.keras").write_bytes(claimed)
    assert_damaged_zip(tmp_path / "net.keras")


def test_zip_of_very_many_members_is_not_listed(tmp_path):
    count, name = 100_000, b"name"
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", *[0] * 9, len(name), *[0] * 6) + name
    size = count * len(entry)
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, 4)
    end += struct.pack("<4sLQL", b"PK\6\7", 0, 4 + size, 1)  # where the end of a zip64 is
    end += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, 100, 0, 0)
    (tmp_path / "net.keras").write_bytes(b"PK\3\4" + entry * count + end)
    assert_damaged_zip(tmp_path / "net.keras")


def enormous_image(file, described):
    described[0]["config"]["batch_shape"] = [None, 9000, 9000, 1]


def test_network_that_asks_for_enormous_images_is_refused_before_one_is_made(tmp_path):
    hostile(tmp_path / "net.h5", enormous_image)
    with pytest.raises(UserError, match="does not take images of 28×28"):
        predictor.load(tmp_path / "net.h5")


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
        predictor.load(tmp_path / "net.h5")
