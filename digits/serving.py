"""A network as a SavedModel, in the layout that TensorFlow Serving takes: FOLDER/1, FOLDER/2, …"""

import io
from contextlib import redirect_stdout

import numpy as np

from digits import conventions, forward, model_file
from digits.errors import UserError
from digits.files import shown, whole_folder
from digits.other_models import KerasNetwork
from digits.quiet import import_tensorflow


def export(path, folder, trust=False):
    """Write the network at `path` as the next version in `folder`, and return that one's folder.

    It takes `images`, float32 (n, 28, 28), ink 255 on paper 0, and returns `probabilities`, float32
    (n, 10), whatever pixels the network itself expects. Keras loads it, another program's only with
    `trust`. Raises UserError if `path` holds no network for digits, or if the folder cannot be
    written; then there is no new version.
    """
    predict = model_file.predictor(path, trust)
    if predict.record is None and not trust:
        raise UserError(
            f"{shown(path)} was saved by another program, and an export needs Keras to load it:"
            " if you trust who made the file, add --trust"
        )
    network = predict.network
    if not isinstance(network, KerasNetwork):
        network = KerasNetwork(path)
    place = folder / str(latest_version(folder) + 1)
    with whole_folder(place) as partial:
        write(network.model, predict.expected, partial)
    return place


def latest_version(folder):
    """Return the highest version in a folder, 0 if there is none."""
    versions = folder.glob("[0-9]*") if folder.is_dir() else ()
    return max((int(each.name) for each in versions if each.name.isdecimal()), default=0)


def pixels(images, convention):
    """Return in TensorFlow what `Convention.applied` returns in NumPy."""
    import tensorflow as tf

    if convention.by_norm:
        return tf.math.divide_no_nan(images, tf.norm(images, axis=1, keepdims=True))
    return images * np.float32(convention.scale) + np.float32(convention.offset)


def probabilities(answers, kind):
    """Return in TensorFlow what `Expected.probabilities` returns in NumPy."""
    import tensorflow as tf

    if kind == conventions.LOGITS:
        return tf.nn.softmax(answers)
    if kind == conventions.SIGMOIDS:
        answers = tf.maximum(answers, conventions.LEAST_SIGMOID)
        return answers / tf.reduce_sum(answers, axis=-1, keepdims=True)
    return answers


def write(network, expected, folder):
    """Write a Keras network as a SavedModel, with what is `conventions.Expected` of it inside."""
    tf = import_tensorflow()
    import keras

    shape = forward.image_shape(network.input_shape)

    def answer(images):
        theirs = tf.reshape(pixels(images, expected.convention), (-1, *shape))
        answers = network(theirs, training=False)
        return {"probabilities": probabilities(answers, expected.answers)}

    archive = keras.export.ExportArchive()
    archive.track(network)
    images = tf.TensorSpec((None, 28, 28), tf.float32, "images")
    archive.add_endpoint("serving_default", answer, [images])
    try:
        with redirect_stdout(io.StringIO()):  # it lists what it wrote
            archive.write_out(folder)
    except tf.errors.OpError as error:  # TensorFlow's own, for a full disk
        raise OSError(0, "TensorFlow could not write all of it") from error
