"""A model scored on test images, with all that its report and its figures show."""

from typing import NamedTuple

import numpy as np

from digits import model_file, robustness, scores


class Model(NamedTuple):
    """A model file's network, and the record of its training or None."""

    predict: model_file.Predictor
    record: dict | None


class Evaluation(NamedTuple):
    """A `Model`, its probabilities (n, 10) of the test images, and their `scores.summary`."""

    model: Model
    probabilities: np.ndarray
    summary: dict


def load(path):
    """Return the `Model` at `path`. Raises UserError if it holds none."""
    return Model(model_file.predictor(path), model_file.training_record(path))


def evaluated(model, test, robust=False):
    """Return the `Evaluation` of a model on `mnist.Examples`; `robust` asks for worse images too.

    Its temperature is taken out again, to tell what its confidence was before it.
    """
    temperature = (model.record or {}).get("temperature")
    if temperature is None:
        probabilities, before = model.predict(test.images), None
    else:
        branches = model.predict.branches(test.images)
        probabilities = branches.mean(axis=1)
        before = scores.tempered(branches, 1 / temperature)
    summary = scores.summary(test, probabilities, before)
    if robust:
        summary["robustness"] = robustness.measured(model.predict, test)
    return Evaluation(model, probabilities, summary)
