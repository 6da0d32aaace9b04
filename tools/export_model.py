#!/usr/bin/env python3
"""Export a model as a SavedModel: the next version in a folder that TensorFlow Serving watches."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from digits import UserError
from digits.command_line import Parser, add_model, model_or_default, run
from digits.files import printable, shown, user_path, whole_folder

EXAMPLES = """\
  python tools/export_model.py served/digits
  python tools/export_model.py served/digits --model models/fast.h5"""


def main():
    arguments = parse()
    place = export(model_or_default(arguments.model), arguments.folder, arguments.trust)
    print(printable(f"saved as {shown(place)}"))
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument(
        "folder", type=user_path, metavar="FOLDER", help="the folder of the model's versions"
    )
    add_model(parser)
    return parser.parse_args()


def export(path, folder, trust=False):
    """Write the network at `path` as the next version in `folder`; return that version's folder.

    It takes `images`, float32 (n, 28, 28), ink 255 on paper 0, and returns `probabilities`, float32
    (n, 10), whatever the network's own input convention is. Keras loads the network: one that
    another program saved only with `trust`. Raises UserError if `path` holds no network for digits
    or `folder` cannot be written to; then there is no new version.
    """
    from digits.network import predictor
    from digits.network.other_models import KerasNetwork

    predict = predictor.load(path, trust)
    if predict.record is None and not trust:
        raise UserError(
            f"{shown(path)} was saved by another program, and an export needs Keras to load it:"
            " if you trust who made the file, add --trust"
        )
    is_loaded = isinstance(predict.network, KerasNetwork)
    network = predict.network if is_loaded else KerasNetwork(path)
    place = folder / str(latest_version(folder) + 1)
    with whole_folder(place) as partial:
        write(served(network.model, predict.expected), partial)
    return place


def latest_version(folder):
    """Return the highest version in a folder, 0 if there is none."""
    versions = folder.glob("[0-9]*") if folder.is_dir() else ()
    return max((int(each.name) for each in versions if each.name.isdecimal()), default=0)


def served(network, expected):
    """Return a Keras model of images as MNIST has them to probabilities, around a Keras network."""
    import keras

    from digits.network.numpy_network import image_shape

    images = keras.Input((28, 28), name="images")
    pixels = expected.convention.applied(images, keras.ops)
    shaped = keras.layers.Reshape(image_shape(network.input_shape))(pixels)
    (outputs,) = keras.tree.flatten(network(shaped, training=False))  # Keras 2 put it in a list
    return keras.Model(images, {"probabilities": expected.probabilities(outputs, keras.ops)})


def write(model, folder):
    """Write a Keras model as a SavedModel. Raises OSError if it does not fit on the disk."""
    import tensorflow as tf

    try:
        model.export(folder, verbose=False)
    except tf.errors.OpError as error:  # what TensorFlow raises for a full disk
        raise OSError(0, "TensorFlow could not write all of it") from error


if __name__ == "__main__":
    run(main)
