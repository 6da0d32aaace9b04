"""Save and load a model: an .h5 as Keras writes it, with the record of its training inside."""

import json
from contextlib import contextmanager

import numpy as np

from digits import UserError
from digits.command_line import say
from digits.files import claim, require_writable, shown, whole_file
from digits.network import model_safety
from digits.network.model_safety import DAMAGE, TRAIN_ONE, NeedsTrustError, OnlyKerasError, why

BYTES_PER_WEIGHT = 4  # float32
BYTES_BESIDES = 500_000  # for the description, the record and HDF5's own tables, at most
RESERVED_ENDINGS = (".previous", ".unfinished")  # of the files that training puts beside a model
LARGEST_TRAINING = 60_000_000  # bytes: more than the model and checkpoint of any recipe

OF_TRAINING = ("_initializer", "_regularizer", "_constraint")
OF_SOME_VERSIONS = {"dtype", "optional", "renorm", "renorm_momentum"}  # always defaults here


def require_place(path):
    """Raise UserError, before minutes of training, unless a model can be saved at `path`."""
    if path.suffix != ".h5":
        raise UserError(f"cannot save a model as {path}: its name must end in .h5")
    if path.stem.endswith(RESERVED_ENDINGS):
        raise UserError(
            f"cannot save a model as {path}: that name is reserved for the files beside a model"
        )
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
        import h5py  # only to write: reading is `hdf5`'s

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
    """Return the record of a model's training, or None if another program saved it.

    Raises UserError if `path` is not a model.
    """
    return model_safety.read(path).record


def data_of(path):
    """Return the name of the data set that a model was trained on, or None if unknown."""
    try:
        return (training_record(path) or {}).get("data")
    except UserError:  # no file, or a damaged one
        return None


class Predictor:
    """A network as a function from images in MNIST's form to probabilities.

    `expected` is its `other_models.Expected` input and output, `record` the record of its training,
    or None if another program saved it.
    """

    def __init__(self, path, network, expected, record):
        self.path, self.network, self.expected, self.record = path, network, expected, record

    def __call__(self, images):
        """Return probabilities, float32 (n, 10), for images, uint8 (n, 28, 28).

        Raises UserError if the network's outputs are not finite.
        """
        probabilities = self.expected.probabilities(self.network(self.expected.pixels(images)))
        require_finite(probabilities, self.path)
        return probabilities

    def members(self, images):
        """Return the probabilities of each member of an ensemble, float32 (n, members, 10)."""
        return self.expected.probabilities(self.network.members(self.expected.pixels(images)))

    def first_convolution(self, image):
        """Return the first convolution's filters and its output for an image, or None.

        They are (height, width, channels, filters) and (rows, columns, filters).
        """
        return self.network.first_convolution(self.expected.pixels(image[np.newaxis])[0])


def predictor(path, trust=False):
    """Return the `Predictor` of the network at `path`.

    NumPy computes it, without TensorFlow. With `trust`, Keras computes a network that NumPy cannot,
    which is said on stderr, and so is the input convention of another program's network. Raises
    UserError if `path` is no network for digits, its subclass NeedsTrustError if it needs Keras and
    is not trusted.
    """
    from digits.network import other_models  # here: training needs no NumPy engine

    network, record = network_and_record(path, trust)
    require_ten_outputs(network, path)
    expected = other_models.Expected() if record is not None else found_expectation(network, path)
    predict = Predictor(path, network, expected, record)
    require_probabilities(predict, path)
    return predict


def network_and_record(path, trust):
    """Return the network at `path` and the record of its training. Raises what `predictor` does."""
    from digits.network import numpy_network, other_models

    record = None
    try:
        contents = model_safety.read(path)
        record = contents.record
        return numpy_network_in(contents, path), record
    except NeedsTrustError as error:
        if not trust:
            raise
        say(f"{shown(path)} has {error.what}: Keras computes it, which takes longer")
        return other_models.KerasNetwork(path), record
    except numpy_network.OtherImagesError as error:
        raise UserError(no_images(path)) from error


def numpy_network_in(contents, path):
    from digits.network import numpy_network

    try:
        return numpy_network.network(contents.description, contents.weights)
    except OnlyKerasError as error:
        raise NeedsTrustError(path, str(error)) from error
    except DAMAGE as error:
        raise UserError(f"cannot read the model {shown(path)}: {why(error)}") from error


def found_expectation(network, path):
    """Return the input convention of another program's network, and say it on stderr."""
    from digits.network import other_models

    expected, *read = other_models.found(network)
    say(f"{shown(path)} {other_models.described(expected, *read)}")
    return expected


def require_ten_outputs(network, path):
    """Raise UserError unless a network takes a 28×28 image and gives ten numbers."""
    try:
        outputs = network(np.zeros((1, 28, 28), np.uint8))
    except Exception as error:  # Keras raises many kinds for an input that does not fit
        raise UserError(no_images(path)) from error
    if outputs.shape != (1, 10):
        raise UserError(f"{shown(path)} does not have ten outputs, one for each digit: {TRAIN_ONE}")
    require_finite(outputs, path)


def require_probabilities(predict, path):
    probabilities = predict(np.arange(784).reshape(1, 28, 28).astype(np.uint8))
    if not (probabilities.min() >= 0 and abs(probabilities.sum() - 1) < 1e-3):
        raise UserError(f"{shown(path)} has outputs that are not probabilities: {TRAIN_ONE}")


def require_finite(outputs, path):
    """Raise UserError if a network's outputs, (…, 10), are not finite."""
    if not np.isfinite(outputs).all():
        raise UserError(f"{shown(path)} has outputs that are not finite numbers: {TRAIN_ONE}")


def no_images(path):
    return f"{shown(path)} does not take images of 28×28 pixels: {TRAIN_ONE}"
