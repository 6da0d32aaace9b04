"""Metrics against hand-worked cases and Keras."""

import json

import keras
import numpy as np
import pytest

from digits import metrics
from digits.data.mnist import Examples
from digits.evaluation import evaluation, report


def test_confusion_matrix_has_true_digits_in_rows():
    confusion = metrics.confusion_matrix(np.uint8([3, 3, 3, 5]), np.array([3, 3, 8, 5]))
    assert confusion.sum() == 4
    assert (confusion[3, 3], confusion[3, 8], confusion[5, 5]) == (2, 1, 1)


def test_temperature_is_the_one_that_made_the_probabilities_overconfident():
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, (20_000, 10))
    calibrated = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (calibrated.cumsum(axis=1) > random.random((20_000, 1))).argmax(axis=1)
    overconfident = (calibrated**1.6 / (calibrated**1.6).sum(axis=1, keepdims=True))[:, np.newaxis]
    assert metrics.temperature(labels, overconfident) == pytest.approx(1.6, rel=0.05)
    scaled = metrics.temperature_scaled(overconfident, 1.6)
    np.testing.assert_allclose(scaled, calibrated, atol=1e-6)


def test_temperature_without_a_wrong_prediction_is_one():
    assert metrics.temperature(np.arange(10), np.eye(10)[:, np.newaxis]) == 1


def test_scaled_probabilities_are_the_mean_of_the_members():
    members = np.array([[[0.9, 0.1] + [0] * 8, [0.2, 0.8] + [0] * 8]])
    mean = metrics.temperature_scaled(members, 1)[0, :2]
    np.testing.assert_allclose(mean, [0.55, 0.45], atol=1e-6)


def test_table_per_digit_of_a_hand_worked_case():
    confusion = metrics.confusion_matrix(np.uint8([3, 3, 3, 5, 8]), np.array([3, 3, 8, 5, 8]))
    rows = metrics.per_digit(confusion)
    assert rows["3"] == {
        "precision": 1,
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(0.8),  # 2 · 1 · ⅔ / (1 + ⅔)
        "images": 3,
        "taken_for": {"digit": 8, "images": 1},
    }
    assert rows["8"]["precision"] == 0.5 and rows["8"]["recall"] == 1
    assert rows["8"]["f1"] == pytest.approx(2 / 3) and rows["8"]["taken_for"] is None
    assert rows["0"]["precision"] is rows["0"]["recall"] is rows["0"]["f1"] is None


@pytest.mark.parametrize(
    ("right", "n", "interval"),
    [(81, 263, (0.2553, 0.3662)), (0, 20, (0, 0.1611)), (29, 29, (0.8830, 1))],
)
def test_wilson_interval_is_that_of_the_literature(right, n, interval):
    # The first and the last are worked examples of Newcombe (1998), table I.
    assert metrics.wilson_interval(right, n) == pytest.approx(interval, abs=5e-5)


@pytest.mark.parametrize(("right", "n"), [(0, 7), (100, 100), (1, 1)])
def test_wilson_interval_stays_among_shares(right, n):
    low, high = metrics.wilson_interval(right, n)
    assert 0 <= low < high <= 1


@pytest.mark.parametrize(
    ("alone", "p"), [((1, 5), 14 / 64), ((0, 10), 2 / 1024), ((3, 3), 1), ((0, 0), 1)]
)
def test_mcnemar_of_hand_worked_cases(alone, p):
    assert metrics.mcnemar(*alone) == metrics.mcnemar(*alone[::-1]) == pytest.approx(p)


def confident(digit, confidence):
    """Return probabilities (10,) of `confidence` for a digit and the rest shared by the others."""
    probabilities = np.full(10, (1 - confidence) / 9, np.float32)
    probabilities[digit] = confidence
    return probabilities


def test_calibration_error_of_a_hand_worked_case():
    # Four images at 0.9, three of them right: off by 0.15. One image at 0.6, right: off by 0.4.
    probabilities = np.stack([confident(1, 0.9)] * 4 + [confident(2, 0.6)])
    error = metrics.calibration_error(np.uint8([1, 1, 1, 7, 2]), probabilities)
    assert error == pytest.approx((4 * 0.15 + 0.4) / 5, abs=1e-6)


def test_loss_is_keras_loss():
    random = np.random.default_rng(1)
    probabilities = random.dirichlet(np.full(10, 0.1), 500).astype(np.float32)
    labels = random.integers(0, 10, 500)
    expected = keras.losses.SparseCategoricalCrossentropy()(labels, probabilities)
    assert metrics.cross_entropy(labels, probabilities) == pytest.approx(float(expected), rel=1e-4)


@pytest.fixture
def test_and_probabilities():
    """Twenty images, three of them wrong: one a label error, and the last the most confident."""
    labels = np.arange(10).repeat(2)
    probabilities = np.stack([confident(label, 0.9) for label in labels])
    probabilities[[0, 5, 19]] = [confident(6, 0.8), confident(8, 0.5), confident(4, 0.95)]
    images = np.zeros((20, 28, 28), np.uint8)
    return Examples(images, labels, "MNIST", label_errors=(5, 7)), probabilities


def test_summary_names_the_most_confident_mistakes_first(test_and_probabilities):
    summary = metrics.summary(*test_and_probabilities)
    assert (summary["accuracy"], summary["misses"], summary["images"]) == (0.85, 3, 20)
    assert summary["confusion"][0][6] == 1
    assert [each["index"] for each in summary["confident_mistakes"]] == [19, 0, 5]
    last = summary["confident_mistakes"][2]
    assert (last["label"], last["predicted"], last["disputed"]) == (2, 8, True)
    assert summary["disputed"] == {"images": 2, "misses": 1}


def test_calibration_error_without_temperature_scaling_is_of_those_probabilities(
    test_and_probabilities,
):
    test, probabilities = test_and_probabilities
    uncalibrated = np.eye(10)[probabilities.argmax(axis=1)]
    summary = metrics.summary(test, probabilities, uncalibrated)
    assert summary["calibration_error_before_temperature"] == pytest.approx(0.15)
    assert metrics.summary(test, probabilities)["calibration_error_before_temperature"] is None


def test_report_of_one_model_says_all_of_it_in_80_columns(test_and_probabilities):
    summary = metrics.summary(*test_and_probabilities, test_and_probabilities[1])
    text = report.as_text({"net": summary}, [], "MNIST")
    assert "85.00 %, 3 wrong of 20  (MNIST)" in text
    assert "64.0" not in text and "63.96 to 94.76 %" in text
    assert "2, 1 of them counted as wrong" in text
    assert "   19     9          4      95.0 %\n" in text and text.count("  label error") == 1
    assert "    9   100.00 %   50.00 %   66.67 %       2  4 (1)" in text
    assert max(map(len, text.splitlines())) <= 80


def test_report_of_several_models_compares_them(test_and_probabilities):
    test, probabilities = test_and_probabilities
    every = {"a_network_of_a_long_name": probabilities, "perfect": np.eye(10)[test.labels]}
    predictions = {name: evaluation.Predictions(each, None) for name, each in every.items()}
    summaries = {name: metrics.summary(test, each) for name, each in every.items()}
    compared = evaluation.comparisons(test.labels, predictions)
    text = report.as_text(summaries, compared, "MNIST")
    assert "a_network_of_a_long_name 85.00 %       3" in text
    assert "perfect                  100.00 %" in text
    assert "perfect alone on 3: p = 0.25 (McNemar's test), may be chance" in text
    assert max(map(len, text.splitlines()[:4])) <= 80
    assert json.loads(report.as_json(summaries, compared, "MNIST")) == {
        "models": summaries,
        "comparisons": [
            {"models": [*every], "right_by_one_alone": [0, 3], "p": 0.25},
        ],
    }
