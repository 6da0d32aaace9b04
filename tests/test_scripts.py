"""The three scripts, run as a user runs them: from another folder, without a screen."""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import (
    MNIST_PATH,
    MODEL,
    ROOT,
    assert_refused,
    environment_of,
    needs_mnist,
    printed_digits,
    runner,
)
from PIL import Image

import predict_image
from digits import generated, model_file, networks, plots

SCRIPTS = ["train_model.py", "evaluate_model.py", "predict_image.py"]
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.suffix != ".py")
NOISE = ("tensorflow", "oneDNN", "cuda", "absl", "WARNING", "Warning", "I0000", "E0000")


def assert_quiet(result):
    """Assert that no library spoke up."""
    for line in (result.stdout + result.stderr).splitlines():
        assert not any(word in line for word in NOISE), line


def seconds(*command):
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return time.perf_counter() - started


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_answers_in_under_half_a_second(script):
    runs = [(seconds(ROOT / script, "--help"), seconds("-c", "pass")) for _ in range(5)]
    assert statistics.median(helped - nothing for helped, nothing in runs) < 0.5


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_has_examples_and_fits_the_terminal(script, run):
    result = run(script, "--help")
    assert result.returncode == 0
    assert f"  python {script}" in result.stdout.partition("examples:")[2]
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("script", SCRIPTS)
def test_missing_packages_are_named_with_the_way_on(script, run):
    assert_refused(
        run(script, python=["-S"]), "not installed", "pip install -r", "requirements.txt"
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_unknown_option_is_one_sentence(script, run):
    assert_refused(run(script, "--frobnicate"), "--frobnicate", "--help")


# Training


SHORT = ["--recipe", "fast", "--epochs", "5", "--batch-size", "100", "--seed", "3"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, small_data):
    """A short training's result and model, where Keras's own settings are none of ours."""
    folder = tmp_path_factory.mktemp("finished")
    settings = folder / "home" / ".keras" / "keras.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"backend": "jax", "image_data_format": "channels_first"}')
    run = runner(folder, environment_of(folder / "home"))
    result = run("train_model.py", *SHORT, "--output", "new/net.h5", MNIST_PATH=small_data)
    assert result.returncode == 0, result.stderr
    return result, folder / "new" / "net.h5"


def test_training_prints_its_result_and_saves_a_model(finished):
    result, model = finished
    assert_quiet(result)
    accuracy, saved = result.stdout.splitlines()
    assert "wrong of 100" in accuracy
    assert saved.endswith(f"saved as {Path('new', 'net.h5')}")
    for words in ("Epoch 1/5", "Epoch 5/5", "accuracy: ", "val_loss: "):
        assert words in result.stderr
    record = model_file.training_record(model)
    assert (record["recipe"], record["seed"], record["batch_size"]) == ("fast", 3, 100)
    assert f"{100 * record['history']['val_accuracy'][-1]:.2f} %" in accuracy
    assert record["command"] == " ".join(["python train_model.py", *SHORT])
    assert [path.name for path in model.parent.iterdir()] == ["net.h5"], (
        "nothing unfinished is left"
    )


def training_until(words, data, home, *arguments):
    """Start a training, and return its process once it has said these words."""
    process = subprocess.Popen(
        [sys.executable, ROOT / "train_model.py", "--data", data, *map(str, arguments)],
        env=environment_of(home),
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


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_interrupted_training_leaves_the_model_and_keeps_its_best_epoch(small_data, tmp_path):
    model = tmp_path / "models" / "net.h5"
    model.parent.mkdir()
    model.write_bytes(b"the model from before")
    arguments = ["--recipe", "fast", "--epochs", 1000, "--output", model]
    process = training_until("Epoch 3/", small_data, tmp_path / "home", *arguments)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err and out == ""
    last = err.splitlines()[-1]
    assert last.startswith("interrupted: ") and "of 1000 epochs of 'fast'" in last
    for words in ("net.unfinished.h5", "--resume", "validation accuracy"):
        assert words in last
    assert model.read_bytes() == b"the model from before"
    kept = model.with_name("net.unfinished.h5")
    assert set(model.parent.iterdir()) == {model, kept}
    assert model_file.predictor(kept)(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)


@pytest.fixture(scope="module")
def killed(tmp_path_factory, small_data):
    """What a training, killed in its third epoch, has left."""
    folder = tmp_path_factory.mktemp("killed")
    arguments = [*SHORT, "--output", folder / "net.h5"]
    process = training_until("Epoch 3/", small_data, folder / "home", *arguments)
    process.kill()
    process.communicate()
    return folder / "net.unfinished.h5"


@pytest.fixture
def unfinished(killed, tmp_path):
    """The model whose training was killed."""
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
    answers = [model_file.predictor(path)(images) for path in (unfinished, finished[1])]
    np.testing.assert_array_equal(*answers)


def test_unfinished_training_is_not_replaced_by_a_new_one(unfinished, killed, run, small_data):
    result = run("train_model.py", "--output", unfinished, MNIST_PATH=small_data)
    assert_refused(result, "2 of 5 epochs", "--resume", "delete it to start anew")
    kept = unfinished.with_name("net.unfinished.h5")
    assert kept.read_bytes() == killed.read_bytes()


def test_other_data_does_not_resume_a_training(unfinished, run, small_arrays, tmp_path):
    np.savez(tmp_path / "other.npz", **{**small_arrays, "x_train": small_arrays["x_train"][::-1]})
    arguments = ["--resume", "--output", unfinished, "--data", tmp_path / "other.npz"]
    assert_refused(run("train_model.py", *arguments), "checksum", "net.unfinished.h5")


def test_nothing_to_resume_is_one_sentence_before_any_data_is_sought(run):
    result = run("train_model.py", "--resume", "--output", "net.h5")
    assert_refused(result, "nothing to resume", "net.unfinished.h5")


def test_place_of_what_is_unfinished_is_checked_before_training(run, small_data, tmp_path):
    (tmp_path / "elsewhere" / "net.unfinished.h5").mkdir()
    result = run("train_model.py", "--output", "net.h5", MNIST_PATH=small_data)
    assert_refused(result, "net.unfinished.h5: it is a folder")


def test_training_lists_its_recipes(run):
    result = run("train_model.py", "--list-recipes")
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(networks.RECIPES)
    assert max(map(len, lines)) <= 80


def test_training_without_mnist_says_what_was_tried(run):
    result = run("train_model.py", "--dataset", "mnist", "--output", "net.h5")
    assert result.returncode == 2
    said = result.stderr.splitlines()
    assert said[0].startswith("downloading MNIST")
    for words in ("--data", "MNIST_PATH", "mnist.npz is missing", "download failed"):
        assert words in said[-1]
    assert len(said) == 3, "besides Keras's own line with the address"


FEWER_DRAWN = """
import runpy, sys
from pathlib import Path
from digits import command_line, generated
generated.IMAGES = 600
command_line.MODEL = Path("mnist_cnn.h5").absolute()
command_line.GENERATED_MODEL = Path("generated_cnn.h5").absolute()
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def train_on_few_drawn(environment, tmp_path):
    """Return a function that runs the training script, where fewer digits are drawn.

    Its models go to the test's folder.
    """

    def train(*arguments, **variables):
        options = ["--recipe", "fast", "--epochs", "1", *map(str, arguments)]
        return subprocess.run(
            [sys.executable, "-c", FEWER_DRAWN, ROOT / "train_model.py", *options],
            check=False,
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(ROOT), **variables},
            capture_output=True,
            encoding="utf-8",
        )

    return train


def test_training_without_mnist_goes_on_with_drawn_digits_and_says_so(
    train_on_few_drawn, run, tmp_path
):
    model = tmp_path / "generated_cnn.h5"
    result = train_on_few_drawn()
    assert result.returncode == 0, result.stderr
    assert [path.name for path in tmp_path.glob("*.h5")] == [model.name], "MNIST's is left alone"
    (said,) = [line for line in result.stderr.splitlines() if line.startswith("no MNIST")]
    assert "mnist.npz" in said and "--data" in said and "drawn from pen strokes" in said
    assert "550 images of generated digits" in result.stderr
    assert result.stdout.splitlines()[0].startswith("validation accuracy")
    record = model_file.training_record(model)
    assert (record["data"], record["validation_images"]) == (generated.NAME, 50)
    answer = run("predict_image.py", "--model", model, ROOT / "examples" / "pencil_7.jpg")
    assert "pencil_7.jpg: " in answer.stdout + answer.stderr


def test_drawn_digits_are_trained_on_when_asked_for_whatever_data_there_is(
    train_on_few_drawn, tmp_path, small_data
):
    options = ["--dataset", "generated", "--output", tmp_path / "net.h5"]
    result = train_on_few_drawn(*options, MNIST_PATH=small_data)
    assert result.returncode == 0, result.stderr
    assert "MNIST" not in result.stderr
    assert model_file.training_record(tmp_path / "net.h5")["data"] == generated.NAME


def test_model_trained_on_mnist_is_not_replaced_by_drawn_digits(run, shipped_model, tmp_path):
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
        (["--output", "net.unfinished.h5"], "such a name is kept"),
        (["--output", "net.previous.h5"], "such a name is kept"),
    ],
)
def test_training_refuses_at_once_what_cannot_work(run, small_data, arguments, words):
    assert_refused(run("train_model.py", *arguments, MNIST_PATH=small_data), words)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
@pytest.mark.parametrize("script", SCRIPTS)
def test_folder_that_may_not_be_entered_is_a_sentence(script, run, tmp_path):
    (tmp_path / "locked").mkdir(mode=0)
    assert_refused(run(script, "--data", tmp_path / "locked" / "mnist.npz"), "locked")


# Evaluation


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory, small_data):
    """The folder of an evaluation's figures, and what it printed as JSON."""
    folder = tmp_path_factory.mktemp("evaluated")
    run = runner(folder, environment_of(folder / "home"))
    result = run("evaluate_model.py", "--data", small_data, "--json", "--output-dir", "figures")
    assert result.returncode == 0, result.stderr
    assert_quiet(result)
    return folder / "figures", json.loads(result.stdout)


@pytest.fixture
def evaluation(evaluated):
    return evaluated[1]


def test_evaluation_agrees_with_keras(evaluation, small_arrays):
    import keras

    images, labels = small_arrays["x_test"][..., np.newaxis], small_arrays["y_test"]
    loss, accuracy = keras.models.load_model(MODEL).evaluate(images, labels, verbose=0)
    assert evaluation["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert evaluation["loss"] == pytest.approx(loss, rel=1e-3)
    assert evaluation["images"] == 200
    assert evaluation["misses"] == round(200 * (1 - accuracy))
    assert np.trace(evaluation["confusion"]) == 200 - evaluation["misses"]


def test_evaluation_saves_its_figures(evaluated):
    folder, _ = evaluated
    figures = {path.name for path in folder.iterdir()}
    names = {"history", "confusion_matrix", "mistakes", "examples", "calibration", "filters"}
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
    assert f"{100 * before:.2f} % before its temperature" in result.stdout


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
    arguments = ["--model", MODEL, theirs, "--data", small_data, "--output-dir", "both"]
    result = run("evaluate_model.py", *arguments, "--json", "--format", "svg")
    assert result.returncode == 0, result.stderr
    scores = json.loads(result.stdout)
    assert list(scores["models"]) == ["mnist_cnn", "model"]
    (comparison,) = scores["comparisons"]
    ours, other = (each["misses"] for each in scores["models"].values())
    alone = comparison["right_by_one_alone"]
    assert comparison["models"] == ["mnist_cnn", "model"] and alone[0] - alone[1] == other - ours
    figures = list((tmp_path / "elsewhere" / "both").iterdir())
    assert [path.name for path in figures] == ["history.svg"]
    assert "<svg" in figures[0].read_text(encoding="utf-8")
    text = run("evaluate_model.py", *arguments).stdout
    assert f"p = {comparison['p']:.2g} (McNemar)" in text and "\nmodel  " in text


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
    assert "images made worse" in result.stdout and "\nnoise (of ink)" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "gone.h5"], "no model at gone.h5"),
        (["--model", ROOT / "README.md"], "cannot read the model"),
        (["--model", MODEL, MODEL], "named twice"),
        (["--data", ROOT / "README.md"], "README.md"),
        (["--output-dir", ROOT / "README.md"], "cannot write"),
        (["--show"], "no screen"),
    ],
)
def test_evaluation_refuses_what_cannot_work(run, small_data, tmp_path, arguments, words):
    assert_refused(run("evaluate_model.py", *arguments, MNIST_PATH=small_data), words)
    assert list((tmp_path / "elsewhere").iterdir()) == []


# Prediction


def test_every_example_is_read_right(run, shipped_model):
    result = run("predict_image.py", *EXAMPLES)
    assert result.returncode == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert len(lines) == len(EXAMPLES) >= 6
    for path, line in zip(EXAMPLES, lines, strict=True):
        assert line.startswith(f"{path}: {text_of(path)} ("), line


def test_folder_stands_for_its_pictures(run):
    result = run("predict_image.py", ROOT / "examples")
    assert len(result.stdout.splitlines()) == len(EXAMPLES)


def test_picture_named_at_the_top_is_read_from_any_folder(run, shipped_model):
    result = run("predict_image.py")
    assert "pencil_7.jpg: 7 (" in result.stdout and result.returncode == 0


def test_edited_path_is_read(environment, tmp_path, shipped_model):
    source = (ROOT / "predict_image.py").read_text(encoding="utf-8")
    edited = source.replace("examples/pencil_7.jpg", str(ROOT / "examples" / "chalk_3.jpg"))
    assert edited != source
    (tmp_path / "edited.py").write_text(edited, encoding="utf-8")
    command = [sys.executable, tmp_path / "edited.py"]
    variables = {**environment, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        command, check=True, env=variables, capture_output=True, encoding="utf-8"
    )
    assert "chalk_3.jpg: 3 (" in result.stdout


def test_prediction_imports_neither_tensorflow_nor_matplotlib(run):
    result = run("predict_image.py", EXAMPLES[0], python=["-X", "importtime"])
    assert result.returncode == 0
    assert "h5py" in result.stderr, "the listing is there"
    for name in ("tensorflow", "keras", "matplotlib"):
        assert name not in result.stderr


def test_answer_is_printed_before_the_figure_s_library_is_imported(environment, tmp_path):
    command = ["-X", "importtime", ROOT / "predict_image.py", "--save", tmp_path / "answer.png"]
    result = subprocess.run(
        [sys.executable, *command, EXAMPLES[0]],
        check=True,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    before, after = result.stdout.split(f"{EXAMPLES[0].name}: ")
    assert "matplotlib" in after and "matplotlib" not in before


def test_test_image_comes_with_its_label_and_verdict(run, small_data, small_arrays):
    result = run("predict_image.py", "--index", 0, 199, "--data", small_data)
    for index, line in zip((0, 199), result.stdout.splitlines(), strict=True):
        label = small_arrays["y_test"][index]
        assert f"test image {index}: " in line
        assert f"true label {label}: " in line
        assert line.endswith("right" if f": {label} (" in line else "wrong")


@needs_mnist
def test_test_images_of_mnist_are_read_right(run, shipped_model):
    result = run("predict_image.py", "--index", 0, 1, 2, MNIST_PATH=MNIST_PATH)
    answers = [line.split(": ", 1)[1][0] for line in result.stdout.splitlines()]
    assert answers == ["7", "2", "1"]
    assert result.stdout.count("right") == 3


def test_json_holds_what_the_line_says(run, shipped_model):
    result = run("predict_image.py", "--json", *EXAMPLES)
    for path, line in zip(EXAMPLES, result.stdout.splitlines(), strict=True):
        answer = json.loads(line)
        assert answer["status"] == "ok"
        assert answer["text"] == text_of(path)
        for digit, read in zip(answer["digits"], text_of(path).replace("/", ""), strict=True):
            assert str(digit["digit"]) == read
            assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-4)
            assert digit["confidence"] == max(digit["probabilities"])
            left, top, right, bottom = digit["box"]
            longest = max(Image.open(path).size)  # it may be turned
            assert 0 <= left < right <= longest and 0 <= top < bottom <= longest


def text_of(example):
    """Return what is written in an example."""
    return "7258/43" if example.stem == "notes" else example.stem[-1]


def test_interactive_answers_until_an_empty_line(run, small_data):
    typed = f"5\n{EXAMPLES[0]}\n'{EXAMPLES[1]}' \ngone.png\n999\n\n{EXAMPLES[2]}\n"
    result = run("predict_image.py", "--interactive", "--data", small_data, stdin=typed)
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 3, result.stdout
    assert "test image 5" in lines[0]
    assert EXAMPLES[0].name in lines[1] and EXAMPLES[1].name in lines[2]
    assert "gone.png" in result.stderr and "no test image 999" in result.stderr


@pytest.mark.parametrize("name", ["seen.png", "seen.pdf", "folder/seen.svg"])
def test_answer_is_saved_as_a_figure(run, tmp_path, name):
    result = run("predict_image.py", EXAMPLES[0], "--save", name)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "elsewhere" / name).stat().st_size > 5000
    assert_quiet(result)


@pytest.mark.parametrize("name", ["costs $5$ {x}^2_3.jpg", "数字 \U0001f600.jpg", "-e.jpg"])
def test_odd_names_are_read_and_drawn(run, tmp_path, name, shipped_model):
    picture = tmp_path / "elsewhere" / name
    picture.write_bytes((ROOT / "examples" / "chalk_3.jpg").read_bytes())
    result = run("predict_image.py", "--save", "seen.png", "--", name)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{name}: 3 (")


def test_home_folder_is_meant_by_a_tilde(run, environment, shipped_model):
    home = Path(environment["HOME"])
    home.mkdir()
    (home / "three.jpg").write_bytes((ROOT / "examples" / "chalk_3.jpg").read_bytes())
    (home / "net.h5").write_bytes(shipped_model.read_bytes())
    result = run("predict_image.py", "--model=~/net.h5", "~/three.jpg", "--save=~/seen.png")
    assert (result.returncode, result.stderr) == (0, "")
    assert (home / "seen.png").is_file()


def test_output_that_is_no_terminal_of_python_s_is_written_to(run):
    code = "import io, runpy, sys; sys.stdout = io.StringIO(); sys.argv[1:] = sys.argv[2:]\n"
    code += f"sys.path.insert(0, {str(ROOT)!r})\n"
    code += f"runpy.run_path({str(ROOT / 'predict_image.py')!r}, run_name='__main__')"
    result = run("predict_image.py", EXAMPLES[0], python=["-c", code])
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "windows"),
    [
        ([EXAMPLES[0]], [True]),
        ([EXAMPLES[0], "--no-show"], []),
        ([EXAMPLES[0], "--json"], []),
        (EXAMPLES, []),
        ([*EXAMPLES, "--show"], [True]),
    ],
)
def test_window_opens_for_one_picture_or_when_asked_for(monkeypatch, capsys, arguments, windows):
    shown = []
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setattr(plots, "window_available", lambda: True)
    monkeypatch.setattr(plots, "show", shown.append)
    monkeypatch.setattr(sys, "argv", ["predict_image.py", *map(str, arguments)])
    assert predict_image.main() == 0
    assert shown == windows


def test_many_pictures_are_all_told_and_the_first_drawn(run, tmp_path):
    for n in range(10):
        (tmp_path / f"{n}.gif").write_bytes((ROOT / "examples" / "pixels_4.gif").read_bytes())
    result = run("predict_image.py", tmp_path, "--save", "seen.png")
    assert len(result.stdout.splitlines()) == 10
    width, height = Image.open(tmp_path / "elsewhere" / "seen.png").size
    assert height == pytest.approx(8 * width / 3, rel=0.01)


def write_pictures(folder):
    (folder / "text.png").write_text("this is no picture")
    (folder / "empty.png").touch()
    (folder / "cut.jpg").write_bytes((ROOT / "examples" / "chalk_3.jpg").read_bytes()[:6000])
    (folder / "noise.h5").write_bytes(np.random.default_rng(1).bytes(5000))
    Image.new("RGB", (300, 200), "white").save(folder / "blank.png")
    (folder / "none").mkdir()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.png"], "gone.png: cannot be read"),
        (["none"], "none: a folder without pictures"),
        (["text.png"], "text.png: not a picture"),
        (["empty.png"], "empty.png: not a picture"),
        (["cut.jpg"], "cut.jpg: the picture is damaged"),
        (["blank.png"], "blank.png: no digit found"),
        (["--index", "-1"], "no test image -1"),
        (["--index", "200"], "no test image 200: the index goes from 0 to 199"),
        (["--index", "x"], "'x'"),
        (["--index", "0", "--data", "gone.npz"], "gone.npz"),
        (["--model", "gone.h5"], "no model at gone.h5"),
        (["--model", "noise.h5"], "cannot read the model noise.h5"),
        (["--index", "0", "200"], "no test image 200"),
        (["--interactive", "text.png"], "name nothing"),
        (["--model", "none"], "no model at none"),
        ([EXAMPLES[0], "--save", "figure.docx"], "must end in"),
        (["gone.png", "--save", "new/figure.png"], "gone.png"),
        ([EXAMPLES[0], "--save", "text.png/figure.png"], "cannot write"),
    ],
)
def test_prediction_refuses_what_cannot_work(run, small_data, tmp_path, arguments, words):
    folder = tmp_path / "elsewhere"
    write_pictures(folder)
    before = sorted(folder.iterdir())
    result = run("predict_image.py", *arguments, MNIST_PATH=small_data)
    assert_refused(result, words)
    assert result.stdout == ""
    assert sorted(folder.iterdir()) == before


def test_window_without_a_screen_is_refused_after_the_answer(run):
    result = run("predict_image.py", EXAMPLES[0], "--show")
    assert_refused(result, "no screen")
    assert EXAMPLES[0].name in result.stdout


def test_unreadable_picture_does_not_stop_the_others(run, tmp_path):
    write_pictures(tmp_path / "elsewhere")
    result = run("predict_image.py", "text.png", EXAMPLES[0], "blank.png", EXAMPLES[1], "--json")
    assert result.returncode == 2
    statuses = [json.loads(line)["status"] for line in result.stdout.splitlines()]
    assert statuses == ["unreadable", "ok", "no-digit", "ok"]
    assert len(result.stderr.splitlines()) == 2


def test_doubt_is_told_as_a_doubt(run, tmp_path):
    images, _ = printed_digits(2, seed=6)
    blend = np.maximum(images[0], images[1][::-1])
    random = np.random.default_rng(1)
    for n in range(24):  # scrawls, of which the network is unsure of some
        scrawl = np.where(random.random((28, 28)) < 0.4, np.roll(blend, n, axis=n % 2), 0)
        Image.fromarray(scrawl.astype(np.uint8)).save(tmp_path / f"{n:03}.png")
    lines = run("predict_image.py", tmp_path).stdout.splitlines()
    text = dict(line.split(": ", 1) for line in lines)  # without those that hold no digit
    answers = [
        json.loads(each) for each in run("predict_image.py", tmp_path, "--json").stdout.splitlines()
    ]
    unsure = [answer for answer in answers if answer["status"] == "unsure"]
    assert unsure
    for answer in unsure:
        doubtful = min(answer["digits"], key=lambda digit: digit["confidence"])
        first, second = np.argsort(doubtful["probabilities"])[:-3:-1]
        told = text[answer["source"]]
        assert told.startswith(f"not sure: {answer['text']}")
        assert f"{first} (" in told and f" {second} (" in told
        assert doubtful["confidence"] < 0.6


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110
def test_full_disk_under_the_output_is_a_sentence(environment):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        command = [sys.executable, ROOT / "predict_image.py", EXAMPLES[0]]
        result = subprocess.run(
            command,
            check=False,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
    assert_refused(result, "cannot write the output")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise")
def test_reader_that_goes_away_is_no_error(environment):
    command = [sys.executable, ROOT / "predict_image.py", *EXAMPLES]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 0
