"""A training that is not finished: all it needs to go on, in one file beside its model.

The file is a model file like any other, of the best epoch so far, and holds the training's arrays
besides.
"""

import numpy as np

from digits import UserError
from digits.files import shown
from digits.network import model_file, model_safety, recipes


class ChangedError(UserError):
    """An unfinished training of a network that is no longer its recipe's."""

    def __init__(self, path):
        super().__init__(
            f"cannot resume {shown(path)}: the recipe or Keras has changed since; delete it to"
            " start anew without --resume"
        )


def place(model):
    """Return where the unfinished training of the model at the path `model` is kept."""
    return model.with_suffix(".unfinished.h5")


def save(network, record, state, path):
    """Save a network of the best weights so far, the record, and the arrays `state`, whole.

    Raises UserError, with what was there before untouched, if they cannot be written.
    """
    with model_file.whole_model(network, record, path, sum(each.nbytes for each in state)) as file:
        for number, array in enumerate(state):
            file[f"{model_safety.UNFINISHED}/{number}"] = array


def load(path, wanted):
    """Return the record and the list of arrays of the unfinished training at `path`.

    Raises UserError if it is missing or damaged, or if its record differs from `wanted`, a dict in
    which None stands for anything; ChangedError, which is one, if there is no such recipe any more.
    """
    held = model_safety.read(path)
    fault = fault_of(held)
    if fault:
        raise UserError(
            f"cannot resume {shown(path)}: {fault}; delete it to start anew without --resume"
        )
    for name, value in wanted.items():
        if value not in (None, held.record.get(name)):
            raise UserError(
                f"{shown(path)} has {name.replace('_', ' ')} {held.record.get(name)}, not {value}:"
                " ask for the same, or delete it and start anew without --resume"
            )
    if held.record["recipe"] not in recipes.RECIPES:
        raise ChangedError(path)
    return held.record, held.state


def fault_of(held):
    """Return what keeps the training in a file's contents from going on, in words, or None."""
    if held.record is None or not held.state:
        return "it is no unfinished training"
    if not all(np.isfinite(array).all() for array in held.state):
        return "its arrays hold what are no numbers"
    return fault_of_unfinished(held.record)


def require(path):
    """Raise UserError if there is no unfinished training at `path`."""
    if not path.is_file():
        raise UserError(f"nothing to resume: there is no {shown(path)}; leave --resume out")


def best_epoch(record):
    """Return the epoch, from 1, whose validation accuracy is the best of a record's; the first."""
    return 1 + int(np.argmax(record["history"]["val_accuracy"]))


def described(path):
    """Return in words what the unfinished training at `path` has come to, or "" without one."""
    try:
        held = model_safety.read(path)
    except UserError:  # there is none, or what is left of one
        return ""
    if fault_of(held):
        return ""
    record, accuracies = held.record, held.record["history"]["val_accuracy"]
    best = f"epoch {best_epoch(record)} with validation accuracy {100 * max(accuracies):.2f} %"
    return (
        f"{len(accuracies)} of {record['epochs']} epochs of '{record['recipe']}' are kept in"
        f" {shown(path)}, which --resume goes on with, and which holds as a model the best of them,"
        f" {best}"
    )


SERIES = {  # of a history, a number per epoch: least and most
    **dict.fromkeys(("accuracy", "val_accuracy"), (0, 1)),
    **dict.fromkeys(("loss", "val_loss"), (-1e6, 1e6)),
}
LONGEST_NAME, MOST_SECONDS = 80, 1e8
TEMPERATURES = (0.01, 100)  # least and most


def fault(record):
    """Return what is wrong with the record of a training, in words, or None."""
    recipe = record.get("recipe", "")
    if not isinstance(recipe, str) or len(recipe) > LONGEST_NAME:
        return "its recipe must be a name"
    least, most = TEMPERATURES
    if not is_number(record.get("temperature", 1), least, most):
        return f"its temperature must be a number from {least} to {most}"
    history = record.get("history")
    series = history if isinstance(history, dict) else {}
    if not all(is_series(series.get(name), *limits) for name, limits in SERIES.items()):
        return "its history is incomplete"
    if len({len(history[name]) for name in SERIES}) > 1:
        return "its history has gaps"
    return None


def fault_of_unfinished(record):
    """Return what keeps a training from going on, in words, or None."""
    if "recipe" not in record:
        return "it names no recipe"
    for name, (least, most) in recipes.SETTINGS.items():
        if type(record.get(name)) is not int or not least <= record[name] <= most:
            return f"its {name.replace('_', ' ')} must be a whole number from {least} to {most:,}"
    if not is_number(record.get("seconds"), 0, MOST_SECONDS):
        return "its seconds must be a number"
    found = fault(record)
    if not found and len(record["history"]["loss"]) > record["epochs"]:
        return "its history has more epochs than it was to have"
    return found


def is_series(values, least, most):
    """Return whether a value is a list of numbers in a range, one or more."""
    return (
        isinstance(values, list)
        and bool(values)
        and all(is_number(each, least, most) for each in values)
    )


def is_number(value, least, most):
    """Return whether a value is a number in a range."""
    return type(value) in (int, float) and least <= value <= most
