"""The model that learns own pictures: which may be the start, and which result is saved."""

from digits import UserError
from digits.files import shown
from digits.network import checkpoint, predictor


def load_start(path):
    """Return the `predictor.Predictor` at `path`, if it can learn own pictures.

    Raises UserError for another program's model, and for one that has learned own pictures: it may
    know those that it would be tested on.
    """
    predict = predictor.load(path)
    if predict.record is None or checkpoint.fault(predict.record):
        raise UserError(f"{shown(path)} was not trained by this project: name another with --model")
    if "own" in predict.record:
        raise UserError(
            f"{shown(path)} has learned own pictures already: leave --model out, and put all"
            " pictures into one folder"
        )
    return predict


def require_kept(record, output, most):
    """Raise UserError if validation accuracy has fallen by more than `most`, a share."""
    more = record["validation_misses"] - record["own"]["validation_misses_before"]
    fall = more / record["validation_images"]
    if fall > most:
        raise UserError(
            f"validation accuracy falls by {100 * fall:.2f} points, more than {100 * most:g}:"
            f" {shown(output)} is not written; --force writes it all the same"
        )
