"""A network as Keras describes it, in JSON → its layers in order, each with what it takes.

Nothing of a description is run. A name that stands twice in one object is refused: two readers
might take different ones.
"""

import json
from typing import NamedTuple

import numpy as np

MOST_LAYERS = 1_000  # the deepest networks that are known for MNIST have a tenth of it
MODULES = {"keras", "tf_keras"}
PROGRAMS = {"Lambda", "__lambda__"}  # classes that hold code


class OnlyKerasError(Exception):
    """A network that only Keras can compute; the message names what of it, as "a layer of …"."""


class DescribedLayer(NamedTuple):
    """A layer: its name, Keras's name for its kind, its settings, and whose values it takes.

    Of the inputs, None stands for the images.
    """

    name: str
    kind: str
    config: dict
    inputs: list[str | None]


def value_of(text):
    """Return the value of a JSON text. Raises ValueError if a name stands twice in one object."""
    return json.loads(text, object_pairs_hook=unique)


def parsed(text):
    """Return a network's description, a dict. Raises ValueError if it is none."""
    description = value_of(text)
    if not isinstance(description, dict):
        raise ValueError("no description of a network")
    return description


def unique(pairs):
    """Return a dict of pairs. Raises ValueError if a name stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice in one object")
    return found


def holds_a_program(value):
    """Return whether anything in a description, however deep, is code that Keras would run."""
    if isinstance(value, dict):
        if value.get("class_name") in PROGRAMS:
            return True
        value = list(value.values())
    return isinstance(value, list) and any(map(holds_a_program, value))


def layers(model):
    """Return the `DescribedLayer`s of a network, in Keras's order, the last one its answer.

    Raises OnlyKerasError for a network of another shape, or with layers of its own, ValueError,
    KeyError or TypeError for a damaged description.
    """
    parts = parts_of(model["config"])
    return [
        DescribedLayer(part["config"]["name"], part["class_name"], part["config"], names)
        for part, names in zip(parts, inputs_in(model, parts), strict=True)
    ]


def parts_of(config):
    """Return the descriptions of a network's layers. Raises OnlyKerasError if they are too many."""
    parts = config if isinstance(config, list) else config["layers"]  # Keras before 2.2.3: a list
    if not 0 < len(parts) <= MOST_LAYERS:
        raise OnlyKerasError(f"{len(parts):,} layers")
    for part in parts:
        require_known_class(part)
    if len({part["config"]["name"] for part in parts}) < len(parts):
        raise ValueError("layers of one name")
    return parts


def inputs_in(model, parts):
    """Return the names of the layers whose values each layer of a network takes."""
    if model["class_name"] == "Sequential":
        return [[None], *([part["config"]["name"]] for part in parts[:-1])]
    if model["class_name"] not in ("Functional", "Model"):
        raise OnlyKerasError(f"a network of kind {model['class_name']}")
    if not is_one_way(model["config"]):
        raise OnlyKerasError("several inputs or outputs")
    return [inputs_of(part) for part in parts]


def require_known_class(part):
    """Raise OnlyKerasError if a layer is of a class that is not Keras's own."""
    name, module = part["class_name"], str(part.get("module") or "keras")  # older ones name none
    if module.partition(".")[0] not in MODULES or part.get("registered_name") not in (None, name):
        raise OnlyKerasError(f"a class of its own as {name}")


def is_one_way(config):
    """Return whether a functional network leads from one input to one output, its last layer."""
    ends = [np.ravel(config[name]).tolist() for name in ("input_layers", "output_layers")]
    last = config["layers"][-1]["config"]["name"]
    return [len(end) for end in ends] == [3, 3] and ends[1][0] == last


def inputs_of(part):
    """Return the names of the layers whose values a layer of a functional network takes."""
    uses = part["inbound_nodes"]
    if not uses:
        return [None]
    sources = sources_of(uses[0])
    if len(uses) > 1 or sources is None:
        raise OnlyKerasError(f"an odd use of the layer {part['config']['name']}")
    return sources


def sources_of(use):
    """Return the names of the layers in a use of a layer, as Keras 3 or 2 describes it, or None.

    That is for a use in which it takes more than other layers' values.
    """
    if isinstance(use, list):  # Keras 2: [[name, node, tensor, other arguments], …]
        plain = not any(any(others.values()) for *_, others in use)
        return [name for name, *_ in use] if plain else None
    if len(use["args"]) != 1 or any(use["kwargs"].values()):
        return None
    taken = use["args"][0]
    tensors = taken if isinstance(taken, list) else [taken]
    return [tensor["config"]["keras_history"][0] for tensor in tensors]
