"""Save a model: an .h5 as Keras writes it, with the record of its training inside."""

import json
from contextlib import contextmanager

from digits import UserError
from digits.files import claim, require_writable, whole_file
from digits.network import model_safety

BYTES_PER_WEIGHT = 4  # float32
BYTES_BESIDES = 500_000  # for the description, the record and HDF5's own tables, at most
RESERVED_ENDINGS = (".previous", ".unfinished")  # of what training puts beside a model
LARGEST_TRAINING = 60_000_000  # bytes: more than the model and checkpoint of any recipe

OF_TRAINING = ("_initializer", "_regularizer", "_constraint")
OF_SOME_VERSIONS = {"dtype", "optional", "renorm", "renorm_momentum"}  # always defaults here


def require_place(path):
    """Raise UserError, before minutes of training, unless a model can be saved at `path`."""
    if path.suffix != ".h5":
        raise UserError(f"cannot save a model as {path}: its name must end in .h5")
    if path.stem.endswith(RESERVED_ENDINGS):
        what = "that name is reserved for the files beside a model"
        raise UserError(f"cannot save a model as {path}: {what}")
    require_writable(path, LARGEST_TRAINING)
    require_writable(previous(path))


def save(network, record, path):
    """Save a Keras network and the record of its training, a dict for JSON, at `path`.

    The model that was there is kept as `NAME.previous.h5`. Raises UserError if the file cannot be
    written; then everything is as it was.
    """
    with whole_model(network, record, path):
        if path.exists():
            with whole_file(previous(path)) as kept:
                kept.write_bytes(path.read_bytes())


@contextmanager
def whole_model(network, record, path, more=0):
    """Yield an open `h5py.File` of the network, to which the block may add `more` bytes.

    It replaces `path` when the block succeeds. Raises UserError if it cannot be written.
    """
    with whole_file(path) as partial:
        # On a full disk, HDF5 would end the interpreter with a segmentation fault.
        claim(partial, BYTES_PER_WEIGHT * network.count_params() + more + BYTES_BESIDES)
        network.save(partial)
        import h5py  # to write: `hdf5` reads

        with h5py.File(partial, "r+") as file:
            description = portable(json.loads(file.attrs["model_config"]))
            file.attrs["model_config"] = json.dumps(description)
            file.attrs["training"] = json.dumps(record)
            yield file


def portable(model):
    """Return a network's description without what only some versions of Keras know.

    Each version describes more of a layer, and older ones refuse what they do not know.
    Initializers and constraints only matter for training, so they are dropped.
    """
    model["config"].pop("dtype", None)
    for end in ("input_layers", "output_layers"):
        if isinstance(model["config"].get(end, [[]])[0], str):  # Keras 2 expects a list of them
            model["config"][end] = [model["config"][end]]
    for layer in model["config"]["layers"]:
        layer["config"] = {
            name: value
            for name, value in layer["config"].items()
            if not (value is None or name in OF_SOME_VERSIONS or name.endswith(OF_TRAINING))
        }
    return model


def previous(path):
    return path.with_suffix(".previous.h5")


def training_record(path):
    """Return the record of a model's training; None if another program saved it."""
    return model_safety.read(path).record


def data_of(path):
    """Return the name of the data set that a model was trained on; None if unknown."""
    try:
        return (training_record(path) or {}).get("data")
    except UserError:  # no file, or a damaged one
        return None
