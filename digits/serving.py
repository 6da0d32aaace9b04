"""A network as a SavedModel, in the layout that TensorFlow Serving takes: FOLDER/1, FOLDER/2, …"""

import io
from contextlib import redirect_stdout

import numpy as np

from digits import forward, model_file
from digits.files import whole_folder
from digits.quiet import import_tensorflow


def export(path, folder):
    """Write the network at `path` as the next version in `folder`, and return that one's folder.

    It takes `images`, float32 (n, 28, 28), ink 255 on paper 0, and returns `probabilities`, float32
    (n, 10), whatever pixels the network itself expects. Raises UserError if `path` holds no network
    for digits, or if the folder cannot be written; then there is no new version.
    """
    predict = model_file.predictor(path)
    network = predict.network
    if not isinstance(network, model_file.KerasNetwork):
        network = model_file.KerasNetwork(path)
    place = folder / str(latest_version(folder) + 1)
    with whole_folder(place) as partial:
        write(network.model, predict.convention, partial)
    return place


def latest_version(folder):
    """Return the highest version in a folder, 0 if there is none."""
    versions = folder.glob("[0-9]*") if folder.is_dir() else ()
    return max((int(each.name) for each in versions if each.name.isdecimal()), default=0)


def write(network, convention, folder):
    """Write a Keras network, which expects pixels by a convention, as a SavedModel."""
    tf = import_tensorflow()
    import keras

    shape = forward.image_shape(network.input_shape)
    scale, offset = np.float32(convention.scale), np.float32(convention.offset)

    def answer(images):
        pixels = tf.reshape(images * scale + offset, (-1, *shape))
        return {"probabilities": network(pixels, training=False)}

    archive = keras.export.ExportArchive()
    archive.track(network)
    images = tf.TensorSpec((None, 28, 28), tf.float32, "images")
    archive.add_endpoint("serving_default", answer, [images])
    try:
        with redirect_stdout(io.StringIO()):  # it lists what it wrote
            archive.write_out(folder)
    except tf.errors.OpError as error:  # TensorFlow's own, for a full disk
        raise OSError(0, "TensorFlow could not write all of it") from error
