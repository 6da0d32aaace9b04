"""A model scored on test images, with all that its report and its figures show."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from digits import model_file, robustness, scores
from digits.errors import UserError
from digits.files import shown

SERIES = ("accuracy", "loss")  # of a history, and of its validation


class Model(NamedTuple):
    """A model file, its network, and the record of its training or None."""

    path: Path
    predict: model_file.Predictor
    record: dict | None


class Evaluation(NamedTuple):
    """A `Model`, its probabilities (n, 10) of the test images, and their `scores.summary`."""

    model: Model
    probabilities: np.ndarray
    summary: dict


def load(path):
    """Return the `Model` at `path`. Raises UserError if it holds none."""
    record = model_file.training_record(path)
    return Model(path, model_file.predictor(path), record if is_whole(record) else None)


def is_whole(record):
    """Return whether a training's record has what is drawn of it: another program's may not."""
    try:
        series = [record["history"][prefix + name] for prefix in ("", "val_") for name in SERIES]
        numbers = np.array([[record.get("temperature", 1), *each] for each in series], float)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    if not isinstance(record.get("recipe", ""), str):
        return False
    return bool(numbers.shape[1] > 1 and np.isfinite(numbers).all() and (numbers[:, 0] > 0).all())


def evaluated(model, test, robust=False):
    """Return the `Evaluation` of a model on `mnist.Examples`; `robust` asks for worse images too.

    Its temperature is taken out again, to tell what its confidence was before it. Raises UserError
    for answers that are no numbers.
    """
    temperature = (model.record or {}).get("temperature")
    if temperature is None:
        probabilities, before = model.predict(test.images), None
    else:
        branches = model.predict.branches(test.images)
        probabilities = branches.mean(axis=1)
        before = scores.tempered(branches, 1 / temperature)
    if not np.isfinite(probabilities).all():
        raise UserError(f"{shown(model.path)} answers with what are no numbers: train another one")
    summary = scores.summary(test, probabilities, before)
    if robust:
        summary["robustness"] = robustness.measured(model.predict, test)
    return Evaluation(model, probabilities, summary)
