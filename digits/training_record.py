"""The record of a training, a dict that stands in the model file, and what it must be like."""

SERIES = {  # of a history, a number per epoch: least and most
    **dict.fromkeys(("accuracy", "val_accuracy"), (0, 1)),
    **dict.fromkeys(("loss", "val_loss"), (-1e6, 1e6)),
}
LONGEST_NAME, MOST_SECONDS = 80, 1e8
TEMPERATURES = (0.01, 100)  # least and most
SETTINGS = {"epochs": (1, 1_000), "batch_size": (1, 1_000_000), "seed": (0, 2**32 - 1)}


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
    for name, (least, most) in SETTINGS.items():
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
