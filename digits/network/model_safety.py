"""What a model file holds, an .h5 or a .keras: the network as Keras describes it, and its arrays.

Nothing in the file is run, and nothing of it is unpacked before its size is known.
"""

import io
import json
import re
from typing import NamedTuple

import numpy as np

from digits import UserError
from digits.files import plain, reason, shown, special_kind
from digits.network import hdf5

TRAIN_ONE = "train one with train_model.py"
SAVE_ALL = "in the program that made it, save the whole model with model.save('net.h5')"

LARGEST_FILE = 200_000_000  # bytes
LARGEST_DESCRIPTION = 4_000_000

UNFINISHED = "unfinished"  # the arrays of a training that is not finished, beside its model
IN_H5 = "model_weights"
IN_KERAS = ("layers", "_layer_checkpoint_dependencies")  # of Keras 3, and of Keras 2
WEIGHTS_ALONE = {"layer_names", *IN_KERAS}

DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
BEGINNINGS = {  # where it stands, and what
    "a TensorFlow Lite model": (4, b"TFL3"),
    "a pickle, which may run programs": (0, b"\x80"),
}
ENDINGS = {
    ".pb": "a TensorFlow graph",
    ".tflite": "a TensorFlow Lite model",
    ".onnx": "an ONNX model",
    ".json": "a network's description without its weights",
    **dict.fromkeys((".pt", ".pth"), "a PyTorch model"),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), "a pickle, which may run programs"),
}


class NeedsTrustError(UserError):
    """A model that only Keras can load, which is not safe for a stranger's file."""

    def __init__(self, path, what):
        self.what = plain(what)
        super().__init__(
            f"{shown(path)} has {self.what}, which needs Keras: if you trust who made the file,"
            " --trust lets Keras load it"
        )


class HoldsProgramError(UserError):
    """A model that holds code, which Keras would run."""

    def __init__(self, path):
        super().__init__(
            f"{shown(path)} is not loaded, for it holds a Lambda layer, which is a program;"
            f" {TRAIN_ONE}"
        )


class ModelContents(NamedTuple):
    """What a model file holds.

    `description` is Keras's, `record` that of the training, both dicts, the second None if another
    program saved the file. `state` are the arrays of a training that is not finished.
    """

    description: dict
    record: dict | None
    arrays: dict[str, np.ndarray]
    state: list[np.ndarray]

    def weights(self, layer, names):
        """Return the weights so named, in Keras's words, of a `DescribedLayer`.

        Raises KeyError if one is missing, OnlyKerasError if there are others, as of a quantised or
        an adapted layer, or of one whose name begins alike.
        """
        if not names:
            return []
        start = f"{IN_H5}/{layer.name}/"
        own = [path for path in self.arrays if path.startswith(start)]
        found = {path.rpartition("/")[2].partition(":")[0]: self.arrays[path] for path in own}
        if len(found) < len(own):
            raise more_weights(layer)
        if layer.kind == "DepthwiseConv2D" and "depthwise_kernel" in found:  # of Keras 2
            found["kernel"] = found.pop("depthwise_kernel")
        if found.keys() - set(names):
            raise more_weights(layer)
        return [found[name] for name in names]


class KerasContents(ModelContents):
    """What a .keras holds: weights are by their layer's kind and number, and by their own."""

    def weights(self, layer, names):
        """Return the same as `ModelContents.weights`."""
        if not names:
            return []
        alike = [
            each["config"]["name"]
            for each in self.description["config"]["layers"]
            if each["class_name"] == layer.kind
        ]
        number = alike.index(layer.name)
        folder = in_snake_case(layer.kind) + (f"_{number}" if number else "")
        (group,) = {path.partition("/")[0] for path in self.arrays}
        if f"{group}/{folder}/vars/{len(names)}" in self.arrays:
            raise more_weights(layer)
        return [self.arrays[f"{group}/{folder}/vars/{i}"] for i in range(len(names))]


def more_weights(layer):
    """Return the exception for a layer with weights that its kind does not have."""
    return OnlyKerasError(f"more weights in the layer {layer.name}")


def read(path):
    """Return the `ModelContents` of a file.

    Raises UserError if it is missing, damaged, of another kind or holds a program, NeedsTrustError,
    which is one, if it is of a layout that only Keras reads.
    """
    require_model(path)
    try:
        found = contents(path.read_bytes())
        if holds_a_program(found.description):
            raise HoldsProgramError(path)
    except hdf5.LayoutError as layout:
        raise NeedsTrustError(path, str(layout)) from layout
    except WeightsAloneError as error:
        raise UserError(f"{shown(path)} holds weights without their network: {SAVE_ALL}") from error
    except DAMAGE as error:
        raise UserError(f"cannot read the model {shown(path)}: {why(error)}") from error
    return found


def require_model(path):
    """Raise UserError unless a file is there that may be a model, by its kind and its size."""
    special = special_kind(path) if exists(path) else None
    if special:
        raise UserError(f"{shown(path)} is {special}, not a file; name a model with --model")
    is_saved_model = exists(path / "saved_model.pb")
    if not is_saved_model and not (exists(path) and path.is_file()):
        raise UserError(f"no model at {shown(path)}: run train_model.py, or name one with --model")
    size = path.stat().st_size
    if size == 0:  # as those of /proc say they are, of which some never end
        raise UserError(f"cannot read the model {shown(path)}: it is empty; {TRAIN_ONE}")
    kind = "a SavedModel folder" if is_saved_model else other_kind(path)
    if kind:
        raise UserError(f"{shown(path)} is {kind}, which is not read here: {SAVE_ALL}")
    if size > LARGEST_FILE:
        raise NeedsTrustError(path, f"more than {LARGEST_FILE // 1_000_000} MB")


def exists(path):
    """Return whether there is anything at a path, which may be none, as one with a NUL."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def other_kind(path):
    """Return what a file is that is no model of Keras, if its first bytes or its name tell."""
    with path.open("rb") as file:
        start = file.read(8)
    kinds = (kind for kind, (place, word) in BEGINNINGS.items() if start[place:].startswith(word))
    by_name = None if start == hdf5.SIGNATURE else ENDINGS.get(path.suffix.lower())
    return next(kinds, by_name)


class WeightsAloneError(Exception):
    """A file of weights, without the network that they are of."""


def contents(data):
    """Return the `ModelContents` of a file's bytes. Raises one of DAMAGE if it is damaged."""
    if data.startswith(b"PK"):
        return of_keras(data)
    held = hdf5.contents(data, ("model_config", "training"), (IN_H5, UNFINISHED))
    if "model_config" not in held.texts:
        raise WeightsAloneError if held.names & WEIGHTS_ALONE else ValueError("no network")
    record = value_of(held.texts.get("training", "null"))
    return ModelContents(
        parsed(held.texts["model_config"]),
        record if isinstance(record, dict) else None,
        held.arrays,
        state_of(held.arrays),
    )


def state_of(arrays):
    """Return the arrays of a training that is not finished, in order."""
    state = {path: each for path, each in arrays.items() if path.startswith(f"{UNFINISHED}/")}
    return [state[f"{UNFINISHED}/{number}"] for number in range(len(state))]


def of_keras(data):
    """Return the `KerasContents` of a .keras file's bytes, a zip."""
    text, weights = unzipped(data)
    held = hdf5.contents(weights, (), IN_KERAS)
    return KerasContents(parsed(text), None, held.arrays, [])


def unzipped(data):
    """Return the description and the weights in a .keras file's bytes, each as bytes."""
    from digits import files  # for few models alone

    try:
        with files.opened(io.BytesIO(data)) as archive:
            text = files.content(archive, "config.json", LARGEST_DESCRIPTION)
            return text, files.content(archive, "model.weights.h5", LARGEST_FILE)
    except Exception as error:  # each of its ways to unpack raises what it likes
        raise ValueError("no zip with a model") from error


def in_snake_case(name):
    """Return a class's name as Keras names folders: "batch_normalization"."""
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()


def why(error):
    """Return what is wrong with a model file, in words."""
    if isinstance(error, OSError) and error.errno:
        return f"{reason(error)}; name one that can be read with --model"
    return f"it is damaged or no Keras model; {TRAIN_ONE}"


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
