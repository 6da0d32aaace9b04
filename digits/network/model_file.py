"""The model file: an .h5 as Keras writes it, with the record of its training inside."""

import json
import shutil
from contextlib import contextmanager

import numpy as np

from digits import UserError
from digits.command_line import say
from digits.files import claim, require_writable, shown, whole_file
from digits.network import model_safety, numpy_network, other_models
from digits.network.model_safety import DAMAGE, TRAIN_ONE, NeedsTrustError, OnlyKerasError, why

BYTES_PER_WEIGHT = 4  # float32
BYTES_BESIDES = 500_000  # for layers, record and HDF5's own tables, at most
KEPT_ENDINGS = (".previous", ".unfinished")  # of what stands beside a model
LARGEST_TRAINING = 60_000_000  # bytes: more than any recipe's models and unfinished state take

OF_TRAINING = ("_initializer", "_regularizer", "_constraint")
OF_SOME_VERSIONS = {"dtype", "optional", "renorm", "renorm_momentum"}  # as the defaults have them


def require_place(path):
    """Raise UserError unless a model fits in at `path`; ask before, not after, the training."""
    if path.suffix != ".h5":
        raise UserError(f"cannot save a model as {path}: its name must end in .h5")
    if path.stem.endswith(KEPT_ENDINGS):
        raise UserError(
            f"cannot save a model as {path}: such a name is kept for what comes with one"
        )
    require_writable(path, LARGEST_TRAINING)
    require_writable(previous(path))


def save(network, record, path):
    """Save a Keras network and the record of its training, a dict for JSON, at `path`.

    A model that was there stays as `NAME.previous.h5`. Raises UserError, with everything as it
    was, if it cannot be written.
    """
    with whole_model(network, record, path):
        if path.exists():
            with whole_file(previous(path)) as kept:
                shutil.copyfile(path, kept)


@contextmanager
def whole_model(network, record, path, more=0):
    """Yield an open `h5py.File` of the network, to which the block may add `more` bytes.

    It becomes `path` when the block ends well. Raises UserError if it cannot be written.
    """
    with whole_file(path) as partial:
        # HDF5 ends the interpreter with a segmentation fault if the disk fills under it.
        claim(partial, BYTES_PER_WEIGHT * network.count_params() + more + BYTES_BESIDES)
        network.save(partial)
        import h5py  # for writing alone

        with h5py.File(partial, "r+") as file:
            description = portable(json.loads(file.attrs["model_config"]))
            file.attrs["model_config"] = json.dumps(description)
            file.attrs["training"] = json.dumps(record)
            yield file


def portable(model):
    """Return a network's description without what only some versions of Keras know.

    Each version adds to what it writes of a layer, and an older one refuses what it does not know.
    What weights start from and are held to is of no use to them once they are trained.
    """
    model["config"].pop("dtype", None)
    for end in ("input_layers", "output_layers"):
        if isinstance(model["config"].get(end, [[]])[0], str):  # one: older ones have lists alone
            model["config"][end] = [model["config"][end]]
    for layer in model["config"]["layers"]:
        layer["config"] = {
            name: value
            for name, value in layer["config"].items()
            if not (value is None or name in OF_SOME_VERSIONS or name.endswith(OF_TRAINING))
        }
    return model


def previous(path):
    """Return where the model that `path` held before is kept."""
    return path.with_suffix(".previous.h5")


def training_record(path):
    """Return the record of a model's training, a dict, or None if another program saved it.

    Raises UserError if `path` holds no model.
    """
    return model_safety.read(path).record


def data_of(path):
    """Return the name of the data that the model at `path` was trained on, or None if unknown."""
    try:
        return (training_record(path) or {}).get("data")
    except UserError:  # there is none, or what is left of one
        return None


class Predictor:
    """A network as a function of images as MNIST has them.

    `path` is that of its file, `expected` what is `other_models.Expected` of it, `record` that of
    its training, or None.
    """

    def __init__(self, path, network, expected, record):
        self.path, self.network, self.expected, self.record = path, network, expected, record

    def __call__(self, images):
        """Return probabilities, float32 (n, 10), of images, uint8 (n, 28, 28).

        Raises UserError if the network answers with what are no numbers.
        """
        answers = self.expected.probabilities(self.network(self.expected.pixels(images)))
        require_numbers(answers, self.path)
        return answers

    def branches(self, images):
        """Return those of each of the network's branches, float32 (n, branches, 10)."""
        return self.expected.probabilities(self.network.branches(self.expected.pixels(images)))

    def first_convolution(self, image):
        """Return its filters and what they make of an image, uint8 (28, 28), or None.

        They are (height, width, channels, filters) and (rows, columns, filters).
        """
        return self.network.first_convolution(self.expected.pixels(image[np.newaxis])[0])


def predictor(path, trust=False):
    """Return the `Predictor` of the network at `path`.

    NumPy computes it, without TensorFlow. With `trust`, a network that NumPy does not compute is
    left to Keras, which is said on stderr, as is what another program's network expects of pixels.
    Raises UserError if `path` holds no network for digits, NeedsTrustError, which is one, if it
    needs Keras and is not trusted.
    """
    record = None
    try:
        held = model_safety.read(path)
        record, network = held.record, read_network(held, path)
    except NeedsTrustError as error:
        if not trust:
            raise
        say(f"{shown(path)} has {error.what}: Keras answers, which takes longer")
        network = other_models.KerasNetwork(path)
    except numpy_network.OtherImagesError as error:
        raise UserError(no_images(path)) from error
    require_ten_answers(network, path)
    expected = other_models.Expected() if record is not None else found_expectation(network, path)
    predict = Predictor(path, network, expected, record)
    require_probabilities(predict, path)
    return predict


def read_network(held, path):
    """Return the `numpy_network.Network` in what `model_safety.read` gave of a path."""
    try:
        return numpy_network.network(held.description, held.weights)
    except OnlyKerasError as error:
        raise NeedsTrustError(path, str(error)) from error
    except DAMAGE as error:
        raise UserError(f"cannot read the model {shown(path)}: {why(error)}") from error


def found_expectation(network, path):
    """Return what another program's network expects of pixels, and say so on stderr."""
    expected, *read = other_models.found(network)
    say(f"{shown(path)} {other_models.described(expected, *read)}")
    return expected


def require_ten_answers(network, path):
    """Raise UserError unless a network takes a 28×28 image and gives ten numbers."""
    try:
        answers = network(np.zeros((1, 28, 28), np.uint8))
    except Exception as error:  # what Keras raises for images that do not fit
        raise UserError(no_images(path)) from error
    if answers.shape != (1, 10):
        raise UserError(f"{shown(path)} does not tell ten digits apart: {TRAIN_ONE}")
    require_numbers(answers, path)


def require_probabilities(predict, path):
    """Raise UserError unless the ten numbers are probabilities."""
    probabilities = predict(np.arange(784).reshape(1, 28, 28).astype(np.uint8))
    if not (probabilities.min() >= 0 and abs(probabilities.sum() - 1) < 1e-3):
        raise UserError(f"{shown(path)} gives no probabilities, for want of a softmax: {TRAIN_ONE}")


def require_numbers(answers, path):
    """Raise UserError if a network's answers, (…, 10), are infinite or no numbers."""
    if not np.isfinite(answers).all():
        raise UserError(f"{shown(path)} answers with what are no numbers: {TRAIN_ONE}")


def no_images(path):
    """Return the sentence for a network of other images."""
    return f"{shown(path)} takes no 28×28 images: {TRAIN_ONE}"
