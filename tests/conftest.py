"""What several tests need: the scripts as a user runs them, and small data to run them on."""

import os
import subprocess
import sys
import tracemalloc
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from digits.data import mnist, synthetic
from digits.data.mnist_form import as_mnist

ROOT = Path(__file__).resolve().parent.parent
PRETRAINED = ROOT / "models" / "pretrained.h5"


MNIST_PATH = Path(os.environ.get("MNIST_PATH") or mnist.cache_path())


def has_mnist():
    """Whether MNIST is here without a download."""
    return MNIST_PATH.exists()


needs_mnist = pytest.mark.skipif(not has_mnist(), reason="MNIST is not on this machine")


@pytest.fixture(scope="session")
def mnist_test():
    """MNIST's test images, read without a download."""
    if not has_mnist():
        pytest.skip("MNIST is not on this machine")
    return mnist.load("test")


@contextmanager
def full_disk(size):
    """In this block no file may grow beyond `size` bytes: what a full disk is to a program."""
    resource = pytest.importorskip("resource", reason="no limit to set on Windows")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def little_memory():
    """Assert that the block needs no more than 12 MB."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="session")
def shipped_model():
    """The path of the model that comes with the project."""
    return PRETRAINED


def printed_digits(count, seed):
    """Return images (count, 28, 28) and labels of printed digits, each turned and sized anew."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, count).astype(np.uint8)
    return np.stack([printed_digit(label, random) for label in labels]), labels


def printed_digit(label, random):
    page = Image.new("L", (96, 96))
    font = ImageFont.load_default(size=random.integers(44, 60))
    ImageDraw.Draw(page).text((48, 48), str(label), fill=255, font=font, anchor="mm")
    turned = page.rotate(random.uniform(-12, 12), Image.Resampling.BILINEAR)
    left, top, right, bottom = turned.getbbox()
    return as_mnist(np.asarray(turned, np.float32)[top:bottom, left:right])


@pytest.fixture(scope="session")
def small_arrays():
    """The four arrays of a small data set in MNIST's layout, by name."""
    x_train, y_train = synthetic.digits(1200, seed=1)
    x_test, y_test = synthetic.digits(200, seed=2)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


@pytest.fixture(scope="session")
def small_data(small_arrays, tmp_path_factory):
    """The path of that data set as an .npz."""
    path = tmp_path_factory.mktemp("data") / "small.npz"
    np.savez_compressed(path, **small_arrays)
    return path


PREDICTING = ("predict_image.py", "evaluate_model.py")
UNSET = {"DISPLAY", "WAYLAND_DISPLAY", "MNIST_PATH", "KERAS_HOME", "PYTHONPATH"}


def environment_of(home):
    """Return the environment of a user without a screen, a cache, MNIST or the internet."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    dead = "http://127.0.0.1:9"  # the discard port: refuses at once
    quiet = {"MPLBACKEND": "Agg", "PYTHONUTF8": "1"}  # no window, whatever the machine
    homes = {"HOME": str(home), "USERPROFILE": str(home)}
    return {**kept, **quiet, **homes, "http_proxy": dead, "https_proxy": dead}


def runner(folder, environment):
    """Return a function that runs a script from a folder, and returns what it did.

    Without `--model`, a script that takes one gets the pretrained model: a user may have another.
    """

    def run_script(name, *arguments, stdin="", python=(), **variables):
        if name in PREDICTING and not any(str(each).startswith("--model") for each in arguments):
            arguments = ("--model", PRETRAINED, *arguments)
        return subprocess.run(
            [sys.executable, *python, ROOT / name, *map(str, arguments)],
            check=False,
            cwd=folder,
            env={**environment, **{key: str(value) for key, value in variables.items()}},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=600,  # seconds: only what hangs takes so long, however busy the machine
        )

    return run_script


@pytest.fixture
def environment(tmp_path):
    return environment_of(tmp_path / "home")


@pytest.fixture
def run(environment, tmp_path):
    """Return a function that runs a script from a folder of its own, and returns what it did."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return runner(folder, environment)


NOISE = ("tensorflow", "oneDNN", "cuda", "absl", "WARNING", "Warning", "I0000", "E0000")


def assert_quiet(result):
    """Assert that no library spoke up."""
    for line in (result.stdout + result.stderr).splitlines():
        assert not any(word in line for word in NOISE), line


def assert_refused(result, *words):
    """Assert that a script said in one sentence what is wrong, with these words in it."""
    assert result.returncode == 2, result.stderr
    assert result.stderr.endswith("\n"), result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr
