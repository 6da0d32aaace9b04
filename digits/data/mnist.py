"""Find, download, verify and split MNIST, or other data in its layout."""

import hashlib
import os
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from digits import UserError
from digits.command_line import say, show_progress
from digits.data import mnist_files
from digits.files import first_line, reason, require_writable, user_path, whole_file

MNIST = "MNIST"
NOT_MNIST = "data in MNIST's layout"

# SHA-256 of the image bytes of a part, then its label bytes, as uint8.
CHECKSUMS = {
    "train": "edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b",
    "test": "c3f9adf9c66efb572b1f9326c3a511b45910c7173b97be66ceceeeeaef6b802b",
}
# Test images with a label error: people who saw them anew found the label wrong, or no better than
# another (Northcutt, Athalye and Mueller, 2021, arXiv:2103.14749).
LABEL_ERRORS = (
    *(947, 1621, 1901, 2130, 2462, 2597, 2654, 3520),
    *(3558, 5937, 6651, 6783, 8527, 9679, 9729),
)
VALIDATION_IMAGES = 5_000  # the last twelfth of the 60,000 that come for training
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"  # Keras's own
FILE_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CHUNK, LARGEST_FILE = 65_536, 20_000_000  # bytes
LONGEST_SILENCE, LONGEST_DOWNLOAD = 30, 3600  # seconds before a download is given up
IMAGES_AT_ONCE = 1_000


class NotFoundError(UserError):
    """There is no MNIST here, and the download failed."""


class Examples(NamedTuple):
    """Images, uint8 (n, 28, 28), their labels, uint8 (n,), and the name of the data set.

    `label_errors` are the indices of images with a label error.
    """

    images: np.ndarray
    labels: np.ndarray
    name: str
    label_errors: tuple[int, ...] = ()


def load(part, data=None):
    """Return the `Examples` of `part`, "train" (validation included) or "test".

    They come from the path `data`, else `$MNIST_PATH`, else Keras's cache, else a download into
    that cache. Raises UserError, which names what was tried, if none of these has them.
    """
    path = data or os.environ.get("MNIST_PATH")
    if path:
        return read(user_path(path), part)
    if cache_path().exists():
        mnist_files.require_ordinary(cache_path())  # a download must not take its place
    try:
        return read(cache_path(), part)
    except UserError:  # missing or damaged: the download takes its place
        require_download()
        return read(cache_path(), part)


def load_training(data=None):
    """Return two `Examples`, for training and for validation."""
    return split(load("train", data))


def split(examples):
    """Split off the last twelfth, 5,000 images at most: two `Examples`. 12 images are the least."""
    images, labels, name, _ = examples
    first = len(images) - min(VALIDATION_IMAGES, len(images) // 12)
    if first == len(images):
        raise UserError(f"{len(images)} training images are too few: 12 is the least")
    return (
        Examples(images[:first], labels[:first], name),
        Examples(images[first:], labels[first:], name),
    )


def cache_path():
    """Return MNIST's path in Keras's cache. Raises NotFoundError without a home folder."""
    try:
        keras_home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    except RuntimeError as error:
        raise NotFoundError(
            "no MNIST: neither --data nor $MNIST_PATH names it, and there is no home folder to keep"
            " it in; name one with --data PATH, or a folder for it with $KERAS_HOME"
        ) from error
    return Path(keras_home) / "datasets" / "mnist.npz"


def read(path, part):
    """Return the `Examples` of `part` from an .npz in Keras's layout, or a folder of IDX files.

    Raises UserError if they are missing, damaged, or not digits in MNIST's layout.
    """
    if not path.exists():
        raise UserError(f"no such file or folder: {path}; it should be mnist.npz or an IDX folder")
    images, labels = mnist_files.read(path, part)
    if labels.min() < 0 or labels.max() > 9:
        raise UserError(
            f"{path} is not in MNIST's layout: {part} labels go beyond 0 to 9;"
            " name another with --data"
        )
    labels = labels.astype(np.uint8)
    is_mnist = checksum(images, labels) == CHECKSUMS[part]
    label_errors = LABEL_ERRORS if is_mnist and part == "test" else ()
    return Examples(images, labels, MNIST if is_mnist else NOT_MNIST, label_errors)


def checksum(images, labels):
    digest = hashlib.sha256()
    for start in range(0, len(images), IMAGES_AT_ONCE):  # Fortran order is copied in parts
        digest.update(np.ascontiguousarray(images[start : start + IMAGES_AT_ONCE]))
    digest.update(np.ascontiguousarray(labels))
    return digest.hexdigest()


def require_download():
    """Fetch MNIST into Keras's cache. Raises NotFoundError, naming what was tried."""
    failure = download_failure()
    if failure:
        raise NotFoundError(
            "no MNIST: neither --data nor $MNIST_PATH names it,"
            f" {cache_path()} is {'damaged' if cache_path().exists() else 'missing'}, and the"
            f" download failed ({failure}); get mnist.npz or the four IDX files on a machine"
            " that can, and name them with --data PATH"
        )


@cache
def download_failure():
    """Fetch MNIST into Keras's cache; return why that failed, or None. One try in a process."""
    from http.client import HTTPException

    say(f"downloading MNIST (11 MB) to {cache_path()}")
    try:
        require_writable(cache_path())
        content = fetched(URL)
        with whole_file(cache_path()) as partial:
            partial.write_bytes(content)
    except (OSError, HTTPException, ValueError, UserError) as error:
        cause = getattr(error, "reason", error)  # urllib wraps an OSError
        return reason(cause) if isinstance(cause, OSError) else first_line(cause)
    return None


def fetched(url):
    """Return the bytes of Keras's mnist.npz at `url`.

    Raises OSError if the server is silent or takes too long, HTTPException for a broken answer,
    ValueError for another file.
    """
    from urllib.request import urlopen

    started, content = time.monotonic(), bytearray()
    with urlopen(url, timeout=LONGEST_SILENCE) as response:
        total = int(response.headers.get("Content-Length") or 0)
        while len(content) < LARGEST_FILE and (chunk := response.read1(CHUNK)):
            content += chunk
            show_progress("downloading", len(content), total)
            if time.monotonic() - started > LONGEST_DOWNLOAD:
                raise TimeoutError(f"it took over {LONGEST_DOWNLOAD} s")
    if len(content) < total:
        raise ConnectionError("the connection broke off")
    if hashlib.sha256(content).hexdigest() != FILE_SHA256:
        raise ValueError("what came is not MNIST")
    return content
