"""train_model.py, run as a user runs it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import (
    ROOT,
    assert_quiet,
    assert_refused,
    environment_of,
    runner,
)

import train_model
from digits.data import synthetic
from digits.files import locked
from digits.network import model_file, predictor, recipes

SHORT = ["--recipe", "fast", "--epochs", "5", "--batch-size", "100", "--seed", "3"]


@pytest.fixture(scope="module")
def trainings(tmp_path_factory, small_data):
    """The trainings of these tests, two at a time, for each of them keeps one core at work.

    Futures of what each returns, by its name.
    """
    each = [finish, train_without_mnist, kill]
    each += [interrupt] if sys.platform != "win32" else []
    with ThreadPoolExecutor(2) as pool:
        yield {
            train.__name__: pool.submit(train, tmp_path_factory.mktemp("training"), small_data)
            for train in each
        }


def finish(folder, data):
    """Train in an odd surrounding; return what was said and the model.

    Keras's own settings are none of ours, warnings are errors, the project's folder is not on
    Python's path, and matplotlib's backend is not installed.
    """
    settings = folder / "home" / ".keras" / "keras.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"backend": "jax", "image_data_format": "channels_first"}')
    run = runner(folder, {**environment_of(folder / "home"), "MPLBACKEND": "not installed"})
    arguments = [*SHORT, "--output", "new/net.h5", "--data", data]
    result = run("train_model.py", *arguments, python=["-I", "-W", "error"])
    assert result.returncode == 0, result.stderr
    return result, folder / "new" / "net.h5"


@pytest.fixture
def finished(trainings):
    return trainings["finish"].result()


def test_training_prints_its_result_and_saves_a_model(finished):
    result, model = finished
    assert_quiet(result)
    accuracy, saved, next_step = result.stdout.splitlines()
    assert "wrong of 100" in accuracy
    assert saved.endswith(f"saved as {Path('new', 'net.h5')}")
    for script in ("evaluate_model.py", "predict_image.py"):
        assert f"python {script} --model {Path('new', 'net.h5')}" in next_step
    for words in ("Epoch 1/5", "Epoch 5/5", "accuracy: ", "val_loss: "):
        assert words in result.stderr
    record = model_file.training_record(model)
    assert (record["recipe"], record["seed"], record["batch_size"]) == ("fast", 3, 100)
    assert f"{100 * record['history']['val_accuracy'][-1]:.2f} %" in accuracy
    assert record["command"] == " ".join(["python train_model.py", *SHORT])
    assert [path.name for path in model.parent.iterdir()] == ["net.h5"], "the checkpoint is deleted"


def training_until(words, home, *arguments, **variables):
    """Start a training, and return its process once it has said these words."""
    process = subprocess.Popen(
        [sys.executable, ROOT / "train_model.py", *map(str, arguments)],
        env={**environment_of(home), **{name: str(value) for name, value in variables.items()}},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    said = ""
    while words not in said:
        line = process.stderr.readline()
        assert line, f"it ended with {said}"
        said += line
    return process


def interrupt(folder, data):
    """Train the same in a second process, and press Ctrl-C in the third epoch of the first.

    Return the model, the exit status of the first, what it said, and what the second did, without
    `--resume` and with it.
    """
    model = folder / "models" / "net.h5"
    model.parent.mkdir()
    model.write_bytes(b"the model from before")
    arguments = ["--recipe", "standard", "--epochs", 1000, "--output", model]
    process = training_until("Epoch 3/", folder / "home", *arguments, MNIST_PATH=data)
    run = runner(folder, environment_of(folder / "home"))
    second = [run("train_model.py", *more, "--output", model) for more in ([], ["--resume"])]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    return model, process.returncode, out, err, second


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_interrupted_training_leaves_the_model_and_a_checkpoint(trainings):
    model, status, out, err, _ = trainings["interrupt"].result()
    assert status == 130, err
    assert "Traceback" not in err and out == ""
    last = err.splitlines()[-1]
    assert last.startswith("interrupted: ") and "2 of 1000 epochs of 'standard'" in last
    for words in ("net.unfinished.h5", "--resume", "validation accuracy"):
        assert words in last
    assert model.read_bytes() == b"the model from before"
    kept = model.with_name("net.unfinished.h5")
    assert set(model.parent.iterdir()) == {model, kept}
    assert predictor.load(kept)(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_second_training_of_a_model_is_refused_while_the_first_runs(trainings):
    *_, second = trainings["interrupt"].result()
    for result in second:
        assert_refused(result, "another process is writing models/net.h5: wait until it has ended")


def kill(folder, data):
    """Kill a training in its third epoch, and return what it has left."""
    process = training_until(
        "Epoch 3/", folder / "home", *SHORT, "--output", folder / "net.h5", MNIST_PATH=data
    )
    process.kill()
    process.communicate()
    return folder / "net.unfinished.h5"


@pytest.fixture
def killed(trainings):
    return trainings["kill"].result()


@pytest.fixture
def unfinished(killed, tmp_path):
    """The path of the model whose training was killed, with its checkpoint beside it."""
    shutil.copy(killed, tmp_path)
    return tmp_path / "net.h5"


def test_killed_training_goes_on_to_the_same_result(unfinished, finished, run, small_data):
    result = run("train_model.py", "--resume", "--output", unfinished, MNIST_PATH=small_data)
    assert result.returncode == 0, result.stderr
    assert "of 5 epochs" in result.stderr.splitlines()[0] and "Epoch 1/" not in result.stderr
    assert not list(unfinished.parent.glob("*.unfinished.h5"))
    first, second = (model_file.training_record(path) for path in (unfinished, finished[1]))
    assert first["history"] == second["history"]
    images = np.random.default_rng(1).integers(0, 256, (5, 28, 28), np.uint8)
    answers = [predictor.load(path)(images) for path in (unfinished, finished[1])]
    np.testing.assert_array_equal(*answers)


def test_killed_training_leaves_no_lock(killed):
    with locked(killed.with_name("net.h5")):
        pass


def test_unfinished_training_is_not_replaced_by_a_new_one(unfinished, killed, run, small_data):
    result = run("train_model.py", "--output", unfinished, MNIST_PATH=small_data)
    assert_refused(result, "2 of 5 epochs", "--resume", "delete it to start anew")
    kept = unfinished.with_name("net.unfinished.h5")
    assert kept.read_bytes() == killed.read_bytes()


def test_training_of_a_changed_recipe_is_refused_and_not_recommended(unfinished, run, small_data):
    kept = unfinished.with_name("net.unfinished.h5")
    with h5py.File(kept, "r+") as file:
        record = json.loads(file.attrs["training"])
        file.attrs["training"] = json.dumps({**record, "recipe": "two-blocks"})
    result = run("train_model.py", "--resume", "--output", unfinished, "--data", small_data)
    assert result.returncode == 2, result.stderr
    assert result.stderr.splitlines()[-1] == (
        f"cannot resume {kept}: the recipe or Keras has changed since; delete it to start anew"
        " without --resume"
    )
    assert kept.exists()


def test_other_data_does_not_resume_a_training(unfinished, run, small_arrays, tmp_path):
    np.savez(tmp_path / "other.npz", **{**small_arrays, "x_train": small_arrays["x_train"][::-1]})
    arguments = ["--resume", "--output", unfinished, "--data", tmp_path / "other.npz"]
    assert_refused(run("train_model.py", *arguments), "checksum", "net.unfinished.h5")


def test_nothing_to_resume_is_one_sentence_before_any_data_is_sought(run):
    result = run("train_model.py", "--resume", "--output", "net.h5")
    assert_refused(result, "nothing to resume", "net.unfinished.h5")


def test_place_of_the_checkpoint_is_checked_before_training(run, small_data, tmp_path):
    (tmp_path / "elsewhere" / "net.unfinished.h5").mkdir()
    result = run("train_model.py", "--output", "net.h5", MNIST_PATH=small_data)
    assert_refused(result, "net.unfinished.h5: it is a folder")


def test_training_lists_its_recipes(run):
    result = run("train_model.py", "--list-recipes")
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(recipes.RECIPES)
    assert max(map(len, lines)) <= 80


def test_training_without_mnist_says_what_was_tried(run):
    result = run("train_model.py", "--dataset", "mnist", "--output", "net.h5")
    assert result.returncode == 2
    said = result.stderr.splitlines()
    assert said[0].startswith("downloading MNIST")
    for words in ("--data", "MNIST_PATH", "mnist.npz is missing", "download failed"):
        assert words in said[-1]
    assert len(said) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_training_shows_a_progress_bar_on_a_terminal(environment, tmp_path, small_data):
    import pty

    ours, theirs = pty.openpty()
    arguments = ["--recipe", "fast", "--epochs", "1", "--output", tmp_path / "net.h5"]
    command = [sys.executable, ROOT / "train_model.py", *arguments, "--data", small_data]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=theirs) as run:
        os.close(theirs)
        said = b"".join(iter(lambda: read_terminal(ours), b"")).decode()
    assert run.returncode == 0, said
    assert "━━━" in said and "5/5" in said and "val_accuracy" in said


def read_terminal(descriptor):
    """Return what a process has written on a pseudo-terminal; nothing after its end."""
    try:
        return os.read(descriptor, 10_000)
    except OSError:  # Linux's way to say that nobody writes any more
        return b""


def copied_project(folder):
    """Return a copy of the project without its models, for what is written beside them."""
    shutil.copytree(ROOT / "digits", folder / "digits", ignore=shutil.ignore_patterns("*cache*"))
    shutil.copy(ROOT / "train_model.py", folder)
    return folder


def train_without_mnist(folder, data):
    """Train where there is no MNIST; return what was said, and the model it should make."""
    project = copied_project(folder)
    result = subprocess.run(
        [sys.executable, "train_model.py", "--recipe", "fast", "--epochs", "1"],
        check=False,
        cwd=project,
        env=environment_of(folder / "home"),
        capture_output=True,
        encoding="utf-8",
    )
    return result, project / "models" / "generated_cnn.h5"


def test_training_without_mnist_goes_on_with_synthetic_digits_and_says_so(trainings, run):
    result, model = trainings["train_without_mnist"].result()
    assert result.returncode == 0, result.stderr
    assert [path.name for path in model.parent.iterdir()] == [model.name], (
        "no model of MNIST is written, no checkpoint and no lock is left"
    )
    (said,) = [line for line in result.stderr.splitlines() if line.startswith("no MNIST")]
    assert "mnist.npz" in said and "--data" in said and "synthetic digits" in said
    assert "33,000 images of synthetic digits" in result.stderr
    assert result.stdout.splitlines()[0].startswith("validation accuracy")
    record = model_file.training_record(model)
    assert (record["data"], record["validation_images"]) == (synthetic.NAME, 3000)
    answer = run("predict_image.py", "--model", model, ROOT / "examples" / "pencil_7.jpg")
    assert "pencil_7.jpg: " in answer.stdout


@pytest.mark.parametrize(
    ("kept", "options", "expected"),
    [
        (["generated"], ["--resume"], True),
        (["generated", "mnist"], ["--resume"], False),
        ([], ["--resume"], False),
        (["generated"], [], False),
        (["generated"], ["--resume", "--data", "mnist.npz"], False),
        (["generated"], ["--resume", "--output", "net.h5"], False),
        (["generated"], ["--resume", "--dataset", "mnist"], False),
        (["mnist"], ["--resume", "--dataset", "generated"], True),
    ],
)
def test_resume_alone_continues_the_only_checkpoint_there_is(
    kept, options, expected, tmp_path, monkeypatch
):
    for name, place in (("MODEL", "mnist"), ("SYNTHETIC_MODEL", "generated")):
        monkeypatch.setattr(train_model, name, tmp_path / f"{place}.h5")
    for place in kept:
        (tmp_path / f"{place}.unfinished.h5").touch()
    monkeypatch.setattr(sys, "argv", ["train_model.py", *options])
    assert train_model.wants_synthetic(train_model.parse()) is expected


def test_synthetic_digits_are_trained_on_when_asked_for_whatever_data_there_is(
    tmp_path, small_data
):
    options = ["--dataset", "generated", "--output", tmp_path / "net.h5"]
    with training_until(
        "generating 36,000", tmp_path / "home", *options, MNIST_PATH=small_data
    ) as it:
        it.kill()


def test_model_trained_on_mnist_is_not_replaced_by_synthetic_digits(run, shipped_model, tmp_path):
    model = shutil.copy(shipped_model, tmp_path / "net.h5")
    result = run("train_model.py", "--dataset", "generated", "--output", model)
    assert_refused(result, "net.h5 was trained on MNIST", "--output")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "gone.npz"], "gone.npz"),
        (["--data", "gone.npz", "--dataset", "generated"], "leave one of them out"),
        (["--epochs", "0"], "from 1"),
        (["--batch-size", "many"], "from 1"),
        (["--seed", "-1"], "from 0"),
        (["--seed", "4294967296"], "from 0"),
        (["--recipe", "best"], "standard"),
        (["--output", "net.keras"], "must end in .h5"),
        (["--output", f"{ROOT / 'README.md'}/net.h5"], "cannot write"),
        (["--output", "net.unfinished.h5"], "that name is reserved"),
        (["--output", "net.previous.h5"], "that name is reserved"),
    ],
)
def test_training_refuses_at_once_what_cannot_work(run, small_data, arguments, words):
    assert_refused(run("train_model.py", *arguments, MNIST_PATH=small_data), words)
