"""The example pictures are what their script draws."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.suffix != ".py")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder with the examples drawn anew."""
    folder = tmp_path_factory.mktemp("examples")
    subprocess.run([sys.executable, ROOT / "examples" / "make_examples.py", folder], check=True)
    return folder


def pixels(path):
    return np.asarray(Image.open(path)).astype(float)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_is_drawn_by_its_script(drawn, path):
    committed, anew = pixels(path), pixels(drawn / path.name)
    assert committed.shape == anew.shape
    assert np.abs(committed - anew).mean() < 0.01 * np.ptp(committed)  # versions of Pillow differ


def test_script_draws_nothing_else(drawn):
    assert sorted(path.name for path in drawn.iterdir()) == [path.name for path in EXAMPLES]
