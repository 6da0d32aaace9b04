"""train_model.py --own, and --data with pictures, run as a user runs them."""

import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, assert_quiet, assert_refused, environment_of, printed_digits, runner
from PIL import Image

import train_model
from digits import UserError
from digits.network import model_file, predictor
from digits.own import models


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def run(home, small_data):
    """Return a function that runs a script where MNIST_PATH names the small data."""
    return runner(home, {**environment_of(home), "MNIST_PATH": str(small_data)})


@pytest.fixture(scope="module")
def model(home, run):
    """A model of the recipe "fast" that has learned little."""
    options = ["--recipe", "fast", "--epochs", 4, "--batch-size", 100, "--output", home / "net.h5"]
    result = run("train_model.py", *options)
    assert result.returncode == 0, result.stderr
    return home / "net.h5"


def put_digits(folder, images, labels):
    """Save each image, ink on black, under its label and number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        Image.fromarray(255 - image).save(folder / f"{label}_{number}.png")


@pytest.fixture(scope="module")
def pictures(home):
    """A folder of six pictures of digits, and two that cannot be used."""
    folder = home / "my_digits"
    put_digits(folder, *printed_digits(6, seed=3))
    (folder / "5_damaged.png").write_bytes(b"no picture")
    shutil.copy(ROOT / "examples" / "notes.jpg", folder / "12_notes.jpg")
    return folder


@pytest.fixture(scope="module")
def taught(home, run, model, pictures):
    """What a training on these pictures did, and the path of its model, where one was before."""
    output = home / "models" / "own.h5"
    output.parent.mkdir()
    output.write_bytes(b"the model from before")
    result = run("train_model.py", "--own", pictures, "--model", model, "--output", output)
    assert result.returncode == 0, result.stderr
    return result, output


def test_result_says_how_many_pictures_are_right_before_and_after(taught):
    result, _ = taught
    assert_quiet(result)
    own, validation, *_, saved, next_step = result.stdout.splitlines()
    assert own.startswith("your pictures") and own.endswith(" after (leave-one-out)")
    assert " of 7 right before, " in own, "all that can be read"
    assert validation.startswith("validation accuracy") and "wrong of 100" in validation
    assert saved.endswith(
        "saved as models/own.h5".replace("/", "\\" if sys.platform == "win32" else "/")
    )
    assert "predict_image.py --model" in next_step


def test_what_cannot_be_used_is_said_and_does_not_stop_the_rest(taught):
    lines = taught[0].stderr.splitlines()
    assert sum("5_damaged.png: " in line for line in lines) == 1
    assert sum("12_notes.jpg: not used, it is read as 7258/43, but" in line for line in lines) == 1
    assert any("training on 6 digits in 7 pictures" in line for line in lines)


def test_model_is_saved_like_any_other_with_its_record_and_the_one_before(taught, model):
    _, output = taught
    assert output.with_name("own.previous.h5").read_bytes() == b"the model from before"
    assert {path.name for path in output.parent.iterdir()} == {"own.h5", "own.previous.h5"}
    record = model_file.training_record(output)
    assert record["own"]["pictures"] == 7 and record["own"]["images"] == 6
    assert record["own"]["mixed_with"] == "data in MNIST's layout"
    assert record["recipe"] == "fast" and record["command"].startswith(
        "python train_model.py --own"
    )
    assert {len(values) for values in record["history"].values()} == {5}, "one epoch more"
    images = np.random.default_rng(1).integers(0, 256, (5, 28, 28), np.uint8)
    answers = [predictor.load(path)(images) for path in (model, output)]
    assert np.abs(answers[0] - answers[1]).max() > 1e-4


def test_model_that_was_taught_is_evaluated_with_its_history(taught, run, tmp_path):
    result = run("evaluate_model.py", "--model", taught[1], "--output-dir", tmp_path)
    assert result.returncode == 0, result.stderr
    assert "history" in result.stderr and "left out" not in result.stderr


def test_model_that_has_learned_own_pictures_is_no_start(taught, run, pictures, tmp_path):
    options = ["--model", taught[1], "--output", tmp_path / "net.h5"]
    result = run("train_model.py", "--own", pictures, *options)
    assert_refused(result, "own.h5 has learned own pictures already", "leave --model out")


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_interrupted_training_leaves_everything_as_it_was(home, model, pictures, small_data):
    output = home / "interrupted" / "net.h5"
    output.parent.mkdir()
    output.write_bytes(b"the model from before")
    command = ["--own", pictures, "--model", model, "--output", output]
    process = subprocess.Popen(
        [sys.executable, ROOT / "train_model.py", *map(str, command)],
        env={**environment_of(home), "MNIST_PATH": str(small_data)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    for line in process.stderr:
        if line.startswith("training on"):
            break
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(5)  # seconds: it is past its imports
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out) == (130, ""), err
    assert err.splitlines()[-1] == "interrupted"
    assert output.read_bytes() == b"the model from before"
    assert list(output.parent.iterdir()) == [output]


def test_model_that_forgets_is_not_saved_unless_forced(tmp_path):
    record = {"validation_images": 5_000, "own": {"validation_misses_before": 14}}
    models.require_kept({**record, "validation_misses": 19}, tmp_path, train_model.MAX_FALL)
    worse = {**record, "validation_misses": 20}
    with pytest.raises(UserError, match=r"falls by 0.12 points, more than 0.1: .* --force"):
        models.require_kept(worse, tmp_path / "net.h5", train_model.MAX_FALL)
    models.require_kept(worse, tmp_path / "net.h5", 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--own", "x", "--recipe", "fast"], ["--recipe", "does not go with --own"]),
        (["--own", "x", "--resume"], ["--resume", "does not go with --own"]),
        (["--own", "x", "--epochs", 3], ["--epochs", "does not go with --own"]),
        (["--force"], ["--force is for --own"]),
        (["--model", "net.h5"], ["--model is for --own"]),
        (["--own", "gone"], ["no folder gone"]),
        (["--own", "."], ["no picture with a label", "7_kitchen.jpg"]),
        (["--own", ".", "--model", "gone.h5"], ["no model at gone.h5"]),
    ],
)
def test_what_does_not_fit_is_refused(environment, tmp_path, arguments, words):
    (tmp_path / "new").mkdir()
    run = runner(tmp_path / "new", environment)
    assert_refused(run("train_model.py", *arguments, *at(tmp_path, arguments)), *words)
    assert not list((tmp_path / "new").iterdir())


def at(folder, arguments):
    """Return the option that keeps the project's own models out of a test."""
    return ["--output", folder / "out" / "net.h5"] if "--own" in arguments else []


def test_model_of_another_program_is_refused(run, pictures, tmp_path):
    import keras

    network = keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    )
    network.save(tmp_path / "other.h5")
    options = ["--model", tmp_path / "other.h5", "--output", tmp_path / "net.h5"]
    result = run("train_model.py", "--own", pictures, *options)
    assert result.returncode == 2
    assert "other.h5 was not trained by this project" in result.stderr.splitlines()[-1]
    assert not (tmp_path / "net.h5").exists()


def test_training_takes_a_folder_of_pictures_in_place_of_mnist(run, tmp_path):
    images, labels = printed_digits(60, seed=4)
    for digit in range(10):
        put_digits(tmp_path / "data" / str(digit), images[labels == digit], labels[labels == digit])
    options = ["--recipe", "fast", "--epochs", 1, "--output", tmp_path / "net.h5"]
    result = run("train_model.py", *options, "--data", tmp_path / "data")
    assert result.returncode == 0, result.stderr
    assert "images of your own pictures" in result.stderr and "wrong of 5" in result.stdout
    assert model_file.training_record(tmp_path / "net.h5")["data"] == "your own pictures"


def test_data_without_a_picture_of_some_digit_are_refused(run, pictures, tmp_path):
    options = ["--data", pictures, "--output", tmp_path / "net.h5"]
    result = run("train_model.py", *options)
    assert result.returncode == 2
    assert "no usable picture of " in result.stderr.splitlines()[-1]
    assert not (tmp_path / "net.h5").exists()
