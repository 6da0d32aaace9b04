"""TensorFlow's log lines are held back, an error's are not; on x86 it uses oneDNN."""

import os
import platform
import subprocess
import sys

import pytest
from conftest import ROOT


def python(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        encoding="utf-8",
    )


WRITE = "import os; from digits.command_line import stderr_held_back\nwith stderr_held_back(): "


def test_what_is_held_back_stays_unseen_and_what_follows_is_seen():
    result = python(WRITE + "os.write(2, b'held back')\nos.write(2, b'after')")
    assert (result.returncode, result.stderr) == (0, "after")


def test_exception_brings_what_was_held_back_to_the_terminal():
    result = python(WRITE + "os.write(2, b'held back'); raise ValueError('the cause')")
    assert result.returncode == 1
    assert "held back" in result.stderr and "ValueError: the cause" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="crashes otherwise")
def test_crash_of_the_interpreter_is_reported():
    result = python(WRITE + "os.abort()")
    assert result.returncode < 0
    assert "Fatal Python error: Aborted" in result.stderr


def test_tensorflow_and_its_first_computation_say_nothing():
    code = "from digits.network.tensorflow_start import import_tensorflow; import_tensorflow()\n"
    result = python(code + "import keras; keras.layers.Dense(3)(keras.ops.ones((2, 4)))")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


CONVOLVE = """
import os
from digits.network.tensorflow_start import import_tensorflow
tf = import_tensorflow()
tf.nn.conv2d(tf.ones((1, 9, 9, 1)), tf.ones((3, 3, 1, 1)), 1, "SAME")
print(os.environ["TF_ENABLE_ONEDNN_OPTS"])  # some processors' default is 1
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="others are left alone")
@pytest.mark.parametrize("asked, expected", [({}, True), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, False)])
def test_convolutions_are_onednn_s_on_any_pc_unless_asked_otherwise(monkeypatch, asked, expected):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    result = python(CONVOLVE, ONEDNN_VERBOSE="1", **asked)
    assert result.returncode == 0, result.stderr
    *said, setting = result.stdout.splitlines()
    computed = [line.split(",") for line in said if ",exec," in line]
    assert any("convolution" in line for line in computed) is expected
    assert setting == str(int(expected))
