"""Load a network, of this project or of another, as a function from images to probabilities."""

import json

import numpy as np

from digits import UserError
from digits.command_line import say
from digits.files import shown
from digits.network import model_safety, numpy_network, other_models
from digits.network.model_safety import TRAIN_ONE, NeedsTrustError

NO_IMAGES = "does not take images of 28×28 pixels"


class Predictor:
    """A network as a function from images in MNIST's form to probabilities.

    `expected` is its `other_models.Expected` input and output, `record` the record of its training,
    or None if another program saved it.
    """

    def __init__(self, path, network, expected, record):
        self.path, self.network, self.expected, self.record = path, network, expected, record

    def __call__(self, images):
        """Return probabilities, float32 (n, 10), for uint8 (n, 28, 28); UserError if not finite."""
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


def load(path, trust=False):
    """Return the `Predictor` of the network at `path`.

    NumPy computes it, without TensorFlow. With `trust`, Keras computes a network that NumPy cannot,
    which is said on stderr, and so is the input convention of another program's network. Raises
    UserError if `path` is no network for digits, its subclass NeedsTrustError if it needs Keras and
    is not trusted.
    """
    network, record = network_and_record(path, trust)
    require_ten_outputs(network, path)
    expected = other_models.Expected()
    if record is None:
        expected, *read = other_models.found(network)
        say(f"{shown(path)} {other_models.described(expected, *read)}")
    predict = Predictor(path, network, expected, record)
    require_probabilities(predict)
    return predict


def of_keras(network):
    """Return a Keras network in memory as a function: uint8 (n, 28, 28) to probabilities (n, 10).

    NumPy computes it, from the weights that it has now.
    """
    weights = {
        layer.name: {each.name: each.numpy() for each in layer.weights} for layer in network.layers
    }
    return numpy_network.network(
        json.loads(network.to_json()),
        lambda layer, names: [weights[layer.name][name] for name in names],
    )


def network_and_record(path, trust):
    record = None
    try:
        contents = model_safety.read(path)
        record = contents.record
        with model_safety.refusals(path):
            return numpy_network.network(contents.description, contents.weights), record
    except NeedsTrustError as error:
        if not trust:
            raise
        say(f"{shown(path)} has {error.what}: Keras computes it, which takes longer")
        return other_models.KerasNetwork(path), record
    except numpy_network.OtherImagesError as error:
        raise refusal(path, NO_IMAGES) from error


def require_ten_outputs(network, path):
    try:
        outputs = network(np.zeros((1, 28, 28), np.uint8))
    except Exception as error:  # Keras raises many kinds for an input that does not fit
        raise refusal(path, NO_IMAGES) from error
    if outputs.shape != (1, 10):
        raise refusal(path, "does not have ten outputs, one for each digit")
    require_finite(outputs, path)


def require_probabilities(predict):
    probabilities = predict(np.arange(784).reshape(1, 28, 28).astype(np.uint8))
    if not (probabilities.min() >= 0 and abs(probabilities.sum() - 1) < 1e-3):
        raise refusal(predict.path, "has outputs that are not probabilities")


def require_finite(outputs, path):
    if not np.isfinite(outputs).all():
        raise refusal(path, "has outputs that are not finite numbers")


def refusal(path, why):
    return UserError(f"{shown(path)} {why}: {TRAIN_ONE}")
