"""Models that other projects saved: their input convention, and Keras for what NumPy lacks.

The networks of this project take pixels as MNIST has them and answer with probabilities. Most
others were trained on 0 to 1, some on -1 to 1, some on dark ink on light paper, and some answer
with logits. A file says little of it, so each convention is tried.
"""

import io
from typing import NamedTuple

import numpy as np

from digits import UserError
from digits.files import shown
from digits.metrics import cross_entropy
from digits.network import model_safety, numpy_network
from digits.network.model_safety import SAVE_ALL, TRAIN_ONE

SUFFIXES = (".h5", ".hdf5", ".keras")  # by which Keras tells its own formats


class KerasNetwork:
    """A network that Keras loads and computes, from a file that the user trusts.

    Raises UserError for a file that Keras cannot read, or that holds a program.
    """

    def __init__(self, path):
        from digits.network.tensorflow_start import import_tensorflow

        start = f"Keras cannot read {shown(path)}"
        if path.suffix not in SUFFIXES:
            raise UserError(f"{start}: give it a name that ends in .h5 or .keras")
        try:
            import_tensorflow()
            import keras

            require_safe(path)
            self.model = keras.models.load_model(path, compile=False, safe_mode=True)
        except UserError:
            raise
        except Exception as error:  # Keras's readers raise many kinds
            raise UserError(f"{start} ({type(error).__name__}): {SAVE_ALL}") from error

    def __call__(self, images):
        shape = numpy_network.image_shape(self.model.input_shape)
        outputs = self.model.predict(images.reshape(-1, *shape), batch_size=500, verbose=0)
        return np.asarray(outputs, np.float32)

    def members(self, images):
        return self(images)[:, np.newaxis]

    def first_convolution(self, image):
        return None


def require_safe(path):
    """Raise UserError for what Keras must not read, even from a file that the user trusts.

    That is code, which some versions run from an .h5 even in safe mode (CVE-2025-9905), and arrays
    in other files (CVE-2026-1669).
    """
    import h5py

    text, weights = None, path
    if path.suffix == ".keras":
        from zipfile import ZipFile

        with ZipFile(path) as archive:
            text = archive.read("config.json")
            weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights, "r") as file:
        model = model_safety.parsed(text or file.attrs["model_config"])
        model_safety.require_no_program(model, path)
        if leads_elsewhere(file):
            raise UserError(f"{shown(path)} is not loaded: it leads to other files; {TRAIN_ONE}")


def leads_elsewhere(member):
    """Whether an HDF5 group, at any depth, or the data of an array lies in another file."""
    import h5py

    if isinstance(member, h5py.Dataset):
        return bool(member.is_virtual or member.external)
    if not isinstance(member, h5py.Group):
        return False
    are_here = all(isinstance(member.get(name, getlink=True), h5py.HardLink) for name in member)
    return not are_here or any(map(leads_elsewhere, member.values()))


FEWER, TRIED = 30, 100  # synthetic digits: for all conventions, then for those still likely
ALIKE = 3  # right answers: a smaller difference may be chance
LEAST_ACCURACY = 0.4  # below, no convention fits

PROBABILITIES, LOGITS, SIGMOIDS = "probabilities", "logits", "sigmoids"
LEAST_SIGMOID = 1e-7  # so that the sum of ten zeros is no division by zero


class Convention(NamedTuple):
    """How a network's pixels come from ours, 0 paper to 255 ink: times `scale`, plus `offset`.

    Or `by_norm`: divided by their column's Euclidean norm, as by `keras.utils.normalize`.
    """

    words: str
    scale: float = 1
    offset: float = 0
    by_norm: bool = False

    def applied(self, images, ops=np):
        """Return images (n, 28, 28) in this convention; `ops`: NumPy, or Keras's inside a model."""
        if self == OURS:
            return images
        images = images.astype(np.float32) if ops is np else images
        if self.by_norm:
            norms = ops.sqrt(ops.sum(images * images, axis=1, keepdims=True))
            return images / ops.maximum(norms, np.float32(1))  # of whole numbers: 0, or at least 1
        return images * np.float32(self.scale) + np.float32(self.offset)


OURS = Convention("from 0 to 255, light ink on dark")
CONVENTIONS = (
    OURS,
    Convention("from 0 to 1, light ink on dark", 1 / 255),
    Convention("from -1 to 1, light ink on dark", 2 / 255, -1),
    Convention("from 0 to 255, dark ink on light", -1, 255),
    Convention("from 0 to 1, dark ink on light", -1 / 255, 1),
    Convention("from -1 to 1, dark ink on light", -2 / 255, 1),
    Convention("divided by the norm of their column", by_norm=True),
)


class Expected(NamedTuple):
    """The convention of a network's input, and what its ten outputs are."""

    convention: Convention = OURS
    output_kind: str = PROBABILITIES

    def pixels(self, images):
        return self.convention.applied(images)

    def probabilities(self, outputs, ops=np):
        """Return the network's outputs, float32 (…, 10), as probabilities; `ops` as above."""
        if self.output_kind == PROBABILITIES:
            return outputs
        if self.output_kind == LOGITS:
            powers = ops.exp(outputs - ops.max(outputs, axis=-1, keepdims=True))
        else:
            powers = ops.maximum(outputs, LEAST_SIGMOID)
        return powers / ops.sum(powers, axis=-1, keepdims=True)


def found(network):
    """Find the `Expected` input and output of a network by trying them on synthetic digits.

    Return it with the number of right answers and the number of digits. Among conventions of about
    equal accuracy, take the lowest cross-entropy: an input scaled too large gets the same answers,
    with saturated confidence. `network` takes images (n, 28, 28) to outputs (n, 10).
    """
    from digits.data import synthetic  # only for other projects' networks

    images, labels = synthetic.digits(TRIED, seed=1)
    likely = CONVENTIONS
    for count in (FEWER, TRIED):
        truth = labels[:count]
        outputs = {each: np.nan_to_num(network(each.applied(images[:count]))) for each in likely}
        right = {each: int((outputs[each].argmax(axis=1) == truth).sum()) for each in likely}
        most = max(right.values())
        likely = [each for each in likely if right[each] >= most - ALIKE]
        if most < LEAST_ACCURACY * count:
            break
    kind = kind_of(np.concatenate(list(outputs.values())))
    losses = {
        each: cross_entropy(truth, Expected(each, kind).probabilities(outputs[each]))
        for each in likely
    }
    best = min(losses, key=losses.get)
    return Expected(best, kind), right[best], count


def kind_of(outputs):
    """Return what outputs (n, 10) are: probabilities, sigmoids or logits."""
    if outputs.min() < 0 or outputs.max() > 1 + 1e-3:
        return LOGITS
    sums = outputs.sum(axis=1)
    return PROBABILITIES if np.median(np.abs(sums - 1)) < 1e-3 else SIGMOIDS


def described(expected, right, count):
    """Return what `found` found, as a sentence without its subject."""
    kinds = {
        PROBABILITIES: "",
        LOGITS: "answers with logits, which get a softmax, and ",
        SIGMOIDS: "answers with sigmoids, and ",
    }
    start = kinds[expected.output_kind]
    read = f"reads {right} of {count} synthetic digits"
    if right < LEAST_ACCURACY * count:
        return f"{start}{read} at best: do not trust its answers"
    return f"{start}expects pixels {expected.convention.words} (it {read} so)"
