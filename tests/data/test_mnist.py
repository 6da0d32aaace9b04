"""Finding, verifying and splitting the data."""

import gzip
import hashlib
import http.server
import io
import os
import socket
import struct
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import little_memory, needs_mnist

from digits import UserError
from digits.data import mnist, mnist_files


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
    with pytest.raises(UserError, match=r"cut\.npz: it is (damaged|empty)"):
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


DAMAGED = "it is damaged or not in MNIST's format; get it anew"
BOMB = 20_000_000  # bytes of zeros


def assert_damaged(path, said=DAMAGED):
    """Assert that data is refused with this sentence, and with little memory."""
    with little_memory(), pytest.raises(UserError, match=said):
        mnist.load("test", path)


def npy(array, shape=None):
    """Return an array as NumPy's file of it, whose header may give another shape."""
    file = io.BytesIO()
    description = np.lib.format.header_data_from_array_1_0(array) | {"shape": shape or array.shape}
    np.lib.format.write_array_header_1_0(file, description)
    return file.getvalue() + array.tobytes()


def write_npz(path, method, images, labels):
    with zipfile.ZipFile(path, "w", method, compresslevel=1) as archive:
        archive.writestr("x_test.npy", images)
        archive.writestr("y_test.npy", labels)
    return path


def test_fortran_arrays_are_read_as_others_are(tmp_path, small_arrays, small_data):
    turned = np.asfortranarray(small_arrays["x_test"])
    path = save(tmp_path / "turned.npz", small_arrays, x_test=turned)
    images, labels, *_ = mnist.load("test", path)
    np.testing.assert_array_equal(images, small_arrays["x_test"])
    expected = mnist.load("test", small_data).images
    assert mnist.checksum(images, labels) == mnist.checksum(expected, labels)


METHODS = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED}
OTHER_METHODS = {"bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}


@pytest.mark.parametrize("method", (METHODS | OTHER_METHODS).values(), ids=METHODS | OTHER_METHODS)
def test_npz_with_more_in_it_than_its_header_says_is_not_unpacked(tmp_path, small_arrays, method):
    images = npy(small_arrays["x_test"]) + bytes(BOMB)
    assert_damaged(write_npz(tmp_path / "a.npz", method, images, npy(small_arrays["y_test"])))


@pytest.mark.parametrize("method", OTHER_METHODS.values(), ids=OTHER_METHODS)
def test_npz_packed_as_numpy_packs_none_is_not_unpacked(tmp_path, method):
    images, labels = np.zeros((25_000, 28, 28), np.uint8), np.zeros(25_000, np.uint8)
    assert_damaged(write_npz(tmp_path / "a.npz", method, npy(images), npy(labels)))


COUNTS = [2**31 - 1, 2**32 - 1, 2**63, 10**30, -1, 0, mnist_files.MOST_IMAGES + 1]


@pytest.mark.parametrize("count", COUNTS)
def test_npz_of_more_images_than_can_be_is_refused_by_its_header(tmp_path, small_arrays, count):
    images = npy(small_arrays["x_test"], (count, 28, 28))
    labels = npy(small_arrays["y_test"], (count,))
    path = write_npz(tmp_path / "a.npz", zipfile.ZIP_STORED, images, labels)
    assert_damaged(path, "not in MNIST's layout|" + DAMAGED)


def test_more_images_than_memory_has_room_for_are_refused(
    tmp_path, small_arrays, small_data, monkeypatch
):
    monkeypatch.setattr(mnist_files, "MOST_IMAGES", len(small_arrays["x_test"]) - 1)
    for path in (small_data, idx_folder(tmp_path / "idx", small_arrays, "-", ".gz")):
        assert_damaged(path, "test images are 200, not 1 to 199")


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_npz_with_less_in_it_than_its_header_says_is_refused(tmp_path, small_arrays, method):
    images = npy(small_arrays["x_test"], (400_000, 28, 28))
    labels = npy(small_arrays["y_test"], (400_000,))
    assert_damaged(write_npz(tmp_path / "a.npz", method, images, labels))


def test_zip_of_very_many_members_is_not_listed(tmp_path):
    member = b"PK\1\2" + bytes(42)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 40_000, 40_000, 40_000 * len(member), 0, 0)
    (tmp_path / "a.npz").write_bytes(40_000 * member + end)
    assert_damaged(tmp_path / "a.npz")


def hostile_folder(folder, arrays, start, rest=b""):
    """Return an IDX folder, gzipped, whose test images have another start, and more behind."""
    path = idx_folder(folder, arrays, "-", ".gz") / "t10k-images-idx3-ubyte.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(start + arrays["x_test"].tobytes() + rest)
    return path


@pytest.mark.parametrize("value", [0, 1, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize("field", [0, 1, 2, 3])
def test_idx_with_a_hostile_header_is_refused(tmp_path, small_arrays, field, value):
    header = [0x803, 200, 28, 28]
    header[field] = value
    hostile_folder(tmp_path / "idx", small_arrays, struct.pack(">4I", *header))
    assert_damaged(tmp_path / "idx", "t10k-images.*" + DAMAGED + "|not in MNIST's layout")


def test_idx_with_more_in_it_than_its_header_says_is_not_unpacked(tmp_path, small_arrays):
    start = struct.pack(">4I", 0x803, 200, 28, 28)
    hostile_folder(tmp_path / "idx", small_arrays, start, bytes(BOMB))
    assert_damaged(tmp_path / "idx", "t10k-images.*" + DAMAGED)


def test_gzip_whose_checksum_is_wrong_is_refused(tmp_path, small_arrays):
    path = hostile_folder(tmp_path / "idx", small_arrays, struct.pack(">4I", 0x803, 200, 28, 28))
    assert mnist.load("test", tmp_path / "idx").name
    packed = bytearray(path.read_bytes())
    packed[-8] ^= 1
    path.write_bytes(packed)
    assert_damaged(tmp_path / "idx", "t10k-images.*" + DAMAGED)


@pytest.mark.parametrize("error", [OverflowError, IndexError, TypeError, RecursionError])
def test_whatever_numpy_raises_of_a_damaged_file_is_a_sentence(small_data, monkeypatch, error):
    def fail(file):
        raise error("deep inside")

    monkeypatch.setattr(np.lib.format, "read_array_header_1_0", fail)
    assert_damaged(small_data, "small.npz: " + DAMAGED)


@pytest.mark.parametrize("name", ["train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_file_stands_for_its_folder(tmp_path, small_arrays, ending, name):
    folder = idx_folder(tmp_path / "idx", small_arrays, "-", ending)
    images = mnist.load("test", folder / f"{name}{ending}").images
    np.testing.assert_array_equal(images, small_arrays["x_test"])


def test_device_and_nul_are_refused_and_not_opened(tmp_path):
    assert_damaged(os.devnull, "it is a device, not a file")
    for path in ("a\0b.npz", "~\0/b.npz"):
        assert_damaged(path, "NUL character")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_sockets_are_refused_and_not_opened(tmp_path, monkeypatch, small_arrays):
    os.mkfifo(tmp_path / "pipe.npz")
    assert_damaged(tmp_path / "pipe.npz", "pipe.npz: it is a named pipe, not a file")
    monkeypatch.setenv("MNIST_PATH", str(tmp_path / "pipe.npz"))
    assert_damaged(None, "it is a named pipe")
    labels = idx_folder(tmp_path / "idx", small_arrays, "-", "") / "t10k-labels-idx1-ubyte"
    labels.unlink()
    os.mkfifo(labels)
    assert_damaged(tmp_path / "idx", "t10k-labels-idx1-ubyte: it is a named pipe")
    monkeypatch.chdir(tmp_path)  # the name of a socket has to be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.npz")
        assert_damaged("socket.npz", "it is a socket")


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


def test_empty_file_is_refused_by_name(tmp_path):
    (tmp_path / "empty.npz").touch()
    with pytest.raises(UserError, match=r"empty\.npz: it is empty"):
        mnist.load("test", tmp_path / "empty.npz")


def test_missing_home_folder_is_a_sentence(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    for name in ("KERAS_HOME", "MNIST_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(mnist.NotFoundError, match=r"no home folder.*--data PATH"):
        mnist.load("test")


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """The cache file of a user who has nothing."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("MNIST_PATH", raising=False)
    path = mnist.cache_path()
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def address(small_data, monkeypatch):
    """The address from which `small_data` is downloaded, and what is expected of it."""
    monkeypatch.setattr(mnist, "URL", small_data.as_uri())
    monkeypatch.setattr(mnist, "FILE_SHA256", hashlib.sha256(small_data.read_bytes()).hexdigest())
    mnist.download_failure.cache_clear()
    yield monkeypatch.setattr
    mnist.download_failure.cache_clear()


@pytest.mark.parametrize("damaged", [False, True])
def test_missing_and_damaged_caches_are_downloaded(empty_cache, address, small_arrays, damaged):
    if damaged:
        empty_cache.write_bytes(b"<html>please log in</html>")
    np.testing.assert_array_equal(mnist.load("test").labels, small_arrays["y_test"])
    address(mnist, "URL", "file:///gone")  # it is in the cache now
    np.testing.assert_array_equal(mnist.load("train").images, small_arrays["x_train"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_in_the_cache_is_refused_and_not_replaced(empty_cache, address):
    os.mkfifo(empty_cache)
    assert_damaged(None, r"mnist\.npz: it is a named pipe")


def test_failed_download_names_what_was_tried_and_the_way_on(empty_cache, address):
    address(mnist, "URL", "file:///gone/mnist.npz")
    with pytest.raises(mnist.NotFoundError) as caught:
        mnist.load("test")
    for words in ("MNIST_PATH", str(empty_cache), "is missing", "No such file", "--data PATH"):
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_failed_download_is_tried_once_in_a_process(empty_cache, address, capsys):
    address(mnist, "URL", "file:///gone/mnist.npz")
    for _ in range(2):
        with pytest.raises(mnist.NotFoundError):
            mnist.load("test")
    assert capsys.readouterr().err.count("downloading MNIST") == 1


def test_download_of_another_file_is_refused_and_leaves_the_cache_as_it_was(empty_cache, address):
    address(mnist, "FILE_SHA256", "0" * 64)
    with pytest.raises(mnist.NotFoundError, match="what came is not MNIST"):
        mnist.load("test")
    assert not list(empty_cache.parent.iterdir())


class Server(http.server.BaseHTTPRequestHandler):
    """Sends a byte of ten, and nothing more for as long as its client waits."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"P")
        self.server.is_done.wait()

    def log_message(self, *words):
        pass


def test_server_that_falls_silent_is_given_up(empty_cache, address, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    address(mnist, "LONGEST_SILENCE", 0.2)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.is_done = threading.Event()
        threading.Thread(target=server.serve_forever).start()
        address(mnist, "URL", f"http://127.0.0.1:{server.server_port}/mnist.npz")
        with pytest.raises(mnist.NotFoundError, match="timed out"):
            mnist.load("test")
        server.is_done.set()
        server.shutdown()
    assert not list(empty_cache.parent.iterdir())


def test_download_that_takes_too_long_is_given_up(empty_cache, address):
    address(mnist, "LONGEST_DOWNLOAD", 0)
    with pytest.raises(mnist.NotFoundError, match="it took over 0 s"):
        mnist.load("test")
