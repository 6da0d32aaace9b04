"""Finding, verifying and splitting the data."""

import gzip
import struct

import numpy as np
import pytest
from conftest import needs_mnist

from digits import mnist
from digits.errors import UserError


def write_idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wb") as file:
        file.write(header + array.tobytes())


def idx_folder(folder, arrays, join, ending):
    folder.mkdir()
    for part, stem in (("train", "train"), ("test", "t10k")):
        write_idx(folder / f"{stem}-images{join}idx3-ubyte{ending}", arrays[f"x_{part}"])
        write_idx(folder / f"{stem}-labels{join}idx1-ubyte{ending}", arrays[f"y_{part}"])
    return folder


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("join", ["-", "."])
@pytest.mark.parametrize("part", ["train", "test"])
def test_idx_folder_holds_the_same_as_npz(tmp_path, small_arrays, small_data, join, ending, part):
    folder = idx_folder(tmp_path / "idx", small_arrays, join, ending)
    from_idx, from_npz = mnist.load(part, folder), mnist.load(part, small_data)
    np.testing.assert_array_equal(from_idx.images, small_arrays[f"x_{part}"])
    np.testing.assert_array_equal(from_idx.images, from_npz.images)
    np.testing.assert_array_equal(from_idx.labels, from_npz.labels)


def test_validation_is_the_last_twelfth(small_arrays, small_data):
    training, validation = mnist.load_training(small_data)
    assert len(validation.images) == 100
    np.testing.assert_array_equal(training.images, small_arrays["x_train"][:1100])
    np.testing.assert_array_equal(validation.labels, small_arrays["y_train"][1100:])


@needs_mnist
def test_mnist_itself_is_known_by_its_arrays():
    training, validation = mnist.load_training()
    assert (len(training.images), len(validation.images)) == (55_000, 5_000)
    assert training.name == mnist.load("test").name == mnist.MNIST


def test_other_data_is_accepted_and_named_so(small_data):
    assert mnist.load("test", small_data).name == mnist.NOT_MNIST


def save(path, arrays, **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{**arrays, **changes})
    return path


def test_data_goes_before_mnist_path_and_that_before_the_cache(tmp_path, small_arrays, monkeypatch):
    def labelled(name, label):
        return save(tmp_path / name, small_arrays, y_test=np.full(200, label))

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("MNIST_PATH", raising=False)
    labelled("keras/datasets/mnist.npz", 1)
    assert mnist.load("test").labels[0] == 1
    monkeypatch.setenv("MNIST_PATH", str(labelled("variable.npz", 2)))
    assert mnist.load("test").labels[0] == 2
    assert mnist.load("test", labelled("data.npz", 3)).labels[0] == 3


BAD_ARRAYS = {
    "float images": {"x_test": np.zeros((200, 28, 28))},
    "another size": {"x_test": np.zeros((200, 32, 32), np.uint8)},
    "a channel": {"x_test": np.zeros((200, 28, 28, 1), np.uint8)},
    "fewer labels": {"y_test": np.zeros(199, np.uint8)},
    "one-hot labels": {"y_test": np.zeros((200, 10), np.uint8)},
    "a label of 10": {"y_test": np.full(200, 10)},
    "a label of -1": {"y_test": np.full(200, -1)},
    "no images": {"x_test": np.zeros((0, 28, 28), np.uint8), "y_test": np.zeros(0, np.uint8)},
    "pickled labels": {"y_test": np.array([None] * 200)},
}


@pytest.mark.parametrize("changes", BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_arrays_that_are_no_digits_are_refused(tmp_path, small_arrays, changes):
    with pytest.raises(UserError, match=r"bad\.npz"):
        mnist.load("test", save(tmp_path / "bad.npz", small_arrays, **changes))


def test_other_arrays_are_refused_by_name(tmp_path):
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    with pytest.raises(UserError, match=r"other\.npz: it lacks the array x_test"):
        mnist.load("test", tmp_path / "other.npz")


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_truncated_npz_is_refused(tmp_path, small_data, share):
    whole = small_data.read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match=r"cut\.npz: it is damaged"):
        mnist.load("train", tmp_path / "cut.npz")


@pytest.mark.parametrize("keep", [0, 3, 10, 5000])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_truncated_idx_is_refused(tmp_path, small_arrays, ending, keep):
    folder = idx_folder(tmp_path / "idx", small_arrays, "-", ending)
    path = folder / f"t10k-images-idx3-ubyte{ending}"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match="idx"):
        mnist.load("test", folder)


def test_folder_without_idx_files_is_refused_by_what_it_lacks(tmp_path):
    with pytest.raises(UserError, match="t10k-images-idx3-ubyte"):
        mnist.load("test", tmp_path)


def test_single_array_and_missing_file_are_refused(tmp_path):
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(UserError, match=r"one\.npy"):
        mnist.load("test", tmp_path / "one.npy")
    with pytest.raises(UserError, match=r"gone\.npz"):
        mnist.load("test", tmp_path / "gone.npz")


def test_too_few_images_to_validate_on_are_refused(tmp_path, small_arrays):
    few = {name: array[:11] for name, array in small_arrays.items()}
    with pytest.raises(UserError, match="11 training images"):
        mnist.load_training(save(tmp_path / "few.npz", few))


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """The cache file of a user who has nothing."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("MNIST_PATH", raising=False)
    path = mnist.cache_path()
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize("damaged", [False, True])
def test_missing_and_damaged_caches_are_downloaded(empty_cache, small_arrays, monkeypatch, damaged):
    from keras.datasets import mnist as keras_mnist

    a = small_arrays
    pairs = ((a["x_train"], a["y_train"]), (a["x_test"], a["y_test"]))
    monkeypatch.setattr(keras_mnist, "load_data", lambda: pairs)
    if damaged:
        empty_cache.write_bytes(b"<html>please log in</html>")
    np.testing.assert_array_equal(mnist.load("test").labels, a["y_test"])
    np.testing.assert_array_equal(mnist.load("train").images, a["x_train"])


def test_failed_download_names_what_was_tried_and_the_way_on(empty_cache, monkeypatch):
    from keras.datasets import mnist as keras_mnist

    def fail():
        raise Exception("URL fetch failure\non a second line")

    monkeypatch.setattr(keras_mnist, "load_data", fail)
    with pytest.raises(UserError) as caught:
        mnist.load("test")
    for words in ("MNIST_PATH", str(empty_cache), "URL fetch failure", "--data PATH"):
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)
