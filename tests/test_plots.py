"""Figures draw what they are given."""

import os
import subprocess
import sys

import matplotlib.image
import numpy as np
import pytest
from conftest import ROOT, printed_digits

from digits import UserError, plots
from digits.page import answers


def test_answer_is_drawn_with_its_picture_and_ten_confidences(tmp_path):
    images, _ = printed_digits(2, seed=5)
    probabilities = np.float32([0.01] * 10)
    probabilities[4] = 0.91
    digits = [answers.Digit(image, (0, 0, 28, 28), probabilities) for image in images]
    both = [
        answers.Answer(f"{n}.png", "ok", digit.image, [answers.Row([digit])])
        for n, digit in enumerate(digits)
    ]
    figure = plots.answers_figure(both)
    picture, seen, bars = figure.axes[:3]
    assert picture.get_title() == "0.png\n4 (91.0 %)"
    np.testing.assert_array_equal(seen.images[0].get_array(), images[0])
    np.testing.assert_allclose([bar.get_width() for bar in bars.patches], 100 * probabilities)
    assert [text.get_text() for text in bars.texts] == ["1.0 %"] * 4 + ["91.0 %"] + ["1.0 %"] * 5
    plots.save(figure, tmp_path / "both.png")
    assert matplotlib.image.imread(tmp_path / "both.png").std() > 0.1, "something is drawn"


def test_marks_are_boxed_in_a_colour_of_their_own_with_their_signs():
    image, probabilities = np.zeros((28, 28), np.uint8), np.float32([0.01] * 9 + [0.91])
    digits = [answers.Digit(image, (30 * n, 10, 30 * n + 20, 40), probabilities) for n in range(2)]
    marks = answers.Mark("point", (22, 36, 26, 40), 0.9), answers.Mark("other", (52, 2, 60, 9), 0.5)
    page = np.zeros((50, 80), np.uint8)
    rows = [answers.Row(digits, marks)]
    picture, *_ = plots.answers_figure([answers.Answer("a.png", "unsure", page, rows)]).axes
    assert [text.get_text() for text in picture.texts] == ["9", "9", ".", "?"]
    colours = [line.get_color() for line in picture.lines]
    assert colours == [plots.ORANGE, plots.ORANGE, plots.BLUE, plots.BLUE]
    assert list(picture.lines[2].get_xdata()) == [22, 26, 26, 22, 22]


def test_figure_of_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.png"):
        plots.require_figure_name(tmp_path / "figure.docx")


def test_no_window_without_a_screen(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for name in plots.SCREEN:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match="no screen"):
        plots.require_window()


def test_odd_name_is_a_title_that_shows_what_it_holds():
    image, probabilities = np.zeros((28, 28), np.uint8), np.full(10, 0.1)
    rows = [answers.Row([answers.Digit(image, (0, 0, 28, 28), probabilities)])]
    answer = answers.Answer("a/\x1b[2J\n\u202e\udcff.png", "ok", image, rows)
    picture, *_ = plots.answers_figure([answer]).axes
    assert picture.get_title().splitlines()[0] == r"\x1b[2J\n\u202e\udcff.png"


def python(code, **variables):
    """Return what Python prints of code that draws, in an environment with more variables."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=ROOT,
        env={**os.environ, "WAYLAND_DISPLAY": "", "DISPLAY": "", **variables},
        capture_output=True,
        encoding="utf-8",
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


NOT_INSTALLED = ["no such backend", "module://missing", "module://", "TkAgg", "QtAgg", "WebAgg", ""]
SAVE_AND_ASK = """
import io
from digits import plots
figure = plots.new_figure(1, 1)
figure.savefig(io.BytesIO())
print(plots.window_available())
import matplotlib.pyplot  # as Keras does
"""


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is a screen")
@pytest.mark.parametrize("backend", NOT_INSTALLED)
def test_figure_is_drawn_and_no_window_opened_whatever_the_backend(backend):
    screen = ":77"  # that nobody has
    assert python(SAVE_AND_ASK, MPLBACKEND=backend, DISPLAY=screen) == "False\n"


INLINE = """
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas
"""
USE_INLINE = """
from digits import plots
plots.new_figure(1, 1)
import matplotlib.pyplot as plt
print(plt.get_backend(), type(plt.figure().canvas).__name__)
"""


def test_backend_of_a_notebook_stays_what_it_is(tmp_path):
    (tmp_path / "inline.py").write_text(INLINE)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    said = python(USE_INLINE, MPLBACKEND="module://inline", PYTHONPATH=path)
    assert said == "module://inline FigureCanvasAgg\n"
