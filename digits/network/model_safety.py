"""Safety checks on a model file, and its contents: which .h5 and .keras files are refused, and why.

Nothing in a file is run, and nothing is unpacked before its size is known. The contents are the
network as Keras describes it, in JSON, and the arrays of its weights.
"""

import io
import json
import re
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from digits import UserError
from digits.files import LONGEST_QUOTE, exists, printable, shown, special_kind, why_unreadable
from digits.network import hdf5

TRAIN_ONE = "train one with train_model.py"
SAVE_ALL = "in the program that made it, save the whole model with model.save('net.h5')"

LARGEST_FILE = 200_000_000  # bytes
LARGEST_DESCRIPTION = 4_000_000

UNFINISHED = "unfinished"  # in a checkpoint, the arrays of the training state
IN_H5 = "model_weights"
IN_KERAS = ("layers", "_layer_checkpoint_dependencies")  # of Keras 3, and of Keras 2
WEIGHTS_ALONE = {"layer_names", *IN_KERAS}

READ_ERRORS = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError),
    *(OSError, RuntimeError, TypeError, ValueError),
)
BEGINNINGS = {  # offset and bytes
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
    """A model that only Keras can load, which is not safe for a file from a stranger."""

    def __init__(self, path, what):
        self.what = printable(what)[:LONGEST_QUOTE]
        super().__init__(
            f"{shown(path)} has {self.what}, which needs Keras: if you trust who made the file,"
            " --trust lets Keras load it"
        )


class OnlyKerasError(Exception):
    """A network that only Keras can compute; the message says why, like "a layer of kind LSTM"."""


class WeightsAloneError(Exception):
    """A file of weights without their network."""


class ModelContents(NamedTuple):
    """What a model file holds.

    `description` is Keras's, `record` the record of the training, or None if another program saved
    the file. `state` are the arrays of the training state in a checkpoint.
    """

    description: dict
    record: dict | None
    arrays: dict[str, np.ndarray]
    state: list[np.ndarray]

    def weights(self, layer, names):
        """Return the arrays of a `Layer`, by Keras's names for its weights.

        Raises KeyError if one is missing, OnlyKerasError if there are more, as in a quantised or
        adapted layer.
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
    """The contents of a .keras file, which names weights by the kind and number of their layer."""

    def weights(self, layer, names):
        if not names:
            return []
        parts = self.description["config"]["layers"]
        alike = [each["config"]["name"] for each in parts if each["class_name"] == layer.kind]
        number = alike.index(layer.name)
        (group,) = {path.partition("/")[0] for path in self.arrays}
        start = f"{group}/{in_snake_case(layer.kind)}{f'_{number}' if number else ''}/vars"
        if f"{start}/{len(names)}" in self.arrays:
            raise more_weights(layer)
        return [self.arrays[f"{start}/{i}"] for i in range(len(names))]


def more_weights(layer):
    return OnlyKerasError(f"more weights in the layer {layer.name}")


def read(path):
    """Return the `ModelContents` of a file.

    Raises UserError if it is missing, damaged, of another kind or holds a program, and its subclass
    NeedsTrustError if only Keras can read its layout.
    """
    require_model(path)
    with refusals(path):
        found = contents(path.read_bytes())
        require_no_program(found.description, path)
        return found


@contextmanager
def refusals(path):
    """Turn what a file's contents raise in this block into a UserError about that model."""
    try:
        yield
    except (hdf5.LayoutError, OnlyKerasError) as error:
        raise NeedsTrustError(path, str(error)) from error
    except WeightsAloneError as error:
        raise UserError(f"{shown(path)} holds weights without their network: {SAVE_ALL}") from error
    except READ_ERRORS as error:
        damaged = f"it is damaged or no Keras model; {TRAIN_ONE}"
        what = why_unreadable(error, "{}; name one that can be read with --model", damaged)
        raise UserError(f"cannot read the model {shown(path)}: {what}") from error


def require_model(path):
    special = special_kind(path) if exists(path) else None
    if special:
        raise UserError(f"{shown(path)} is {special}, not a file; name a model with --model")
    is_saved_model = exists(path / "saved_model.pb")
    if not is_saved_model and not (exists(path) and path.is_file()):
        raise UserError(f"no model at {shown(path)}: run train_model.py, or name one with --model")
    size = path.stat().st_size
    if size == 0:  # files in /proc say so, too, and some never end
        raise UserError(f"cannot read the model {shown(path)}: it is empty; {TRAIN_ONE}")
    kind = "a SavedModel folder" if is_saved_model else other_kind(path)
    if kind:
        raise UserError(f"{shown(path)} is {kind}, which is not read here: {SAVE_ALL}")
    if size > LARGEST_FILE:
        raise NeedsTrustError(path, f"more than {LARGEST_FILE // 1_000_000} MB")


def other_kind(path):
    """Return what else a file is, by its first bytes or its name; None if neither tells."""
    with path.open("rb") as file:
        start = file.read(8)
    kinds = (kind for kind, (place, word) in BEGINNINGS.items() if start[place:].startswith(word))
    by_name = None if start == hdf5.SIGNATURE else ENDINGS.get(path.suffix.lower())
    return next(kinds, by_name)


def contents(data):
    """Return the `ModelContents` in a file's bytes. Raises one of READ_ERRORS for damaged ones."""
    if data.startswith(b"PK"):
        text, weights = unzipped(data)
        return KerasContents(parsed(text), None, hdf5.contents(weights, (), IN_KERAS).arrays, [])
    held = hdf5.contents(data, ("model_config", "training"), (IN_H5, UNFINISHED))
    if "model_config" not in held.texts:
        raise WeightsAloneError if held.names & WEIGHTS_ALONE else ValueError("no network")
    record = value_of(held.texts.get("training", "null"))
    record = record if isinstance(record, dict) else None
    count = sum(path.startswith(f"{UNFINISHED}/") for path in held.arrays)
    state = [held.arrays[f"{UNFINISHED}/{number}"] for number in range(count)]
    return ModelContents(parsed(held.texts["model_config"]), record, held.arrays, state)


def unzipped(data):
    from digits import files  # for few models alone

    try:
        with files.open_zip(io.BytesIO(data)) as archive:
            text = files.zip_content(archive, "config.json", LARGEST_DESCRIPTION)
            return text, files.zip_content(archive, "model.weights.h5", LARGEST_FILE)
    except Exception as error:  # zipfile's decompressors raise many kinds
        raise ValueError("no zip with a model") from error


def in_snake_case(name):
    """Return "batch_normalization", Keras's name of a folder, for "BatchNormalization"."""
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()


MOST_LAYERS = 1_000  # the deepest networks that are known for MNIST have a tenth of it
MODULES = {"keras", "tf_keras"}
PROGRAMS = {"Lambda", "__lambda__"}  # classes that hold code


class Layer(NamedTuple):
    """A layer as Keras describes it, and its weights by Keras's names, once they are read.

    `inputs` are the names of the layers that it takes; None is the image.
    """

    name: str
    kind: str
    config: dict
    inputs: list[str | None]
    weights: dict[str, np.ndarray] | None = None


def value_of(text):
    """Return the value of a JSON text.

    Raises ValueError if a name stands twice in one object: two readers might take different ones.
    """

    def unique(pairs):
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name twice in one object")
        return found

    return json.loads(text, object_pairs_hook=unique)


def parsed(text):
    description = value_of(text)
    if not isinstance(description, dict):
        raise ValueError("no description of a network")
    return description


def require_no_program(description, path):
    if holds_a_program(description):
        what = "it holds a Lambda layer, which is a program"
        raise UserError(f"{shown(path)} is not loaded, for {what}; {TRAIN_ONE}")


def holds_a_program(value):
    if isinstance(value, dict):
        if value.get("class_name") in PROGRAMS:
            return True
        value = list(value.values())
    return isinstance(value, list) and any(map(holds_a_program, value))


def layers(model):
    """Return the `Layer`s of a network, in Keras's order; the last is its output.

    Raises OnlyKerasError for several inputs or outputs or a custom class, ValueError, KeyError or
    TypeError for a damaged description.
    """
    parts = parts_of(model["config"])
    return [
        Layer(part["config"]["name"], part["class_name"], part["config"], names)
        for part, names in zip(parts, inputs_in(model, parts), strict=True)
    ]


def parts_of(config):
    parts = config if isinstance(config, list) else config["layers"]  # Keras before 2.2.3: a list
    if not 0 < len(parts) <= MOST_LAYERS:
        raise OnlyKerasError(f"{len(parts):,} layers")
    for part in parts:
        require_known_class(part)
    if len({part["config"]["name"] for part in parts}) < len(parts):
        raise ValueError("layers of one name")
    return parts


def inputs_in(model, parts):
    names = [part["config"]["name"] for part in parts]
    if model["class_name"] == "Sequential":
        return [[None], *([name] for name in names[:-1])]
    if model["class_name"] not in ("Functional", "Model"):
        raise OnlyKerasError(f"a network of kind {model['class_name']}")
    ends = (np.ravel(model["config"][end]).tolist() for end in ("input_layers", "output_layers"))
    first, last = ends  # of one: a name, and two numbers
    if len(first) != 3 or len(last) != 3 or last[0] != names[-1]:
        raise OnlyKerasError("several inputs or outputs")
    return [inputs_of(part) for part in parts]


def require_known_class(part):
    name, module = part["class_name"], str(part.get("module") or "keras")  # older ones name none
    if module.partition(".")[0] not in MODULES or part.get("registered_name") not in (None, name):
        raise OnlyKerasError(f"a class of its own as {name}")


def inputs_of(part):
    uses = part["inbound_nodes"]
    sources = sources_of(uses[0]) if uses else [None]
    if len(uses) > 1 or sources is None:
        raise OnlyKerasError(f"an odd use of the layer {part['config']['name']}")
    return sources


def sources_of(use):
    """Return the names of the inputs in one call of a layer, as Keras 3 or 2 describes it.

    None if the call takes more than the outputs of other layers.
    """
    if isinstance(use, list):  # Keras 2: [[name, node, tensor, other arguments], …]
        plain = not any(any(others.values()) for *_, others in use)
        return [name for name, *_ in use] if plain else None
    if len(use["args"]) != 1 or any(use["kwargs"].values()):
        return None
    taken = use["args"][0]
    tensors = taken if isinstance(taken, list) else [taken]
    return [tensor["config"]["keras_history"][0] for tensor in tensors]
