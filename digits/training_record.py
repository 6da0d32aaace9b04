"""The record of a training, a dict that stands in the model file, and what it must be like."""

from math import inf

SERIES = ("accuracy", "loss", "val_accuracy", "val_loss")  # of a history, a number per epoch
TEMPERATURES = (0.01, 100)  # least and most
SETTINGS = {"epochs": (1, 1_000), "batch_size": (1, 1_000_000), "seed": (0, 2**32 - 1)}


def fault(record):
    """Return what is wrong with the record of a training, in words, or None."""
    if not isinstance(record.get("recipe", ""), str):
        return "its recipe must be a name"
    least, most = TEMPERATURES
    if not is_number(record.get("temperature", 1), least, most):
        return f"its temperature must be a number from {least} to {most}"
    history = record.get("history")
    if not isinstance(history, dict) or any(not is_series(history.get(name)) for name in SERIES):
        return "its history is incomplete"
    if len({len(history[name]) for name in SERIES}) > 1:
        return "its history has gaps"
    return None


def fault_of_unfinished(record):
    """Return what keeps a training from going on, in words, or None."""
    if "recipe" not in record:
        return "it names no recipe"
    for name, (least, most) in SETTINGS.items():
        if type(record.get(name)) is not int or not least <= record[name] <= most:
            return f"its {name.replace('_', ' ')} must be a whole number from {least} to {most:,}"
    if not is_number(record.get("seconds"), 0, inf):
        return "its seconds must be a number"
    found = fault(record)
    if not found and len(record["history"]["loss"]) > record["epochs"]:
        return "its history has more epochs than it was to have"
    return found


def is_series(values):
    """Return whether a value is a list of numbers, one or more."""
    return isinstance(values, list) and bool(values) and all(map(is_number, values))


def is_number(value, least=-inf, most=inf):
    """Return whether a value is a finite number in a range."""
    return type(value) in (int, float) and abs(value) < 1e300 and least <= value <= most
