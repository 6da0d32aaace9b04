"""The model file: an .h5 as Keras writes it, with the record of its training inside."""

import json
import shutil
import sys
from contextlib import contextmanager

import h5py
import numpy as np

from digits import conventions, forward, inspection
from digits.errors import UserError
from digits.files import claim, first_line, plain, reason, require_writable, shown, whole_file

BYTES_PER_WEIGHT = 4  # float32
BYTES_BESIDES = 500_000  # for layers, record and HDF5's own tables, at most
KEPT_ENDINGS = (".previous", ".unfinished")  # of what stands beside a model
TRAIN_ONE = "train one with train_model.py"
LARGEST_TRAINING = 60_000_000  # bytes: more than any recipe's models and unfinished state take

OF_TRAINING = ("_initializer", "_regularizer", "_constraint")
OF_SOME_VERSIONS = {"dtype", "optional", "renorm", "renorm_momentum"}  # as the defaults have them

DAMAGE = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError),
    *(OSError, RuntimeError, TypeError, ValueError),
)


def require_place(path):
    """Raise UserError unless a model fits in at `path`; ask before, not after, the training."""
    if path.suffix != ".h5":
        raise UserError(f"cannot save a model as {path}: its name must end in .h5")
    if path.stem.endswith(KEPT_ENDINGS):
        raise UserError(
            f"cannot save a model as {path}: such a name is kept for what comes with one"
        )
    require_writable(path, LARGEST_TRAINING)


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


@contextmanager
def opened(path):
    """Open a model file for reading.

    Raises UserError if it is missing or holds no Keras model, or if what is read from it in the
    block is damaged.
    """
    if not path.is_file():
        raise UserError(f"no model at {shown(path)}: run train_model.py, or name one with --model")
    try:
        with h5py.File(path, "r") as file:
            inspection.require_safe(file)
            yield file
    except inspection.UnsafeError as held:
        raise UserError(f"{shown(path)} is not loaded, for it holds {held}; {TRAIN_ONE}") from held
    except DAMAGE as error:
        raise UserError(f"cannot read the model {shown(path)}: {why(error)}") from error


def why(error):
    """Return what is wrong with a model file, in words."""
    if isinstance(error, OSError) and error.errno:
        return f"{reason(error)}; name one that can be read with --model"
    return f"it is damaged or no Keras .h5; {TRAIN_ONE}"


def training_record(path):
    """Return the record of a model's training, a dict, or None if another program saved it.

    Raises UserError if `path` holds no model.
    """
    with opened(path) as file:
        record = file.attrs.get("training")
        record = None if record is None else json.loads(record)
        return record if isinstance(record, dict) and "history" in record else None


def data_of(path):
    """Return the name of the data that the model at `path` was trained on, or None if unknown."""
    try:
        return (training_record(path) or {}).get("data")
    except UserError:  # there is none, or what is left of one
        return None


class Predictor:
    """A network with the convention of its pixels: a function of images as MNIST has them."""

    def __init__(self, network, convention):
        self.network, self.convention = network, convention

    def __call__(self, images):
        """Return probabilities, float32 (n, 10), of images, uint8 (n, 28, 28)."""
        return self.network(self.convention.applied(images))

    def branches(self, images):
        """Return those of each of the network's branches, float32 (n, branches, 10)."""
        return self.network.branches(self.convention.applied(images))

    def first_convolution(self, image):
        """Return its filters and what they make of an image, uint8 (28, 28), or None.

        They are (height, width, channels, filters) and (rows, columns, filters).
        """
        return self.network.first_convolution(self.convention.applied(image))


def predictor(path):
    """Return the `Predictor` of the network at `path`.

    NumPy computes it, without TensorFlow; a network with a layer that `forward` does not know is
    left to Keras. That is said on stderr, as is what another program's network expects of pixels.
    Raises UserError if `path` holds no network for digits.
    """
    try:
        with opened(path) as file:
            is_ours = "training" in file.attrs
            network = forward.network(file)
    except forward.UnknownLayerError as layer:
        print(
            f"{shown(path)} has {plain(layer)}: Keras answers, which takes longer", file=sys.stderr
        )
        network = KerasNetwork(path)
    except forward.OtherImagesError as error:
        raise UserError(no_images(path)) from error
    require_digits(network, path)
    return Predictor(network, conventions.OURS if is_ours else found_convention(network, path))


def found_convention(network, path):
    """Return what another program's network expects of pixels, and say so on stderr."""
    convention, right = conventions.found(network)
    print(f"{shown(path)} {conventions.described(convention, right)}", file=sys.stderr)
    return convention


class KerasNetwork:
    """A network that Keras computes, from a file that Keras wrote.

    Raises UserError for a file that Keras, by its name, would not read as the .h5 it is.
    """

    def __init__(self, path):
        if path.suffix not in (".h5", ".hdf5"):
            raise UserError(f"cannot read the model {shown(path)}: give it a name that ends in .h5")
        from digits.quiet import import_tensorflow

        import_tensorflow()
        import keras

        try:
            self.model = keras.models.load_model(path, compile=False)
        except Exception as error:  # Keras raises whatever its many readers raise
            raise UserError(f"Keras cannot read {shown(path)}: {first_line(error)}") from error

    def __call__(self, images):
        """Return probabilities, float32 (n, 10), of images of values it expects, (n, 28, 28)."""
        shape = forward.image_shape(self.model.input_shape)
        return self.model.predict(images.reshape(-1, *shape), batch_size=500, verbose=0)

    def branches(self, images):
        """Return the same as those of its only branch, (n, 1, 10)."""
        return self(images)[:, np.newaxis]

    def first_convolution(self, image):
        """Return None: what is within is Keras's."""
        return None


def require_digits(network, path):
    """Raise UserError unless a network takes a 28×28 image and gives ten probabilities."""
    image = np.arange(784).reshape(1, 28, 28).astype(np.uint8)
    try:
        probabilities = np.asarray(network(image))
    except Exception as error:  # what Keras raises for images that do not fit
        raise UserError(no_images(path)) from error
    if probabilities.shape != (1, 10):
        raise UserError(f"{shown(path)} does not tell ten digits apart: {TRAIN_ONE}")
    if not np.isfinite(probabilities).all():
        raise UserError(f"{shown(path)} answers with what are no numbers: {TRAIN_ONE}")
    if not (probabilities.min() >= 0 and abs(probabilities.sum() - 1) < 1e-3):
        raise UserError(f"{shown(path)} gives no probabilities, for want of a softmax: {TRAIN_ONE}")


def no_images(path):
    """Return the sentence for a network of other images."""
    return f"{shown(path)} takes no 28×28 images: {TRAIN_ONE}"
