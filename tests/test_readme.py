"""The README quotes what runs."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, has_mnist

import train_model
from digits.data import synthetic
from digits.network import model_file, predictor, recipes
from digits.network.recipes import DEFAULT
from digits.own import report
from digits.own.lessons import Lesson

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "reports", "*cache*", "mnist_cnn*.h5")
DECIMAL = re.compile(r"\d+\.\d+")
NEEDS_MNIST = ("--index", "evaluate_model.py")


def quoted_commands():
    """Return the console lines that start with a dollar, each with the output quoted below it."""
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    parts = [part for block in blocks for part in block.split("$ ")[1:]]
    return dict(part.split("\n", 1) for part in parts)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the project, so that what the commands write is not written here."""
    return shutil.copytree(ROOT, tmp_path_factory.mktemp("copy") / "digits", ignore=NOT_COPIED)


def that_train(command):
    """Whether a command takes minutes or hours: what it prints is not tried, but looked up."""
    quick = ("--list-recipes", "--help")
    return command.startswith("python train_model.py") and not command.endswith(quick)


def assert_alike(printed, quoted):
    """Assert that texts are equal, but for the last decimal, which processors round differently."""
    assert DECIMAL.sub("#", printed) == DECIMAL.sub("#", quoted)
    for one, other in zip(DECIMAL.findall(printed), DECIMAL.findall(quoted), strict=True):
        places = len(other.partition(".")[2])
        assert abs(float(one) - float(other)) < 1.5 * 10**-places, (one, other)


@pytest.mark.parametrize("command", [c for c in quoted_commands() if not that_train(c)])
def test_quoted_output_is_what_the_command_prints(command, copy, shipped_model):
    if any(word in command for word in NEEDS_MNIST) and not has_mnist():
        pytest.skip("MNIST is not on this machine")
    program, *arguments = command.split()
    assert program == "python"
    hidden = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "MPLBACKEND": "Agg", "PYTHONUNBUFFERED": "1"}
    result = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=copy,
        env={**os.environ, **hidden, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert_alike(result.stdout, quoted_commands()[command])


def test_quoted_training_is_that_of_the_model_that_ships(shipped_model):
    record = model_file.training_record(shipped_model)
    quoted, history = quoted_commands()[record["command"]], record["history"]
    assert f"Epoch {record['epochs']}/{record['epochs']}" in quoted
    assert f"val_accuracy: {history['val_accuracy'][-1]:.4f}" in quoted
    right = 1 - record["validation_misses"] / record["validation_images"]
    assert f"validation accuracy {100 * right:.2f} %, {record['validation_misses']} wrong" in quoted
    assert f"trained in {record['seconds']:.0f} s, saved as models/mnist_cnn.h5" in quoted


@pytest.mark.parametrize("recipe", [DEFAULT, "record"])
def test_quoted_training_begins_as_it_is_announced(recipe, capsys):
    record = {"recipe": recipe, "epochs": recipes.RECIPES[recipe].epochs, "data": "MNIST"}
    train_model.announce({**record, "training_images": 55_000, "validation_images": 5_000})
    command = "python train_model.py" + (" --recipe record --seed 1" if recipe != DEFAULT else "")
    assert quoted_commands()[command].startswith(capsys.readouterr().err)


def test_quoted_training_on_own_pictures_begins_as_it_is_announced():
    images = np.zeros((1, 28, 28), np.uint8)
    lessons = [Lesson(None, images, images[0, 0, :1])] * 40
    (quoted,) = (out for command, out in quoted_commands().items() if "--own" in command)
    assert quoted.startswith(report.of_lessons(lessons, "MNIST") + "\n")
    assert "5-fold cross-validation" in quoted and "next: python evaluate_model.py, or" in quoted


def test_quoted_training_without_options_is_of_the_default():
    quoted, epochs = quoted_commands()["python train_model.py"], recipes.RECIPES[DEFAULT].epochs
    assert f"training '{DEFAULT}'" in quoted and f"Epoch {epochs}/{epochs}" in quoted


def test_table_of_recipes_has_each_as_it_is():
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| .* \| ([\d,]+) \|$", README, re.MULTILINE)
    expected = [
        (name, recipe.reported or "–", f"{recipes.build(recipe).count_params():,}")
        for name, recipe in recipes.RECIPES.items()
    ]
    assert sorted(rows) == sorted(expected)


def test_model_that_ships_is_the_best_recipe_s(shipped_model):
    record = model_file.training_record(shipped_model)
    assert (record["recipe"], record["seed"], record["data"]) == ("record", 1, "MNIST")
    assert record["validation_misses"] <= 0.003 * record["validation_images"]
    assert shipped_model.stat().st_size <= 5_000_000


def test_model_that_ships_knows_what_is_no_digit(shipped_model):
    predict = predictor.load(shipped_model)
    images, labels = synthetic.digits(1_000, seed=11)
    assert np.mean(predict(images).argmax(axis=1) == labels) > 0.97
    assert np.mean(predict(synthetic.non_digits(1_000, seed=11)).max(axis=1) > 0.9) < 0.05


def row_of(name):
    """Return the cells of the table row that begins so, without its name."""
    (row,) = re.findall(rf"^\| {re.escape(name)} \| (.*) \|$", README, re.MULTILINE)
    return row.split(" | ")


def test_first_table_says_what_the_results_say():
    photographs, right, *_ = row_of("one digit, photographed")
    assert row_of("photographs of one digit, read right")[1] == f"{right} of {photographs}"
    others = [row_of(name) for name in ("one digit, drawn on a screen", "one digit, about 28×28")]
    of, right = (sum(int(each[n]) for each in others) for n in (0, 1))
    row = row_of("digits drawn on a screen, or of about 28×28 pixels")
    assert row[1] == f"{right} of {of}"
    pictures, right, *_ = row_of("several digits, all of them right")
    assert row_of("pictures of several digits")[1] == f"{right} of {pictures}"
    ours, usual, _, memory, usual_memory = row_of("a picture, a new process")
    row = row_of("from the start of Python to the answer")
    assert row == [f"{usual}, {usual_memory}", f"{ours}, {memory}"]
    classic = [row_of(f"`{name}`") for name, each in recipes.RECIPES.items() if each.reported]
    misses = [int(n) for each in classic for n in each[2].split(", ")]
    row = row_of("MNIST's test images, wrong of 10,000")
    assert row == [f"{min(misses)} to {max(misses)}", row_of("`record`")[2]]


def test_readme_shows_every_figure_there_is():
    drawn = set(re.findall(r"\]\(docs/(.+?\.png)\)", README))
    assert drawn == {path.name for path in (ROOT / "docs").iterdir()}


def test_changelog_begins_with_the_version_of_the_project():
    (version,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    newest = re.search(r"^## (\S+),", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest[1] == version


def test_figures_and_links_are_there():
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).is_file(), path


def test_files_that_contributors_are_sent_to_are_there():
    for path in re.findall(r"`(\S+/\S+\.(?:py|png|jpg))`", CONTRIBUTING):
        assert (ROOT / path).is_file(), path


def test_recipe_that_contributors_are_shown_is_one(monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", CONTRIBUTING, re.DOTALL)
    monkeypatch.setattr(recipes, "RECIPES", dict(recipes.RECIPES))
    exec(code, vars(recipes).copy())
    assert recipes.build(recipes.RECIPES["small"]).output_shape == (None, 10)


def test_both_commands_install_what_is_there():
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        for path in re.findall(r"\S+\.(?:py|txt)", command):
            assert (ROOT / path).is_file(), path
