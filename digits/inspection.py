"""What a model file must be before anything in it is believed.

An .h5 may have Keras run code (CVE-2025-9905), have HDF5 read other files (CVE-2026-1669), or
claim gigabytes that it does not hold. So only layers of a list are let through, only arrays that
lie in the file itself, and only as many bytes of them as the file has.
"""

import json
from pathlib import Path

import h5py

MOST_LAYERS = 1_000  # the deepest networks that are known for MNIST have a tenth of it

# Layers that compute on images and can neither run code nor read files.
LAYERS = {
    *("Activation", "Add", "Average", "AveragePooling2D", "BatchNormalization", "Concatenate"),
    *("Conv2D", "Dense", "DepthwiseConv2D", "Dropout", "ELU", "Flatten", "GaussianDropout"),
    *("GaussianNoise", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "InputLayer"),
    *("LayerNormalization", "LeakyReLU", "MaxPooling2D", "Maximum", "Minimum", "Multiply"),
    *("Permute", "PReLU", "RandomRotation", "RandomTranslation", "RandomZoom", "ReLU"),
    *("Rescaling", "Reshape", "Resizing", "SeparableConv2D", "Softmax", "SpatialDropout2D"),
    *("Subtract", "UpSampling2D", "ZeroPadding2D", "Functional", "Model", "Sequential"),
    *("Conv1D", "GlobalAveragePooling1D", "GlobalMaxPooling1D", "GRU", "LSTM", "MaxPooling1D"),
}
# What describes them, and computes nothing when a network predicts.
SETTINGS = {
    *("Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal"),
    *("LecunUniform", "Ones", "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal"),
    *("VarianceScaling", "Zeros", "L1", "L2", "L1L2", "MaxNorm", "NonNeg", "UnitNorm"),
    *("DTypePolicy", "Policy", "__keras_tensor__"),
}


class UnsafeError(Exception):
    """What a model file must not hold; the message names it."""


def description(file):
    """Return the network's description in an open `h5py.File`, a dict, having inspected the file.

    Raises UnsafeError for what it must not hold, KeyError or ValueError if it is damaged.
    """
    model = json.loads(file.attrs["model_config"])
    if "model_weights" not in file:
        raise ValueError("no weights")
    require_known_classes(model)
    count = len(model["config"]["layers"])
    if count > MOST_LAYERS:
        raise UnsafeError(f"{count:,} layers")
    require_own_arrays(file)
    return model


def require_known_classes(described):
    """Raise UnsafeError if a part of a description is of a class that is not on the lists."""
    if isinstance(described, list):
        for each in described:
            require_known_classes(each)
    elif isinstance(described, dict):
        name = described.get("class_name")
        if name is not None and name not in LAYERS | SETTINGS:
            raise UnsafeError(f"a layer of kind {name}")
        if described.get("registered_name") not in (None, name) or not is_of_keras(described):
            raise UnsafeError(f"a class of its own as {name}")
        require_known_classes(list(described.values()))


def is_of_keras(described):
    """Return whether a class is looked for in Keras alone: older versions name no module."""
    return described.get("module") in (None, "keras") or described["module"].startswith("keras.")


def require_own_arrays(file):
    """Raise UnsafeError unless all arrays lie in the file, and are no larger than it."""
    room = Path(file.filename).stat().st_size
    for array in arrays(file):
        if array.is_virtual or array.external:
            raise UnsafeError("arrays in other files")
        room -= array.nbytes
        if room < 0:
            raise UnsafeError("arrays larger than itself")


def arrays(group):
    """Yield the datasets of a group and the groups in it. Raises UnsafeError for links."""
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise UnsafeError("links to other places")
        member = group[name]
        if isinstance(member, h5py.Group):
            yield from arrays(member)
        else:
            yield member
