"""The tool that damages data files ends on whatever is neither an answer nor a sentence."""

import importlib.util
import os

import pytest
from conftest import ROOT

from digits import mnist
from digits.errors import UserError

pytest.importorskip("resource", reason="Windows does not tell a process's memory")


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location("damage_data", ROOT / "tools" / "damage_data.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_damaged_data_of_each_kind_is_read_or_refused(run):
    result = run("tools/damage_data.py", 30)
    assert result.returncode == 0, result.stderr
    kinds = [line for line in result.stdout.splitlines() if line.startswith((".npz", "IDX"))]
    assert len(kinds) == 6
    assert all(sum(map(int, line.split()[-3:])) == 5 for line in kinds)


def test_traceback_and_words_on_the_terminal_are_found(tool, monkeypatch, tmp_path):
    monkeypatch.setattr(mnist, "load", lambda part, path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tool.outcome(tmp_path)
    monkeypatch.setattr(mnist, "load", lambda part, path: os.write(2, b"noise"))
    with pytest.raises(UserError, match="printed something"):
        tool.outcome(tmp_path)


def test_too_much_time_and_too_much_memory_are_found(tool, monkeypatch, tmp_path):
    monkeypatch.setattr(tool, "megabytes", lambda: 499)
    tool.require_little(tmp_path, 9.9)
    with pytest.raises(UserError, match=r"took 10\.1 s"):
        tool.require_little(tmp_path, 10.1)
    monkeypatch.setattr(tool, "megabytes", lambda: 501)
    with pytest.raises(UserError, match="501 MB"):
        tool.require_little(tmp_path, 1)
