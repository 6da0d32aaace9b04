"""evaluate_model.py, run as a user runs it: from another folder, without a screen."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from conftest import (
    PRETRAINED,
    ROOT,
    assert_quiet,
    assert_refused,
    environment_of,
    runner,
)
from PIL import Image


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory, small_data):
    """The folder of an evaluation's figures, and what it printed as JSON.

    No surrounding is this odd: warnings are errors, and matplotlib's backend is not installed.
    """
    folder = tmp_path_factory.mktemp("evaluated")
    run = runner(folder, {**environment_of(folder / "home"), "MPLBACKEND": "not installed"})
    options = ["--data", small_data, "--json", "--output-dir", "figures"]
    result = run("evaluate_model.py", *options, python=["-I", "-W", "error"])
    assert result.returncode == 0, result.stderr
    assert_quiet(result)
    return folder / "figures", json.loads(result.stdout)


@pytest.fixture
def evaluation(evaluated):
    return evaluated[1]


def test_evaluation_agrees_with_keras(evaluation, small_arrays):
    import keras

    images, labels = small_arrays["x_test"][..., np.newaxis], small_arrays["y_test"]
    loss, accuracy = keras.models.load_model(PRETRAINED).evaluate(images, labels, verbose=0)
    assert evaluation["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert evaluation["loss"] == pytest.approx(loss, rel=1e-3)
    assert evaluation["images"] == 200
    assert evaluation["misses"] == round(200 * (1 - accuracy))
    assert np.trace(evaluation["confusion"]) == 200 - evaluation["misses"]


def test_evaluation_saves_its_figures(evaluated):
    folder, _ = evaluated
    figures = {path.name for path in folder.iterdir()}
    names = {"history", "confusion_matrix", "examples", "calibration", "filters"}
    assert figures == {f"{name}.png" for name in names}
    for name in figures:
        image = Image.open(folder / name)
        assert image.width >= 700, name
        assert np.asarray(image.convert("L")).std() > 10


def test_evaluation_prints_what_its_json_holds(run, small_data, evaluation):
    result = run("evaluate_model.py", "--data", small_data, "--output-dir", "figures")
    right = 200 - evaluation["misses"]
    assert f"{right / 2:.2f} %, {evaluation['misses']} wrong of 200" in result.stdout
    assert f"{evaluation['loss']:.4f}" in result.stdout
    for digit, row in evaluation["per_digit"].items():
        precision = "–" if row["precision"] is None else f"{100 * row['precision']:.2f} %"
        assert f"{digit:>5}  {precision:>9}  {100 * row['recall']:6.2f} %" in result.stdout
    low, high = evaluation["interval"]
    assert f"{100 * low:.2f} to {100 * high:.2f} %" in result.stdout
    for mistake in evaluation["confident_mistakes"]:
        assert f"\n{mistake['index']:>5}  {mistake['label']:>4}  " in result.stdout
    before = evaluation["calibration_error_before_temperature"]
    assert f"{100 * before:.2f} % before temperature scaling" in result.stdout


@pytest.fixture(scope="module")
def theirs(small_arrays, tmp_path_factory):
    """The path of a network that a script of the field's usual kind trained and saved."""
    import keras
    from keras import layers

    network = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    keras.utils.set_random_seed(1)
    network.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    images = small_arrays["x_train"].reshape(-1, 28, 28, 1).astype("float32") / 255
    network.fit(images, keras.utils.to_categorical(small_arrays["y_train"]), epochs=8, verbose=0)
    path = tmp_path_factory.mktemp("theirs") / "model.h5"
    network.save(path)
    return path


def test_another_project_s_model_is_evaluated_and_predicts_as_it_is(
    theirs, run, small_data, tmp_path
):
    result = run(
        "evaluate_model.py", "--model", theirs, "--data", small_data, "--json", "--output-dir", "f"
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["accuracy"] > 0.6
    assert "expects pixels from 0 to 1, light ink on dark" in result.stderr
    answer = run("predict_image.py", "--no-show", "--model", theirs)
    assert "pencil_7.jpg: " in answer.stdout and "0 to 1" in answer.stderr


def test_several_models_are_compared(theirs, run, small_data, tmp_path):
    arguments = ["--model", PRETRAINED, theirs, "--data", small_data, "--output-dir", "both"]
    result = run("evaluate_model.py", *arguments, "--json", "--format", "svg")
    assert result.returncode == 0, result.stderr
    scores = json.loads(result.stdout)
    assert list(scores["models"]) == ["pretrained", "model"]
    (comparison,) = scores["comparisons"]
    ours, other = (each["misses"] for each in scores["models"].values())
    alone = comparison["right_by_one_alone"]
    assert comparison["models"] == ["pretrained", "model"] and alone[0] - alone[1] == other - ours
    figures = list((tmp_path / "elsewhere" / "both").iterdir())
    assert [path.name for path in figures] == ["history.svg"]
    assert "<svg" in figures[0].read_text(encoding="utf-8")
    text = run("evaluate_model.py", *arguments).stdout
    assert f"p = {comparison['p']:.2g} (McNemar's test)" in text and "\nmodel  " in text


def test_robustness_is_measured_when_asked_for(theirs, run, small_data, tmp_path):
    result = run(
        "evaluate_model.py",
        "--model",
        theirs,
        "--data",
        small_data,
        "--robustness",
        "--output-dir",
        "f",
    )
    assert result.returncode == 0, result.stderr
    assert "by corruption and severity" in result.stdout and "\nnoise (of ink)" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "predicting" not in result.stderr, "the counter is for a terminal"


def test_terminal_shows_a_counter(theirs, small_data, environment, tmp_path):
    pty = pytest.importorskip("pty", reason="no pseudo-terminal on Windows")
    ours, terminal = pty.openpty()
    command = [sys.executable, ROOT / "evaluate_model.py", "--robustness", "--json"]
    process = subprocess.Popen(
        [*command, "--model", theirs, "--data", small_data, "--output-dir", tmp_path / "f"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=terminal,
    )
    os.close(terminal)
    said = read_all(ours)
    assert json.loads(process.communicate()[0])["images"] == 200
    for what, steps in {"predicting test images": 1, "predicting corrupted images": 45}.items():
        percents = [int(each) for each in re.findall(rf"{what} +(\d+) %", said)]
        assert percents == [100 * step // steps for step in range(steps + 1)]
    assert said.count("100 %\r\n") == 2, "each counter ends its line"


def read_all(terminal):
    """Return what is written to a pseudo-terminal until its other end is closed."""
    parts = []
    with os.fdopen(terminal, "rb", buffering=0) as file, suppress(OSError):  # Linux: EIO at the end
        while part := file.read(4096):
            parts.append(part)
    return b"".join(parts).decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "gone.h5"], "no model at gone.h5"),
        (["--model", ROOT / "README.md"], "cannot read the model"),
        (["--model", PRETRAINED, PRETRAINED], "named twice"),
        (["--data", ROOT / "README.md"], "README.md"),
        (["--output-dir", ROOT / "README.md"], "cannot write"),
        (["--show"], "no screen"),
    ],
)
def test_evaluation_refuses_what_cannot_work(run, small_data, tmp_path, arguments, words):
    assert_refused(run("evaluate_model.py", *arguments, MNIST_PATH=small_data), words)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder of two pictures that are read right, and one under a wrong label."""
    folder = tmp_path_factory.mktemp("own")
    for example, name in (("pencil_7", "7_a"), ("notes", "7258+43_b"), ("chalk_3", "8_c")):
        shutil.copy(ROOT / "examples" / f"{example}.jpg", folder / f"{name}.jpg")
    return folder


def test_own_pictures_are_counted_and_the_misses_shown(run, own, tmp_path):
    result = run("evaluate_model.py", "--own", own, "--output-dir", tmp_path / "seen")
    assert result.returncode == 0, result.stderr
    assert_quiet(result)
    lines = result.stdout.splitlines()
    assert lines[1].split() == ["all", "3", "2", "1", "0", "66.67", "%"]
    assert lines[3].split() == ["one", "digit", "2", "1", "1", "0", "50.00", "%"]
    assert "8_c.jpg: 8, read as 3 (" in lines[-1]
    names = {"own_confusion_matrix.png", "own_misses.png"}
    assert {path.name for path in (tmp_path / "seen").iterdir()} == names
    for name in names:
        assert (tmp_path / "seen" / name).read_bytes().startswith(b"\x89PNG")


def test_own_pictures_as_json_by_a_column_of_their_table(run, own, tmp_path):
    rows = "file,label,pen\n7_a.jpg,7,pencil\n8_c.jpg,3,chalk\n"
    (tmp_path / "labels.csv").write_text(rows)
    for name in ("7_a.jpg", "8_c.jpg"):
        shutil.copy(own / name, tmp_path)
    options = ["--by", "pen", "--json", "--output-dir", tmp_path / "seen"]
    result = run("evaluate_model.py", "--own", tmp_path, *options)
    assert result.returncode == 0, result.stderr
    counts = json.loads(result.stdout)
    assert counts["kinds"]["chalk"] == {"pictures": 1, "right": 1, "wrong": 0, "not_sure": 0}
    assert (counts["pictures"], counts["right"], counts["misses"]) == (2, 2, [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--own", "x", "--robustness"], ["--own takes the place of MNIST"]),
        (["--own", "x", "--data", "y"], ["--own takes the place of MNIST"]),
        (["--by", "pen"], ["--by is for --own"]),
        (["--own", "gone"], ["no folder gone"]),
    ],
)
def test_own_pictures_beside_what_does_not_fit_are_refused(run, arguments, words):
    result = run("evaluate_model.py", *arguments)
    assert_refused(result, *words)
