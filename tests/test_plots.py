"""Figures draw what they are given."""

import matplotlib.image
import numpy as np
import pytest
from conftest import printed_digits

from digits import answers, plots, scores
from digits.errors import UserError
from digits.mnist import Examples
from digits.writing import Digit

HISTORY = {
    "accuracy": [0.9, 0.95],
    "loss": [0.3, 0.1],
    "val_accuracy": [0.92, 0.97],
    "val_loss": [0.25, 0.08],
}


def test_history_draws_every_value():
    figure = plots.history_figure(HISTORY)
    accuracy, loss = figure.axes
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), [90, 95])
    np.testing.assert_allclose(accuracy.lines[1].get_ydata(), [92, 97])
    np.testing.assert_allclose(loss.lines[1].get_ydata(), [0.25, 0.08])
    assert [text.get_text() for text in loss.get_legend().get_texts()] == [
        "training, distorted",
        "validation",
    ]
    assert accuracy.get_ylabel() == "accuracy (%)"


def test_confusion_writes_every_count_at_its_place():
    confusion = scores.confusion_matrix(np.uint8([1, 1, 1, 2]), np.array([1, 1, 7, 2]))
    (ax,) = plots.confusion_figure(confusion.tolist()).axes
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(1, 1): "2", (7, 1): "1", (2, 2): "1"}
    assert ax.get_xlabel() == "predicted digit"


def test_examples_show_wrong_predictions_with_the_truth():
    images, labels = printed_digits(30, seed=4)
    probabilities = np.eye(10, dtype=np.float32)[labels]
    probabilities[7] = np.eye(10)[(labels[7] + 1) % 10]
    figure = plots.examples_figure(images, labels, probabilities)
    titles = [ax.get_title() for ax in figure.axes]
    assert len(titles) == 24 and all(titles)
    assert titles[0] == f"{(labels[7] + 1) % 10} (99.9 %), is {labels[7]}"
    assert sum("is" in title for title in titles) == 1
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), images[7])


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


def test_evaluation_of_a_model_without_history_leaves_that_figure_out():
    images, labels = printed_digits(30, seed=4)
    probabilities = np.eye(10, dtype=np.float32)[labels]
    test, summary = Examples(images, labels, "MNIST"), scores.summary(labels, probabilities)
    figures = plots.evaluation_figures(None, test, probabilities, summary)
    assert list(figures) == ["confusion_matrix", "examples"]
    figures = plots.evaluation_figures({"history": HISTORY}, test, probabilities, summary)
    assert list(figures) == ["history", "confusion_matrix", "examples"]


def test_figure_of_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.png"):
        plots.require_figure_name(tmp_path / "figure.docx")


def test_no_window_without_a_screen(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for name in plots.SCREEN:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match="no screen"):
        plots.require_window()
