"""Figures draw what they are given."""

import matplotlib.image
import numpy as np
import pytest
from conftest import printed_digits

from digits import answers, plots
from digits.errors import UserError
from digits.writing import Digit


def test_answer_is_drawn_with_its_picture_and_ten_confidences(tmp_path):
    images, _ = printed_digits(2, seed=5)
    probabilities = np.float32([0.01] * 10)
    probabilities[4] = 0.91
    both = [
        answers.Answer(f"{n}.png", "ok", image, [[Digit(image, (0, 0, 28, 28), probabilities)]])
        for n, image in enumerate(images)
    ]
    figure = plots.answers_figure(both)
    picture, seen, bars = figure.axes[:3]
    assert picture.get_title() == "0.png\n4 (91.0 %)"
    np.testing.assert_array_equal(seen.images[0].get_array(), images[0])
    np.testing.assert_allclose([bar.get_width() for bar in bars.patches], 100 * probabilities)
    assert [text.get_text() for text in bars.texts] == ["1.0 %"] * 4 + ["91.0 %"] + ["1.0 %"] * 5
    plots.save(figure, tmp_path / "both.png")
    assert matplotlib.image.imread(tmp_path / "both.png").std() > 0.1, "something is drawn"


def test_figure_of_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.png"):
        plots.require_figure_name(tmp_path / "figure.docx")


def test_no_window_without_a_screen(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for name in plots.SCREEN:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match="no screen"):
        plots.require_window()
