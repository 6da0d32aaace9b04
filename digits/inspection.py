"""What a model file must be before anything in it is believed.

An .h5 may have Keras run code (CVE-2025-9905), have HDF5 read other files (CVE-2026-1669), or
claim gigabytes that it does not hold. So only layers of a list are let through, only arrays that
lie in the file itself, each as plain numbers in one stretch, and no more of them than it has bytes.
"""

import json
from pathlib import Path

import h5py

from digits.files import plain

MOST_LAYERS = 1_000  # the deepest networks that are known for MNIST have a tenth of it
LARGEST_SIZE = 4_096  # units, filters, pixels
LARGEST_FACTOR = 64  # of what enlarges an image: pixels to a side, or for each pixel
FACTORS = {"size", "padding", "cropping"}
SIZES = {"units", "filters", "height", "width", "target_shape", "depth_multiplier"}

# Layers that compute on images and can neither run code nor read files.
LAYERS = {
    *("Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average"),
    *("AveragePooling1D", "AveragePooling2D", "BatchNormalization", "Bidirectional"),
    *("Concatenate", "Conv1D", "Conv2D", "Conv2DTranspose", "Cropping2D", "Dense"),
    *("DepthwiseConv2D", "Dropout", "ELU", "Flatten", "Functional", "GRU", "GaussianDropout"),
    *("GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GroupNormalization", "InputLayer", "LSTM"),
    *("LayerNormalization", "LeakyReLU", "Masking", "MaxPooling1D", "MaxPooling2D", "Maximum"),
    *("Minimum", "Model", "Multiply", "MultiHeadAttention", "Normalization", "PReLU"),
    *("Permute", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation"),
    *("RandomZoom", "ReLU", "Rescaling", "Reshape", "Resizing", "SeparableConv2D"),
    *("Sequential", "SimpleRNN", "Softmax", "SpatialDropout1D", "SpatialDropout2D"),
    *("Subtract", "ThresholdedReLU", "TimeDistributed", "UpSampling2D", "ZeroPadding2D"),
}
# What describes them, and computes nothing when a network predicts.
SETTINGS = {
    *("Constant", "DTypePolicy", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform"),
    *("Identity", "L1", "L1L2", "L2", "LecunNormal", "LecunUniform", "MaxNorm", "MinMaxNorm"),
    *("NonNeg", "Ones", "Orthogonal", "Policy", "RandomNormal", "RandomUniform"),
    *("TruncatedNormal", "UnitNorm", "VarianceScaling", "Zeros", "__keras_tensor__"),
}
MODULES = ("keras", "tf_keras")


class UnsafeError(Exception):
    """What a model file must not hold; the message names it."""


def require_safe(file):
    """Raise UnsafeError for what an open `h5py.File` of a network must not hold.

    Raises KeyError or ValueError if it holds no network.
    """
    require_own_arrays(file)
    if "model_weights" not in file:
        raise ValueError("no weights")
    parts = list(described(json.loads(file.attrs["model_config"])))
    count = sum(part.get("class_name") in LAYERS for part in parts)
    if count > MOST_LAYERS:
        raise UnsafeError(f"{count:,} layers")
    for part in parts:
        require_known_class(part)
        require_sizes(part)


def described(value):
    """Yield all the dicts in a network's description, however deep."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from described(each)


def require_known_class(part):
    """Raise UnsafeError if a part of a description is of a class that is not on the lists."""
    name = part.get("class_name")
    if name is None:
        return
    if name not in LAYERS | SETTINGS:
        raise UnsafeError(f"{plain(name)}, which is not among the layers that are known to be safe")
    module = str(part.get("module") or "keras").partition(".")[0]  # older versions name none
    if module not in MODULES or part.get("registered_name") not in (None, name):
        raise UnsafeError(f"a class of its own as {name}")


def require_sizes(part):
    """Raise UnsafeError if a part of a description would make of an image more than it could be."""
    for names, most in ((SIZES, LARGEST_SIZE), (FACTORS, LARGEST_FACTOR)):
        for name in names & part.keys():
            if any(abs(number) > most for number in numbers(part[name])):
                raise UnsafeError(f"{name} beyond {most:,}")


def numbers(value):
    """Yield all the numbers in a value, however deep."""
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from numbers(each)


def require_own_arrays(file):
    """Raise UnsafeError unless all arrays lie in the file, and are no larger than it."""
    room = Path(file.filename).stat().st_size
    for array in arrays(file, set()):
        if array.is_virtual or array.external:
            raise UnsafeError("arrays in other files")
        if array.dtype.kind not in "biuf" or array.chunks:
            raise UnsafeError("arrays that are not plain numbers in one stretch")
        room -= array.nbytes
        if room < 0:
            raise UnsafeError("arrays larger than itself")


def arrays(group, seen):
    """Yield the datasets of a group and the groups in it, each once: `seen` has their addresses.

    Raises UnsafeError for links, none of which is followed.
    """
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise UnsafeError("links to other places")
        member = group[name]
        address = h5py.h5o.get_info(member.id).addr
        if address in seen:
            raise UnsafeError("one thing in two places")
        seen.add(address)
        if isinstance(member, h5py.Group):
            yield from arrays(member, seen)
        else:
            yield member
