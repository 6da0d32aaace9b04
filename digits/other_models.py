"""A network that Keras computes, for those that NumPy does not."""

import numpy as np

from digits import description, forward
from digits.errors import UserError
from digits.files import first_line, shown
from digits.model_contents import TRAIN_ONE

SUFFIXES = (".h5", ".hdf5", ".keras")  # by which Keras tells its own formats


class KerasNetwork:
    """A network that Keras computes, from a file that Keras wrote and the user trusts.

    Raises UserError for a file that Keras cannot read, or that holds a program.
    """

    def __init__(self, path):
        if path.suffix not in SUFFIXES:
            raise UserError(
                f"Keras cannot read {shown(path)}: give it a name that ends in .h5 or .keras"
            )
        from digits.quiet import import_tensorflow

        import_tensorflow()
        import keras

        try:
            require_no_program(path)
            self.model = keras.models.load_model(path, compile=False, safe_mode=True)
        except UserError:
            raise
        except Exception as error:  # Keras raises whatever its many readers raise
            raise UserError(f"Keras cannot read {shown(path)}: {first_line(error)}") from error

    def __call__(self, images):
        """Return the answers, float32 (n, 10), to images of values it expects, (n, 28, 28)."""
        shape = forward.image_shape(self.model.input_shape)
        answers = self.model.predict(images.reshape(-1, *shape), batch_size=500, verbose=0)
        return np.asarray(answers, np.float32)

    def branches(self, images):
        """Return the same as those of its only branch, (n, 1, 10)."""
        return self(images)[:, np.newaxis]

    def first_convolution(self, image):
        """Return None: what is within is Keras's."""
        return None


def require_no_program(path):
    """Raise UserError if a file holds code that some versions of Keras run, safe mode or not.

    (CVE-2025-9905, of .h5; from a .keras, safe mode keeps it.)
    """
    import h5py

    if path.suffix == ".keras":
        return
    with h5py.File(path, "r") as file:
        model = description.parsed(file.attrs["model_config"])
    if description.holds_a_program(model):
        raise UserError(f"{shown(path)} holds a Lambda layer, which is a program; {TRAIN_ONE}")
