"""The figures of an evaluation draw what they are given."""

import numpy as np
import pytest
from conftest import printed_digits

from digits import metrics, plots
from digits.data.mnist import Examples
from digits.evaluation import corruptions, figures

HISTORY = {
    "accuracy": [0.9, 0.95, 0.96],
    "loss": [0.3, 0.1, 0.05],
    "val_accuracy": [0.92, 0.97, 0.96],
    "val_loss": [0.25, 0.08, 0.09],
}
RECORD = {"recipe": "fast", "history": HISTORY}


@pytest.fixture(scope="module")
def read():
    """Thirty printed digits, and probabilities of which those of 7 and 20 are wrong."""
    images, labels = printed_digits(30, seed=4)
    probabilities = np.eye(10, dtype=np.float32)[labels]
    probabilities[7] = 0.9 * np.eye(10)[(labels[7] + 1) % 10] + 0.01
    probabilities[20] = 0.5 * np.eye(10)[(labels[20] + 2) % 10] + 0.05
    return Examples(images, labels, "MNIST", disputed=(20,)), probabilities


class Network:
    """Stands for a `model_file.Predictor`."""

    def __init__(self, filters):
        self.filters = filters

    def first_convolution(self, image):
        kernel = np.arange(9.0 * self.filters).reshape(3, 3, 1, self.filters)
        return (kernel, np.ones((28, 28, self.filters))) if self.filters else None


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def titles(figure):
    return [ax.get_title() for ax in figure.axes]


def test_history_draws_every_value_and_marks_the_best_epoch():
    accuracy, loss = figures.history_figure(RECORD).axes
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), [90, 95, 96])
    np.testing.assert_allclose(accuracy.lines[1].get_ydata(), [92, 97, 96])
    assert accuracy.lines[2].get_xydata().tolist() == [[2, 97]]
    np.testing.assert_allclose(loss.lines[1].get_ydata(), [0.25, 0.08, 0.09])
    assert loss.lines[2].get_xydata().tolist() == [[2, 0.08]]
    assert legend(loss) == ["training, distorted", "validation", "best epoch, 2"]
    assert (accuracy.get_ylabel(), loss.get_ylabel()) == ("accuracy (%)", "loss (nats)")


def test_history_of_a_classic_recipe_is_of_images_as_they_are():
    figure = figures.history_figure({**RECORD, "recipe": "two-blocks"})
    assert legend(figure.axes[0])[0] == "training"


def test_histories_of_several_models_share_their_axes():
    other = {"history": {**HISTORY, "val_accuracy": [0.5, 0.6, 0.7]}}
    accuracy, _ = figures.histories_figure({"one": RECORD, "other": other}).axes
    assert legend(accuracy) == ["one", "other"]
    np.testing.assert_allclose(accuracy.lines[2].get_ydata(), [50, 60, 70])
    assert accuracy.lines[0].get_color() != accuracy.lines[2].get_color()


@pytest.mark.parametrize("name", ["a$_$", "_hidden", "plain"])
def test_any_name_of_a_model_is_in_the_legend(name, tmp_path):
    figure = figures.histories_figure({name: RECORD})
    plots.save(figure, tmp_path / "figure.svg")
    (shown,) = legend(figure.axes[0])
    assert shown.strip().replace("\\$", "$") == name


def test_of_very_many_filters_the_first_are_drawn(read):
    kernel, answers = Network(900).first_convolution(None)
    figure = figures.filters_figure(read[0].images[0], kernel, answers)
    assert figure.get_figheight() < 6 and figure.axes[1].get_title().startswith("64 of 900")


def test_confusion_writes_every_count_at_its_place():
    confusion = metrics.confusion_matrix(np.uint8([1, 1, 1, 2]), np.array([1, 1, 7, 2]))
    (ax,) = figures.confusion_figure(confusion.tolist()).axes
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(1, 1): "2", (7, 1): "1", (2, 2): "1"}
    assert ax.get_xlabel() == "predicted digit"


def test_examples_show_wrong_predictions_with_the_truth(read):
    test, probabilities = read
    figure = figures.examples_figure(test, probabilities)
    first, second, *others = titles(figure)
    assert len(others) == 22 and all(others)
    assert first == f"{(test.labels[7] + 1) % 10} (91.0 %), is {test.labels[7]}"
    assert "is" in second and not any("is" in title for title in others)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), test.images[7])


def test_mistakes_are_all_shown_with_the_disputed_marked(read):
    test, probabilities = read
    figure = figures.mistakes_figure(test, probabilities)
    first, second, *others = titles(figure)
    assert first == f"{test.labels[7]} → {(test.labels[7] + 1) % 10}\n91.0 %"
    assert second == f"{test.labels[20]} → {(test.labels[20] + 2) % 10}*\n55.0 %"
    assert not any(others)
    assert figure.get_suptitle().startswith("All 2 mistakes")


def test_of_many_mistakes_the_hundred_of_which_it_is_surest_are_shown():
    images, labels = np.zeros((130, 28, 28), np.uint8), np.zeros(130, np.uint8)
    sure = np.linspace(0.5, 0.9, 130)
    probabilities = np.zeros((130, 10))
    probabilities[:, 1], probabilities[:, 2] = sure, 1 - sure
    figure = figures.mistakes_figure(Examples(images, labels, "x"), probabilities)
    assert len(figure.axes) == 100 and titles(figure)[0] == "0 → 1\n90.0 %"
    assert figure.get_suptitle().startswith("The 100 most confident of 130 mistakes")


def test_without_a_mistake_there_is_a_figure_that_says_so(read):
    test, _ = read
    figure = figures.mistakes_figure(test, np.eye(10)[test.labels])
    assert figure.get_suptitle().startswith("All 0 mistakes")


def test_calibration_draws_each_bin_of_a_hand_worked_case():
    # In the bin of 0.6 to 0.667 two images, one right; in the last, three, all right.
    probabilities = np.full((5, 10), 0.0)
    probabilities[:, 1], probabilities[:, 2] = [0.62, 0.64, 0.99, 0.99, 0.99], 0.005
    labels = np.array([1, 3, 1, 1, 1])
    reliability, images = figures.calibration_figure(labels, probabilities).axes
    bars = [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in reliability.patches]
    np.testing.assert_allclose(bars, [(95 / 1.5, 50), (145 / 1.5, 100)])
    np.testing.assert_allclose(reliability.lines[0].get_xydata(), [(63, 63), (99, 99)])
    assert [bar.get_height() for bar in images.patches] == [0] * 9 + [2] + [0] * 4 + [3]
    assert "(error 5.80 %)" in reliability.get_title()  # (2 · 0.13 + 3 · 0.01) / 5


@pytest.mark.parametrize("filters", [1, 12, 32])
def test_every_filter_and_answer_is_drawn_once(read, filters):
    test, _ = read
    kernel, answers = Network(filters).first_convolution(test.images[0])
    figure = figures.filters_figure(test.images[0], kernel, answers)
    image, weights, made = (ax.images[0].get_array() for ax in figure.axes)
    np.testing.assert_array_equal(image, test.images[0])
    drawn = np.ma.filled(weights, np.nan)
    assert sorted(drawn[~np.isnan(drawn)]) == list(range(9 * filters))
    assert np.nansum(np.ma.filled(made, np.nan)) == 28 * 28 * filters


def measured(accuracy):
    damages = {
        name: {
            "unit": each.unit,
            "clean": each.clean,
            "strengths": list(each.strengths),
            "accuracy": [accuracy] * 5,
        }
        for name, each in corruptions.DAMAGES.items()
    }
    return {"images": 30, "accuracy": 0.9, "damages": damages}


def test_robustness_draws_a_curve_per_damage_and_model_with_the_clean_score():
    figure = figures.robustness_figure({"one": measured(0.5), "two": measured(0.7)})
    assert len(figure.axes) == 9
    scale = figure.axes[2]
    clean, curve = scale.lines[:2]
    assert set(clean.get_ydata()) == {90}
    assert curve.get_xdata().tolist() == [0.5, 0.7, 0.85, 1, 1.15, 1.3]
    np.testing.assert_allclose(curve.get_ydata(), [50, 50, 50, 90, 50, 50])
    assert legend(figure.axes[0]) == ["one", "two"]


def test_a_model_has_those_figures_that_it_has_something_for(read):
    test, probabilities = read
    summary = metrics.summary(test, probabilities)
    always = ["confusion_matrix", "mistakes", "examples", "calibration"]
    assert list(figures.of_model(None, test, Network(0), probabilities, summary)) == always
    summary["robustness"] = measured(0.8)
    every = figures.of_model(RECORD, test, Network(4), probabilities, summary)
    assert list(every) == ["history", *always, "filters", "robustness"]
