"""What all three scripts have in common, run as a user runs them: from another folder."""

import os
import shutil
import statistics
import subprocess
import sys
import time

import pytest
from conftest import (
    ROOT,
    assert_refused,
)

SCRIPTS = ["train_model.py", "evaluate_model.py", "predict_image.py"]


def seconds(*command):
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return time.perf_counter() - started


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_answers_in_under_half_a_second(script):
    runs = [(seconds(ROOT / script, "--help"), seconds("-c", "pass")) for _ in range(3)]
    assert statistics.median(helped - nothing for helped, nothing in runs) < 0.5


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_has_examples_and_fits_the_terminal(script, run):
    result = run(script, "--help")
    assert result.returncode == 0
    assert f"  python {script}" in result.stdout.partition("examples:")[2]
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_there_whatever_the_folder_of_the_project_is_called(script, tmp_path):
    project = tmp_path / "100%"
    shutil.copytree(ROOT / "digits", project / "digits")
    shutil.copy(ROOT / script, project)
    result = subprocess.run(
        [sys.executable, project / script, "--help"], check=False, cwd=tmp_path, capture_output=True
    )
    assert result.returncode == 0 and b"100%" in result.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_missing_packages_are_named_with_the_way_on(script, run):
    assert_refused(
        run(script, python=["-S"]), "not installed", "pip install -r", "requirements.txt"
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_unknown_option_is_one_sentence(script, run):
    assert_refused(run(script, "--frobnicate"), "--frobnicate", "--help")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
@pytest.mark.parametrize("script", SCRIPTS)
def test_folder_that_may_not_be_entered_is_a_sentence(script, run, tmp_path):
    (tmp_path / "locked").mkdir(mode=0)
    assert_refused(run(script, "--data", tmp_path / "locked" / "mnist.npz"), "locked")
