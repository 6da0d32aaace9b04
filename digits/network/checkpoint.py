"""A checkpoint: everything needed to resume a training, in one file beside the model.

It is a model file like any other, of the last finished epoch, and has the training's arrays added.
"""

import numpy as np

from digits import UserError
from digits.files import require_writable, shown
from digits.network import model_file, model_safety, recipes


class ChangedError(UserError):
    """A checkpoint of a network that its recipe no longer builds."""

    def __init__(self, path):
        super().__init__(
            f"cannot resume {shown(path)}: the recipe or Keras has changed since; delete it to"
            " start anew without --resume"
        )


def path_of(model):
    """Return the path of the checkpoint of the model at the path `model`."""
    return model.with_suffix(".unfinished.h5")


def save(network, record, state, path):
    """Save a network, its record, and the arrays `state` that its training goes on from.

    Raises UserError, with the checkpoint that was there untouched, if they cannot be written.
    """
    with model_file.whole_model(network, record, path, sum(each.nbytes for each in state)) as file:
        for number, array in enumerate(state):
            file[f"{model_safety.UNFINISHED}/{number}"] = array


def load(path, wanted):
    """Return the record and the list of arrays of the checkpoint at `path`.

    Raises UserError if it is missing or damaged, or if its record differs from the dict `wanted`,
    in which None matches anything; ChangedError if its recipe is gone.
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


def require_place(path, resume):
    """Raise UserError unless a checkpoint can be written to `path`.

    To resume, there must be one; to start anew, none that would be lost.
    """
    require_writable(path)
    if resume and not path.is_file():
        raise UserError(f"nothing to resume: there is no {shown(path)}; leave --resume out")
    if not resume and described(path):
        raise UserError(f"{described(path)}; delete it to start anew")


def described(path):
    """Return in words what the checkpoint at `path` holds, or "" if there is no whole one."""
    try:
        held = model_safety.read(path)
    except UserError:
        return ""
    if fault_of(held):
        return ""
    accuracy = 100 * held.record["history"]["val_accuracy"][-1]
    return (
        f"{epochs_done(held.record)} of {held.record['epochs']} epochs of '{held.record['recipe']}'"
        f" are saved in {shown(path)}, validation accuracy {accuracy:.2f} %: --resume continues"
    )


def epochs_done(record):
    """Return the number of finished epochs in a record."""
    return len(record.get("history", {}).get("loss", ()))


def fault_of(held):
    """Return what prevents resuming from a file's `ModelContents`, in words, or None."""
    if held.record is None or not held.state:
        return "it is no checkpoint"
    if not all(np.isfinite(array).all() for array in held.state):
        return "its arrays hold values that are no numbers"
    return fault_of_resumable(held.record)


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


def fault_of_resumable(record):
    """Return what prevents resuming with a record, in words, or None."""
    if "recipe" not in record:
        return "it names no recipe"
    for name, (least, most) in recipes.SETTINGS.items():
        if type(record.get(name)) is not int or not least <= record[name] <= most:
            return f"its {name.replace('_', ' ')} must be a whole number from {least} to {most:,}"
    if not is_number(record.get("seconds"), 0, MOST_SECONDS):
        return "its seconds must be a number"
    found = fault(record)
    if not found and epochs_done(record) > record["epochs"]:
        return "its history has more epochs than it was to have"
    return found


def is_series(values, least, most):
    """True for a list of one or more numbers in a range."""
    numbers = isinstance(values, list) and [is_number(each, least, most) for each in values]
    return bool(numbers) and all(numbers)


def is_number(value, least, most):
    return type(value) in (int, float) and least <= value <= most
