"""What a model file holds, an .h5 or a .keras: the network as Keras describes it, and its arrays.

Nothing in the file is run, and nothing of it is unpacked before its size is known.
"""

import io
import json
import re
import struct
from typing import NamedTuple

import numpy as np

from digits import description, hdf5
from digits.errors import UserError
from digits.files import plain, reason, shown, special_kind

TRAIN_ONE = "train one with train_model.py"
SAVE_ALL = "in the program that made it, save the whole model with model.save('net.h5')"

LARGEST_FILE = 200_000_000  # bytes
LARGEST_DESCRIPTION = 4_000_000
LARGEST_DIRECTORY = 100_000  # of a .keras, which has three members

UNFINISHED = "unfinished"  # the arrays of a training that is not finished, beside its model
IN_H5 = "model_weights"
IN_KERAS = ("layers", "_layer_checkpoint_dependencies")  # of Keras 3, and of Keras 2
WEIGHTS_ALONE = {"layer_names", *IN_KERAS}

DAMAGE = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, NotImplementedError),
    *(OSError, RuntimeError, TypeError, ValueError),
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
        """Return the weights so named, in Keras's words, of a `description.DescribedLayer`.

        Raises KeyError if one is missing.
        """
        if not names:
            return []
        start = f"{IN_H5}/{layer.name}/"
        found = {
            path.rpartition("/")[2].partition(":")[0]: array
            for path, array in self.arrays.items()
            if path.startswith(start)
        }
        if layer.kind == "DepthwiseConv2D" and "depthwise_kernel" in found:  # of Keras 2
            found["kernel"] = found["depthwise_kernel"]
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
        return [self.arrays[f"{group}/{folder}/vars/{i}"] for i in range(len(names))]


def read(path):
    """Return the `ModelContents` of a file.

    Raises UserError if it is missing, damaged, of another kind or holds a program, NeedsTrustError,
    which is one, if it is of a layout that only Keras reads.
    """
    require_model(path)
    try:
        found = contents(path.read_bytes())
        if description.holds_a_program(found.description):
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
    try:
        special, size = special_kind(path), path.stat().st_size
        kind = "a SavedModel folder" if (path / "saved_model.pb").is_file() else None
        kind = kind or (other_kind(path) if path.is_file() else None)
    except (OSError, ValueError):
        special, size, kind = None, 0, None
    if special:
        raise UserError(f"{shown(path)} is {special}, not a file; name a model with --model")
    if kind:
        raise UserError(f"{shown(path)} is {kind}, which is not read here: {SAVE_ALL}")
    if not path.is_file():
        raise UserError(f"no model at {shown(path)}: run train_model.py, or name one with --model")
    if size > LARGEST_FILE:
        raise NeedsTrustError(path, f"more than {LARGEST_FILE // 1_000_000} MB")


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
    record = json.loads(held.texts["training"]) if "training" in held.texts else None
    return ModelContents(
        description.parsed(held.texts["model_config"]),
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
    return KerasContents(description.parsed(text), None, held.arrays, [])


def unzipped(data):
    """Return the description and the weights in a .keras file's bytes, each as bytes."""
    from zipfile import ZipFile  # for few models alone

    require_small_directory(data)
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            description = member(archive, "config.json", LARGEST_DESCRIPTION)
            return description, member(archive, "model.weights.h5", LARGEST_FILE)
    except Exception as error:  # each of its ways to unpack raises what it likes
        raise ValueError("no zip with a model") from error


def require_small_directory(data):
    """Raise ValueError unless a zip's directory, by its end record, is that of few members."""
    place = data.rfind(b"PK\x05\x06", -70_000)  # behind it comes a comment of 65,535 bytes at most
    if place < 0 or struct.unpack_from("<I", data, place + 12)[0] > LARGEST_DIRECTORY:
        raise ValueError("no zip of few members")


def member(archive, name, most):
    """Return the bytes of a zip's member. Raises ValueError if they are more than `most`."""
    if archive.getinfo(name).file_size > most:
        raise ValueError(f"{name} is too large")
    return archive.read(name)


def in_snake_case(name):
    """Return a class's name as Keras names folders: "batch_normalization"."""
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()


def why(error):
    """Return what is wrong with a model file, in words."""
    if isinstance(error, OSError) and error.errno:
        return f"{reason(error)}; name one that can be read with --model"
    return f"it is damaged or no Keras model; {TRAIN_ONE}"
