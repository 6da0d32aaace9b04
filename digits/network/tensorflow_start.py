"""TensorFlow without the log lines that it prints at its start, and matplotlib on any machine.

On x86 TensorFlow uses oneDNN.
"""

import os
import platform
from contextlib import suppress

from digits.command_line import stderr_held_back
from digits.plots import import_matplotlib


def import_tensorflow():
    """Import TensorFlow and Keras silently, start their devices, and return TensorFlow.

    `TF_CPP_MIN_LOG_LEVEL` alone leaves the lines that its C++ prints before it reads that
    variable, so stderr is held back meanwhile; an exception brings it to the terminal after all.
    """
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if platform.machine() in ("x86_64", "AMD64"):
        # unset, on Linux only processors with VNNI, bfloat16 or AMX compute with oneDNN
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with stderr_held_back():
        with suppress(ModuleNotFoundError):  # Keras imports it, and can do without
            import_matplotlib()
        import keras
        import tensorflow as tf
        from absl import logging

        tf.zeros(1)  # the first tensor starts the devices, which report on themselves
    keras.config.set_image_data_format("channels_last")  # whatever ~/.keras/keras.json says
    keras.config.set_floatx("float32")
    logging.set_verbosity(logging.ERROR)  # Keras warns of every .h5 it writes or reads
    return tf
