"""TensorFlow without the log lines that it prints at its start."""

import faulthandler
import os
import sys
import tempfile
from contextlib import contextmanager


def import_tensorflow():
    """Import TensorFlow and Keras silently, start their devices, and return TensorFlow.

    `TF_CPP_MIN_LOG_LEVEL` alone leaves the lines that its C++ prints before it reads that
    variable, so stderr is held back meanwhile; an exception brings it to the terminal after all.
    """
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever ~/.keras/keras.json says
    with stderr_held_back():
        import tensorflow as tf
        from absl import logging

        tf.zeros(1)  # the first tensor starts the devices, which report on themselves
    logging.set_verbosity(logging.ERROR)  # Keras warns of every .h5 it writes or reads
    return tf


@contextmanager
def stderr_held_back():
    """Hold back what this process writes to stderr, C++ included, and show it if the block fails.

    A crash of the interpreter itself (a processor without AVX, say) still reports where it was.
    """
    terminal = os.dup(2)
    had_faulthandler = faulthandler.is_enabled()
    with tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        faulthandler.enable(file=terminal)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            os.dup2(terminal, 2)
            if not had_faulthandler:
                faulthandler.disable()
    os.close(terminal)
