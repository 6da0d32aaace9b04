"""The figures of an evaluation draw what they are given."""

import numpy as np
import pytest
from conftest import printed_digits

from digits import metrics, plots
from digits.data.mnist import Examples
from digits.evaluation import corruptions, figures
from digits.evaluation.evaluation import Predictions

HISTORY = {
    "accuracy": [0.9, 0.95, 0.96],
    "loss": [0.3, 0.1, 0.05],
    "val_accuracy": [0.92, 0.97, 0.96],
    "val_loss": [0.25, 0.08, 0.09],
}
RECORD = {"recipe": "fast", "history": HISTORY}


@pytest.fixture(scope="module")
def read():
    """Thirty printed digits, and probabilities that are wrong for 7 and 20."""
    images, labels = printed_digits(30, seed=4)
    probabilities = np.eye(10, dtype=np.float32)[labels]
    probabilities[7] = 0.9 * np.eye(10)[(labels[7] + 1) % 10] + 0.01
    probabilities[20] = 0.5 * np.eye(10)[(labels[20] + 2) % 10] + 0.05
    return Examples(images, labels, "MNIST", label_errors=(20,)), probabilities


class FakeModel:
    """Stands for a `predictor.Predictor`."""

    def __init__(self, filters, record=None):
        self.filters, self.record = filters, record

    def first_convolution(self, image):
        kernel = np.arange(9.0 * self.filters).reshape(3, 3, 1, self.filters)
        return (kernel, np.ones((28, 28, self.filters))) if self.filters else None


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def titles(figure):
    return [ax.get_title() for ax in figure.axes]


def test_history_draws_every_value():
    accuracy, loss = figures.history_figure({"net": RECORD}).axes
    series = {line.get_label(): line.get_ydata() for line in accuracy.lines}
    assert list(series) == legend(loss) == ["validation", "training (augmented)"]
    np.testing.assert_allclose(series["training (augmented)"], [90, 95, 96])
    np.testing.assert_allclose(series["validation"], [92, 97, 96])
    np.testing.assert_allclose(loss.lines[0].get_ydata(), [0.25, 0.08, 0.09])
    np.testing.assert_allclose(loss.lines[1].get_ydata(), [0.3, 0.1, 0.05])
    assert (accuracy.get_ylabel(), loss.get_ylabel()) == ("accuracy (%)", "loss (nats)")
    assert accuracy.figure.get_suptitle() == "Training history of net"


def test_history_of_a_classic_recipe_is_not_called_augmented():
    figure = figures.history_figure({"net": {**RECORD, "recipe": "two-blocks"}})
    assert legend(figure.axes[0]) == ["validation", "training"]


def test_histories_of_several_models_share_their_axes():
    other = {"history": {**HISTORY, "val_accuracy": [0.5, 0.6, 0.7]}}
    accuracy, _ = figures.history_figure({"one": RECORD, "other": other}).axes
    assert legend(accuracy) == ["one", "other"]
    np.testing.assert_allclose(accuracy.lines[1].get_ydata(), [50, 60, 70])
    assert accuracy.lines[0].get_color() != accuracy.lines[1].get_color()


@pytest.mark.parametrize("name", ["a$_$", "_hidden", "plain"])
def test_any_name_of_a_model_is_in_the_legend(name, tmp_path):
    figure = figures.history_figure({name: RECORD, "other": RECORD})
    plots.save(figure, tmp_path / "figure.svg")
    shown, _ = legend(figure.axes[0])
    assert shown.strip().replace("\\$", "$") == name


def test_of_very_many_filters_the_first_are_drawn(read):
    kernel, answers = FakeModel(900).first_convolution(None)
    figure = figures.filters_figure(read[0].images[0], kernel, answers)
    assert figure.get_figheight() < 6 and figure.axes[1].get_title().startswith(
        "Filters, 64 of 900"
    )


def test_confusion_writes_every_count_at_its_place():
    confusion = metrics.confusion_matrix(np.uint8([1, 1, 1, 2]), np.array([1, 1, 7, 2]))
    (ax,) = figures.confusion_figure(confusion).axes
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(1, 1): "2", (7, 1): "1", (2, 2): "1"}
    assert ax.get_xlabel() == "predicted digit"


def test_examples_are_twelve_right_predictions_then_the_wrong_ones(read):
    test, probabilities = read
    figure = figures.examples_figure(test, probabilities)
    right, (first, second, *others) = titles(figure)[:12], titles(figure)[12:]
    expected = [f"{label} → {label}\n99.9 %" for label in np.delete(test.labels[:13], 7)]
    assert right == expected
    assert first == f"{test.labels[7]} → {(test.labels[7] + 1) % 10}\n91.0 %"
    assert second == f"{test.labels[20]} → {(test.labels[20] + 2) % 10}*\n55.0 %", "a label error"
    assert not any(others)
    np.testing.assert_array_equal(figure.axes[12].images[0].get_array(), test.images[7])
    assert figure.get_suptitle().startswith("12 right and 2 of 2 wrong predictions")


def test_of_many_wrong_predictions_the_most_confident_are_shown():
    images, labels = np.zeros((130, 28, 28), np.uint8), np.zeros(130, np.uint8)
    sure = np.linspace(0.5, 0.9, 130)
    probabilities = np.zeros((130, 10))
    probabilities[:, 1], probabilities[:, 2] = sure, 1 - sure
    figure = figures.examples_figure(Examples(images, labels, "x"), probabilities)
    drawn = [title for title in titles(figure) if title]
    assert len(drawn) == 96 and drawn[0] == "0 → 1\n90.0 %"
    title = "0 right and 96 of 130 wrong predictions"
    assert figure.get_suptitle().startswith(title)


def test_without_a_wrong_prediction_the_figure_says_so(read):
    test, _ = read
    figure = figures.examples_figure(test, np.eye(10)[test.labels])
    assert figure.get_suptitle().startswith("12 right and 0 of 0 wrong predictions")


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
    assert "error 5.80 %" in reliability.get_title()  # (2 · 0.13 + 3 · 0.01) / 5


@pytest.mark.parametrize("filters", [1, 12, 32])
def test_every_filter_and_answer_is_drawn_once(read, filters):
    test, _ = read
    kernel, answers = FakeModel(filters).first_convolution(test.images[0])
    figure = figures.filters_figure(test.images[0], kernel, answers)
    image, weights, made = (ax.images[0].get_array() for ax in figure.axes)
    np.testing.assert_array_equal(image, test.images[0])
    drawn = np.ma.filled(weights, np.nan)
    assert sorted(drawn[~np.isnan(drawn)]) == list(range(9 * filters))
    assert np.nansum(np.ma.filled(made, np.nan)) == 28 * 28 * filters


def robustness(accuracy):
    """Return what `corruptions.robustness` finds of a model of one accuracy under all of them."""
    test = Examples(np.zeros((20, 28, 28), np.uint8), np.zeros(20, np.uint8), "blank")
    found = corruptions.robustness(lambda images: np.eye(10)[[0] * len(images)], test)
    for each in found["damages"].values():
        each["accuracy"] = [accuracy] * 5
    return {**found, "accuracy": 0.9}


def test_robustness_draws_a_curve_per_corruption_and_model_with_the_uncorrupted_accuracy():
    figure = figures.robustness_figure({"one": robustness(0.5), "two": robustness(0.7)})
    assert len(figure.axes) == 9
    scale = figure.axes[2]
    clean, curve = scale.lines[:2]
    assert set(clean.get_ydata()) == {90}
    assert curve.get_xdata().tolist() == [0.5, 0.7, 0.85, 1, 1.15, 1.3]
    np.testing.assert_allclose(curve.get_ydata(), [50, 50, 50, 90, 50, 50])
    assert legend(figure.axes[0]) == ["one", "two"]


def test_each_model_has_the_figures_that_there_is_something_for(read):
    test, probabilities = read
    summary = metrics.summary(test, probabilities)
    always = ["confusion_matrix", "examples", "calibration"]

    def drawn(*models):
        names = [f"model {n}" for n in range(len(models))]
        predictions = Predictions(probabilities, None)
        every = (dict.fromkeys(names, each) for each in (predictions, summary))
        return list(figures.of(dict(zip(names, models, strict=True)), test, *every))

    with_all = FakeModel(4, RECORD)
    assert drawn(FakeModel(0)) == always
    summary["robustness"] = robustness(0.8)
    assert drawn(with_all) == ["history", *always, "filters", "robustness"]
    assert drawn(with_all, FakeModel(0)) == ["history", "robustness"]
