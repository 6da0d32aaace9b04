"""TensorFlow without the log lines that it prints at its start, and matplotlib on any machine.

On x86 TensorFlow uses oneDNN.
"""

import faulthandler
import os
import platform
import sys
import tempfile
from contextlib import contextmanager, suppress

from digits.streams import stderr_to


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


def import_matplotlib():
    """Import matplotlib, and return it, whatever `$MPLBACKEND` names.

    Jupyter names its own backend there for child processes, too, and a name that is not installed
    here ends the import.
    """
    if "matplotlib" in sys.modules:
        return sys.modules["matplotlib"]
    asked = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib

    finally:
        if asked is not None:
            os.environ["MPLBACKEND"] = asked
    if asked:
        with suppress(ValueError):  # no such backend
            matplotlib.rcParams["backend"] = asked
    return matplotlib


@contextmanager
def stderr_held_back():
    """Hold back what this process writes to stderr, C++ included, and show it if the block fails.

    A crash of the interpreter itself (a processor without AVX, say) still reports where it was.
    """
    with (
        tempfile.TemporaryFile() as held,
        stderr_to(held.fileno()) as terminal,
        crashes_reported(terminal),
    ):
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(terminal, held.read())
            raise


@contextmanager
def crashes_reported(file):
    """Have a crash of the interpreter report on `file`, unless it is reported already."""
    if faulthandler.is_enabled():
        yield
        return
    faulthandler.enable(file)
    try:
        yield
    finally:
        faulthandler.disable()
