"""The README quotes what runs."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, has_mnist

from digits import generated, model_file, networks
from digits.networks import DEFAULT

README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "reports", "*cache*")
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
    return command.startswith("python train_model.py") and "--list" not in command


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
    assert result.stdout == quoted_commands()[command]


def test_quoted_training_is_that_of_the_model_that_ships(shipped_model):
    record = model_file.training_record(shipped_model)
    quoted, history = quoted_commands()[record["command"]], record["history"]
    assert f"Epoch {record['epochs']}/{record['epochs']}" in quoted
    assert f"val_accuracy: {history['val_accuracy'][-1]:.4f}" in quoted
    right = 1 - record["validation_misses"] / record["validation_images"]
    assert f"validation accuracy {100 * right:.2f} %, {record['validation_misses']} wrong" in quoted
    assert f"trained in {record['seconds']:.0f} s, saved as models/mnist_cnn.h5" in quoted


def test_quoted_training_without_options_is_of_the_default():
    quoted, epochs = quoted_commands()["python train_model.py"], networks.RECIPES[DEFAULT].epochs
    assert f"training '{DEFAULT}'" in quoted and f"Epoch {epochs}/{epochs}" in quoted


def test_table_of_recipes_has_each_as_it_is():
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| .* \| ([\d,]+) \|$", README, re.MULTILINE)
    expected = [
        (name, recipe.reported or "–", f"{networks.build(recipe).count_params():,}")
        for name, recipe in networks.RECIPES.items()
    ]
    assert sorted(rows) == sorted(expected)


def test_model_that_ships_is_the_best_recipe_s(shipped_model):
    record = model_file.training_record(shipped_model)
    assert (record["recipe"], record["seed"], record["data"]) == ("record", 1, "MNIST")
    assert record["validation_misses"] <= 14
    assert shipped_model.stat().st_size <= 5_000_000


def test_model_that_ships_knows_what_is_no_digit(shipped_model):
    predict = model_file.predictor(shipped_model)
    images, labels = generated.digits(300, seed=11)
    assert np.mean(predict(images).argmax(axis=1) == labels) > 0.97
    assert np.mean(predict(generated.no_digits(300, seed=11)).max(axis=1) > 0.9) < 0.05


def test_figures_and_links_are_there():
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).is_file(), path


def test_both_commands_install_what_is_there():
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        for path in re.findall(r"\S+\.(?:py|txt)", command):
            assert (ROOT / path).is_file(), path
