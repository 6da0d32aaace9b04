"""Scores against hand-worked cases and Keras."""

import keras
import numpy as np
import pytest

from digits import scores


def test_confusion_matrix_has_true_digits_in_rows():
    confusion = scores.confusion_matrix(np.uint8([3, 3, 3, 5]), np.array([3, 3, 8, 5]))
    assert confusion.sum() == 4
    assert (confusion[3, 3], confusion[3, 8], confusion[5, 5]) == (2, 1, 1)


def test_temperature_is_that_by_which_the_answers_were_made_too_sure():
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, (20_000, 10))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (honest.cumsum(axis=1) > random.random((20_000, 1))).argmax(axis=1)
    too_sure = honest**1.6 / (honest**1.6).sum(axis=1, keepdims=True)
    assert scores.temperature(labels, too_sure[:, np.newaxis]) == pytest.approx(1.6, rel=0.05)
    np.testing.assert_allclose(scores.tempered(too_sure[:, np.newaxis], 1.6), honest, atol=1e-6)


def test_tempered_answer_is_the_mean_of_the_branches():
    branches = np.array([[[0.9, 0.1] + [0] * 8, [0.2, 0.8] + [0] * 8]])
    np.testing.assert_allclose(scores.tempered(branches, 1)[0, :2], [0.55, 0.45], atol=1e-6)


def test_precision_and_recall_of_a_hand_worked_case():
    confusion = scores.confusion_matrix(np.uint8([3, 3, 3, 5, 8]), np.array([3, 3, 8, 5, 8]))
    rows = scores.per_digit(confusion)
    assert rows["3"] == {"precision": 1, "recall": pytest.approx(2 / 3), "images": 3}
    assert rows["8"] == {"precision": 0.5, "recall": 1, "images": 1}
    assert rows["0"] == {"precision": None, "recall": None, "images": 0}


def certain(digit, confidence):
    """Return probabilities (10,) of `confidence` for a digit and the rest shared by the others."""
    probabilities = np.full(10, (1 - confidence) / 9, np.float32)
    probabilities[digit] = confidence
    return probabilities


def test_calibration_error_of_a_hand_worked_case():
    # Four images at 0.9, three of them right: off by 0.15. One image at 0.6, right: off by 0.4.
    probabilities = np.stack([certain(1, 0.9)] * 4 + [certain(2, 0.6)])
    error = scores.calibration_error(np.uint8([1, 1, 1, 7, 2]), probabilities)
    assert error == pytest.approx((4 * 0.15 + 0.4) / 5, abs=1e-6)


def test_loss_is_keras_loss():
    random = np.random.default_rng(1)
    probabilities = random.dirichlet(np.full(10, 0.1), 500).astype(np.float32)
    labels = random.integers(0, 10, 500)
    expected = keras.losses.SparseCategoricalCrossentropy()(labels, probabilities)
    assert scores.cross_entropy(labels, probabilities) == pytest.approx(float(expected), rel=1e-4)


def test_summary_counts_misses_and_fits_its_report():
    labels = np.arange(10).repeat(2)
    probabilities = np.stack([certain(label, 0.9) for label in labels])
    probabilities[0] = certain(6, 0.8)
    summary = scores.summary(labels, probabilities)
    assert (summary["accuracy"], summary["misses"], summary["images"]) == (0.95, 1, 20)
    assert summary["confusion"][0][6] == 1
    report = scores.report(summary, "MNIST")
    assert "95.00 %, 1 wrong of 20" in report
    assert max(map(len, report.splitlines())) <= 80
