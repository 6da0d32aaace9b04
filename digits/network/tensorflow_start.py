"""TensorFlow without the log lines of its start, computing with oneDNN on x86."""

import os
import platform
from contextlib import suppress

from digits.command_line import stderr_held_back
from digits.plots import import_matplotlib


def import_tensorflow():
    """Import TensorFlow and Keras silently, start their devices, and return TensorFlow."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    if platform.machine() in ("x86_64", "AMD64"):
        # by default, Linux uses oneDNN only on processors with VNNI, bfloat16 or AMX
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with stderr_held_back():  # TensorFlow prints before it reads its log level
        with suppress(ModuleNotFoundError):  # Keras imports it if it can
            import_matplotlib()
        import keras
        import tensorflow as tf
        from absl import logging

        tf.zeros(1)  # the first tensor starts the devices, which print lines of their own
    keras.config.set_image_data_format("channels_last")  # whatever ~/.keras/keras.json says
    keras.config.set_floatx("float32")
    logging.set_verbosity(logging.ERROR)  # Keras warns of every .h5 it writes or reads
    return tf
