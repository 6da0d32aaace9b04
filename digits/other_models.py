"""A network that Keras computes, for those that NumPy does not."""

import io
from zipfile import ZipFile

import h5py
import numpy as np

from digits import description, forward
from digits.errors import UserError
from digits.files import shown
from digits.model_contents import SAVE_ALL, TRAIN_ONE, HoldsProgramError

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
            require_safe(path)
            self.model = keras.models.load_model(path, compile=False, safe_mode=True)
        except UserError:
            raise
        except Exception as error:  # Keras raises whatever its many readers raise
            raise UserError(
                f"Keras cannot read {shown(path)} ({type(error).__name__}): {SAVE_ALL}"
            ) from error

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


def require_safe(path):
    """Raise UserError for what Keras must not read even of a file that the user trusts.

    That is code, which some versions run from an .h5, safe mode or not (CVE-2025-9905), and arrays
    that lie in other files (CVE-2026-1669).
    """
    text, weights = keras_parts(path) if path.suffix == ".keras" else (None, path)
    with h5py.File(weights, "r") as file:
        model = description.parsed(text or file.attrs["model_config"])
        if description.holds_a_program(model):
            raise HoldsProgramError(path)
        if any(map(lies_elsewhere, members(file))):
            raise UserError(f"{shown(path)} is not loaded: it leads to other files; {TRAIN_ONE}")


def keras_parts(path):
    """Return the description in a .keras file, and an open file of its weights."""
    with ZipFile(path) as archive:
        return archive.read("config.json"), io.BytesIO(archive.read("model.weights.h5"))


def members(group):
    """Yield a group's members, however deep; None for one that a link to elsewhere stands for."""
    for name in group:
        is_here = isinstance(group.get(name, getlink=True), h5py.HardLink)
        member = group[name] if is_here else None
        yield member
        if isinstance(member, h5py.Group):
            yield from members(member)


def lies_elsewhere(member):
    """Return whether a member of a group, or the numbers of an array, lie in another place."""
    if member is None:
        return True
    return isinstance(member, h5py.Dataset) and bool(member.is_virtual or member.external)
