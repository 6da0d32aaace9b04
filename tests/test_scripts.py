"""What all three scripts have in common, run as a user runs them: from another folder."""

import ast
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import (
    PRETRAINED,
    ROOT,
    assert_refused,
)

import evaluate_model
import train_model
from digits import command_line

SCRIPTS = ["train_model.py", "evaluate_model.py", "predict_image.py"]
TOOLS = sorted(
    f"{folder}/{path.name}"
    for folder in ("tools", "benchmarks")
    for path in (ROOT / folder).glob("*.py")
    if path.stem != "damaging"
)
DATA = {"predict_image.py": ["--index", "1"]}  # without which it needs no data


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


OLD_PYTHON = """
import runpy, sys
sys.version_info, sys.version = (3, 9, 18), "3.9.18 (main)"
sys.modules["digits.files"] = None  # which an older one may not be able to read
runpy.run_path(sys.argv[1], run_name="__main__")
"""
FOR_ANY_PYTHON = [*SCRIPTS, "digits/__init__.py", "digits/command_line.py"]


@pytest.mark.parametrize("script", FOR_ANY_PYTHON)
def test_python_3_6_can_read_what_refuses_it(script):
    ast.parse((ROOT / script).read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("script", SCRIPTS)
def test_old_python_is_refused_in_a_sentence(script):
    command = [sys.executable, "-c", OLD_PYTHON, ROOT / script]
    result = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    assert_refused(result, "this is Python 3.9.18: run it with 3.10 or a newer one")


@pytest.mark.parametrize("script", [*SCRIPTS, *TOOLS])
def test_modules_are_found_in_isolated_mode(script, run):
    result = run(script, "--help", python=["-I"])
    assert (result.returncode, result.stderr) == (0, "")


FROM_DELETED = """
import os, sys
os.rmdir(os.getcwd())
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no folder that is in use")
@pytest.mark.parametrize(
    ("script", "option"),
    [
        ("train_model.py", "--output=net.h5"),
        ("evaluate_model.py", "--output-dir=figures"),
        ("evaluate_model.py", "--model=net.h5"),
        ("predict_image.py", "--save=seen.png"),
    ],
)
def test_deleted_working_folder_is_a_sentence(script, option, environment, tmp_path):
    (tmp_path / "deleted").mkdir()
    result = subprocess.run(
        [sys.executable, "-c", FROM_DELETED, ROOT / script, option],
        check=False,
        cwd=tmp_path / "deleted",
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert_refused(result, "the working folder has been deleted: go to one that is there")
    assert result.stdout == ""


CLOSED = """
import os, sys
for number in map(int, sys.argv[1]):
    os.close(number)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def run_closed(numbers, *arguments, **settings):
    """Run Python with these standard streams closed, by their numbers, as `2>&-` does."""
    command = [sys.executable, "-c", CLOSED, numbers, *arguments]
    return subprocess.run(command, check=False, capture_output=True, encoding="utf-8", **settings)


ALL_IS_WELL = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from digits import command_line

def main():
    with open(os.devnull) as file:
        assert file.fileno() > 2, "it has a standard stream's number"
    print("to stdout")
    command_line.say("to stderr")
    with command_line.stderr_held_back():
        return 7 + len(sys.stdin.read())

command_line.run(main)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="streams close otherwise")
@pytest.mark.parametrize("closed", ["0", "1", "2", "01", "02", "12", "012"])
def test_closed_standard_stream_takes_everything_and_no_other_gets_it(closed):
    result = run_closed(closed, "-c", ALL_IS_WELL, stdin=subprocess.DEVNULL)
    assert result.returncode == 7
    assert result.stdout == ("" if "1" in closed else "to stdout\n")
    assert result.stderr == ("" if "2" in closed else "to stderr\n")


WARNS = f"""
import sys, warnings
sys.path.insert(0, {str(ROOT)!r})
from digits import command_line
command_line.run(lambda: warnings.warn("a library's", DeprecationWarning))
"""


@pytest.mark.parametrize("python", [["-W", "error"], ["-W", "default"], ["-X", "dev"], []])
def test_warnings_of_libraries_neither_end_a_script_nor_are_seen(python):
    command = [sys.executable, *python, "-c", WARNS]
    result = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="streams close otherwise")
def test_sentences_do_not_land_among_the_json_when_stderr_is_closed(environment, tmp_path):
    script = ROOT / "predict_image.py"
    result = run_closed("2", script, "--json", tmp_path / "gone.png", env=environment)
    assert result.returncode == 2
    assert result.stdout.startswith("{") and len(result.stdout.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_full_disk_under_the_sentences_leaves_the_exit_status(environment):
    command = [sys.executable, ROOT / "predict_image.py", "gone.png"]
    with Path("/dev/full").open("w") as full:
        assert subprocess.run(command, check=False, env=environment, stderr=full).returncode == 2


ODD = "\x1b[2J\n\u202etxt\udcff"  # clears the screen, a line's end, turns the text, no character
AS_TEXT = r"\x1b[2J\n\u202etxt\udcff"


@pytest.mark.parametrize("script", SCRIPTS)
def test_odd_names_in_refusals_reach_the_terminal_as_text(script, run):
    if sys.platform == "win32":
        pytest.skip("no such argument")
    assert_refused(run(script, "--data", f"{ODD}.npz", *DATA.get(script, [])), AS_TEXT)
    assert_refused(run(script, f"--{ODD}"), AS_TEXT)


def test_odd_names_in_results_reach_the_terminal_as_text(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(train_model, "shown", str)
    record = {"validation_misses": 1, "validation_images": 100, "seconds": 1}
    train_model.report(record, Path(f"{ODD}.h5"))
    evaluate_model.save({}, Path(ODD), "png")
    out, err = capsys.readouterr()
    assert f"trained in 1 s, saved as {AS_TEXT}.h5" in out.splitlines()
    assert err == f"figures in {AS_TEXT}: none\n"
    assert list(evaluate_model.by_name([Path(f"{ODD}.h5")])) == [AS_TEXT]


def test_own_model_is_used_where_there_is_one_and_else_the_pretrained_one_which_is_said(
    tmp_path, monkeypatch, capsys
):
    own = tmp_path / "mnist_cnn.h5"
    monkeypatch.setattr(command_line, "MODEL", own)
    assert command_line.model_or_default(Path("named.h5")) == Path("named.h5")
    assert command_line.model_or_default(None) == PRETRAINED
    assert capsys.readouterr().err.startswith("using ")
    own.touch()
    assert command_line.model_or_default(None) == own
    assert capsys.readouterr().err == ""
