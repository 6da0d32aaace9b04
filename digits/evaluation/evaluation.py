"""A model scored on test images, with all that its report and its figures show."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from digits import metrics
from digits.command_line import say
from digits.evaluation import corruptions
from digits.files import shown
from digits.network import checkpoint, model_file


class Model(NamedTuple):
    """A model file, its network, and the record of its training or None."""

    path: Path
    predict: model_file.Predictor
    record: dict | None


class Evaluation(NamedTuple):
    """A `Model`, its probabilities (n, 10) of the test images, and their `metrics.summary`."""

    model: Model
    probabilities: np.ndarray
    summary: dict


def load(path, trust=False):
    """Return the `Model` at `path`; `trust` lets Keras load it. Raises UserError if it holds none.

    A damaged record of its training is left out, and said on stderr.
    """
    predict = model_file.predictor(path, trust)
    record = predict.record
    fault = checkpoint.fault(record) if record is not None else None
    if fault:
        say(f"{shown(path)}: the record of its training is left out, for {fault}")
    return Model(path, predict, None if fault else record)


def evaluated(model, test, robust=False):
    """Return the `Evaluation` of a model on `mnist.Examples`; `robust` asks for worse images too.

    Its temperature is taken out again, to tell what its confidence was before it. Raises UserError
    for answers that are no numbers.
    """
    temperature = (model.record or {}).get("temperature")
    if temperature is None:
        probabilities, before = model.predict(test.images), None
    else:
        branches = model.predict.members(test.images)
        probabilities = branches.mean(axis=1)
        before = metrics.tempered(branches, 1 / temperature)
    model_file.require_finite(probabilities, model.path)
    summary = metrics.summary(test, probabilities, before)
    if robust:
        summary["robustness"] = corruptions.measured(model.predict, test)
    return Evaluation(model, probabilities, summary)
