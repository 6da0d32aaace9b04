"""The tools that damage files end on whatever is neither an answer nor a sentence."""

import sys

import pytest
from conftest import ROOT

from digits.data import mnist_files

sys.path.insert(0, str(ROOT / "benchmarks"))
import damage_data


@pytest.mark.parametrize("what", ["pictures", "models", "data"])
def test_damaged_files_of_each_kind_are_read_or_refused(run, what):
    result = run(f"benchmarks/damage_{what}.py", 40)
    assert result.returncode == 0, result.stdout + result.stderr
    *counts, last = result.stdout.splitlines()
    assert sum(int(line.split()[-1]) for line in counts) == 40
    assert last.startswith("the slowest took")


def test_traceback_is_found_and_its_file_stays(monkeypatch, capsys, tmp_path):
    def fail(path, part):
        raise OverflowError("deep inside")

    monkeypatch.setattr(mnist_files, "read", fail)
    monkeypatch.setattr("tempfile.mkdtemp", lambda: str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["damage_data.py", "2"])
    assert damage_data.main() == 1
    said = capsys.readouterr().out
    assert said.count("OverflowError: deep inside") == 2
    for n in range(2):
        assert str(tmp_path / f"{n:05}" / "data.npz") in said
        assert (tmp_path / f"{n:05}" / "data.npz").exists()
