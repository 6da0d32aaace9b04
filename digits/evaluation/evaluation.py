"""Predict the test images and compute the metrics."""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from digits import metrics
from digits.command_line import say, show_progress
from digits.evaluation import corruptions
from digits.files import shown
from digits.network import checkpoint, predictor

IMAGES_AT_ONCE = 960  # between two steps of the counter: ten of `numpy_network`'s batches


class Predictions(NamedTuple):
    """Probabilities (n, 10); the same without temperature scaling, or None if there is none."""

    probabilities: np.ndarray
    uncalibrated: np.ndarray | None


def load(path, trust=False):
    """Return the `predictor.Predictor` at `path`, a damaged training record left out."""
    model = predictor.load(path, trust)
    fault = checkpoint.fault(model.record) if model.record is not None else None
    if fault:
        say(f"{shown(path)}: the record of its training is left out, for {fault}")
        model.record = None
    return model


def predict(model, images):
    """Return a model's `Predictions` for images, uint8 (n, 28, 28)."""
    temperature = (model.record or {}).get("temperature")
    if temperature is None:
        return Predictions(in_steps(model, images), None)
    members = in_steps(model.members, images)
    probabilities = members.mean(axis=1)
    predictor.require_finite(probabilities, model.path)
    return Predictions(probabilities, metrics.temperature_scaled(members, 1 / temperature))


def in_steps(function, images):
    parts = []
    for start in range(0, len(images), IMAGES_AT_ONCE):
        show_progress("predicting test images", start, len(images))
        parts.append(function(images[start : start + IMAGES_AT_ONCE]))
    show_progress("predicting test images", len(images), len(images))
    return np.concatenate(parts)


def score(model, predictions, test, robustness=False):
    summary = metrics.summary(test, *predictions)
    if robustness:
        summary["robustness"] = corruptions.robustness(model, test)
    return summary


def comparisons(labels, predictions):
    """Compare each two models by McNemar's test; `predictions` is by model name."""
    right = {
        name: each.probabilities.argmax(axis=1) == labels for name, each in predictions.items()
    }
    found = []
    for a, b in combinations(right, 2):
        alone = [int((right[a] & ~right[b]).sum()), int((right[b] & ~right[a]).sum())]
        p = metrics.mcnemar(*alone)
        found.append({"models": [a, b], "right_by_one_alone": alone, "p": p})
    return found
